"""OpenAI and servers that speak like it: one call, one picture or one error. The only importer of the SDK.

What an answer of refusal means is in `openai_errors`; nothing else of the vendor leaves these two files.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx2
import openai
import orjson
import pybase64

from generation_worker.providers import openai_errors
from generation_worker.providers.base import (
    GeneratedImage,
    NotSent,
    OutcomeUnknown,
    ProviderBusy,
    ProviderError,
    ProviderMisconfigured,
    ProviderRefused,
    unread,
)
from generation_worker.providers.openai_errors import ErrorResponse, Meaning
from shared.catalog.dialect import OPENAI, Dialect
from shared.db.tables import Charged, JobError
from shared.domain.texts import repaired
from shared.observability import log
from shared.settings import WorkerSettings

_LONGEST_WORD = 200
"""Characters of a vendor's code, type or parameter."""
_BESIDE = 1024 * 1024
"""Bytes of an answer beside the picture."""
_LISTS = ("data", "images", "output")
_FIELDS = ("b64_json", "url", "b64", "base64", "image_base64", "image", "image_url")
_MAGIC = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF")
_LEAST_BROKEN = 100
"""Bytes of what is taken for a picture although it does not begin like one."""
_SPACE = re.compile(rb"\s+")
_UNSENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
"""Failures that happen before the vendor could read a byte of the request."""


_ERRORS: dict[Meaning, type[ProviderError]] = {
    Meaning.BUSY: ProviderBusy,
    Meaning.REFUSED: ProviderRefused,
    Meaning.MISCONFIGURED: ProviderMisconfigured,
    Meaning.AMBIGUOUS: OutcomeUnknown,
}


