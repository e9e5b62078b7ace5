"""What the slow suite needs of a machine. Where it is missing that is said loudly, and in CI it is a failure."""

import os
import shutil

import pytest


def needs_program(name: str, package: str) -> str:
    """The path of a program; `package` is what brings it on Debian."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if found is None:
        pytest.skip(f"this machine has no {name} (Debian's package {package})")
    return found


def needs_root() -> None:
    """For what only root may do, such as mounting."""
    if os.geteuid() != 0:
        pytest.skip("only root can try it")
