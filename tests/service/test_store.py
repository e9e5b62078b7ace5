"""The picture store through the real SDK, against the sandbox: what it keeps, and what its failures become."""

import asyncio
import logging
import re
import threading
import tracemalloc
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from shared.domain.ids import new_id
from shared.settings import StoreSettings
from shared.storage.content import Content
from shared.storage.store import (
    CloudinaryStore,
    StoreBusy,
    StoreDown,
    StoreError,
    StoreMisconfigured,
    StoreRefused,
    as_problem,
    storage_key,
)
from tests import pictures
from tests.sandbox_server import SandboxServer


def settings_for(sandbox: SandboxServer, **more: object) -> StoreSettings:
    plain = {"database_url": "postgresql://unused", "redis_url": "redis://unused", "sandbox_url": sandbox.url}
    return StoreSettings.model_validate(plain | {"store_timeout": 30} | more)


@pytest.fixture
def store(sandbox: SandboxServer, request: pytest.FixtureRequest) -> Iterator[CloudinaryStore]:
    """Impatient only where a test is about that: on a loaded machine a store that is well can take a second."""
    callspec = getattr(request.node, "callspec", None)
    hangs = callspec is not None and callspec.params.get("fault") == "hang"
    opened = CloudinaryStore(settings_for(sandbox, store_timeout=0.8 if hangs else 30))
    yield opened
    opened.close()


def fresh() -> str:
    return storage_key(7, new_id())


async def test_what_was_put_is_found_until_it_is_removed(store: CloudinaryStore) -> None:
    name, data = fresh(), pictures.png(64, 32)
    stored = await store.put(name, data)
    assert (stored.storage_key, stored.format, stored.bytes, stored.width, stored.height) == (
        name,
        "png",
        len(data),
        64,
        32,
    )
    assert "/image/upload/v" in stored.url
    assert await store.find(name) == stored
    await store.remove(name)
    assert await store.find(name) is None


async def test_a_name_keeps_its_first_bytes(store: CloudinaryStore) -> None:
    name = fresh()
    first = await store.put(name, pictures.jpeg(64, 32))
    assert await store.put(name, pictures.jpeg(99, 99)) == first
    assert first.format == "jpeg"


async def test_sending_a_picture_takes_no_memory_of_its_size(store: CloudinaryStore) -> None:
    await store.put(fresh(), pictures.png(8, 8))  # so that everything is imported and connected
    data = pictures.noisy_jpeg(1200, 1000)
    tracemalloc.start()
    try:
        await store.put(fresh(), data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < len(data) / 2, f"{peak} bytes for {len(data)}"


async def test_removing_what_is_not_there_is_done(store: CloudinaryStore, sandbox: SandboxServer) -> None:
    await store.remove(fresh())
    (call,) = sandbox.ledger("cloudinary.destroy")
    assert call["status"] == 200


class Listener(BaseHTTPRequestHandler):
    """Notes what the SDK sends."""

    heard: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        self.heard.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"result": "ok"}')

    def log_message(self, *_: object) -> None:
        """Nothing."""


async def test_caches_are_told_that_a_picture_is_gone_and_the_call_is_signed_well(sandbox: SandboxServer) -> None:
    with HTTPServer(("127.0.0.1", 0), Listener) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        store = CloudinaryStore(settings_for(sandbox, sandbox_url=f"http://127.0.0.1:{server.server_port}"))
        await store.remove("darkroom/1/gone")
        store.close()
    (body,) = Listener.heard
    sent = dict(re.findall(r'name="(\w+)"\r\n(?:.*\r\n)*?\r\n(.*)\r\n', body))
    assert (sent["public_id"], sent["invalidate"]) == ("darkroom/1/gone", "1")
    assert len(sent["signature"]) == 64, "SHA-256"


async def test_bytes_are_only_read_in_the_stores_own_threads(store: CloudinaryStore) -> None:
    seen: list[str] = []
    data = pictures.png(8, 8)

    def read() -> Iterator[bytes]:
        seen.append(threading.current_thread().name)
        yield data[:20]
        yield data[20:]

    name = fresh()
    stored = await store.put(name, Content(len(data), read), {"note": "kept"})
    assert seen[0].startswith("store")
    assert (stored.bytes, stored.width) == (len(data), 8)
    assert await store.find(name) == stored
    assert stored.context == {"note": "kept"}


@pytest.mark.parametrize(
    ("fault", "becomes"),
    [
        ("429", StoreBusy),
        ("slow_down", StoreBusy),
        ("quota", StoreMisconfigured),
        ("auth", StoreMisconfigured),
        ("500", StoreDown),
        ("503", StoreDown),
        ("502html", StoreDown),
        ("not_json", StoreDown),
        ("drop_before", StoreDown),
        ("drop_after", StoreDown),
        ("hang", StoreDown),
    ],
)
async def test_a_failing_upload_is_translated(
    store: CloudinaryStore, sandbox: SandboxServer, fault: str, becomes: type[StoreError]
) -> None:
    sandbox.script("cloudinary.upload", fault)
    with pytest.raises(becomes) as failed:
        await store.put(fresh(), pictures.png(8, 8))
    assert "sandbox-secret" not in str(failed.value)
    assert len(sandbox.ledger("cloudinary.upload")) == 1, "the SDK did not try again behind our back"


