"""The page `GET /docs`: an OpenAPI document as HTML, without a script and without a file from elsewhere. Pure."""

import re
from collections.abc import Sequence
from html import escape
from typing import Any

from gateway.docs import examples
from gateway.static import files
from shared.domain import errors

Schema = dict[str, Any]
_METHODS = ("get", "post", "patch", "put", "delete")
_REF = "#/components/schemas/"
_CODE = re.compile(r"`([^`]+)`")


def render(document: Schema, sandbox: Sequence[str]) -> files.StaticFile:
    """The whole page."""
    areas = [(tag, _operations(document, tag["name"])) for tag in document["tags"]]
    body = (
        f'<div class="reference">{_navigation(document, areas)}<main>{_head(document)}'
        + "".join(_area(tag, found, document) for tag, found in areas if found)
        + f"{_shapes(document)}{_problems()}</main></div>"
    )
    return files.html(f"{document['info']['title']} API", body, sandbox)


def _operations(document: Schema, area: str) -> list[tuple[str, str, Schema]]:
    """(path, method, operation), a path's own parameters included."""
    return [
        (
            path,
            method,
            item[method] | {"parameters": [*item.get("parameters", []), *item[method].get("parameters", [])]},
        )
        for path, item in document["paths"].items()
        for method in _METHODS
        if method in item and area in item[method].get("tags", [])
    ]


def _navigation(document: Schema, areas: list[tuple[Schema, list[tuple[str, str, Schema]]]]) -> str:
    groups = [
        f"<h2>{escape(tag['name'])}</h2><ul>"
        + "".join(
            f'<li><a href="#{_anchor(path, method)}"><span class="method {method}">{method.upper()}</span>'
            f"{escape(operation.get('summary', path))}</a></li>"
            for path, method, operation in found
        )
        + "</ul>"
        for tag, found in areas
        if found
    ]
    return (
        f'<nav aria-label="Routes"><a class="brand" href="./"><span class="lamp"></span>'
        f"{escape(document['info']['title'])}</a>{''.join(groups)}<h2>Also</h2><ul>"
        '<li><a href="#shapes">Shapes</a></li><li><a href="#problems">Problem codes</a></li>'
        '<li><a href="openapi.json">openapi.json</a></li></ul></nav>'
    )


def _head(document: Schema) -> str:
    info = document["info"]
    return (
        f"<h1>{escape(info['title'])} API</h1>{_prose(info['description'])}"
        f'<p class="soft">Version {escape(info["version"])} at <code>{escape(_base(document))}</code>. '
        'The same as data: <a href="openapi.json">openapi.json</a> (OpenAPI '
        f"{escape(document['openapi'])}).</p>"
    )


def _base(document: Schema) -> str:
    return str(document["servers"][0]["url"]).rstrip("/")


def _area(tag: Schema, found: list[tuple[str, str, Schema]], document: Schema) -> str:
    articles = "".join(_operation(path, method, operation, document) for path, method, operation in found)
    return f"<section><h2>{escape(tag['name'])}</h2>{_prose(tag.get('description', ''))}{articles}</section>"


def _operation(path: str, method: str, operation: Schema, document: Schema) -> str:
    schemas = document["components"]["schemas"]
    anchor = _anchor(path, method)
    curl = examples.curl(method.upper(), path, operation, schemas, _base(document))
    return (
        f'<article id="{anchor}"><h3><a href="#{anchor}">{escape(operation.get("summary", path))}</a></h3>'
        f'<p class="path"><span class="method {method}">{method.upper()}</span> <code>{escape(path)}</code></p>'
        f"{_prose(operation.get('description', ''))}<pre><code>{escape(curl)}</code></pre>"
        f"{_parameters(operation['parameters'])}{_body(operation, schemas)}{_answers(operation)}</article>"
    )


def _parameters(parameters: list[Schema]) -> str:
    if not parameters:
        return ""
    rows = [
        (
            f"<code>{escape(p['name'])}</code>{_need(p.get('required', False))}",
            escape(p["in"]),
            _kind(p.get("schema", {})),
            _words(p.get("schema", {}), p.get("description", "")),
        )
        for p in parameters
    ]
    return "<h4>Parameters</h4>" + _table(("Name", "In", "Type", "Meaning"), rows)


def _body(operation: Schema, schemas: Schema) -> str:
    content = operation.get("requestBody", {}).get("content", {})
    parts = []
    for media, said in content.items():
        schema = said.get("schema", {})
        whole = examples.resolve(schema, schemas)
        named = f", {_kind(schema)}" if "$ref" in schema or "anyOf" in schema else ""
        parts.append(f'<p class="soft"><code>{escape(media)}</code>{named}</p>{_fields(whole)}')
    return "<h4>Body</h4>" + "".join(parts) if parts else ""


