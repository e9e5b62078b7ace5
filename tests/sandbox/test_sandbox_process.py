"""The process: how it starts, what it refuses to start on, and that it ends when asked, whoever hangs."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import httpx2
import openai
import pytest
from openai import AsyncOpenAI

from deploy.sandbox.settings import SettingError, Settings
from tests.sandbox.pictures import MODEL, image_bytes
from tests.sandbox_server import REPOSITORY, SandboxServer


async def test_sigterm_ends_it_with_status_0_although_calls_hang(tmp_path: Path) -> None:
    with SandboxServer(tmp_path) as server:
        server.script("openai.generate", {"do": "slow", "seconds": 600, "times": 10}, always="hang")
        async with AsyncOpenAI(api_key="sk-sandbox", base_url=server.openai_base_url, max_retries=0) as painter:
            calls = [asyncio.ensure_future(painter.images.generate(prompt="x", model=MODEL)) for _ in range(20)]
            async with asyncio.timeout(20):
                while server.summary()["in_flight"] < 20:
                    await asyncio.sleep(0.02)
            assert await asyncio.to_thread(server.stop) == 0
            answers = await asyncio.gather(*calls, return_exceptions=True)
        assert {type(answer) for answer in answers} == {openai.APIConnectionError}


def test_health_and_the_home_page_answer(web: httpx2.Client) -> None:
    assert web.get("/healthz").json() == {"status": "ok"}
    assert web.get("/readyz").json()["status"] == "ready"
    page = web.get("/")
    assert "SANDBOX" in page.text
    assert "<script" not in page.text
    assert web.get("/samples/0").headers["content-type"] == "image/webp"
    assert web.get("/samples/8").status_code == 404


def test_the_preview_is_a_picture_and_not_in_the_ledger(web: httpx2.Client, sandbox: SandboxServer) -> None:
    size: dict[str, str | int] = {"prompt": "a lake", "width": 320, "height": 240}
    picture = web.get("/_sandbox/preview", params=size, headers=sandbox.owner)
    assert picture.headers["content-type"] == "image/webp"
    assert sandbox.ledger() == []
    assert web.get("/_sandbox/preview", params={"width": 9}, headers=sandbox.owner).status_code == 422


def test_a_broken_upload_request_is_not_a_500(web: httpx2.Client) -> None:
    headers = {"content-type": "multipart/form-data; boundary=x"}
    answer = web.post("/v1_1/sandbox/image/upload", content=b"--y\r\nnonsense", headers=headers)
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("variable", "value", "complaint"),
    [
        ("DARKROOM_PORT", "eighty", "DARKROOM_PORT must be a number"),
        ("DARKROOM_SANDBOX_LATENCY", "-1", "between 0 and"),
        ("DARKROOM_SANDBOX_SECRET", "a b@c", "DARKROOM_SANDBOX_SECRET must be letters"),
    ],
)
def test_a_wrong_setting_is_one_clear_line(variable: str, value: str, complaint: str) -> None:
    with pytest.raises(SettingError, match=complaint):
        Settings.from_environment({variable: value})


def test_a_folder_that_cannot_be_used_stops_the_start_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(image_bytes(8, 8))
    environment = {**os.environ, "DARKROOM_PORT": "0", "DARKROOM_SANDBOX_DATA": str(tmp_path / "file")}
    command = [sys.executable, "-m", "deploy.sandbox"]
    ended = subprocess.run(
        command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "cannot use the folder" in ended.stderr


def test_the_sandbox_imports_nothing_of_the_product() -> None:
    ours = (
        "shared",
        "gateway",
        "upload_service",
        "library_service",
        "generation_worker",
        "tests",
        "openai",
        "cloudinary",
    )
    program = "import sys, deploy.sandbox.__main__; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    listed = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=30
    )
    assert not set(ours) & set(listed.stdout.split())
