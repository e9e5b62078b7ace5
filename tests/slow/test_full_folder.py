"""A folder for temporary files that is really full: uploads say so, the rest goes on, and nothing is restarted."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests import pictures
from tests.sandbox_server import SandboxServer
from tests.service.test_upload import ROUTE, problem
from tests.slow.needs import needs_root
from tests.stack import Process


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of one MiB."""
    needs_root()
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_folder_for_temporary_files_is_told_and_passes(small: Path, database: str, tmp_path: Path) -> None:
    ballast = small / "ballast"
    with SandboxServer(tmp_path / "sandbox") as sandbox:
        environment = {
            "DATABASE_URL": database, "REDIS_URL": "redis://unused", "DARKROOM_SANDBOX_URL": sandbox.url,
            "TMPDIR": str(small),
        }  # fmt: skip
        with (
            Process("upload_service", environment, logs=tmp_path) as service,
            httpx2.Client(base_url=service.url, timeout=20) as client,
        ):
            assert client.post(ROUTE, files={"file": ("x.png", pictures.png(50, 50))}).status_code == 201
            fill(ballast)
            body = problem(client.post(ROUTE, files={"file": ("x.png", pictures.png(60, 60))}), 503, "unavailable")
            assert "space" in body["detail"]
            assert "database" not in body["detail"]
            assert client.get("/readyz").status_code == 200
            ballast.unlink()
            assert client.post(ROUTE, files={"file": ("x.png", pictures.png(70, 70))}).status_code == 201
        assert service.events("request.crashed") == []


def fill(ballast: Path) -> None:
    """No byte is free from now on."""
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(os.urandom(4096))
        except OSError:
            return
