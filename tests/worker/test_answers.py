"""What each recorded answer of the vendor means: as a response, and inside a stream, where there is no status."""

from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest

from generation_worker.providers import base
from generation_worker.providers import openai as provider
from generation_worker.providers.openai_errors import Meaning
from shared.catalog.catalogue import load
from shared.db.tables import Charged, JobError

LIMIT = (
    "Rate limit reached for gpt-image-2.5-sunburst (for limit gpt-image) in organization org-1 on input-images per min:"
    " Limit 5, Used 5, Requested 1. Please try again in 12s."
)
USER, REQUEST, AUTH = "image_generation_user_error", "invalid_request_error", "authentication_error"
OVERLOAD = "service_unavailable_error"
RECORDED: list[tuple[int, dict[str, Any], Meaning, JobError]] = [
    (400, {"type": USER, "code": "moderation_blocked"}, Meaning.REFUSED, JobError.CONTENT_POLICY),
    (400, {"type": REQUEST, "code": "content_policy_violation"}, Meaning.REFUSED, JobError.CONTENT_POLICY),
    (400, {"type": None, "code": "contentFilter"}, Meaning.REFUSED, JobError.CONTENT_POLICY),
    (400, {"type": USER, "code": "invalid_value", "param": "size"}, Meaning.REFUSED, JobError.INVALID_PARAMETERS),
    (400, {"type": REQUEST, "code": "invalid_value", "param": "model"}, Meaning.MISCONFIGURED, JobError.MODEL_RETIRED),
    (404, {"type": REQUEST, "code": "model_not_found"}, Meaning.MISCONFIGURED, JobError.MODEL_RETIRED),
    (400, {"type": REQUEST, "code": "unknown_parameter"}, Meaning.MISCONFIGURED, JobError.INVALID_PARAMETERS),
    (401, {"type": AUTH, "code": "invalid_api_key"}, Meaning.MISCONFIGURED, JobError.PROVIDER_AUTH),
    (403, {"type": REQUEST, "code": None}, Meaning.MISCONFIGURED, JobError.PROVIDER_AUTH),
    (429, {"type": "input-images", "code": "rate_limit_exceeded"}, Meaning.BUSY, JobError.PROVIDER_RATE_LIMITED),
    (429, {"type": "rate_limit_error", "code": "slow_down"}, Meaning.BUSY, JobError.PROVIDER_RATE_LIMITED),
    (429, {"type": "requests", "code": None}, Meaning.BUSY, JobError.PROVIDER_RATE_LIMITED),
    (429, {"type": "insufficient_quota", "code": "x"}, Meaning.MISCONFIGURED, JobError.PROVIDER_QUOTA),
    (429, {"type": "y", "code": "credit_balance_exhausted"}, Meaning.MISCONFIGURED, JobError.PROVIDER_QUOTA),
    (400, {"type": REQUEST, "code": "billing_hard_limit_reached"}, Meaning.MISCONFIGURED, JobError.PROVIDER_QUOTA),
    (503, {"type": OVERLOAD, "code": "server_is_overloaded"}, Meaning.BUSY, JobError.PROVIDER_UNAVAILABLE),
    (500, {"type": "server_error", "code": None}, Meaning.AMBIGUOUS, JobError.OUTCOME_UNKNOWN),
    (502, {}, Meaning.AMBIGUOUS, JobError.OUTCOME_UNKNOWN),
    (503, {}, Meaning.AMBIGUOUS, JobError.OUTCOME_UNKNOWN),
    (524, {}, Meaning.AMBIGUOUS, JobError.OUTCOME_UNKNOWN),
    (408, {}, Meaning.AMBIGUOUS, JobError.OUTCOME_UNKNOWN),
]  # fmt: skip
CLASSES = {
    Meaning.BUSY: base.ProviderBusy,
    Meaning.REFUSED: base.ProviderRefused,
    Meaning.MISCONFIGURED: base.ProviderMisconfigured,
    Meaning.AMBIGUOUS: base.OutcomeUnknown,
}
NAMED = [row for row in RECORDED if row[1].get("code") and row[1]["code"] not in {"x", "invalid_value"}]


def body(fields: dict[str, Any]) -> dict[str, Any]:
    return {"message": "As the vendor says.", "type": None, "param": None, "code": None} | fields


