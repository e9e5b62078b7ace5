"""The files of the repository, for the tests that look at them instead of running them."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SERVICES = ("gateway", "upload_service", "library_service", "generation_worker")
"""The processes of the product, by the names of their packages."""

_MADE = {"node_modules", "dist", "__pycache__"}


@cache
def files() -> tuple[Path, ...]:
    """Every file that is in git or would be added to it, below ROOT; in an archive without git all but what is made."""
    names = _known_to_git() or _found()
    return tuple(sorted(path for path in names if (ROOT / path).is_file()))


def _known_to_git() -> list[Path]:
    """Nothing where there is no git, or where it does not trust the folder's owner."""
    if not shutil.which("git") or not (ROOT / ".git").exists():
        return []
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=False).stdout.decode()
    return [Path(name) for name in listed.split("\0") if name]


def _found() -> list[Path]:
    found = []
    for folder, inside, names in os.walk(ROOT):
        inside[:] = [name for name in inside if name not in _MADE and (not name.startswith(".") or name == ".ci")]
        found += [Path(folder, name).relative_to(ROOT) for name in names]
    return found


def python(*packages: str) -> list[Path]:
    """The Python files of these packages."""
    return [path for path in files() if path.suffix == ".py" and path.parts[0] in packages]
