"""Starts children in order, waits until they answer, keeps them alive and stops them in the reverse order.

Which children there are, and what they need to know, is plan.py's business.
"""

import asyncio
import time
from pathlib import Path

from deploy.local.child import Child, start_options
from deploy.local.errors import StartError
from deploy.local.keeper import Keeper
from deploy.local.screen import Screen

_START_SECONDS = 90.0
_LOOK_EVERY = 0.05
_WORTH_A_LINE = 1.5


class Supervisor:
    """Each call of `begin` is one stage; stages end in the reverse order, the children of one stage together."""

    def __init__(self, logs: Path, screen: Screen) -> None:
        self._logs = logs
        self._screen = screen
        self._stages: list[list[Keeper]] = []

    def begin(self, *children: Child) -> None:
        """Starts them and returns at once."""
        if children:
            self._stages.append([Keeper(child, self._logs, self._screen) for child in children])

    async def ready(self) -> None:
        """Waits until everything begun so far answers. Raises StartError when something never will."""
        deadline = time.monotonic() + _START_SECONDS
        waiting = [keeper for stage in self._stages for keeper in stage if not keeper.ready]
        while waiting:
            for keeper in waiting:
                if keeper.gave_up:
                    raise self._never_ready(keeper, "does not start")
                keeper.ready = await keeper.child.ready()
            waiting = [keeper for keeper in waiting if not keeper.ready]
            if waiting and time.monotonic() > deadline:
                raise self._never_ready(waiting[0], f"is not ready after {_START_SECONDS:.0f} s")
            await asyncio.sleep(_LOOK_EVERY if waiting else 0)

    async def run(self, child: Child) -> None:
        """Runs a child that does one thing and ends, such as the migrations."""
        log = self._logs / f"{child.name}.log"
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *child.command, stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output, **start_options(child)
            )
            try:
                status = await process.wait()
            finally:
                if process.returncode is None:  # We were asked to stop; the migrations' transaction is undone.
                    process.kill()
                    await process.wait()
        if status != 0:
            raise StartError.because(f"{child.name} failed (all of it: {log})", log.read_text(errors="replace"))

    async def stop(self, hurry: asyncio.Event) -> None:
        """Ends everything, what was begun last first. Children that can be hurried are killed once `hurry` is set."""
        for stage in reversed(self._stages):
            stopping = {asyncio.create_task(keeper.stop(hurry)): keeper.child.name for keeper in stage}
            _, slow = await asyncio.wait(stopping, timeout=_WORTH_A_LINE)
            if slow and not hurry.is_set():
                names = ", ".join(sorted(stopping[task] for task in slow))
                self._screen.step(f"waiting for {names} to finish what was begun (Ctrl-C again does not wait)")
            await asyncio.gather(*stopping)
        self._stages.clear()

    def _never_ready(self, keeper: Keeper, how: str) -> StartError:
        name = keeper.child.name
        what = f"{name} {how} (all of it: {self._logs / name}.log)"
        return StartError.because(what, "\n".join(keeper.last_words))
