"""What FastAPI says of all our routes, as the document that is published. Pure.

Used when the file is made (`deploy/openapi.py`), not while the gateway runs.
"""

from typing import Any

from gateway.docs import openapi_headers
from gateway.docs.openapi_examples import SAMPLES
from gateway.proxy.routes import ROUTES
from shared.domain import errors

Document = dict[str, Any]

TITLE = "Darkroom"
DESCRIPTION = """\
Darkroom stores the pictures of your posts: people upload them or ask for AI-made ones, keep them in a library and \
get renditions that Instagram accepts. Everything is scoped to a `business_id`.

An accepted job is never lost, and nobody pays twice without being told. Every refusal is one body, \
`application/problem+json`, whose `code` is stable; every answer carries an `X-Request-Id`.

## Problem codes

What is retryable may succeed later without being changed.

""" + "\n".join(
    f"- {kind.status} `{kind.code}`: {kind.title}{'; retryable' if kind.retryable else ''}"
    for kind in errors.all_problems()
)
AREAS = {
    "Uploads": "Bring a picture of your own.",
    "Generation": "Ask for a picture, follow it, and know the price before.",
    "Library": "Find, rename, derive, delete and restore pictures.",
    "Validation": "Will the platform take it, and if not, what would it take?",
}

WHO = {"license": {"name": "MIT", "identifier": "MIT"}, "contact": {"name": "Whoever runs this Darkroom"}}
KEY = {
    "type": "http",
    "scheme": "bearer",
    "description": "An API key or a JWT, where the operator asks for one; without that nobody is asked.",
}

_AREA_OF = {route.template: route.area for route in ROUTES}
"""What the gateway hands on; what it answers itself is of generation."""


def public(document: Document, public_url: str) -> Document:
    """The document of an application that has all routers, with what FastAPI does not know."""
    for path, item in document["paths"].items():
        for operation in item.values():
            operation["tags"] = [_AREA_OF.get(path, "Generation")]
    openapi_headers.add(document["paths"])
    schemas = document["components"]["schemas"]
    return {
        "openapi": document["openapi"],
        "info": {"title": TITLE, "version": document["info"]["version"], "description": DESCRIPTION} | WHO,
        "servers": [{"url": public_url}],
        "security": [{"key": []}, {}],
        "tags": [{"name": name, "description": description} for name, description in AREAS.items()],
        "paths": dict(sorted(document["paths"].items())),
        "components": {
            "schemas": {name: _with_sample(name, schema) for name, schema in sorted(schemas.items())},
            "headers": openapi_headers.HEADERS,
            "securitySchemes": {"key": KEY},
        },
    }


def _with_sample(name: str, schema: Document) -> Document:
    return schema | {"examples": [SAMPLES[name]]} if name in SAMPLES else schema
