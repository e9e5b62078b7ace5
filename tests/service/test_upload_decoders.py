"""The decoder processes: what one picture does to one of them is nobody else's trouble."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from shared.domain.errors import InvalidImage, RateLimited, TooManyPixels, Unavailable, UnsupportedMediaType
from shared.http.shares import ShareKey
from shared.settings import UploadSettings
from tests import pictures
from tests.stack import ROOT
from upload_service.decoder.decoders import Decoders, cores
from upload_service.decoder.inspect import Accepted, inspect

SOMEBODY, ANOTHER = (ShareKey(name, frozenset({name})) for name in ("business 1", "business 2"))


def pool(**more: Any) -> Decoders:
    return Decoders(UploadSettings(database_url="postgresql://unused", redis_url="redis://unused", **more))


async def ask(decoders: Decoders, data: bytes, who: ShareKey = SOMEBODY) -> Accepted:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        return await decoders.inspect(file, len(data), who)


@pytest.fixture
async def decoders() -> AsyncIterator[Decoders]:
    async with pool(decoders=1) as started:
        await ask(started, pictures.jpeg())
        yield started


async def until_stopped(pid: int) -> None:
    """The kernel says that it stands still."""
    stat = Path(f"/proc/{pid}/stat")
    while stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "T":
        await asyncio.sleep(0.01)


async def test_a_process_says_what_the_intake_says(decoders: Decoders) -> None:
    for data in (pictures.camera_jpeg(), pictures.png(mode="RGBA"), pictures.animated_webp()):
        assert await ask(decoders, data) == inspect(data, 25_000_000)
    for bad, kind in (
        (pictures.gif(), UnsupportedMediaType),
        (pictures.png_bomb(), TooManyPixels),
        (pictures.jpeg()[:-2], InvalidImage),
    ):
        with pytest.raises(kind):
            await ask(decoders, bad)
    assert len(decoders.pids) == 1, "a refused picture costs no process"


async def test_a_hanging_decoder_is_ended_and_the_next_picture_gets_a_new_one() -> None:
    # The limit is also what the new process may take to start, on a machine with much to do.
    async with pool(decoders=1, decode_timeout=5) as decoders:
        await ask(decoders, pictures.jpeg())
        (hanging,) = decoders.pids
        os.kill(hanging, signal.SIGSTOP)
        await until_stopped(hanging)
        waiting = asyncio.create_task(ask(decoders, pictures.png()))
        with pytest.raises(Unavailable, match="in time") as late:
            await ask(decoders, pictures.jpeg())
        assert late.value.retryable
        assert (await waiting).format == "png"
        assert hanging not in decoders.pids


async def test_a_picture_that_takes_too_much_of_a_processor_is_refused() -> None:
    async with pool(decoders=1, decode_cpu=0.05) as decoders:
        with pytest.raises(InvalidImage, match=r"more than 0\.05 s of a processor"):
            await ask(decoders, pictures.png(5000, 4900))


async def test_a_decoder_that_died_for_its_own_reasons_is_not_the_pictures_fault(decoders: Decoders) -> None:
    for _ in range(3):
        (pid,) = decoders.pids
        os.kill(pid, signal.SIGKILL)
        assert (await ask(decoders, pictures.jpeg())).format == "jpeg"


async def test_a_picture_that_kills_every_decoder_is_refused(decoders: Decoders) -> None:
    data = pictures.noisy_jpeg(2400, 2000)

    async def kill_all() -> None:
        while True:
            for pid in decoders.pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            await asyncio.sleep(0.001)

    killing = asyncio.create_task(kill_all())
    try:
        with pytest.raises(InvalidImage, match="decoder fail"):
            await ask(decoders, data)
    finally:
        killing.cancel()
    assert (await ask(decoders, pictures.jpeg())).format == "jpeg"


async def test_a_request_that_is_given_up_leaves_a_working_pool(decoders: Decoders) -> None:
    asked = asyncio.create_task(ask(decoders, pictures.noisy_jpeg(2400, 2000)))
    await asyncio.sleep(0)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert (await ask(decoders, pictures.jpeg())).format == "jpeg"


async def test_many_pictures_wait_for_few_processes() -> None:
    async with pool(decoders=2) as decoders:
        found = await asyncio.gather(*(ask(decoders, pictures.jpeg(40 + n, 30)) for n in range(20)))
        assert [one.width for one in found] == [40 + n for n in range(20)]
        assert len(decoders.pids) == 2 + 1, "and the one for others"
    assert decoders.pids == []


async def test_there_are_as_many_as_cores_unless_told_otherwise() -> None:
    async with pool() as decoders:
        await asyncio.gather(*(ask(decoders, pictures.jpeg(40 + n, 30)) for n in range(2 * cores())))
        assert len(decoders.pids) == cores() + 1


async def test_no_more_are_started_than_there_are_pictures_at_once() -> None:
    async with pool(decoders=4) as decoders:
        for n in range(6):
            await ask(decoders, pictures.jpeg(40 + n, 30))
        assert len(decoders.pids) == 1


async def test_a_decoder_has_none_of_our_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDINARY_URL", "cloudinary://key:hunter2@cloud")
    async with pool() as decoders:
        await ask(decoders, pictures.jpeg())
        (pid,) = decoders.pids
        environment = Path(f"/proc/{pid}/environ")
        if environment.exists():
            assert b"hunter2" not in environment.read_bytes()


async def test_a_decoder_ends_when_nobody_is_there_to_ask() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "upload_service.decoder.process", "1000", "5", "5"), stdin=theirs.fileno(), cwd=ROOT
        )
    ours.close()
    assert await process.wait() == 0


async def test_who_holds_all_decoders_does_not_hold_up_another(decoders: Decoders) -> None:
    (busy,) = decoders.pids
    os.kill(busy, signal.SIGSTOP)
    await until_stopped(busy)
    waiting = [asyncio.create_task(ask(decoders, pictures.jpeg(40 + n, 30))) for n in range(5)]
    await asyncio.sleep(0)
    assert (await ask(decoders, pictures.png(), ANOTHER)).format == "png"
    assert not any(task.done() for task in waiting)
    os.kill(busy, signal.SIGCONT)
    assert [(await task).width for task in waiting] == [40, 41, 42, 43, 44]


async def test_the_decoder_for_others_is_there_before_another_asks(decoders: Decoders) -> None:
    (busy,) = decoders.pids
    os.kill(busy, signal.SIGSTOP)
    await until_stopped(busy)
    first = asyncio.create_task(ask(decoders, pictures.jpeg()))
    await asyncio.sleep(0)
    assert decoders.pids == [busy], "nobody waits yet"
    second = asyncio.create_task(ask(decoders, pictures.jpeg()))
    async with asyncio.timeout(20):
        while len(decoders.pids) < 2:
            await asyncio.sleep(0.01)
    assert not first.done()
    assert not second.done()
    os.kill(busy, signal.SIGCONT)
    assert [(await task).format for task in (first, second)] == ["jpeg", "jpeg"]


async def test_more_of_one_than_its_places_are_refused_and_another_is_not() -> None:
    async with pool(decoders=1, decode_places=3) as decoders:
        found = await asyncio.gather(*(ask(decoders, pictures.jpeg()) for _ in range(10)), return_exceptions=True)
        refused = [one for one in found if isinstance(one, RateLimited)]
        assert (len(refused), sum(isinstance(one, Accepted) for one in found)) == (7, 3)
        assert all(one.retry_after for one in refused)
        assert (await ask(decoders, pictures.jpeg())).format == "jpeg"


async def test_time_that_decoders_worked_is_counted_also_where_the_picture_is_refused() -> None:
    async with pool(decoders=1, decode_seconds=0.001) as decoders:
        with pytest.raises(InvalidImage):
            await ask(decoders, pictures.noisy_jpeg(2400, 2000)[:-2] + b"xx")
        with pytest.raises(RateLimited, match="to decode"):
            await ask(decoders, pictures.jpeg())
        assert (await ask(decoders, pictures.jpeg(), ANOTHER)).format == "jpeg"
