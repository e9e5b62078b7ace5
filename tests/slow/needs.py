"""What the slow suite needs of a machine. In CI its absence is a failure; elsewhere it is said, test by test."""

import os
import shutil

import pytest


def needs_program(name: str, package: str) -> str:
    """The path of a program; `package` is what brings it on Debian."""
    found = shutil.which(name)
    if found:
        return found
    missing = f"NOT TRIED: this machine has no {name} (Debian's package {package})"
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)
