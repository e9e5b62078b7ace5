"""Looks before anything is started, so that what would fail later fails now, in one line.

The data folder is ours alone while we run; ports and disk are only looked at.
"""

import errno
import fcntl
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.errors import StartError
from deploy.local.ports import free_port, is_taken
from deploy.local.settings import LocalSettings

LEAST_FREE = 200 * 1024 * 1024
_LEFTOVERS_SECONDS = 15.0
OURS_ALONE = ("logs", "sandbox", "valkey", "database_url", "sandbox.port", "lock")
"""What is in the data folder beside Postgres, whose place is in housing.py. The last says that they are ours."""


@contextmanager
def our_folder(data: Path) -> Iterator[bool]:
    """The data folder, writable, closed to others and locked against a second start. Yields whether the run before
    ended in order."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        _refuse_a_strangers(data)
        os.umask(0o077)  # Also that of every process of ours.
        _close(data)
        (data / "logs").mkdir(exist_ok=True)
        with tempfile.TemporaryFile(dir=data):
            pass
        lock = (data / "lock").open("a+")
    except OSError as problem:
        raise explain(problem, data) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise StartError(
                f"Darkroom already runs on {data} (process {lock.read().strip() or 'unknown'}). "
                "Stop it, or choose another folder with DARKROOM_DATA"
            ) from None
        lock.seek(0)
        in_order = not lock.read()
        _write(lock.fileno(), f"{os.getpid()}\n")
        try:
            yield in_order
        finally:
            _write(lock.fileno(), "")


def is_ours(data: Path) -> bool:
    """Whether we ran on this folder: our lock is in it, or our Postgres."""
    lock, database = data / "lock", data / "postgres"
    if database.is_symlink() or (database / "data" / "PG_VERSION").exists():
        return True
    return lock.is_file() and re.fullmatch(rb"(\d+\n?)?", lock.read_bytes()[:40]) is not None


def _refuse_a_strangers(data: Path) -> None:
    """What we would take for ours, write into and remove with `make remove`, must not be somebody else's."""
    found = [name for name in OURS_ALONE if (data / name).exists() or (data / name).is_symlink()]
    if found and not is_ours(data):
        raise StartError(f"{data / found[0]} is there already, and not of Darkroom's making. Try DARKROOM_DATA=…")


def _close(data: Path) -> None:
    """An open folder is closed, whoever opened it. Others may pass through root's, because root's Postgres runs as
    somebody else; into what holds prompts, pictures or secrets nobody may."""
    most = 0o711 if os.geteuid() == 0 else 0o700
    for place, mode in [(data, most), *((data / name, 0o700) for name in OURS_ALONE)]:
        if not place.exists():
            continue
        found = place.stat()
        shared = found.st_mode & stat.S_ISVTX or os.geteuid() not in {0, found.st_uid}
        if not shared:  # /tmp stays as it is. What we make in it is closed itself.
            place.chmod(found.st_mode & mode)


def require_space(folder: Path, least: int = LEAST_FREE) -> None:
    """Databases handle a full disk badly, so we do not begin on one that is nearly full."""
    free = shutil.disk_usage(folder).free
    if free < least:
        raise StartError(f"the disk of {folder} is full: {free >> 20} MB free, {least >> 20} MB are needed")


def require_auth(settings: LocalSettings) -> None:
    """Whoever opens the gateway to other machines has to say who may come in; it would refuse to start."""
    loopback = settings.host == "localhost" or settings.host.startswith("127.") or settings.host == "::1"
    if not loopback and settings.given.get("DARKROOM_AUTH", "off") == "off":
        raise StartError(f"others could reach {settings.host}: set DARKROOM_AUTH=keys, or unset DARKROOM_HOST")


def note_database(data: Path, database_url: str) -> None:
    """Where the database is, for `./darkroom`; readable by us alone, because it may hold a password."""
    note = data / "database_url"
    note.unlink(missing_ok=True)
    with os.fdopen(os.open(note, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(database_url)


def gateway_port(settings: LocalSettings, *, in_order: bool) -> int:
    """The gateway's port, free now."""
    if settings.port == 0:
        return free_port()
    try:
        taken = _stays_taken(settings.host, settings.port, in_order=in_order)
    except OSError as problem:
        raise StartError(f"cannot listen on {settings.host} port {settings.port}: {problem.strerror}") from None
    if taken:
        another = f"DARKROOM_PORT={min(settings.port + 10, 65535)} make up"
        raise StartError(f"port {settings.port} is taken by another program. Free it, or choose another: {another}")
    return settings.port


def sandbox_port(settings: LocalSettings, gateway: int, *, in_order: bool) -> int:
    """Chosen once and kept, because the addresses of stored pictures carry it."""
    kept = settings.data / "sandbox.port"
    if not kept.exists():
        port = gateway + 1 if gateway < 65535 and not is_taken("127.0.0.1", gateway + 1) else free_port()
        kept.write_text(f"{port}\n")
        return port
    port = int(kept.read_text())
    if _stays_taken("127.0.0.1", port, in_order=in_order):
        raise StartError(
            f"port {port} is taken, and the stored pictures' addresses carry it. Free it; "
            f"or remove {kept} and lose sight of the pictures stored so far"
        )
    return port


def explain(problem: OSError, data: Path) -> Exception:
    """The line for what a file system refuses; anything else stays what it is."""
    if problem.errno in {errno.ENOSPC, errno.EDQUOT}:
        return StartError(f"the disk of {data} is full")
    if problem.errno in {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.EISDIR}:
        where = problem.filename or data
        return StartError(f"the data folder {data} is not writable ({where}: {problem.strerror}). Try DARKROOM_DATA=…")
    return problem


def _stays_taken(host: str, port: int, *, in_order: bool) -> bool:
    """After a kill -9 the processes of the last run end by themselves, which takes a moment."""
    deadline = time.monotonic() + (0 if in_order else _LEFTOVERS_SECONDS)
    while taken := is_taken(host, port):
        if time.monotonic() > deadline:
            break
        time.sleep(0.1)
    return taken


def _write(file: int, text: str) -> None:
    os.ftruncate(file, 0)
    os.pwrite(file, text.encode(), 0)
