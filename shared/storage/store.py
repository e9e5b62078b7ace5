"""The picture store: keeps bytes under a name and tells where they are delivered. The only import of `cloudinary`.

Not here: addresses of thumbnails and renditions (`urls.py`), rows (`images.py`)."""

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

import cloudinary
import urllib3
from cloudinary import api, exceptions, uploader
from cloudinary.api_client import call_api

from shared.domain import errors
from shared.domain.texts import repaired
from shared.settings import StoreSettings
from shared.storage.content import Content, streaming

T = TypeVar("T")

_PING_KEPT = 300.0
"""Seconds a good ping is remembered: every one counts against the hourly quota of the Admin API."""
_PING_FAILURE_KEPT = 10.0
PING_SECONDS = 1.5
"""How long is waited for a ping; less than `/readyz` waits for what a process can do without."""
_BUSY_SECONDS = 30.0
"""How long to wait where the store says that it is busy but not until when."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What the store keeps under a name."""

    storage_key: str
    """Its name in the store."""
    url: str
    """https, versioned: other bytes under the same name would have another one."""
    format: str
    """`jpeg`, `png` or `webp`; where the store says `jpg`, this says `jpeg`."""
    bytes: int
    """Of the file."""
    width: int
    """Pixels."""
    height: int
    """Pixels."""
    context: Mapping[str, str] = field(default_factory=dict)
    """What `put` was told to keep beside the bytes."""


class StoreError(Exception):
    """The store did not do it. The text is for the log and for operators."""


class StoreBusy(StoreError):
    """Too many calls; it did nothing."""

    def __init__(self, detail: str, retry_after: float) -> None:
        super().__init__(detail)
        self.retry_after = retry_after
        """Seconds until it makes sense to ask again."""


class StoreDown(StoreError):
    """No answer, or none that makes sense: it may have done it or not."""


class StoreRefused(StoreError):
    """It does not take this picture, and would not tomorrow."""


class StoreMisconfigured(StoreError):
    """It refuses our key, or the account may not do this: people must act."""


class ImageStore(Protocol):
    """What the product needs of any picture store."""

    async def put(self, storage_key: str, data: bytes | Content, context: dict[str, str] | None = None) -> Stored:
        """Keeps the bytes under the name. A name that is taken keeps its first bytes: putting twice is safe.

        A Content is read in the store's own thread while it is sent, and is never in memory as a whole.
        """
        ...

    async def find(self, storage_key: str) -> Stored | None:
        """What is kept under the name."""
        ...

    async def remove(self, storage_key: str) -> None:
        """Destroys the bytes, in caches too. Nothing under that name is as good."""
        ...

    async def ping(self) -> None:
        """Raises StoreError when the store does not answer or refuses our key."""
        ...

    def close(self) -> None:
        """Lets the threads end."""
        ...


def storage_key(business_id: int, name: UUID) -> str:
    """The store's name of a picture: by its image's id, or, where a job painted it, by the job's."""
    return f"darkroom/{business_id}/{name}"


def as_problem(fault: StoreError) -> errors.Problem:
    """What a client is told."""
    if isinstance(fault, StoreRefused):
        return errors.InvalidImage(f"The picture store refuses it: {fault}")
    wait = fault.retry_after if isinstance(fault, StoreBusy) else 5.0
    return errors.StorageUnavailable("The picture store is not available; nothing was kept", retry_after=wait)


class CloudinaryStore:
    """Cloudinary through its SDK, in a few threads. The SDK's global configuration is never used.

    Raises ValueError for a CLOUDINARY_URL that is none, without showing it.
    """

    def __init__(self, settings: StoreSettings) -> None:
        _tune(settings.store_threads)
        self._access = _access(settings.store_access())
        self._seconds = settings.store_timeout
        self._threads = ThreadPoolExecutor(settings.store_threads, thread_name_prefix="store")
        self._ping_thread = ThreadPoolExecutor(1, thread_name_prefix="store-ping")
        """Not one of the others: a ping must neither wait for pictures nor keep them waiting."""
        self._pinging: asyncio.Future[object] | None = None
        self._ping_until = 0.0
        self._ping_fault: StoreError | None = None

    async def put(self, storage_key: str, data: bytes | Content, context: dict[str, str] | None = None) -> Stored:
        content = data if isinstance(data, Content) else Content(len(data), lambda: (data,))

        def send() -> Stored:
            if not content.size:
                raise StoreRefused("there are no bytes to keep")
            answer = uploader.upload(
                ("picture", content),
                public_id=storage_key,
                overwrite=False,
                unique_filename=False,
                use_filename=False,
                context=context,
                return_error=True,
                **self._call,
            )
            return _stored(_checked(answer))

        return await self._run(send)

    async def find(self, storage_key: str) -> Stored | None:
        try:
            return await self._run(lambda: _stored(api.resource(storage_key, **self._call)))
        except _Missing:
            return None

    async def remove(self, storage_key: str) -> None:
        def destroy() -> None:
            answer = _checked(uploader.destroy(storage_key, invalidate=True, return_error=True, **self._call))
            if answer.get("result") not in ("ok", "not found"):
                raise StoreDown(f"destroy answered {answer.get('result')!r}")

        await self._run(destroy)

    async def ping(self) -> None:
        if self._ping_until < time.monotonic():
            try:
                async with asyncio.timeout(PING_SECONDS):
                    await asyncio.shield(self._ping())  # Who leaves does not end it: its thread would be held anyway.
                self._ping_fault = None
            except StoreError as fault:
                self._ping_fault = fault
            except TimeoutError:
                self._ping_fault = StoreDown(f"no answer to a ping within {PING_SECONDS:g} s")
            kept = _PING_FAILURE_KEPT if self._ping_fault else _PING_KEPT
            self._ping_until = time.monotonic() + kept
        if self._ping_fault:
            raise self._ping_fault

    def close(self) -> None:
        for threads in (self._threads, self._ping_thread):
            threads.shutdown(wait=False, cancel_futures=True)

    def _ping(self) -> "asyncio.Future[object]":
        """The one ping that is in the air."""
        if self._pinging is None or self._pinging.done():
            self._pinging = asyncio.ensure_future(self._run(lambda: api.ping(**self._call), self._ping_thread))
            self._pinging.add_done_callback(lambda done: done.cancelled() or done.exception())  # Perhaps nobody waits.
        return self._pinging

    @property
    def _call(self) -> dict[str, Any]:
        """A fresh copy: the SDK takes options out of what it is given."""
        return {**self._access, "timeout": self._seconds}

    async def _run(self, call: Callable[[], T], threads: ThreadPoolExecutor | None = None) -> T:
        """Calls the SDK in a thread, where every way it fails becomes one of ours."""

        def translated() -> T:
            try:
                return call()
            except StoreError:
                raise
            except Exception as fault:  # the Admin API raises the builtin Exception itself
                raise _translated(fault) from fault

        return await asyncio.get_running_loop().run_in_executor(threads or self._threads, translated)


