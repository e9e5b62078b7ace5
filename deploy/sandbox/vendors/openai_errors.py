"""The played OpenAI's refusals, in its own words, statuses, types, codes and headers.
When one is given is decided elsewhere: by the request (openai_request.py), the limit (openai.py) or the script.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from deploy.sandbox.control.faults import Behaviour

KEYS_PAGE = "https://platform.openai.com/account/api-keys"


@dataclass
class OpenAIError(Exception):
    """An answer other than 200, in the vendor's envelope."""

    status: int
    message: str
    type: str = "invalid_request_error"
    param: str | None = None
    code: str | None = None
    more: dict[str, Any] = field(default_factory=dict)
    """Further fields of the error object."""
    headers: dict[str, str] = field(default_factory=dict)
    html: str | None = None
    """A page instead of JSON, as a proxy before the vendor answers."""

    def error(self) -> dict[str, Any]:
        return {"message": self.message, "type": self.type, "param": self.param, "code": self.code, **self.more}


def wrong_key(key: str | None) -> OpenAIError:
    if not key:
        return OpenAIError(
            401,
            "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer "
            "auth (i.e. Authorization: Bearer YOUR_KEY), or as the password field (with blank username) if you're "
            f"accessing the API from your browser and are prompted for a username and password. You can obtain an API "
            f"key from {KEYS_PAGE}.",
        )
    shown = key[:8] + "*" * max(0, len(key) - 12) + key[-4:] if len(key) > 12 else "*" * len(key)
    message = f"Incorrect API key provided: {shown}. You can find your API key at {KEYS_PAGE}."
    return OpenAIError(401, message, code="invalid_api_key")


def unknown_model(name: str) -> OpenAIError:
    return OpenAIError(
        400, f"The model '{name}' does not exist.", "image_generation_user_error", "model", "invalid_value"
    )


def retired_model(name: str) -> OpenAIError:
    message = f"The model `{name}` has been deprecated, learn more here: https://platform.openai.com/docs/deprecations"
    return OpenAIError(404, message, code="model_not_found")


def rate_limited(model: str, limit: int, seconds: float | None) -> OpenAIError:
    wait = f"{seconds:g}s" if seconds is not None else "12s"
    message = (
        f"Rate limit reached for {model} (for limit gpt-image) in organization org-sandbox on input-images per min: "
        f"Limit {limit}, Used {limit}, Requested 1. Please try again in {wait}. "
        "Visit https://platform.openai.com/account/rate-limits to learn more."
    )
    return OpenAIError(429, message, "input-images", None, "rate_limit_exceeded", headers=_retry_after(seconds))


def moderated(stage: str, request_id: str) -> OpenAIError:
    message = (
        "Your request was rejected by the safety system. If you believe this is an error, contact us at "
        f"help.openai.com and include the request ID {request_id}. safety_violations=[violence]."
    )
    details = {"moderation_details": {"moderation_stage": stage, "categories": ["violence"]}}
    return OpenAIError(400, message, "image_generation_user_error", None, "moderation_blocked", details)


def scripted(behaviour: Behaviour, model: str, request_id: str) -> OpenAIError:
    """What a behaviour of the script sounds like from OpenAI."""
    refusal = _scripted(behaviour, model, request_id)
    refusal.code = behaviour.code or refusal.code
    if behaviour.retry_after is not None:
        refusal.headers |= _retry_after(behaviour.retry_after)
    return refusal


def _scripted(behaviour: Behaviour, model: str, request_id: str) -> OpenAIError:  # noqa: PLR0911 (a table of answers)
    match behaviour.do:
        case "429":
            said = behaviour.retry_after if "retry_after" in behaviour.model_fields_set else 1.0
            return rate_limited(model, 5, said)
        case "slow_down":
            message = "Slow down. Your request rate rose too quickly; reduce it and increase it again gradually."
            return OpenAIError(429, message, "rate_limit_error", None, "slow_down", headers=_retry_after(1.0))
        case "quota":
            message = (
                "You exceeded your current quota, please check your plan and billing details. For more information on "
                "this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors."
            )
            return OpenAIError(429, message, "insufficient_quota", None, "credit_balance_exhausted")
        case "auth":
            return wrong_key("sk-revoked-0000")
        case "unverified":
            message = (
                f"Your organization must be verified to use the model `{model}`. Please go to: "
                "https://platform.openai.com/settings/organization/general and click on Verify Organization. "
                "If you just verified, it can take up to 15 minutes for access to propagate."
            )
            return OpenAIError(403, message)
        case "retired":
            return retired_model(model)
        case "moderation":
            return moderated(behaviour.stage, request_id)
        case "503":
            message = "Our servers are currently overloaded. Please try again later."
            return OpenAIError(503, message, "service_unavailable_error", None, "server_is_overloaded")
        case "502html":
            page = "<html>\n<head><title>502 Bad Gateway</title></head>\n<body>\n<center><h1>502 Bad Gateway</h1></center>\n</body>\n</html>\n"  # noqa: E501
            return OpenAIError(502, "Bad Gateway", html=page)
        case _:
            message = (
                "The server had an error while processing your request. Sorry about that! You can retry your request, "
                f"or contact us through our help center at help.openai.com if you keep seeing this error. (Please "
                f"include the request ID {request_id} in your message.)"
            )
            return OpenAIError(500, message, "server_error", None, "server_error")


def _retry_after(seconds: float | None) -> dict[str, str]:
    """Without a number there is no header, as with some real answers."""
    if seconds is None:
        return {}
    return {"retry-after": str(math.ceil(seconds)), "retry-after-ms": str(round(seconds * 1000))}
