"""The headers of our answers in the words of an OpenAPI document: what each means, which answer has which. Pure."""

from typing import Any

Document = dict[str, Any]


def _said(description: str, schema: Document, example: Any) -> Document:
    return {"description": description, "schema": schema, "example": example}


_TEXT = {"type": "string"}
_SECONDS = {"type": "integer", "minimum": 0}
_TRUE = {"type": "string", "enum": ["true"]}

HEADERS: Document = {
    "X-Request-Id": _said("Names this request in our logs; yours, if you sent one", _TEXT, "7ce9fcad354b43628e214ff08"),
    "X-Darkroom-Sandbox": _said("The companies that are played here; absent: all is real", _TEXT, "openai, cloudinary"),
    "RateLimit-Policy": _said(
        "Where keys are asked for: what may be asked in how many seconds", _TEXT, '"key";q=1200;w=60'
    ),
    "RateLimit": _said(
        "Where keys are asked for: what may be asked now, and when one more comes back", _TEXT, '"key";r=199;t=1'
    ),
    "Retry-After": _said("Seconds until asking again makes sense, where known", _SECONDS, 1),
    "ETag": _said("The version; send it back as `If-None-Match` or `If-Match`", _TEXT, '"0b7a51d0ba2e4e0f"'),
    "Location": _said("Where it is", _TEXT, "http://localhost:8003/api/v1/images/01a20432-9dd2-7116-9aac-3445daaba359"),
    "X-Deduplicated": _said("It was there already", _TRUE, "true"),
    "Idempotency-Replayed": _said("The first answer to this key, as it stands now", _TRUE, "true"),
    "Preference-Applied": _said("For how long the answer was held at most", _TEXT, "wait=30"),
    "Content-Disposition": _said("What to call the table", _TEXT, 'attachment; filename="usage-1-2026-11.csv"'),
    "Allow": _said("With 405: what the path takes", _TEXT, "GET, HEAD, OPTIONS"),
    "Accept-Encoding": _said("With 415: how a body may be packed, which is not at all", _TEXT, "identity"),
    "WWW-Authenticate": _said("With 401: how to say who asks", _TEXT, 'Bearer realm="darkroom"'),
}

_ALWAYS = ("X-Request-Id", "X-Darkroom-Sandbox", "RateLimit-Policy", "RateLimit")
_REFUSED = {
    "4XX": ("Retry-After", "Allow", "Accept-Encoding", "WWW-Authenticate"),
    "422": (),
    "5XX": ("Retry-After",),
}
_IMAGE = ("ETag",)
_KEPT = ("Location", "X-Deduplicated", "Idempotency-Replayed")
_JOB = ("Location", "Retry-After")
_SENT: dict[str, dict[str, tuple[str, ...]]] = {
    "get_image": {"200": _IMAGE, "304": _IMAGE},
    "update_image": {"200": _IMAGE},
    "delete_image": {"200": _IMAGE},
    "restore_image": {"200": _IMAGE},
    "attach_to_post": {"200": _IMAGE},
    "detach_from_post": {"200": _IMAGE},
    "create_derivative": {"201": _KEPT[:1], "200": _KEPT[:2]},
    "get_thumbnail": {"302": ("Location",)},
    "upload_image": {"201": _KEPT, "200": _KEPT},
    "generate_image": {"202": (*_JOB, "Idempotency-Replayed")},
    "cancel_job": {"200": _JOB, "202": _JOB},
    "list_sizes": {"200": _IMAGE, "304": _IMAGE},
    "get_job": {
        "200": ("ETag", "Retry-After", "Preference-Applied"),
        "304": ("ETag", "Retry-After", "Preference-Applied"),
    },
    "get_usage": {"200": ("Content-Disposition",)},
}
"""By operation and status."""


def add(paths: Document) -> None:
    """Says with each answer which headers it may have; what a route says of its own stays."""
    for item in paths.values():
        for operation in item.values():
            if isinstance(operation, dict):
                _add(operation)


def _add(operation: Document) -> None:
    own = _SENT.get(operation.get("operationId", ""), {})
    for status, answer in operation["responses"].items():
        names = (*_ALWAYS, *_REFUSED.get(status, ()), *own.get(status, ()))
        told = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
        answer["headers"] = told | answer.get("headers", {})