class OpenAIProvider:
    """OpenAI's images endpoint, or a compatible server's."""

    def __init__(self, settings: WorkerSettings) -> None:
        key, base_url = settings.provider_access()
        host = urlsplit(base_url).hostname or ""
        if settings.openai_api_key and not f".{host}".endswith(".openai.com"):
            # Nothing that we send can be relied on to stop it: LiteLLM's router makes nine calls out of one.
            log.get().warning(
                "vendor.may_retry",
                host=host,
                detail="Not OpenAI's own server: see that it does not retry by itself: each retry is paid",
            )
        self._seconds = settings.vendor_timeout
        self._client = openai.AsyncOpenAI(
            api_key=key,
            base_url=base_url,
            # The SDK would silently pay up to three times for one picture.
            max_retries=0,
            timeout=httpx2.Timeout(settings.vendor_timeout, connect=min(5.0, settings.vendor_timeout)),
            http_client=openai.DefaultAsyncHttpx2Client(
                # A redirect would be a second call, to another server, with the key and the prompt.
                follow_redirects=False,
                # A packed answer may be any number of bytes.
                headers={"Accept-Encoding": "identity"},
                event_hooks={"response": [partial(_bounded, most=settings.max_vendor_picture * 4 // 3 + _BESIDE)]},
            ),
        )

    async def generate(
        self, prompt: str, parameters: Mapping[str, Any], attempt_id: UUID, dialect: Dialect = OPENAI
    ) -> GeneratedImage:
        """One call, one picture. Raises ProviderError."""
        headers: dict[str, str | openai.Omit] = {**dict(dialect.headers), "X-Client-Request-Id": str(attempt_id)}
        if dialect.key_header:
            headers |= {dialect.key_header: self._client.api_key, "Authorization": openai.Omit()}
        try:
            # The client's own timeout is for each read: an answer that trickles in would never pass it.
            async with asyncio.timeout(self._seconds):
                answer = await self._client.post(
                    dialect.path,
                    cast_to=httpx2.Response,
                    body=dialect.body({"prompt": prompt, **parameters}),
                    options={"headers": headers, "params": dict(dialect.query)},
                )
        except TimeoutError:
            raise _unknown("The vendor's answer was not complete in time", "timeout") from None
        except _TooLong:
            raise _unknown("The vendor's answer has more bytes than are read", "answer_too_long") from None
        except openai.APIConnectionError as gone:
            raise _from_connection(gone) from gone
        except openai.APIError as refused:
            raise from_refusal(unpack(refused, dialect, prompt)) from refused
        return read(answer.content, dict(answer.headers))

    async def close(self) -> None:
        """Lets its connections go."""
        await self._client.close()


class _TooLong(Exception):
    """The answer has more bytes than are read."""


class _BoundedStream(httpx2.AsyncByteStream):
    """The bytes of an answer, up to so many."""

    def __init__(self, stream: httpx2.AsyncByteStream, most: int) -> None:
        self._stream = stream
        self._most = most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        got = 0
        async for piece in self._stream:
            got += len(piece)
            if got > self._most:
                raise _TooLong
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


async def _bounded(response: httpx2.Response, most: int) -> None:
    """Before its body is read: at most so many bytes of it, as they come; and text in UTF-8 whatever charset it names,
    which may be any codec of Python's."""
    assert isinstance(response.stream, httpx2.AsyncByteStream)  # noqa: S101 - of an asynchronous client it is
    response.stream = _BoundedStream(response.stream, most)
    response.headers.pop("Content-Encoding", None)
    response.encoding = "utf-8"


def unpack(error: openai.APIError, dialect: Dialect = OPENAI, prompt: str = "") -> ErrorResponse:
    """Both shapes: a status error with its response, and the plain error that a stream raises (no status).

    `prompt` is what was asked: many a refusal quotes it.
    """
    response = getattr(error, "response", None)
    whole = response.text if response is not None else json.dumps(error.body, default=str)
    try:
        fields = openai_errors.error_of(orjson.loads(whole))
    except orjson.JSONDecodeError:  # Also for half a surrogate pair, which the SDK reads.
        fields = openai_errors.error_of(error.body) if isinstance(error.body, Mapping) else {}
    return ErrorResponse(
        status=getattr(error, "status_code", None),
        code=_string(fields.get("code")),
        kind=_string(fields.get("type")),
        param=_string(fields.get("param")),
        message=repaired(str(fields.get("message") or error.message)),
        body=fields,
        first=openai_errors.rows_of(dialect),
        whole=whole,
        prompt=prompt,
        headers=dict(response.headers) if response is not None else {},
        request_id=_string(getattr(error, "request_id", None)),
    )


def from_refusal(refusal: ErrorResponse) -> ProviderError:
    """The error that the table names for it."""
    row = refusal.row
    detail = refusal.message[:500] if row.meaning is Meaning.REFUSED else f"The vendor answered {_word(refusal)}"
    made = _ERRORS[row.meaning](
        detail, error=row.error, charged=refusal.charged, request_id=refusal.request_id, word=_word(refusal)
    )
    if isinstance(made, ProviderBusy):
        made.retry_after = refusal.retry_after
    if isinstance(made, ProviderMisconfigured):
        made.whose = row.whose
    return made


def _string(value: object) -> str | None:
    """Some servers write a code as a number."""
    return None if value is None else repaired(str(value)[:_LONGEST_WORD])


def _word(refusal: ErrorResponse) -> str:
    return " ".join(str(part) for part in (refusal.status, refusal.code or refusal.kind) if part) or "an error"


def _from_connection(gone: openai.APIConnectionError) -> ProviderError:
    cause = gone.__cause__
    if isinstance(cause, _UNSENT):
        return NotSent(
            "The vendor could not be reached", error=JobError.PROVIDER_UNAVAILABLE, word=type(cause).__name__
        )
    return _unknown("The connection to the vendor broke before its answer came", type(cause or gone).__name__)


def _unknown(detail: str, word: str) -> OutcomeUnknown:
    return OutcomeUnknown(detail, error=JobError.OUTCOME_UNKNOWN, charged=Charged.UNKNOWN, word=word)


def read(content: bytes, headers: Mapping[str, str]) -> GeneratedImage:
    """The first picture of an answer of success, in every shape that compatible servers send. Raises UnreadableImage.

    Base64 plain, in lines, URL-safe, unpadded or as a data URI; an address where it lies; or the bytes themselves.
    """
    request_id = _string(headers.get("x-request-id"))
    if content.startswith(_MAGIC):
        return GeneratedImage(content, None, request_id, headers)
    try:
        answer = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise unread("The vendor's answer holds no picture: no JSON", content, request_id) from None
    if not isinstance(answer, Mapping):
        raise unread("The vendor's answer holds no picture: no object", content, request_id)
    usage = answer.get("usage")
    usage = usage if isinstance(usage, Mapping) else None
    candidates = [_data_or_address(text) for text in _texts(answer)]
    # Many a word is base64 too; what is long and no picture is a broken one.
    pictures = [(data, address) for data, address in candidates if address or data.startswith(_MAGIC)]
    broken = [(data, address) for data, address in candidates if len(data) >= _LEAST_BROKEN]
    for data, address in pictures or broken:
        return GeneratedImage(data, usage, request_id, headers, address, content if address else b"")
    raise unread("The vendor's answer holds no picture: no picture in it", content, request_id)


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


def _data_or_address(text: str) -> tuple[bytes, str | None]:
    text = text.strip()
    start = text[:8].lower()
    if start.startswith(("http://", "https://")):
        return b"", text
    if start.startswith("data:"):
        head, _, text = text.partition(",")
        if not head.lower().endswith(";base64"):
            return b"", None
    return _decoded(text), None


def _decoded(text: str) -> bytes:
    """Empty where it is no base64."""
    try:
        plain = text.encode("ascii")
    except UnicodeEncodeError:
        return b""
    try:
        return pybase64.b64decode(plain, validate=True)  # what nearly all send, at once
    except ValueError:
        plain = _SPACE.sub(b"", plain).replace(b"-", b"+").replace(b"_", b"/").rstrip(b"=")
    try:
        return pybase64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True)
    except ValueError:
        return b""
