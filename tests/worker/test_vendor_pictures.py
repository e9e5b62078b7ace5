"""A paid picture that the vendor answers in another shape than usual gets home, or is kept for an operator."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from gateway.generation.schemas import RETRYABLE
from generation_worker import hosted
from generation_worker.resources import WorkerResources
from shared.catalog.catalogue import load
from shared.db import budgets
from shared.db.tables import Charged, JobError, JobRow, JobStatus
from shared.settings import WorkerSettings
from tests.sandbox_server import SandboxServer
from tests.worker.conftest import Working

BY_ADDRESS = """
[models.dall-e-3]
enabled = true
[models.dall-e-3.parameters]
response_format = "url"
"""


@pytest.fixture
def dalle(resources: WorkerResources, sandbox: SandboxServer, tmp_path: Path) -> WorkerResources:
    """The vendor offers a model again that answers with addresses."""
    sandbox.model("dall-e-3", available=True)
    (tmp_path / "catalogue.toml").write_text(BY_ADDRESS)
    object.__setattr__(resources, "catalogue", load(tmp_path / "catalogue.toml"))
    return resources


async def kept(resources: WorkerResources, job: JobRow) -> list[Any]:
    return list(await resources.db.fetch("select * from unread_answers where job_id = $1", job.id))


async def test_a_picture_behind_an_address_is_fetched_at_once(dalle: WorkerResources, worked: Working) -> None:
    job = await worked(model="dall-e-3")
    assert (job.status, job.charged) == (JobStatus.SUCCEEDED, Charged.TRUE)
    assert await kept(dalle, job) == []


async def test_an_address_that_gives_no_picture_is_kept_with_its_answer(
    dalle: WorkerResources, worked: Working, sandbox: SandboxServer
) -> None:
    small = dalle.settings.model_copy(update={"max_vendor_picture": 1024})
    object.__setattr__(dalle, "settings", small)
    job = await worked(model="dall-e-3")
    assert (job.error_code, job.charged, job.actual_micros) == (
        JobError.BAD_PROVIDER_IMAGE,
        Charged.UNKNOWN,
        None,
    )
    assert job.error_code not in RETRYABLE
    (answer,) = await kept(dalle, job)
    assert b"/_sandbox/hosted/" in answer["data"]
    assert "more than 1024 bytes" in answer["reason"]


@pytest.mark.parametrize(
    "address",
    [
        "http://169.254.169.254/latest/meta-data", "http://127.0.0.1:6379/", "http://localhost/", "https://[::1]/a",
        "http://0x7f.1/", "https://user:word@img.example/", "file:///etc/passwd", "https://10.0.0.1/a.png",
    ],
)  # fmt: skip
async def test_no_address_of_our_own_network_is_asked(resources: WorkerResources, address: str) -> None:
    elsewhere = resources.settings.model_copy(
        update={"openai_api_key": SecretStr("k"), "openai_base_url": "https://api.example/v1"}
    )
    with pytest.raises(hosted.Unfetched, match=r"not public|no web address"):
        await hosted.fetch(elsewhere, address)


async def test_the_vendors_own_host_is_asked_and_its_redirects_are_judged(
    settings: WorkerSettings, sandbox: SandboxServer
) -> None:
    with pytest.raises(hosted.NotWhole, match="no whole picture, 15 bytes"):
        await hosted.fetch(settings, f"{sandbox.url}/healthz")
    with pytest.raises(hosted.Unfetched, match="404"):
        await hosted.fetch(settings, f"{sandbox.url}/_sandbox/hosted/none.png")


@pytest.mark.parametrize("do", ["not_json", "broken_bytes"])
async def test_what_is_no_picture_is_kept_for_an_operator(
    resources: WorkerResources, worked: Working, sandbox: SandboxServer, do: str
) -> None:
    sandbox.script("openai.generate", {"do": do})
    job = await worked()
    assert (job.status, job.error_code) == (JobStatus.FAILED, JobError.BAD_PROVIDER_IMAGE)
    (answer,) = await kept(resources, job)
    assert answer["business_id"] == job.business_id
    assert answer["data"]
    assert await resources.db.fetchval("select count(*) from spills") == 0


async def test_without_usage_the_cost_is_said_to_be_an_estimate(
    resources: WorkerResources, worked: Working, sandbox: SandboxServer
) -> None:
    sandbox.script("openai.generate", {"do": "ok", "usage": False})
    job = await worked()
    assert (job.status, job.charged, job.actual_micros) == (JobStatus.SUCCEEDED, Charged.TRUE, None)
    assert (await budgets.month_of(resources.db, job.business_id)).spent == 52_700
