"""What the OpenAPI document shows as examples is what its own schemas allow, and every shape that is sent has one."""

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from gateway.docs import openapi_headers
from gateway.docs.openapi_examples import SAMPLES
from tests.test_documented import document

_JSON = ("application/json", "application/problem+json")


def sent() -> Iterator[tuple[str, dict[str, Any]]]:
    """Where JSON is sent, and its schema."""
    for path, item in document()["paths"].items():
        for method, operation in item.items():
            body = operation.get("requestBody", {"content": {}})
            for status, answer in {"body": body, **operation["responses"]}.items():
                for kind, said in answer.get("content", {}).items():
                    if kind in _JSON:
                        yield f"{method} {path} {status}", said["schema"]


def checked(schema: dict[str, Any], value: Any) -> None:
    """Against the schema, with the shapes that it names."""
    whole = {**schema, "components": document()["components"]}
    jsonschema_rs.validator_for(whole, validate_formats=True).validate(value)


def whole(schema: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = schema
    if "$ref" in schema:
        found = document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def test_everything_that_is_sent_as_json_has_an_example() -> None:
    without = [where for where, schema in sent() if not whole(schema).get("examples")]
    assert not without
    assert len(list(sent())) > 50


@pytest.mark.parametrize("name", SAMPLES)
def test_an_example_is_what_its_schema_allows(name: str) -> None:
    shape = document()["components"]["schemas"][name]
    assert shape["examples"] == [SAMPLES[name]]
    checked(shape, SAMPLES[name])


def test_the_examples_that_stand_in_the_routes_are_what_their_schemas_allow() -> None:
    inline = [schema for _, schema in sent() if "$ref" not in schema]
    assert len(inline) == 2
    for schema in inline:
        for example in schema["examples"]:
            checked(schema, example)


def test_each_answer_names_its_headers_and_each_header_is_said_once() -> None:
    described = document()["components"]["headers"]
    assert described == openapi_headers.HEADERS
    for header in described.values():
        checked(header["schema"], header["example"])
    named = set()
    for item in document()["paths"].values():
        for operation in item.values():
            for answer in operation["responses"].values():
                assert "X-Request-Id" in answer["headers"]
                named |= {header["$ref"].rpartition("/")[2] for header in answer["headers"].values()}
    assert named == set(described)


def test_an_event_is_described_as_one() -> None:
    answer = document()["paths"]["/api/v1/images/generate/status/{job_id}/events"]["get"]["responses"]["200"]
    said = answer["content"]["text/event-stream"]
    lines = dict(line.split(": ", 1) for line in said["example"].splitlines() if line)
    _, event = said["schema"]["anyOf"]
    checked(event, lines)
    checked(event["properties"]["data"]["contentSchema"], SAMPLES["Job"])
