"""How a child is stopped that takes longer than it may."""

import asyncio
import io
import sys
from pathlib import Path

import pytest

from deploy.local.child import Child
from deploy.local.keeper import Keeper
from deploy.local.screen import Screen

DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"


async def deaf(folder: Path, said: io.StringIO, *, irreplaceable: bool) -> Keeper:
    """One that does not hear that it is asked to end."""

    async def ready() -> bool:
        return True

    child = Child(
        name="deaf", command=(sys.executable, "-c", DEAF), environment={}, ready=ready,
        stop_seconds=0.1, irreplaceable=irreplaceable,
    )  # fmt: skip
    keeper = Keeper(child, folder, Screen(said, said))
    async with asyncio.timeout(30):
        while "deaf" not in ((folder / "deaf.log").read_text() if (folder / "deaf.log").exists() else ""):
            await asyncio.sleep(0.02)
    return keeper


async def test_what_can_be_replaced_is_killed(tmp_path: Path) -> None:
    keeper = await deaf(tmp_path, io.StringIO(), irreplaceable=False)
    async with asyncio.timeout(30):
        await keeper.stop(asyncio.Event())


async def test_what_may_hold_something_is_told_of_and_waited_for_until_somebody_is_in_a_hurry(tmp_path: Path) -> None:
    said, hurry = io.StringIO(), asyncio.Event()
    keeper = await deaf(tmp_path, said, irreplaceable=True)
    stopping = asyncio.create_task(keeper.stop(hurry))
    async with asyncio.timeout(30):
        while "does not end" not in said.getvalue():
            await asyncio.sleep(0.02)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(stopping), 1)
    hurry.set()
    async with asyncio.timeout(30):
        await stopping
