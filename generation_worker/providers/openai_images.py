"""Finding the picture in an answer of success, in every shape that compatible servers send. Pure.

Base64 plain, wrapped in lines, URL-safe, unpadded or as a data URI; an address where it lies; or the bytes themselves.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import pybase64

_LISTS = ("data", "images", "output")
_FIELDS = ("b64_json", "url", "b64", "base64", "image_base64", "image", "image_url")
_MAGIC = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF")
_LEAST_BROKEN = 100
"""Bytes of what is taken for a picture although it does not begin like one."""
_SPACE = re.compile(rb"\s+")


class Unreadable(ValueError):
    """No picture and no address of one."""


@dataclass(frozen=True, slots=True)
class Read:
    """One of `data` and `address`, and what the answer says of its cost."""

    data: bytes | None
    """The picture's file; not yet looked at."""
    address: str | None
    """Where the picture lies, http or https."""
    usage: Mapping[str, Any] | None
    """Tokens, where the server says them."""


def read(content: bytes) -> Read:
    """The first picture of the answer. Raises Unreadable."""
    if content.startswith(_MAGIC):
        return Read(content, None, None)
    try:
        answer = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise Unreadable("no JSON") from None
    if not isinstance(answer, Mapping):
        raise Unreadable("no object")
    usage = answer.get("usage")
    found = [_data_or_address(text) for text in _texts(answer)]
    # Many a word is base64 too; what is long and no picture is a broken one.
    pictures = [(data, address) for data, address in found if address or (data and data.startswith(_MAGIC))]
    broken = [(data, address) for data, address in found if data and len(data) >= _LEAST_BROKEN]
    for data, address in pictures or broken:
        return Read(data, address, usage if isinstance(usage, Mapping) else None)
    raise Unreadable("no picture in it")


def _texts(answer: Mapping[str, Any]) -> Iterator[str]:
    """What may hold the picture, likeliest first."""
    for name in _LISTS:
        entries = answer.get(name)
        for entry in entries if isinstance(entries, list) else [entries]:
            yield from _of_entry(entry)
    yield from _of_entry(answer)


def _of_entry(entry: object) -> Iterator[str]:
    if isinstance(entry, str):
        yield entry
    if isinstance(entry, Mapping):
        for name in _FIELDS:
            value = entry.get(name)
            value = value.get("url") if isinstance(value, Mapping) else value
            if isinstance(value, str):
                yield value


def _data_or_address(text: str) -> tuple[bytes | None, str | None]:
    text = text.strip()
    start = text[:8].lower()
    if start.startswith(("http://", "https://")):
        return None, text
    if start.startswith("data:"):
        head, _, text = text.partition(",")
        if not head.lower().endswith(";base64"):
            return None, None
    return _decoded(text), None


def _decoded(text: str) -> bytes | None:
    try:
        plain = text.encode("ascii")
    except UnicodeEncodeError:
        return None
    try:
        return pybase64.b64decode(plain, validate=True)  # what nearly all send, at once
    except ValueError:
        plain = _SPACE.sub(b"", plain).replace(b"-", b"+").replace(b"_", b"/").rstrip(b"=")
    try:
        return pybase64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True)
    except ValueError:
        return None
