"""Keeps one child alive until it is told to stop: starts it, says when it died, starts it again, ever less eagerly."""

import asyncio
import contextlib
import signal
import time
from pathlib import Path

from deploy.local.child import Child, kill_group, start_options
from deploy.local.output import Output
from deploy.local.screen import Screen

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 10.0
_STEADY = 10.0
"""A child that ran this long had a good start; its next pause is the first one again."""
_FROM_OUTSIDE = {signal.SIGKILL, signal.SIGTERM, signal.SIGINT}
"""Whoever dies of these had nothing to say about it."""


class Keeper:
    """One child. `gave_up` tells that it never became ready."""

    def __init__(self, child: Child, logs: Path, screen: Screen) -> None:
        self.child = child
        self.ready = False
        self.gave_up = False
        self.last_words: list[str] = []
        self._logs = logs
        self._screen = screen
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()
        self._task = asyncio.create_task(self._keep())

    async def stop(self, hurry: asyncio.Event) -> None:
        """Asks it to end and waits; kills it when it takes too long or when somebody is in a hurry."""
        self._stopping.set()
        self._ask_to_end()
        waits: set[asyncio.Task[None] | asyncio.Task[bool]] = {self._task}
        in_a_hurry = asyncio.create_task(hurry.wait())
        if self.child.hurries:
            waits.add(in_a_hurry)
        done, _ = await asyncio.wait(waits, timeout=self.child.stop_seconds, return_when=asyncio.FIRST_COMPLETED)
        if not done and self.child.irreplaceable:
            self._screen.event(self.child.name, "does not end: it may hold what would be lost (Ctrl-C again kills it)")
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        in_a_hurry.cancel()
        if not self._task.done() and self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        await self._task

    def _ask_to_end(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(self.child.stop_signal)
                self._process.send_signal(signal.SIGCONT)  # One that was paused would not hear the first.

    async def _keep(self) -> None:
        pause, deaths = _FIRST_PAUSE, 0
        while not self._stopping.is_set():
            began = time.monotonic()
            how = await self._run()
            if self._stopping.is_set():
                return
            deaths += 1
            if not self.ready and deaths >= self.child.tries:
                self.gave_up = True
                return
            if time.monotonic() - began > _STEADY:
                pause = _FIRST_PAUSE
            if self.ready:
                self._screen.last_words(self.child.name, self.last_words)
                self._screen.event(self.child.name, f"{how}; starting it again in {pause:g} s")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _run(self) -> str:
        """One life of the child, from start to end. Says how it ended."""
        output = Output(self.child.name, self._logs, self._screen)
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self.child.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output.writer,
                stderr=output.writer,
                **start_options(self.child),
            )
        except OSError as problem:
            output.started()
            output.close()
            self.last_words = [str(problem)]
            return "could not be started"
        output.started()
        if self._stopping.is_set():  # Asked while it was being started.
            self._ask_to_end()
        status = await self._process.wait()
        kill_group(self._process.pid)
        self._process = None
        output.close()
        self.last_words = [] if -status in _FROM_OUTSIDE else list(output.last_words)
        return f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
