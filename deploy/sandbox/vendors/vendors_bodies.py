"""The error bodies of the played compatible servers.

OpenRouter's shape, some of LiteLLM's, LocalAI's and Azure's `contentFilter` are as documentation and public issues show
them. The rest, of xAI, Together and vLLM-Omni above all, is written after the shape that they are known for and was
compared with no real answer: that our table reads them shows that the table and these bodies agree, no more.

By server and by what the script says to `do`; `lost` is an address that lacks something.
"""

from __future__ import annotations

from typing import Any


def _openai(message: str, kind: str | None, code: str | None, param: str | None = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def _azure(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


def _openrouter(code: int, message: str, **metadata: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, **({"metadata": metadata} if metadata else {})}}


def _xai(code: str, error: str) -> dict[str, Any]:
    return {"code": code, "error": error}


_ARGUMENT = "Client specified an invalid argument"


def unknown_parameter(name: str) -> tuple[int, Any]:
    """As FastAPI says it."""
    told = {"type": "extra_forbidden", "loc": ["body", name], "msg": "Extra inputs are not permitted"}
    return 422, {"detail": [told]}


BODIES: dict[str, dict[str, tuple[int, Any]]] = {
    "azure": {
        "auth": (401, _azure("401", "Access denied due to invalid subscription key or wrong API endpoint.")),
        "lost": (404, _azure("404", "Resource not found")),
        "moderation": (400, _azure("contentFilter", "Your task failed as a result of our safety system.")),
        "retired": (404, _azure("DeploymentNotFound", "The API deployment for this resource does not exist.")),
        "429": (429, _azure("429", "Requests have exceeded call rate limit. Please retry after 5 seconds.")),
        "quota": (429, _azure("insufficient_quota", "You exceeded your current quota.")),
    },
    "litellm": {
        "auth": (401, _openai("Authentication Error, Invalid proxy server token passed.", "auth_error", "401", "None")),
        "quota": (
            429,
            _openai("Budget has been exceeded! Current cost: 26.075, Max budget: 0.25", "budget_exceeded", "429"),
        ),
        "moderation": (
            400,
            _openai(
                "litellm.BadRequestError: litellm.ContentPolicyViolationError: OpenAIException - Your request was "
                "rejected by the safety system. Received Model Group=gpt-image\nAvailable Model Group Fallbacks=None",
                None,
                "400",
            ),
        ),
        "retired": (
            400,
            _openai(
                "{'error': '/images/generations: Invalid model name passed in model=m. Call `/v1/models` to view "
                "available models for your key.'}",
                "None",
                "400",
                "None",
            ),
        ),
        "429": (429, _openai("No deployments available for selected model, Try again in 5 seconds.", "None", "429")),
        "503": (503, _openai("litellm.ServiceUnavailableError: OpenAIException - overloaded", None, "503")),
    },
    "openrouter": {
        "auth": (401, _openrouter(401, "User not found.")),
        "quota": (402, _openrouter(402, "Insufficient credits. Add more using https://openrouter.ai/credits")),
        "moderation": (
            403,
            _openrouter(
                403,
                "Your chosen model requires moderation and your input was flagged",
                reasons=["violence"],
                flagged_input="a fox",
                provider_name="OpenAI",
                model_slug="m",
            ),
        ),
        "429": (429, _openrouter(429, "Rate limit exceeded")),
        "503": (503, _openrouter(503, "There is no available model provider that meets your routing requirements")),
        "500": (502, _openrouter(502, "Provider returned error")),
    },
    "together": {
        "auth": (401, _openai("Invalid API key provided.", "invalid_request_error", "invalid_api_key")),
        "quota": (402, _openai("Credit limit exceeded, please add credits.", "credit_limit", None)),
        "moderation": (422, _openai("NSFW content detected in the image.", "invalid_request_error", None, "prompt")),
        "retired": (404, _openai("Unable to access model m.", "invalid_request_error", "model_not_available")),
        "429": (429, _openai("Rate limit reached.", "rate_limit", None)),
    },
    "xai": {
        "auth": (400, _xai(_ARGUMENT, "Incorrect API key provided: k. You can obtain one from https://console.x.ai.")),
        "quota": (
            403,
            _xai(
                "The caller does not have permission to execute the specified operation",
                "Your newly created team doesn't have any credits yet.",
            ),
        ),
        "moderation": (400, _xai(_ARGUMENT, "Generated image rejected by content moderation.")),
        "retired": (404, _xai("Some requested entity was not found", "The model m does not exist.")),
        "429": (429, _xai("Some resource has been exhausted", "Too many requests.")),
    },
    "localai": {
        # mudler/LocalAI issue 1909
        "500": (500, {"error": {"code": 500, "message": "rpc error: code = Unknown desc = unimplemented", "type": ""}}),
    },
    "vllm-omni": {
        "moderation": (400, {"detail": "The prompt is not allowed"}),
        "retired": (404, {"detail": "The model `m` does not exist."}),
        "503": (503, {"detail": "Engine not initialized"}),
    },
}