def responded(status: int, fields: dict[str, Any], headers: dict[str, str] | None = None) -> openai.APIError:
    """The SDK's own exception for such a response."""
    request = httpx2.Request("POST", "https://api.openai.com/v1/images/generations")
    response = httpx2.Response(status, json={"error": body(fields)}, headers=headers, request=request)
    return openai.OpenAI(api_key="k")._make_status_error_from_response(response)


def streamed(fields: dict[str, Any]) -> openai.APIError:
    """The plain error that the SDK raises for an error event: a code and no status."""
    request = httpx2.Request("POST", "https://api.openai.com/v1/images/generations")
    return openai.APIError("As the vendor says.", request, body=body(fields))


@pytest.mark.parametrize(("status", "fields", "meaning", "error"), RECORDED)
def test_a_response_has_one_meaning(status: int, fields: dict[str, Any], meaning: Meaning, error: JobError) -> None:
    refusal = provider.unpack(responded(status, fields))
    assert (refusal.status, refusal.row.meaning, refusal.row.error) == (status, meaning, error)
    raised = provider.from_refusal(refusal)
    assert type(raised) is CLASSES[meaning]
    assert raised.charged is (Charged.UNKNOWN if meaning is Meaning.AMBIGUOUS else Charged.FALSE)


@pytest.mark.parametrize(("_status", "fields", "meaning", "error"), NAMED)
def test_a_stream_error_means_the_same_by_its_code(
    _status: int, fields: dict[str, Any], meaning: Meaning, error: JobError
) -> None:
    refusal = provider.unpack(streamed(fields))
    assert refusal.status is None
    assert (refusal.row.meaning, refusal.row.error) == (meaning, error)


def test_an_unknown_stream_error_may_have_cost_money() -> None:
    assert provider.unpack(streamed({"code": "server_error"})).row.meaning is Meaning.AMBIGUOUS


@pytest.mark.parametrize(
    ("headers", "message", "seconds"),
    [
        ({"retry-after": "7"}, "", 7.0),
        ({"retry-after-ms": "250", "retry-after": "7"}, "", 0.25),
        ({}, LIMIT, 12.0),
        ({}, "Please try again in 350ms.", 0.35),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, "", None),
        ({"retry-after": "inf"}, "", None),
        ({"retry-after": "nan"}, "", None),
        ({"retry-after": "1e300"}, "", None),
        ({"retry-after": "-5"}, LIMIT, 12.0),
        ({}, "Please try again in .s", None),
        ({}, "Please try again in 1.2.3s", None),
        ({}, "Too many.", None),
    ],
)
def test_the_wait_is_read_from_headers_or_text(headers: dict[str, str], message: str, seconds: float | None) -> None:
    error = responded(429, {"code": "rate_limit_exceeded", "message": message}, headers)
    raised = provider.from_refusal(provider.unpack(error))
    assert isinstance(raised, base.ProviderBusy)
    assert raised.retry_after == (seconds if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(("stage", "charged"), [("input", Charged.FALSE), ("output", Charged.UNKNOWN)])
def test_a_picture_withheld_after_painting_may_have_cost(stage: str, charged: Charged) -> None:
    details = {"moderation_details": {"moderation_stage": stage, "categories": ["violence"]}}
    raised = provider.from_refusal(provider.unpack(responded(400, {"code": "moderation_blocked"} | details)))
    assert raised.charged is charged


@pytest.mark.parametrize(
    "prompt", ['model "a" does not exist', "a fox that does not exist", "Modèle: model é does not exist"]
)
def test_a_prompt_that_a_refusal_quotes_cannot_say_that_the_model_is_gone(prompt: str, tmp_path: Path) -> None:
    """Neither as JSON writes it, nor joined to the vendor's own words."""
    (tmp_path / "catalogue.toml").write_text('dialect = "xai"\n')
    dialect = load(tmp_path / "catalogue.toml").models[0].dialect
    said = responded(400, {"message": f"The model cannot make of this prompt: {prompt}"})
    assert provider.from_refusal(provider.unpack(said, dialect, prompt)).error is JobError.INVALID_PARAMETERS
    gone = responded(400, {"message": "The model grok does not exist"})
    assert provider.from_refusal(provider.unpack(gone, dialect, prompt)).error is JobError.MODEL_RETIRED


def test_only_a_refusal_shows_the_vendors_text_to_the_user() -> None:
    secret = {"message": "Incorrect API key provided: sk-abc", "code": "invalid_api_key"}
    assert "sk-abc" not in str(provider.from_refusal(provider.unpack(responded(401, secret))))