def _fields(schema: Schema) -> str:
    choices = [choice for key in ("oneOf", "anyOf") for choice in schema.get(key, ()) if "properties" in choice]
    if choices:
        return "<p>or</p>".join(_fields(choice) for choice in choices)
    required = schema.get("required", [])
    rows = [
        (f"<code>{escape(name)}</code>{_need(name in required)}", _kind(field), _words(field))
        for name, field in schema.get("properties", {}).items()
    ]
    return _table(("Field", "Type", "Meaning"), rows) if rows else ""


def _answers(operation: Schema) -> str:
    rows = []
    for status, answer in operation.get("responses", {}).items():
        kinds = [
            f"<code>{escape(media)}</code> {_kind(said.get('schema', {}))}"
            for media, said in answer.get("content", {}).items()
        ]
        told = "".join(
            f"<br><code>{escape(name)}</code> {_inline(header.get('description', ''))}"
            for name, header in answer.get("headers", {}).items()
        )
        rows.append(
            (f"<code>{escape(status)}</code>", _inline(answer.get("description", "")) + told, "<br>".join(kinds))
        )
    return "<h4>Answers</h4>" + _table(("Status", "Meaning", "Body"), rows)


def _shapes(document: Schema) -> str:
    articles = "".join(
        f'<article id="{escape(name)}"><h3><a href="#{escape(name)}">{escape(name)}</a></h3>'
        f"{_prose(schema.get('description', ''))}{_fields(schema) or '<p>' + _kind(schema) + '</p>'}</article>"
        for name, schema in document["components"]["schemas"].items()
    )
    return f'<section id="shapes"><h2>Shapes</h2><p>What bodies and answers are made of.</p>{articles}</section>'


def _problems() -> str:
    rows = [
        (
            f"<code>{kind.code}</code>",
            f"<code>{kind.status}</code>",
            escape(kind.title),
            "yes" if kind.retryable else "no",
        )
        for kind in errors.all_problems()
    ]
    return (
        '<section id="problems"><h2>Problem codes</h2><p>Every refusal has one of these as its <code>code</code>. '
        "Retryable: the same request may succeed later without being changed.</p><article>"
        + _table(("Code", "Status", "Meaning", "Retryable"), rows)
        + "</article></section>"
    )


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    lines = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>'


def _kind(schema: Schema) -> str:
    """The type in words; a named shape is a link."""
    if "$ref" in schema:
        name = escape(str(schema["$ref"]).removeprefix(_REF))
        return f'<a href="#{name}">{name}</a>'
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return " or ".join(_kind(option) for option in schema[key])
    if "const" in schema:
        return f"<code>{escape(str(schema['const']))}</code>"
    if "enum" in schema:
        return " ".join(f"<code>{escape(str(option))}</code>" for option in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    kind = escape(str(schema.get("type", "anything")))
    shape = schema.get("format") or schema.get("contentMediaType")
    return f"{kind} ({escape(str(shape))})" if shape else kind


_LIMITS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "less than {}",
    "minLength": "length at least {}",
    "maxLength": "length at most {}",
    "minItems": "at least {} of them",
    "maxItems": "at most {} of them",
    "default": "default {}",
}


def _words(schema: Schema, description: str = "") -> str:
    """What it means and what it must be."""
    options = [schema, *schema.get("anyOf", ())]
    limits = [
        escape(words.format(_plain(option[key])))
        for option in options
        for key, words in _LIMITS.items()
        if option.get(key) is not None and not _endless(option[key])
    ]
    said = _inline(description or schema.get("description", ""))
    return said + (f' <span class="soft">{", ".join(limits)}</span>' if limits else "")


def _plain(limit: Any) -> Any:
    return int(limit) if isinstance(limit, float) and limit.is_integer() else limit


def _endless(limit: Any) -> bool:
    """A bound of the machine, not of the product."""
    return isinstance(limit, int | float) and abs(limit) >= 2**53


def _need(required: bool) -> str:
    return '<span class="need">required</span>' if required else ""


def _prose(text: str) -> str:
    return "".join(f"<p>{_inline(part)}</p>" for part in text.split("\n\n") if part.strip())


def _inline(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(text))


def _anchor(path: str, method: str) -> str:
    return method + re.sub(r"[^a-z0-9]+", "-", path.lower()).rstrip("-")
