"""`make remove`: takes away what `make up` keeps, wherever it lies, after saying so. What somebody else put beside it
stays. Standard library only: it works when the environment is gone.
"""

import fcntl
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from deploy.local import housing
from deploy.local.errors import StartError
from deploy.local.preflight import OURS_ALONE, is_ours
from deploy.local.settings import LocalSettings

_EARLIER = "darkroom-*"
"""Homes of an earlier version, which do not say whose they are."""


def main(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> int:
    """The exit status: 1 when nothing was removed although there is something."""
    try:
        data = LocalSettings.read(environment).data
        ours = list(_ours(data))
        _refuse_while_it_runs(data)
        told = [(place, f"{_megabytes(place):>6} MB   {what}") for place, what in ours]
        if told:
            print("This is removed, and nothing brings it back:\n")
            width = max(len(str(place)) for place, _ in told)
            print("\n".join(f"  {place!s:<{width}}  {words}".rstrip() for place, words in told), flush=True)
        else:
            print(f"There is nothing of Darkroom in {data}.")
        if told and not _agreed(arguments):
            raise StartError("nothing was removed. Without a question: python3 dev.py remove --yes")
        for place, _ in ours:
            _remove(place)
        if data.is_dir():
            if any(data.iterdir()):
                print(f"What else lies in {data} stays.")
            else:
                data.rmdir()
        for shelf in housing.shelves():
            if os.geteuid() == 0 and not any(shelf.iterdir()):
                shelf.rmdir()
        _say_what_is_left(data / "postgres")
    except StartError as problem:
        print(f"darkroom: {problem}", file=sys.stderr)
        return 1
    except OSError as problem:
        print(f"darkroom: {problem.filename} cannot be removed: {problem.strerror}", file=sys.stderr)
        return 1
    return 0


def _ours(data: Path) -> Iterator[tuple[Path, str]]:
    """The database before what points to it, so that an interrupted removal can be repeated."""
    database = data / "postgres"
    if database.is_symlink() and (home := database.resolve()).is_dir() and _is_outside(home):
        yield home, "the database, which root's Postgres could not have in a closed folder"
    for place in (database, *(data / name for name in OURS_ALONE)) if is_ours(data) else ():
        if place.exists() or place.is_symlink():
            yield place, ""
    # Programs are made again by whoever needs them, but not under somebody who runs them.
    others = [home for shelf in housing.shelves() for home in shelf.glob("postgres-*") if home != database.resolve()]
    if os.geteuid() == 0 and not others:
        for programs in (it for shelf in housing.shelves() for it in shelf.glob("programs-*")):
            if not any(program.is_relative_to(programs) for program in _running_programs()):
                yield programs, "Postgres's programs, which no other database outside needs"


def _is_outside(home: Path) -> bool:
    shelf = home.parent
    return shelf in housing.OUTSIDE or (shelf in {place.parent for place in housing.OUTSIDE} and home.match(_EARLIER))


def _running_programs() -> Iterator[Path]:
    for process in Path("/proc").glob("[0-9]*/exe"):
        try:
            yield process.readlink()
        except OSError:  # It has ended, or is the kernel's.
            continue


def _refuse_while_it_runs(data: Path) -> None:
    try:
        lock = (data / "lock").open()
    except FileNotFoundError:
        return
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StartError(f"Darkroom runs on {data} (process {lock.read().strip()}). Stop it first") from None


def _agreed(arguments: Sequence[str]) -> bool:
    if "--yes" in arguments:
        return True
    return sys.stdin.isatty() and input("\nType yes to go on: ") == "yes"


def _remove(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink()


def _say_what_is_left(database: Path) -> None:
    """Databases outside whose folder was removed by other means. The disk with it may only be away, so they stay."""
    outside = [home for shelf in housing.shelves() for home in shelf.glob("postgres-*")]
    earlier = [home for place in housing.OUTSIDE for home in place.parent.glob(_EARLIER) if (home / "data").is_dir()]
    for home in sorted([*outside, *earlier]):
        try:
            pointing = Path((home / housing.BELONGS_TO).read_text())
        except OSError:
            print(f"{home} is the database of a folder that it does not name")
            continue
        if pointing != database and pointing.resolve() != home:
            print(f"{home} was the database of {pointing.parent}, which is gone. To remove it: rm -r {home}")


def _megabytes(place: Path) -> int:
    parts = (place, *place.rglob("*")) if place.is_dir() and not place.is_symlink() else (place,)
    return sum(part.lstat().st_blocks * 512 for part in parts) >> 20


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
