"""What it takes to start one process so that it can always be ended: its own session, and death with its parent.

Both the supervisor and the tests start processes from this; neither keeping nor watching them belongs here.
"""

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypedDict

_PR_SET_PDEATHSIG = 1
# Loaded before any fork: between fork and exec a process should do as little as possible.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class UnixUser(NamedTuple):
    """Who a process runs as when we are root and it must not be."""

    uid: int
    gid: int


@dataclass(frozen=True, kw_only=True)
class Child:
    """One process of the product."""

    name: str
    """What the terminal and the log file call it."""
    command: Sequence[str]
    """Program and arguments."""
    environment: Mapping[str, str]
    """All it sees; nothing is inherited."""
    ready: Callable[[], Awaitable[bool]]
    """Whether it answers yet; asked again and again, so it must be quick."""
    directory: Path = Path("/")
    """Where it runs."""
    user: UnixUser | None = None
    """Who it runs as; None is whoever we are."""
    stop_signal: signal.Signals = signal.SIGTERM
    """How it is asked to end."""
    stop_seconds: float = 10.0
    """How long it may take to end before it is killed."""
    irreplaceable: bool = False
    """Whether it may hold what nothing else has: then it is not killed for taking longer, and a person is told."""
    hurries: bool = True
    """Whether a second Ctrl-C kills it. A store is stopped properly even then; that takes a blink."""
    tries: int = 3
    """How often it may die before it was ready once. A store that was killed needs a moment, hence more tries."""


class StartOptions(TypedDict):
    """What `subprocess` and asyncio take alike."""

    cwd: Path
    env: Mapping[str, str]
    user: int | None
    group: int | None
    extra_groups: Sequence[int] | None
    start_new_session: bool
    preexec_fn: Callable[[], None]


def start_options(child: Child) -> StartOptions:
    """Its own session, so that Ctrl-C at the terminal reaches only the supervisor."""
    return StartOptions(
        cwd=child.directory,
        env=child.environment,
        user=child.user.uid if child.user else None,
        group=child.user.gid if child.user else None,
        extra_groups=[] if child.user else None,
        start_new_session=True,
        preexec_fn=die_with_parent(child.stop_signal),
    )


def die_with_parent(stop_signal: signal.Signals) -> Callable[[], None]:
    """The kernel sends `stop_signal` when the parent is gone, however it went. Only Linux can do this: on macOS a
    kill -9 of the supervisor leaves its children running."""
    parent = os.getpid()
    # To Linux the parent is the thread that forked, so a child begun in a passing thread would end with it.
    stays = threading.current_thread() is threading.main_thread()

    def in_child() -> None:
        if _libc is None or not stays:
            return
        _libc.prctl(_PR_SET_PDEATHSIG, stop_signal)
        if os.getppid() != parent:  # The parent died before the line above took effect.
            os._exit(1)

    return in_child


def kill_group(leader: int) -> None:
    """Ends what is left of a process's session, for example its decoders. The leader itself has been waited for."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # macOS says the second when only zombies are left.
        return
