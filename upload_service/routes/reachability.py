"""POST /api/v1/images/validate/reachability: can the outside world fetch this picture?

Platforms do not take a picture's bytes, they fetch its address; this says beforehand what they would meet. How an
address is judged is in `addresses`, the fetching in `fetch`.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import AfterValidator, ConfigDict, Field
from yarl import URL

from shared.db import images
from shared.domain import addresses, caller, platforms
from shared.domain.addresses import Fault
from shared.domain.errors import Conflict, FieldError, Invalid, InvalidImage, UnsupportedMediaType
from shared.domain.platforms import RULES, Platform, Severity
from shared.http import api_schemas
from shared.http.api_schemas import BusinessId, Id, ResponseModel, Text
from shared.http.shares import share_key
from shared.http.strict_input import RequestModel
from shared.observability import log
from upload_service import fetch
from upload_service.decoder import inspect
from upload_service.fetch import Seen
from upload_service.resources import UploadResources
from upload_service.routes.validate import Check

router = APIRouter(prefix="/api/v1/images", tags=["Validation"])

_TYPES = {"image/jpeg": "jpeg", "image/png": "png", "image/webp": "webp"}
_MOST = RULES[Platform.INSTAGRAM].max_bytes

_LISTED = Fault(
    "listed by the operator",
    "It was fetched because the operator lists it; that the outside world reaches it too is the operator's word.",
    "Nothing to do, if it does.",
)


def _web_address(text: str) -> str:
    with suppress(ValueError):
        url = URL(text)
        if url.scheme in addresses.PORTS and url.raw_host:
            return text
    raise ValueError("must be an address that begins with https:// and a host")


def _one_of_two(schema: dict[str, Any]) -> None:
    """The document says it too: one of them, and null is as good as absent. Two whole shapes, for generators' sake."""
    fields = schema.pop("properties")
    del schema["type"], schema["additionalProperties"]
    fields["url"]["anyOf"][0]["pattern"] = "^https?://[A-Za-z0-9]"
    schema["anyOf"] = [
        {
            "title": title,
            "type": "object",
            "required": [name],
            "additionalProperties": False,
            "properties": fields | {name: fields[name]["anyOf"][0], other: {"type": "null"}},
        }
        for title, name, other in (("ProbeOfImage", "image_id", "url"), ("ProbeOfAddress", "url", "image_id"))
    ]


class Probe(RequestModel):
    """A picture of the library, or any address. Exactly one of the two."""

    model_config = ConfigDict(json_schema_extra=_one_of_two)

    image_id: Id | None = Field(None, description="A picture of the library: its stored original is probed")
    url: Annotated[Text, AfterValidator(_web_address)] | None = Field(None, min_length=1, max_length=2048)
    business_id: BusinessId | None = Field(None, description="With `image_id`: another business's picture is 404")


class Reachability(ResponseModel):
    """What somebody outside would meet."""

    reachable: bool = Field(description="No check failed with severity `error`")
    url: str = Field(description="What was probed")
    checks: list[Check] = Field(description="In the order they are made; what could not be asked is left out")


@router.post(
    "/validate/reachability",
    response_model=Reachability,
    operation_id="check_reachability",
    summary="Can the outside world fetch the picture?",
)
async def reachability(request: Request, probe: Probe) -> Response:
    """Fetches the first bytes as a stranger would. Addresses that are not public are told apart and never fetched."""
    resources: UploadResources = request.app.state.resources
    text = await _address(resources, request, probe)
    seen = await resources.fetcher.look(URL(text), share_key(caller.of(request.scope), probe.business_id))
    checks = list(_checks(seen))
    failed = [check.code for check in checks if not check.ok]
    # Never the address: it may be signed.
    log.get().info("address.probed", failed=failed, hops=len(seen.hops))
    reachable = all(check.ok or check.severity != "error" for check in checks)
    return api_schemas.json_response(Reachability(reachable=reachable, url=text, checks=checks))


async def _address(resources: UploadResources, request: Request, probe: Probe) -> str:
    if (probe.image_id is None) == (probe.url is None):
        wrong = FieldError("/url", "missing" if probe.url is None else "not_allowed", "Send either image_id or url")
        raise Invalid(wrong.detail, errors=(wrong,))
    if probe.image_id is None:
        return str(probe.url)
    row = await images.get(resources.db, probe.image_id, caller.of(request.scope).business_ids(probe.business_id))
    try:
        return _web_address(row["url"])
    except ValueError:
        raise Conflict("Its address is none that can be fetched") from None


def _checks(seen: Seen) -> Iterator[platforms.RuleCheck]:
    plain = next((at for at, hop in enumerate(seen.hops) if hop.scheme != "https"), None)
    insecure = seen.certificate
    if plain is not None:
        insecure = Fault(
            "http" if plain == 0 else "a redirect to http",
            "The address is not encrypted all the way, and platforms refuse that.",
            "Use an address that begins with https://.",
        )
    yield _check("https", insecure, "https", "https with a trusted certificate")
    if seen.connected or seen.address:
        listed = _LISTED if seen.listed and not seen.address else None
        limit = "a public host, port 443, no user name"
        yield _check("public_address", seen.address or listed, "public", limit, "warning" if listed else "error")
    if seen.address or seen.certificate:
        return
    limit = f"200 without a login, after at most {fetch.MOST_HOPS} redirects"
    yield _check("status", seen.answer, "200", limit)
    if not seen.answer:
        yield from _picture(seen)


def _picture(seen: Seen) -> Iterator[platforms.RuleCheck]:
    kind, looks = seen.content_type, _looks(seen.first)
    wrong = Fault(
        kind[:100] or "none", "Platforms go by the type that the server says.", "Serve it with the type it has."
    )
    yield _check("content_type", None if kind in _TYPES else wrong, kind, ", ".join(_TYPES))
    lie = Fault(
        looks or "something else",
        f"The first bytes are not those of {kind[:100]}." if kind in _TYPES else "The first bytes are of no picture.",
        "Serve a JPEG, PNG or WebP, under its own type.",
    )
    agree = looks is not None and (kind not in _TYPES or _TYPES[kind] == looks)
    yield _check("first_bytes", None if agree else lie, str(looks), _TYPES.get(kind, ", ".join(_TYPES.values())))
    large = Fault(f"{seen.size}", f"Instagram takes at most {_MOST} bytes.", "Publish the compressed copy.")
    # Not an error: platforms read until the end, which we do not.
    unknown = Fault("unknown", "The server does not say how large it is.", "Serve it with a Content-Length.")
    size = unknown if seen.size is None else large if seen.size > _MOST else None
    yield _check("bytes", size, f"{seen.size}", f"at most {_MOST}", "warning" if seen.size is None else "error")


def _looks(first: bytes) -> str | None:
    try:
        return inspect.sniff(first)
    except (UnsupportedMediaType, InvalidImage):
        return None


def _check(code: str, fault: Fault | None, good: str, limit: str, severity: Severity = "error") -> platforms.RuleCheck:
    shown = fault or Fault(good, "", "")
    return platforms.RuleCheck.of(
        code, severity if fault else None, actual=shown.actual, limit=limit, message=shown.message, fix=shown.fix
    )
