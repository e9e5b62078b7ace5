"""What Schemathesis is told beside the document, and one check more: no answer has a header that the document lacks."""

from typing import Any

import schemathesis
from schemathesis.core.parameters import ParameterLocation

EVERYWHERE = frozenset(
    {
        "cache-control",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "date",
        "referrer-policy",
        "transfer-encoding",
        "vary",
        "x-accel-buffering",
        "x-content-type-options",
        "x-frame-options",
    }
)
"""Headers that are HTTP's own, or a browser's, and no part of the contract."""


@schemathesis.hook
def map_body(_context: Any, body: Any) -> Any:
    """JSON Schema's integers may be written `1.0`; ours may not, which no schema can say."""
    return _whole(body)


@schemathesis.hook
def filter_case(_context: Any, case: Any) -> bool:
    """It now and then calls a form wrong whose parts are, on the wire, just those of the document."""
    if case.operation.definition.raw.get("operationId") != "upload_image" or not isinstance(case.body, dict):
        return True
    meant_wrong = case.meta is not None and case.meta.is_negative_at(ParameterLocation.BODY)
    right = isinstance(case.body.get("file"), bytes) and case.body.keys() <= {"file", "alt_text"}
    return not (meant_wrong and right and isinstance(case.body.get("alt_text", ""), str))


def _whole(value: Any) -> Any:
    match value:
        case float() if value.is_integer():
            return int(value)
        case dict():
            return {name: _whole(part) for name, part in value.items()}
        case list():
            return [_whole(part) for part in value]
        case _:
            return value


@schemathesis.check
def every_header_is_documented(_context: Any, response: Any, case: Any) -> None:
    """`response_headers_conformance` looks at those that are documented only."""
    if case.method.upper() != case.operation.method.upper():
        return  # It tries methods that the path does not take.
    answers = case.operation.definition.raw["responses"]
    status = str(response.status_code)
    known = answers.get(status) or answers.get(f"{status[0]}XX") or {}
    documented = {name.lower() for name in known.get("headers", {})}
    unknown = {name.lower() for name in response.headers} - documented - EVERYWHERE
    assert not unknown, f"{status} has headers that the document does not name: {sorted(unknown)}"