_STATUSES = {
    exceptions.BadRequest: 400,
    exceptions.AuthorizationRequired: 401,
    exceptions.NotAllowed: 403,
    exceptions.NotFound: 404,
    exceptions.RateLimited: 420,
}
"""What the Admin API's exceptions stand for."""


class _Missing(StoreMisconfigured):
    """There is nothing under that name, or, where something is sent, nothing at that address."""


def _access(url: str) -> dict[str, Any]:
    """`cloudinary://key:secret@cloud[?upload_prefix=…]`, as the SDK's options."""
    parts = urlsplit(url.strip().strip("'\""))
    if parts.scheme != "cloudinary" or not (parts.hostname and parts.username and parts.password):
        raise ValueError("CLOUDINARY_URL must look like cloudinary://key:secret@cloud")
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    cloud = parts.netloc.rpartition("@")[2].partition(":")[0]  # `hostname` is in lower case, a cloud's name need not be
    return {
        "cloud_name": cloud,
        "api_key": unquote(parts.username),
        "api_secret": unquote(parts.password),
        "oauth_token": None,
        "upload_prefix": options.get("upload_prefix", "https://api.cloudinary.com").rstrip("/"),
        "signature_algorithm": options.get("signature_algorithm", cloudinary.utils.SIGNATURE_SHA256),
        "signature_version": 2,
    }


def _tune(threads: int) -> None:
    """The SDK's connection pools: as many connections as threads, no retries or sleeps inside a call, and pictures are
    sent as they are read."""
    once = urllib3.Retry(0, redirect=0, status=0, respect_retry_after_header=False)
    for pool in (uploader._http, call_api._http):  # the SDK has no setting for it
        pool.connection_pool_kw |= {"maxsize": threads, "retries": once}
    uploader._http.request_encode_body = streaming(uploader._http)


def _stored(answer: Any) -> Stored:
    form = "jpeg" if answer["format"] == "jpg" else answer["format"]
    context = answer.get("context", {}).get("custom", {})
    size = answer["bytes"], answer["width"], answer["height"]
    return Stored(answer["public_id"], answer["secure_url"], form, *size, context)


def _checked(answer: Any) -> dict[str, Any]:
    """The answer of the upload API, or its error translated by status."""
    if "error" in answer:
        raise _by_status(answer["error"]["http_code"], str(answer["error"].get("message", "")))
    return dict(answer)


def _translated(fault: Exception) -> StoreError:
    """The Admin API's exceptions, and what the SDK raises where nothing sensible came back."""
    unreadable = re.match(r"Error parsing server response \((\d+)\)", str(fault))
    return _by_status(int(unreadable[1]) if unreadable else _STATUSES.get(type(fault), 0), str(fault))


def _by_status(status: int, detail: str) -> StoreError:
    detail = _brief(detail)
    match status:
        case 400 | 409 | 413:
            return StoreRefused(detail)
        case 401 | 402 | 403:
            return StoreMisconfigured(detail)
        case 404:
            return _Missing(detail)
        case 420 | 429:
            return StoreBusy(detail, _wait(detail))
        case _:
            return StoreDown(f"{status or 'no answer'}: {detail}")


def _wait(detail: str) -> float:
    """Seconds until the time the message names (`Try again on 2026-11-22 10:00:00 UTC`)."""
    named = re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", detail)
    try:
        until = datetime.fromisoformat(named[0] if named else "").replace(tzinfo=UTC)
    except ValueError:
        return _BUSY_SECONDS
    return min(max((until - datetime.now(UTC)).total_seconds(), 1.0), 3600.0)


def _brief(detail: str) -> str:
    """Cloudinary echoes the string to sign, and an error page may be long."""
    return repaired(detail.partition("String to sign")[0].strip()[:300])
