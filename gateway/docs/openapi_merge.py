"""One OpenAPI document out of several: public paths only, one meaning per component name. Pure.

Used when the file is made (`deploy/openapi.py`), not while the gateway runs.
"""

import copy
from collections.abc import Mapping
from typing import Any

from gateway.docs import openapi_headers
from gateway.docs.openapi_examples import SAMPLES
from gateway.proxy.routes import IMAGES, ROUTES
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

_SCHEMAS = "#/components/schemas/"
_GENERATION = f"{IMAGES}/generate"
_OWN = {_GENERATION, f"{IMAGES}/usage"}


def merge(own: Document, services: Mapping[str, Document], public_url: str) -> Document:
    """The gateway's own document and those of the inner services, by service name, as one."""
    paths = {
        path: _tagged(item, "Generation")
        for path, item in own["paths"].items()
        if path in _OWN or path.startswith(_GENERATION + "/")
    }
    components: Document = {kind: dict(found) for kind, found in own.get("components", {}).items()}
    schemas = components.setdefault("schemas", {})
    for service, document in services.items():
        public = _public_paths(service, document)
        theirs = document.get("components", {}).get("schemas", {})
        renames = _renames(schemas, theirs, service.capitalize())
        schemas |= {renames.get(name, name): _rename(schema, renames) for name, schema in theirs.items()}
        paths |= _rename(public, renames)
    paths = copy.deepcopy(paths)
    openapi_headers.add(paths)
    reachable = _reachable(schemas, paths)
    components["schemas"] = {name: _with_sample(name, schema) for name, schema in reachable.items()}
    components["headers"] = openapi_headers.HEADERS
    components["securitySchemes"] = {"key": KEY}
    return {
        "openapi": own["openapi"],
        "info": {"title": TITLE, "version": own["info"]["version"], "description": DESCRIPTION} | WHO,
        "servers": [{"url": public_url}],
        "security": [{"key": []}, {}],
        "tags": [{"name": name, "description": description} for name, description in AREAS.items()],
        "paths": dict(sorted(paths.items())),
        "components": components,
    }


def _with_sample(name: str, schema: Document) -> Document:
    return schema | {"examples": [SAMPLES[name]]} if name in SAMPLES else schema


def _public_paths(service: str, document: Document) -> Document:
    """What the proxy hands on to this service, in the service's own words, under the heading of the route."""
    found: Document = {}
    routes = {_shape(route.template): route for route in ROUTES if route.service == service}
    for path, item in document["paths"].items():
        route = routes.get(_shape(path))
        if route is not None:
            public = {key: what for key, what in item.items() if key.upper() in route.methods or key == "parameters"}
            found[path] = _tagged(public, route.area)
    return found


def _shape(path: str) -> str:
    """The path without the names of its parameters."""
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


def _tagged(item: Document, area: str) -> Document:
    return {key: what | {"tags": [area]} if isinstance(what, dict) else what for key, what in item.items()}


def _renames(ours: Document, theirs: Document, prefix: str) -> dict[str, str]:
    """New names for schemas that mean something else than ours of the same name.

    In rounds: once `Image` is renamed, a page of images no longer means the same either.
    """
    renames: dict[str, str] = {}
    while True:
        clashing = {
            name
            for name, schema in theirs.items()
            if name not in renames and name in ours and ours[name] != _rename(schema, renames)
        }
        if not clashing:
            return renames
        renames |= {name: prefix + name for name in clashing}


def _rename(node: Any, renames: Mapping[str, str]) -> Any:
    """The same tree with references to renamed schemas."""
    match node:
        case dict():
            return {key: _rename(value, renames) for key, value in node.items()}
        case list():
            return [_rename(value, renames) for value in node]
        case str() if node.startswith(_SCHEMAS):
            name = node.removeprefix(_SCHEMAS)
            return _SCHEMAS + renames.get(name, name)
        case _:
            return node


def _reachable(schemas: Document, paths: Document) -> Document:
    """Only what the public paths speak of."""
    needed: set[str] = set()
    waiting: list[Any] = [paths]
    while waiting:
        fresh = _mentioned(waiting.pop()) - needed
        needed |= fresh
        waiting.extend(schemas[name] for name in fresh if name in schemas)
    return {name: schema for name, schema in sorted(schemas.items()) if name in needed}


def _mentioned(node: Any) -> set[str]:
    match node:
        case dict():
            return set().union(*(_mentioned(value) for value in node.values()))
        case list():
            return set().union(*(_mentioned(value) for value in node))
        case str() if node.startswith(_SCHEMAS):
            return {node.removeprefix(_SCHEMAS)}
        case _:
            return set()
