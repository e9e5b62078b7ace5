"""What FastAPI says of a service, in the words that strangers' tools understand. Pure."""

from typing import Any

Document = dict[str, Any]

_METHODS = ("get", "put", "post", "delete", "patch")


def plain(document: Document) -> Document:
    """The same document, with exact bounds, `enum` for `const`, and parameters that are absent instead of null."""
    made: Document = _plain(document)
    for item in made["paths"].values():
        for operation in (item[method] for method in _METHODS if method in item):
            for parameter in operation.get("parameters", ()):
                parameter["schema"] = _never_null(parameter["schema"])
    return made


def _plain(node: Any) -> Any:
    match node:
        case dict():
            schema = {key: _plain(value) for key, value in node.items()}
            return _schema(schema) if "type" in schema else schema
        case list():
            return [_plain(value) for value in node]
        case _:
            return node


def _schema(schema: Document) -> Document:
    """`const` beside other choices breaks openapi-python-client (0.29.1); an `enum` of one says the same."""
    if "const" in schema:
        schema = {**schema, "enum": [schema["const"]]}
        del schema["const"]
    if schema["type"] == "integer":
        for bound in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
            if isinstance(schema.get(bound), float):
                # FastAPI keeps bounds as floats, which have no 2^63 - 1.
                schema[bound] = min(int(schema[bound]), 2**63 - 1)
    return schema


def _never_null(schema: Document) -> Document:
    """Nobody can write null into a query or a header."""
    if {"type": "null"} not in schema.get("anyOf", ()):
        return schema
    options = [option for option in schema["anyOf"] if option != {"type": "null"}]
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    return rest | (options[0] if len(options) == 1 else {"anyOf": options})


def query_names(document: Document, path: str, method: str) -> list[str] | None:
    """The query parameters that an operation takes; None where the document does not have it."""
    operation = document["paths"].get(path.rstrip("/"), {}).get(method.lower())
    if operation is None:
        return None
    return [parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "query"]
