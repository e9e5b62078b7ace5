"""The bytes of a picture on their way to the picture store, read piece by piece while they are sent.

urllib3 writes a form into memory before it sends it, so every picture being sent would be there three times.
"""

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Any

import urllib3
from urllib3.filepost import choose_boundary, encode_multipart_formdata


@dataclass(frozen=True, slots=True)
class Content:
    """So many bytes, and where they come from."""

    size: int
    """In bytes."""
    pieces: Callable[[], Iterable[bytes]]
    """Called where they are sent, in a thread of the store; together they are `size` bytes."""


def streaming(pool: urllib3.PoolManager) -> Callable[..., urllib3.BaseHTTPResponse]:
    """What is to be the pool's `request_encode_body`: a form that ends with a file whose bytes are a Content is sent
    as they are read; every other form as ever."""
    usual = functools.partial(type(pool).request_encode_body, pool)

    def request_encode_body(
        method: str, url: str, fields: Any = None, headers: Any = None, **more: Any
    ) -> urllib3.BaseHTTPResponse:
        content = _content(fields)
        if content is None:
            return usual(method, url, fields=fields, headers=headers, **more)
        boundary = choose_boundary()
        *texts, (name, (filename, _)) = fields
        empty, kind = encode_multipart_formdata([*texts, (name, (filename, b""))], boundary)
        tail = f"\r\n--{boundary}--\r\n".encode()
        sent = {**(headers or {}), "Content-Type": kind, "Content-Length": str(len(empty) + content.size)}
        body = chain((empty.removesuffix(tail),), content.pieces(), (tail,))
        return pool.urlopen(method, url, body=body, headers=sent, **more)

    return request_encode_body


def _content(fields: Any) -> Content | None:
    last = fields[-1][1] if isinstance(fields, list) and fields else None
    return last[1] if isinstance(last, tuple) and isinstance(last[1], Content) else None
