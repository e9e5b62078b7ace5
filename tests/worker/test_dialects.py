"""Each compatible server, played: asked as it wants to be, its picture arrives and its refusals are understood."""

from pathlib import Path

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from generation_worker.painter import OpenAIPainter
from generation_worker.tools import Tools
from shared.catalogue import load
from shared.models import Charged, JobError, JobStatus
from shared.settings import SANDBOX_WORD
from tests.sandbox_server import SandboxServer
from tests.worker.conftest import Working

VENDORS = ["azure", "litellm", "openrouter", "together", "xai", "localai", "vllm-omni"]


def at(tools: Tools, sandbox: SandboxServer, folder: Path, vendor: str) -> None:
    """From now on this server is asked, in its dialect."""
    (folder / "catalogue.toml").write_text(f'dialect = "{vendor}"\n')
    settings = tools.settings.model_copy(
        update={
            "openai_api_key": SecretStr(f"sk-{SANDBOX_WORD}"),
            "openai_base_url": f"{sandbox.url}/vendors/{vendor}/v1",
        }
    )
    object.__setattr__(tools, "settings", settings)
    object.__setattr__(tools, "catalogue", load(folder / "catalogue.toml"))
    object.__setattr__(tools, "painter", OpenAIPainter(settings))


@pytest.mark.parametrize("vendor", VENDORS)
async def test_its_picture_arrives(
    tools: Tools, worked: Working, sandbox: SandboxServer, tmp_path: Path, vendor: str
) -> None:
    at(tools, sandbox, tmp_path, vendor)
    job = await worked(size="1792x1024")
    assert (job.status, job.charged, job.error_detail) == (JobStatus.SUCCEEDED, Charged.TRUE, None)
    exact = vendor == "azure"
    assert (job.actual_micros is not None) == exact, "only what counts tokens is told as the cost"
    width = await tools.db.fetchval("select width from images where job_id = $1", job.id)
    assert width == (1024 if vendor == "xai" else 1792)
    await tools.painter.close()


@pytest.mark.parametrize(
    ("vendor", "do", "error", "charged"),
    [
        ("azure", "moderation", JobError.CONTENT_POLICY, Charged.FALSE),
        ("azure", "retired", JobError.MODEL_RETIRED, None),
        ("azure", "auth", JobError.PROVIDER_AUTH, None),
        ("azure", "quota", JobError.PROVIDER_QUOTA, None),
        ("azure", "429", JobError.PROVIDER_RATE_LIMITED, None),
        ("litellm", "moderation", JobError.CONTENT_POLICY, Charged.FALSE),
        ("litellm", "quota", JobError.PROVIDER_QUOTA, None),
        ("litellm", "retired", JobError.MODEL_RETIRED, None),
        ("litellm", "429", JobError.PROVIDER_RATE_LIMITED, None),
        ("litellm", "503", JobError.OUTCOME_UNKNOWN, Charged.UNKNOWN),
        ("openrouter", "moderation", JobError.CONTENT_POLICY, Charged.FALSE),
        ("openrouter", "quota", JobError.PROVIDER_QUOTA, None),
        ("openrouter", "503", JobError.PROVIDER_UNAVAILABLE, None),
        ("openrouter", "500", JobError.OUTCOME_UNKNOWN, Charged.UNKNOWN),
        ("together", "moderation", JobError.CONTENT_POLICY, Charged.UNKNOWN),
        ("together", "quota", JobError.PROVIDER_QUOTA, None),
        ("together", "retired", JobError.MODEL_RETIRED, None),
        ("xai", "moderation", JobError.CONTENT_POLICY, Charged.UNKNOWN),
        ("xai", "auth", JobError.PROVIDER_AUTH, None),
        ("xai", "quota", JobError.PROVIDER_QUOTA, None),
        ("xai", "retired", JobError.MODEL_RETIRED, None),
        ("vllm-omni", "moderation", JobError.INVALID_PARAMETERS, Charged.FALSE),
        ("vllm-omni", "503", JobError.OUTCOME_UNKNOWN, Charged.UNKNOWN),
    ],
)
async def test_its_refusals_are_understood(
    tools: Tools, worked: Working, sandbox: SandboxServer, tmp_path: Path,
    vendor: str, do: str, error: JobError, charged: Charged | None,
) -> None:  # fmt: skip
    at(tools, sandbox, tmp_path, vendor)
    sandbox.script("openai.generate", {"do": do})
    job = await worked()
    assert (job.error_code, job.charged) == (error, charged)
    assert (job.status is JobStatus.QUEUED) == (charged is None)
    await tools.painter.close()


@pytest.mark.parametrize(
    ("vendor", "text"), [("xai", "rejected by content moderation"), ("vllm-omni", "The prompt is not allowed")]
)
async def test_what_it_says_reaches_the_user(
    tools: Tools, worked: Working, sandbox: SandboxServer, tmp_path: Path, vendor: str, text: str
) -> None:
    at(tools, sandbox, tmp_path, vendor)
    sandbox.script("openai.generate", {"do": "moderation"})
    job = await worked()
    assert text in (job.error_detail or "")
    assert "Error code" not in (job.error_detail or "")
    await tools.painter.close()


@pytest.mark.parametrize(
    ("base_url", "warned"),
    [
        (None, False),
        ("https://eu.api.openai.com/v1", False),
        ("http://litellm:4000/v1", True),
        ("https://api.openai.com.example/v1", True),
    ],
)
async def test_a_server_that_may_retry_by_itself_is_warned_of(tools: Tools, base_url: str | None, warned: bool) -> None:
    settings = tools.settings.model_copy(update={"openai_api_key": SecretStr("k"), "openai_base_url": base_url})
    with capture_logs() as said:
        await OpenAIPainter(settings).close()
    assert [line["event"] for line in said] == (["vendor.may_retry"] if warned else [])


def test_litellm_is_asked_for_no_retries(tmp_path: Path) -> None:
    (tmp_path / "catalogue.toml").write_text('dialect = "litellm"\n')
    headers = {model.dialect.headers for model in load(tmp_path / "catalogue.toml").models}
    assert headers == {(("x-litellm-num-retries", "0"),)}
