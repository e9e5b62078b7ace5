"""A curl line for each operation of an OpenAPI document, made of its own parameters and examples. Pure."""

import json
import shlex
from typing import Any
from urllib.parse import urlencode

Schema = dict[str, Any]
_REF = "#/components/schemas/"
_LIKELY: Schema = {
    "business_id": 1,
    "filename": "autumn.jpg",
    "alt_text": "A red fox in fresh snow",
    "month": "2026-11",
}
"""What the fields of ours look like where the document gives no example."""


def curl(method: str, path: str, operation: Schema, schemas: Schema, base: str) -> str:
    """One line (or a few, folded) that works in a shell."""
    parts = ["curl"]
    if method != "GET":
        parts[0] += f" -X {method}"
    parts[0] += f' "{base}{_in_shell(path)}{_query(operation, schemas)}"'
    body = operation.get("requestBody", {}).get("content", {})
    if "application/json" in body:
        sample = value(body["application/json"]["schema"], schemas)
        parts += ['-H "Content-Type: application/json"', f"-d {shlex.quote(json.dumps(sample))}"]
    elif "multipart/form-data" in body:
        form = resolve(body["multipart/form-data"]["schema"], schemas)
        required = [name for name in form.get("properties", {}) if name in form.get("required", [])] or ["file"]
        parts += [f'-F "{name}={"@image.jpg" if name == "file" else _text(name)}"' for name in required]
    return " \\\n  ".join(parts)


def _in_shell(path: str) -> str:
    """`{image_id}` as `$IMAGE_ID`."""
    parts = path.split("/")
    return "/".join("$" + part.strip("{}").upper() if part.startswith("{") else part for part in parts)


def _query(operation: Schema, schemas: Schema) -> str:
    needed = [p for p in operation.get("parameters", []) if p["in"] == "query" and p.get("required")]
    pairs = {p["name"]: value(p.get("schema", {}), schemas, p["name"], p) for p in needed}
    return "?" + urlencode(pairs) if pairs else ""


def _text(name: str) -> str:
    return str(_LIKELY.get(name, name))


def resolve(schema: Schema, schemas: Schema) -> Schema:
    """The schema itself, where it is only named."""
    while "$ref" in schema:
        schema = schemas.get(schema["$ref"].removeprefix(_REF), {})
    return schema


def value(schema: Schema, schemas: Schema, name: str = "", beside: Schema | None = None, depth: int = 4) -> Any:
    """Something a server would take: the document's own example where there is one, else the plainest value."""
    whole = resolve(schema, schemas)
    given = [found for said in (beside or {}, schema, whole) for found in _given(said)]
    if given:
        return given[0]
    if name in _LIKELY:
        return _LIKELY[name]
    for key in ("anyOf", "oneOf", "allOf"):
        if whole.get(key):
            return value(whole[key][0], schemas, name, depth=depth)
    if whole.get("default") is not None:
        return whole["default"]
    return _plainest(whole, schemas, name, depth)


def _given(said: Schema) -> list[Any]:
    """The examples and the only allowed values."""
    examples = said.get("examples", [])
    if isinstance(examples, dict):
        examples = [example.get("value") for example in examples.values()]
    return [*([said["example"]] if "example" in said else []), *examples, *said.get("enum", [])]


def _plainest(schema: Schema, schemas: Schema, name: str, depth: int) -> Any:
    match schema.get("type"):
        case "object" if depth:
            required = schema.get("required", [])
            fields = {key: found for key, found in schema.get("properties", {}).items() if key in required}
            return {key: value(found, schemas, key, depth=depth - 1) for key, found in fields.items()}
        case "array" if depth:
            return [value(schema.get("items", {}), schemas, name.removesuffix("s"), depth=depth - 1)]
        case "integer" | "number":
            return max(schema.get("minimum", 1), schema.get("exclusiveMinimum", 0) + 1)
        case "boolean":
            return True
        case "string" if schema.get("format") == "uuid":
            return "0198c0de-5f1a-7c3e-9b1d-2f60c1a4e7b8"
        case _:
            return name or "text"
