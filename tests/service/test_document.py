"""One OpenAPI document for the whole API."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson

from deploy import openapi
from gateway.docs.document import FILE, document
from gateway.generation import usage
from gateway.proxy.routes import ROUTES
from gateway.static.studio import Studio
from shared.domain import errors
from shared.http.middleware import Middleware
from tests.service.gate import get, listening, parse, raw, settings

CHOSEN = settings("http://127.0.0.1:1", sandbox_url="http://127.0.0.1:2", public_url="https://pictures.example")


@asynccontextmanager
async def documents() -> AsyncIterator[int]:
    async with listening(Middleware(Studio(CHOSEN, Path("unbuilt")), CHOSEN, checks={})) as port:
        yield port


@cache
def whole() -> dict[str, Any]:
    return openapi.whole("https://pictures.example")


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, what) for path, item in document["paths"].items() for method, what in item.items()]


def references(node: Any) -> set[str]:
    return set(re.findall(r'"\$ref":"#/components/schemas/([^"]+)"', orjson.dumps(node).decode()))


async def test_the_document_holds_every_public_route_of_every_part() -> None:
    async with documents() as port:
        found = parse(await raw(port, get("/openapi.json")))
    assert (found.status, found.header("content-type")) == (200, "application/json")
    document = orjson.loads(found.body)
    assert document["servers"] == [{"url": "https://pictures.example"}]
    assert document["info"]["title"] == "Darkroom"
    routes = {(path, method) for path, method, _ in operations(document)}
    assert {(route.template, method.lower()) for route in ROUTES for method in route.methods} <= routes
    asked = {path for path, _ in routes if path.startswith("/api/v1/images/generate")}
    assert asked == {
        "/api/v1/images/generate",
        "/api/v1/images/generate/estimate-cost",
        "/api/v1/images/generate/jobs",
        "/api/v1/images/generate/sizes",
        "/api/v1/images/generate/status/{job_id}",
        "/api/v1/images/generate/status/{job_id}/events",
        "/api/v1/images/generate/{job_id}/cancel",
    }
    assert {path for path, _ in routes} - asked == {route.template for route in ROUTES} | {usage.PATH}


def test_the_document_is_sound() -> None:
    document = whole()
    names = set(document["components"]["schemas"])
    assert references(document) == names, "a reference leads nowhere, or a schema is used nowhere"
    identities = [what["operationId"] for _, _, what in operations(document)]
    assert len(identities) == len(set(identities))
    areas = [tag["name"] for tag in document["tags"]]
    for path, method, what in operations(document):
        assert what["tags"][0] in areas
        assert len(what["tags"]) == 1
        assert what["summary"]
        for problem in ("4XX", "5XX"):
            assert "application/problem+json" in what["responses"][problem]["content"], f"{method} {path}"
    for schema in document["components"]["schemas"].values():
        jsonschema_rs.meta.validate(schema)


def test_generators_of_clients_understand_every_choice() -> None:
    """openapi-python-client 0.29.1 crashes on a `const` beside a boolean, and sends every `default` it reads."""
    document = whole()
    text = orjson.dumps(document).decode()
    assert '"const"' not in text
    assert not re.search(r'"(?:exclusive)?(?:max|min)imum":-?[0-9]+(?:\.|e)', text, re.IGNORECASE), (
        "a bound is no integer"
    )
    charged = document["components"]["schemas"]["Cost"]["properties"]["charged"]
    assert charged["anyOf"] == [{"type": "boolean"}, {"type": "string", "enum": ["unknown"]}, {"type": "null"}]
    for path, method, what in operations(document):
        for parameter in what.get("parameters", ()):
            assert {"type": "null"} not in parameter["schema"].get("anyOf", ()), (
                f"{method} {path}: nobody can send null"
            )
            assert parameter["name"] != "page" or "default" not in parameter["schema"], "absent means: by cursor"


def test_every_problem_code_is_explained() -> None:
    description = whole()["info"]["description"]
    for kind in errors.all_problems():
        assert f"- {kind.status} `{kind.code}`: {kind.title}" in description


def test_the_file_is_what_the_code_says() -> None:
    assert FILE.read_bytes() == openapi.written(), "make it anew: make openapi"


def test_it_says_whether_somebody_is_asked_who_they_are() -> None:
    asked = {
        auth: document(settings("http://127.0.0.1:1", auth=auth, inner_secret="s" * 32)) for auth in ("off", "keys")
    }
    assert [orjson.loads(found.content)["security"] for found in asked.values()] == [[{"key": []}, {}], [{"key": []}]]


async def test_an_unchanged_document_is_not_sent_again() -> None:
    async with documents() as port:
        first = parse(await raw(port, get("/openapi.json")))
        again = parse(await raw(port, get("/openapi.json", f"If-None-Match: {first.header('etag')}")))
        head = parse(await raw(port, get("/openapi.json").replace(b"GET", b"HEAD", 1)))
        post = parse(await raw(port, get("/openapi.json").replace(b"GET", b"POST", 1)))
    assert (again.status, again.body) == (304, b"")
    assert (head.status, head.body) == (200, b"")
    assert (post.status, post.header("allow")) == (405, "GET, HEAD, OPTIONS")
