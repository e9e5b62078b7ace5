"""Each compatible server, played: asked as it wants to be, its picture arrives and its refusals are understood."""

import json
from pathlib import Path

import httpx2
import openai
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from generation_worker.providers.openai import OpenAIProvider, from_refusal, unpack
from generation_worker.resources import WorkerResources
from shared.catalog.catalogue import load
from shared.db.tables import Charged, JobError, JobStatus
from shared.settings import SANDBOX_WORD
from tests.sandbox_server import SandboxServer
from tests.worker.conftest import Working

VENDORS = ["azure", "litellm", "openrouter", "together", "xai", "localai", "vllm-omni"]


def at(resources: WorkerResources, sandbox: SandboxServer, folder: Path, vendor: str) -> None:
    """From now on this server is asked, in its dialect."""
    (folder / "catalogue.toml").write_text(f'dialect = "{vendor}"\n')
    settings = resources.settings.model_copy(
        update={
            "openai_api_key": SecretStr(f"sk-{SANDBOX_WORD}"),
            "openai_base_url": f"{sandbox.url}/vendors/{vendor}/v1",
        }
    )
    object.__setattr__(resources, "settings", settings)
    object.__setattr__(resources, "catalogue", load(folder / "catalogue.toml"))
    object.__setattr__(resources, "provider", OpenAIProvider(settings))


@pytest.mark.parametrize("vendor", VENDORS)
async def test_its_picture_arrives(
    resources: WorkerResources, worked: Working, sandbox: SandboxServer, tmp_path: Path, vendor: str
) -> None:
    at(resources, sandbox, tmp_path, vendor)
    job = await worked(size="1792x1024")
    assert (job.status, job.charged, job.error_detail) == (JobStatus.SUCCEEDED, Charged.TRUE, None)
    exact = vendor == "azure"
    assert (job.actual_micros is not None) == exact, "only what counts tokens is told as the cost"
    width = await resources.db.fetchval("select width from images where job_id = $1", job.id)
    assert width == (1024 if vendor == "xai" else 1792)
    await resources.provider.close()


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
        ("localai", "500", JobError.OUTCOME_UNKNOWN, Charged.UNKNOWN),
        ("vllm-omni", "moderation", JobError.INVALID_PARAMETERS, Charged.FALSE),
        ("vllm-omni", "503", JobError.OUTCOME_UNKNOWN, Charged.UNKNOWN),
    ],
)
async def test_its_refusals_are_understood(
    resources: WorkerResources, worked: Working, sandbox: SandboxServer, tmp_path: Path,
    vendor: str, do: str, error: JobError, charged: Charged | None,
) -> None:  # fmt: skip
    at(resources, sandbox, tmp_path, vendor)
    sandbox.script("openai.generate", {"do": do})
    job = await worked()
    assert (job.error_code, job.charged) == (error, charged)
    assert (job.status is JobStatus.QUEUED) == (charged is None)
    await resources.provider.close()


@pytest.mark.parametrize(
    ("vendor", "text"), [("xai", "rejected by content moderation"), ("vllm-omni", "The prompt is not allowed")]
)
async def test_what_it_says_reaches_the_user(
    resources: WorkerResources, worked: Working, sandbox: SandboxServer, tmp_path: Path, vendor: str, text: str
) -> None:
    at(resources, sandbox, tmp_path, vendor)
    sandbox.script("openai.generate", {"do": "moderation"})
    job = await worked()
    assert text in (job.error_detail or "")
    assert "Error code" not in (job.error_detail or "")
    await resources.provider.close()


@pytest.mark.parametrize(
    ("base_url", "warned"),
    [
        (None, False),
        ("https://eu.api.openai.com/v1", False),
        ("http://litellm:4000/v1", True),
        ("https://api.openai.com.example/v1", True),
    ],
)
async def test_a_server_that_may_retry_by_itself_is_warned_of(
    resources: WorkerResources, base_url: str | None, warned: bool
) -> None:
    settings = resources.settings.model_copy(update={"openai_api_key": SecretStr("k"), "openai_base_url": base_url})
    with capture_logs() as said:
        await OpenAIProvider(settings).close()
    assert [line["event"] for line in said] == (["vendor.may_retry"] if warned else [])


def test_litellm_is_asked_for_no_retries(tmp_path: Path) -> None:
    (tmp_path / "catalogue.toml").write_text('dialect = "litellm"\n')
    headers = {model.dialect.headers for model in load(tmp_path / "catalogue.toml").models}
    assert headers == {(("x-litellm-num-retries", "0"),)}


ROUTED = "litellm.{0}Error: {0}Error: OpenAIException - {1}. Received Model Group=plain"
QUOTA = "You exceeded your current quota, please check your plan and billing details"
RETIRED = "The model `gpt-image-2.5-flare` has been deprecated, learn more here: https://platform.openai.com/docs/deprecations"
OVERLOADED = "Our servers are currently overloaded. Please try again later."
BLOCKED = "Your request was rejected by the safety system"


def passed(message: str, kind: str, code: str) -> str:
    """OpenAI's body inside the message."""
    return json.dumps({"error": {"message": message, "type": kind, "param": None, "code": code}})


@pytest.mark.parametrize(
    ("status", "message", "error", "charged"),
    [
        (429, ROUTED.format("RateLimit", QUOTA), JobError.PROVIDER_QUOTA, Charged.FALSE),
        (404, ROUTED.format("NotFound", RETIRED), JobError.MODEL_RETIRED, Charged.FALSE),
        (503, ROUTED.format("ServiceUnavailable", OVERLOADED), JobError.OUTCOME_UNKNOWN, Charged.UNKNOWN),
        (400, f"litellm.BadRequestError: OpenAIException - {BLOCKED}", JobError.CONTENT_POLICY, Charged.FALSE),
        (429, passed(QUOTA, "insufficient_quota", "credit_balance_exhausted"), JobError.PROVIDER_QUOTA, Charged.FALSE),
        (404, passed(RETIRED, "invalid_request_error", "model_not_found"), JobError.MODEL_RETIRED, Charged.FALSE),
        (503, passed(OVERLOADED, "x", "server_is_overloaded"), JobError.PROVIDER_UNAVAILABLE, Charged.FALSE),
        (400, passed(BLOCKED, "x", "moderation_blocked"), JobError.CONTENT_POLICY, Charged.FALSE),
        (500, "Server disconnected", JobError.OUTCOME_UNKNOWN, Charged.UNKNOWN),
    ],
)
def test_openais_refusals_are_understood_through_litellm(
    tmp_path: Path, status: int, message: str, error: JobError, charged: Charged
) -> None:
    """In the shapes that LiteLLM 1.82.6 made of them: through its router, and passed through. After its router's own
    retries nobody knows what the earlier calls made, so 503 is understood only where there was one call."""
    (tmp_path / "catalogue.toml").write_text('dialect = "litellm"\n')
    dialect = load(tmp_path / "catalogue.toml").models[0].dialect
    body = {"error": {"message": message, "type": "None", "param": "None", "code": str(status)}}
    request = httpx2.Request("POST", "http://litellm:4000/openai_passthrough/v1/images/generations")
    response = httpx2.Response(status, json=body, request=request)
    refused = openai.OpenAI(api_key="k")._make_status_error_from_response(response)
    meant = from_refusal(unpack(refused, dialect))
    assert (meant.error, meant.charged) == (error, charged)
