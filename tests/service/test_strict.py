"""What clients send is read strictly, on every route: each is asked from the document, so that a new one is too."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import orjson
import pytest
from fastapi import FastAPI

from gateway.generation import routes, usage
from library_service.routes import derivatives, images, posts, trash
from shared.http.app import make_app
from shared.http.middleware import Middleware
from tests.service import plain_values
from tests.service.gate import settings, unlocked
from upload_service.routes import reachability, upload, validate

ID = "0198c0de-5f1a-7c3e-9b1d-2f60c1a4e7b8"
NO_NUMBERS = ("true", "1.0", '"1"', '" 1"', "1e0", '"+1"', '"01"')
NO_BOOLEANS = ("1", '"yes"', '"true"', "0")
UNPLAIN_NUMBERS = ("1.0", "%2B1", "01", "%201", "1e0", "1_0", "true", "")
UNPLAIN_BOOLEANS = ("1", "yes", "t", "on", "")
WRITTEN = {"prompt", "alt_text", "filename"}
JSON = {"Content-Type": "application/json"}


@asynccontextmanager
async def _no_tools() -> AsyncIterator[None]:
    yield


APP: FastAPI = make_app(
    title="All",
    description="",
    resources=_no_tools,
    routers=[
        routes.router, usage.router, upload.router, validate.router, reachability.router,
        images.router, trash.router, derivatives.router, posts.router,
    ],
)  # fmt: skip
"""Every route of every service. Nothing is behind it: what is wrong is refused before anything is needed."""
APP.state.resources = None
DOCUMENT: dict[str, Any] = orjson.loads(orjson.dumps(APP.openapi()))
SCHEMAS = DOCUMENT["components"]["schemas"]
OPERATIONS = [
    (method, path, operation) for path, item in DOCUMENT["paths"].items() for method, operation in item.items()
]


async def ask(method: str, path: str, query: str = "", body: bytes | str = b"", **headers: str) -> httpx2.Response:
    chosen = settings("http://127.0.0.1:1")
    transport = httpx2.ASGITransport(Middleware(unlocked(APP), chosen, checks={}), raise_app_exceptions=False)
    url = path.format(image_id=ID, post_id="a", job_id=ID) + ("?" + query if query else "")
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        content = body.encode() if isinstance(body, str) else body
        return await client.request(method.upper(), url, content=content, headers=dict(headers))


def parameters(kind: str) -> Iterator[tuple[str, str, str, str]]:
    """(method, path, the query that is needed besides, name)."""
    for method, path, operation in OPERATIONS:
        said = [p for p in operation.get("parameters", ()) if p["in"] == "query"]
        for parameter in said:
            if parameter["schema"].get("type") == kind and "enum" not in parameter["schema"]:
                others = "&".join(f"{p['name']}=1" for p in said if p["required"] and p is not parameter)
                yield method, path, others, parameter["name"]


def bodies() -> Iterator[tuple[str, str, str, dict[str, Any], dict[str, Any]]]:
    """(method, path, the query that is needed, one shape that the body may have, a body of that shape)."""
    for method, path, operation in OPERATIONS:
        found = operation.get("requestBody", {}).get("content", {}).get("application/json")
        for schema in found["schema"].get("oneOf", [found["schema"]]) if found else ():
            whole = plain_values.resolve(schema.get("anyOf", [schema])[0], SCHEMAS)
            yield method, path, "", whole, plain_values.value(whole, SCHEMAS)


def fields(kind: str) -> Iterator[tuple[str, str, dict[str, Any], str]]:
    """(method, path, a body, the name of a field of this kind)."""
    for method, path, _, shape, body in bodies():
        for name, field in shape.get("properties", {}).items():
            if kind in {option.get("type") for option in field.get("anyOf", [field])}:
                yield method, path, body, name


def test_there_is_something_to_ask() -> None:
    assert {name for *_, name in fields("integer")} >= {"business_id", "deadline_seconds", "count", "width", "bytes"}
    assert {name for *_, name in fields("boolean")} >= {"even_if_used"}
    assert {name for *_, name in parameters("integer")} >= {"business_id", "page", "page_size"}
    assert {name for *_, name in parameters("boolean")} >= {"trashed", "redirect", "even_if_used"}


@pytest.mark.parametrize(("kind", "wrong"), [("integer", NO_NUMBERS), ("boolean", NO_BOOLEANS)])
async def test_a_body_says_numbers_and_booleans_as_json_does(kind: str, wrong: tuple[str, ...]) -> None:
    for method, path, body, name in fields(kind):
        for word in wrong:
            raw = json.dumps(body | {name: None})[:-1].replace(f'"{name}": null', f'"{name}": {word}') + "}"
            answer = await ask(method, path, body=raw, **JSON)
            assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"/{name}"), (path, raw)


@pytest.mark.parametrize(("kind", "wrong"), [("integer", UNPLAIN_NUMBERS), ("boolean", UNPLAIN_BOOLEANS)])
async def test_a_query_says_numbers_and_booleans_plainly(kind: str, wrong: tuple[str, ...]) -> None:
    for method, path, others, name in parameters(kind):
        for word in wrong:
            answer = await ask(method, path, f"{others}&{name}={word}")
            assert answer.status_code == 422, (path, name, word)
            assert f"query/{name}" in {error["pointer"] for error in answer.json()["errors"]}, (path, name, word)


async def test_unknown_and_repeated_parameters_are_refused_on_every_route() -> None:
    for method, path, operation in OPERATIONS:
        answer = await ask(method, path, "surprise=1")
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "unknown_field"), (method, path)
        assert answer.json()["errors"][0]["pointer"] == "query/surprise"
        for parameter in operation.get("parameters", ()):
            if parameter["in"] == "query":
                again = await ask(method, path, f"{parameter['name']}=1&{parameter['name']}=2")
                assert (again.status_code, again.json()["errors"][0]["code"]) == (422, "not_allowed"), (method, path)


async def test_what_people_write_is_looked_at_on_every_route() -> None:
    written = [(method, path, body, name) for method, path, body, name in fields("string") if name in WRITTEN]
    assert {name for *_, name in written} == WRITTEN
    for method, path, body, name in written:
        for text, says in (("a\x1bb", "U+001B at character 2"), ("a\u202e", "U+202E"), ("\u200b\u3164", "visible")):
            if name == "filename" and says != "visible":
                continue  # A name loses it.
            answer = await ask(method, path, body=json.dumps(body | {name: text}), **JSON)
            [error] = answer.json()["errors"]
            assert (answer.status_code, error["pointer"], error["code"]) == (422, f"/{name}", "invalid"), (path, text)
            assert says in error["detail"]


UNREADABLE = {
    "an object says a name twice": b'{"prompt": "a", "prompt": "b", "business_id": 1}',
    "a name twice, deep within": b'{"prompt": "a", "business_id": 1, "x": [{"y": 1, "y": 1}]}',
    "UTF-16": '{"prompt": "a", "business_id": 1}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"prompt": "a", "business_id": 1}',
    "Latin-1": '{"prompt": "ä", "business_id": 1}'.encode("latin-1"),
    "no number": b'{"prompt": "a", "business_id": NaN}',
    "endless": b'{"prompt": "a", "business_id": Infinity}',
    "deep": b"[" * 60_000,
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
async def test_json_that_can_be_read_in_two_ways_is_not_read(body: bytes) -> None:
    for method, path, *_ in bodies():
        answer = await ask(method, path, body=body, **JSON)
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request"), path


@pytest.mark.parametrize(
    ("charset", "status"), [("utf-8", 422), ('"UTF-8"', 422), ("latin-1", 415), ("utf-16", 415), ("hex", 415)]
)
async def test_json_of_another_charset_is_not_guessed_at(charset: str, status: int) -> None:
    kind = {"Content-Type": f"application/json; charset={charset}"}
    answer = await ask("post", "/api/v1/images/generate", body="{}", **kind)
    assert answer.status_code == status, answer.text


async def test_a_number_that_is_too_large_is_told_so() -> None:
    for page in ("1000000001", "9" * 20, "9" * 90):
        answer = await ask("get", "/api/v1/images", f"business_id=1&page={page}")
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "too_large"), answer.text


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data", ""])
async def test_json_without_its_content_type_is_told_which_header_to_add(kind: str) -> None:
    """As `curl -d` sends it."""
    for method, path, _, _, body in bodies():
        if "/validate" in path and "reachability" not in path and kind in {"", "multipart/form-data"}:
            continue  # Takes a form too, and JSON without a word.
        answer = await ask(method, path, body=json.dumps(body), **({"Content-Type": kind} if kind else {}))
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type"), path
        assert "JSON" in answer.json()["detail"]
        if "/validate" not in path or "reachability" in path:
            assert "`Content-Type: application/json`" in answer.json()["detail"]
