"""Strangers' tools read our document without a warning, and the clients they make work. Pinned in `tools/`."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests import pictures
from tests.servers import PostgresServer, ValkeyServer
from tests.stack import Stack

TOOLS = Path(__file__).parent / "tools"
BIN = Path(sys.executable).parent
PATH = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}


def run(*command: str | Path, folder: Path, **environment: str) -> str:
    """What it said; it must end well."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=PATH | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With the tools in it."""
    folder = tmp_path_factory.mktemp("tools")
    for name in ("package.json", "package-lock.json", ".npmrc", "redocly.yaml", "spectral.yaml", "journey.py"):
        shutil.copy(TOOLS / name, folder)
    run("npm", "ci", folder=folder)
    run("uv", "venv", "--python", sys.executable, "python", folder=folder)
    lock = TOOLS / "requirements.lock"
    run("uv", "pip", "install", "--python", "python/bin/python", "--require-hashes", "-r", lock, folder=folder)
    return folder


@pytest.fixture(scope="module")
def url(
    postgres_server: PostgresServer, migrated_template: str, tmp_path_factory: pytest.TempPathFactory, folder: Path
) -> Iterator[str]:
    """The product; its document lies in the folder."""
    database = postgres_server.create("strangers", migrated_template)
    with (
        ValkeyServer() as queue,
        Stack(tmp_path_factory.mktemp("stack"), database_url=database, redis_url=queue.url) as stack,
    ):
        (folder / "openapi.json").write_bytes(httpx2.get(f"{stack.url}/openapi.json").content)
        yield stack.url


def test_redocly_finds_nothing(url: str, folder: Path) -> None:
    said = run("node_modules/.bin/redocly", "lint", "openapi.json", "--config", "redocly.yaml", folder=folder)
    assert "warning" not in said.lower().replace("deprecation warning", ""), said


def test_spectral_finds_nothing(url: str, folder: Path) -> None:
    command = ("node_modules/.bin/spectral", "lint", "openapi.json", "--ruleset", "spectral.yaml")
    assert "No results" in run(*command, "--fail-severity", "hint", folder=folder)


def test_typescript_takes_the_types(url: str, folder: Path) -> None:
    said = run("node_modules/.bin/openapi-typescript", "openapi.json", "-o", "api.d.ts", folder=folder)
    assert "warn" not in said.lower(), said
    run("node_modules/.bin/tsc", "--strict", "--noEmit", "api.d.ts", folder=folder)


def test_a_generated_client_does_what_a_client_does(url: str, folder: Path) -> None:
    command = ("python/bin/openapi-python-client", "generate", "--path", "openapi.json", "--fail-on-warning")
    said = run(*command, "--output-path", "client", "--overwrite", folder=folder)
    assert "warning" not in said.lower(), said
    (folder / "a.png").write_bytes(pictures.png(50, 50))
    run("python/bin/python", "journey.py", url, "a.png", folder=folder, PYTHONPATH=str(folder / "client"))
