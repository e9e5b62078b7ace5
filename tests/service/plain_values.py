"""A value for a schema of an OpenAPI document: its own example, else the plainest one that it allows."""

from typing import Any

Schema = dict[str, Any]
_REF = "#/components/schemas/"
_LIKELY: Schema = {
    "business_id": 1,
    "filename": "autumn.jpg",
    "alt_text": "A red fox in fresh snow",
    "month": "2026-11",
}
"""What fields of ours look like where there is no example."""


def resolve(schema: Schema, schemas: Schema) -> Schema:
    """The schema itself, where it is only named."""
    while "$ref" in schema:
        schema = schemas.get(schema["$ref"].removeprefix(_REF), {})
    return schema


def value(schema: Schema, schemas: Schema, name: str = "", depth: int = 4) -> Any:
    """Something a server would take: the schema's own example where there is one, else the plainest value."""
    whole = resolve(schema, schemas)
    given = [found for said in (schema, whole) for found in _given(said)]
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
