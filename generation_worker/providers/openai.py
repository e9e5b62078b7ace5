"""The only importer of `openai`: one call, one picture or one error. Nothing of the vendor leaves this file."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol
from urllib.parse import urlsplit
from uuid import UUID

import httpx2
import openai
import orjson

from generation_worker.providers import openai_errors, openai_images
from generation_worker.providers.openai_errors import ErrorResponse, Meaning, Whose
from shared.catalog.dialect import OPENAI, Dialect
from shared.db.tables import Charged, JobError
from shared.domain.texts import repaired
from shared.observability import log
from shared.settings import WorkerSettings

_LONGEST_WORD = 200
"""Characters of a vendor's code, type or parameter."""
_BESIDE = 1024 * 1024
"""Bytes of an answer beside the picture."""
_UNSENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
"""Failures that happen before the vendor could read a byte of the request."""


@dataclass(frozen=True, slots=True)
class GeneratedImage:
    """A paid answer."""

    data: bytes
    """The picture's file; not yet looked at. Empty where it has to be fetched."""
    usage: Mapping[str, Any] | None
    """Tokens, where the server says them."""
    request_id: str | None
    headers: Mapping[str, str]
    address: str | None = None
    """Where the picture lies, if the answer only names that."""
    content: bytes = b""
    """Then the whole answer, to be kept until the picture is here."""


class ProviderError(Exception):
    """The root: no picture. `error` is what the job would say, `charged` whether it was billed."""

    def __init__(
        self,
        detail: str,
        *,
        error: JobError,
        charged: Charged = Charged.FALSE,
        request_id: str | None = None,
        word: str = "",
    ) -> None:
        super().__init__(detail)
        self.error = error
        self.charged = charged
        self.request_id = request_id
        self.word = word or error.value
        """The vendor's own code, for the ledger."""


class ProviderBusy(ProviderError):
    """Come back after `retry_after` seconds (None: the vendor did not say)."""

    retry_after: float | None = None


class NotSent(ProviderError):
    """The vendor could not be reached; nothing can have been made."""


class ProviderRefused(ProviderError):
    """Final. The detail is the vendor's text for the user."""


class ProviderMisconfigured(ProviderError):
    """Our own mistake: key, money, model, parameters."""

    whose: Whose = Whose.MODEL


class OutcomeUnknown(ProviderError):
    """Sent, and no telling what came of it."""


class UnreadableImage(ProviderError):
    """An answer of success that holds no picture."""

    answer: bytes = b""
    """The whole of it, for an operator: it was paid for, perhaps."""


_ERRORS: dict[Meaning, type[ProviderError]] = {
    Meaning.BUSY: ProviderBusy,
    Meaning.REFUSED: ProviderRefused,
    Meaning.MISCONFIGURED: ProviderMisconfigured,
    Meaning.AMBIGUOUS: OutcomeUnknown,
}


class Provider(Protocol):
    """What makes pictures."""

    async def generate(
        self, prompt: str, parameters: Mapping[str, Any], attempt_id: UUID, dialect: Dialect = OPENAI
    ) -> GeneratedImage:
        """Makes one picture for money, of a server that speaks this dialect. Raises ProviderError."""
        ...

    async def close(self) -> None: ...


class OpenAIProvider:
    """OpenAI's images endpoint, or a compatible server's."""

    def __init__(self, settings: WorkerSettings) -> None:
        key, base_url = settings.painter_access()
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
        return _painting(answer.content, dict(answer.headers))

    async def close(self) -> None:
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
        told = openai_errors.error_of(orjson.loads(whole))
    except orjson.JSONDecodeError:  # Also for half a surrogate pair, which the SDK reads.
        told = openai_errors.error_of(error.body) if isinstance(error.body, Mapping) else {}
    return ErrorResponse(
        status=getattr(error, "status_code", None),
        code=_string(told.get("code")),
        kind=_string(told.get("type")),
        param=_string(told.get("param")),
        message=repaired(str(told.get("message") or error.message)),
        body=told,
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


def _painting(content: bytes, headers: Mapping[str, str]) -> GeneratedImage:
    request_id = _string(headers.get("x-request-id"))
    try:
        found = openai_images.read(content)
    except openai_images.Unreadable as why:
        raise unread(f"The vendor's answer holds no picture: {why}", content, request_id) from None
    if found.data is not None:
        return GeneratedImage(found.data, found.usage, request_id, headers)
    return GeneratedImage(b"", found.usage, request_id, headers, found.address, content)


def unread(detail: str, answer: bytes, request_id: str | None) -> UnreadableImage:
    """It said success, so it may have cost; and we hold no picture, so nobody can be told that it did."""
    bad = UnreadableImage(detail, error=JobError.BAD_PROVIDER_IMAGE, charged=Charged.UNKNOWN, request_id=request_id)
    bad.answer = answer
    return bad