@pytest.mark.parametrize(
    ("fault", "becomes"),
    [("429", StoreBusy), ("auth", StoreMisconfigured), ("500", StoreDown), ("502html", StoreDown), ("hang", StoreDown)],
)
async def test_a_failing_lookup_is_translated_and_not_repeated(
    store: CloudinaryStore, sandbox: SandboxServer, fault: str, becomes: type[StoreError]
) -> None:
    sandbox.script("cloudinary.lookup", fault)
    with pytest.raises(becomes):
        await store.find(fresh())
    assert len(sandbox.ledger("cloudinary.lookup")) == 1


async def test_what_the_store_does_not_take_is_the_pictures_fault(store: CloudinaryStore) -> None:
    with pytest.raises(StoreRefused, match="Invalid image file"):
        await store.put(fresh(), b"no picture")
    with pytest.raises(StoreRefused):
        await store.put(fresh(), b"")


async def test_a_store_that_is_not_there_is_down(sandbox: SandboxServer) -> None:
    store = CloudinaryStore(settings_for(sandbox, sandbox_url="http://127.0.0.1:1"))
    for call in (store.put(fresh(), b"x"), store.find(fresh()), store.remove(fresh()), store.ping()):
        with pytest.raises(StoreDown):
            await call
    store.close()


async def test_another_secret_is_a_mistake_of_ours(sandbox: SandboxServer) -> None:
    url = f"cloudinary://sandbox-key:wrong@sandbox?upload_prefix={sandbox.url}"
    store = CloudinaryStore(settings_for(sandbox, cloudinary_url=url))
    for call in (store.put(fresh(), pictures.png(8, 8)), store.ping()):
        with pytest.raises(StoreMisconfigured) as refused:
            await call
        assert "wrong" not in str(refused.value)
    store.close()


@pytest.mark.parametrize(
    "url", ["", "https://key:hunter2@cloud", "cloudinary://cloud", "cloudinary://key@cloud", "nonsense"]
)
def test_a_url_that_is_none_is_refused_without_being_shown(sandbox: SandboxServer, url: str) -> None:
    with pytest.raises(ValueError, match="CLOUDINARY_URL") as refused:
        CloudinaryStore(settings_for(sandbox, sandbox_url=None, cloudinary_url=url or None))
    assert "hunter2" not in str(refused.value)


async def test_many_calls_at_once_share_the_connections(
    store: CloudinaryStore, caplog: pytest.LogCaptureFixture
) -> None:
    data = pictures.png(64, 64)
    with caplog.at_level(logging.WARNING, "urllib3"):
        await asyncio.gather(*(store.put(fresh(), data) for _ in range(24)))
    assert not caplog.records, "urllib3 throws no connection away"


async def test_a_good_ping_is_remembered(store: CloudinaryStore, sandbox: SandboxServer) -> None:
    for _ in range(3):
        await store.ping()
    assert len(sandbox.ledger("cloudinary.ping")) == 1


async def test_a_ping_that_hangs_keeps_no_picture_waiting(sandbox: SandboxServer) -> None:
    sandbox.script("cloudinary.ping", "hang")
    store = CloudinaryStore(settings_for(sandbox, store_threads=1, store_timeout=5.0))
    for _ in range(3):
        with pytest.raises(StoreDown, match="no answer to a ping within"):
            await store.ping()
    assert (await store.put(fresh(), pictures.png(8, 8))).width == 8
    store.close()
    assert len(sandbox.ledger("cloudinary.ping")) <= 1, "the next one waits until it is forgotten"


def test_a_client_is_told_what_it_can_do() -> None:
    assert as_problem(StoreBusy("x", 12)).retry_after == 12
    assert as_problem(StoreDown("secret detail")).code == "storage_unavailable"
    assert "secret" not in str(as_problem(StoreDown("secret detail")))
    assert as_problem(StoreMisconfigured("x")).status == 503
    assert as_problem(StoreRefused("too many pixels")).status == 422


def test_only_one_file_speaks_with_cloudinary() -> None:
    root = Path(__file__).parents[2]
    places = ("shared", "gateway", "upload_service", "library_service", "generation_worker")
    found = {
        str(file.relative_to(root))
        for place in places
        for file in (root / place).rglob("*.py")
        if "import cloudinary" in file.read_text() or "from cloudinary" in file.read_text()
    }
    assert found == {"shared/storage/store.py"}
