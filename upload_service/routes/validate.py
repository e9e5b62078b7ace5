"""POST /api/v1/images/validate[/instagram]: what a platform would say of a picture, and a copy that it takes.

The picture is one of the library, a file, or four numbers. The rules are in `platforms`, the copies' pixels in
`renditions`, their addresses in `urls`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from shared.db import images
from shared.domain import caller, platforms, renditions
from shared.domain.errors import BodyTooLarge, FieldError, Invalid, Malformed, UnsupportedMediaType
from shared.domain.platforms import Picture, Platform, Severity
from shared.http import api_schemas, strict_input
from shared.http.api_schemas import BusinessId, Id, ResponseModel, Text
from shared.http.request_bodies import MOST_JSON
from shared.http.shares import ShareKey, share_key
from shared.http.strict_input import FromText, RequestModel
from shared.storage import urls
from upload_service.multipart import ReceivedForm, received
from upload_service.resources import UploadResources

router = APIRouter(prefix="/api/v1/images", tags=["Validation"])

_MOST_SIDE = 10_000_000

Platforms = list[Annotated[Platform, FromText]]
_PLATFORMS = TypeAdapter(Platforms)


def _lowered(name: object) -> object:
    """Only the spaces that the document's pattern names are taken off."""
    return name.strip(" \t\r\n").lower() if isinstance(name, str) else name


class ByImage(RequestModel):
    """A picture of the library."""

    image_id: Id
    business_id: BusinessId | None = None
    platforms: Platforms | None = Field(None, min_length=1, max_length=len(Platform), description="Default: all")


class ByNumbers(RequestModel):
    """A picture that is only described."""

    width: int = Field(ge=1, le=_MOST_SIDE, description="Pixels as people see it")
    height: int = Field(ge=1, le=_MOST_SIDE)
    bytes: int = Field(ge=1, le=2**53)
    format: Annotated[Text, BeforeValidator(_lowered)] = Field(
        min_length=1,
        max_length=40,
        examples=["jpeg", "png", "webp"],
        json_schema_extra={"pattern": r"^[^\u0000]*[^\u0000 \t\r\n][^\u0000]*$"},
    )
    platforms: Platforms | None = Field(None, min_length=1, max_length=len(Platform), description="Default: all")


class Check(ResponseModel):
    """One rule."""

    model_config = ConfigDict(from_attributes=True)  # of a `platforms.RuleCheck`

    code: str
    ok: bool
    severity: Severity
    actual: str
    limit: str
    message: str = Field(description="Empty where it is ok")
    fix: str = Field(description="What to do about it; empty where it is ok")


class Copy(ResponseModel):
    """A copy that passes."""

    width: int
    height: int
    ratio: str
    url: str | None = Field(description="A JPEG, ready to publish; null for a picture that is not in the library")


class Fix(ResponseModel):
    """Both ways; they are the same where the shape can stay."""

    crop: Copy
    pad: Copy


class Verdict(ResponseModel):
    """What the platform would say."""

    platform: Platform
    valid: bool = Field(description="Inside its limits of size and shape")
    publishable_as_is: bool = Field(description="Its API takes these very bytes")
    checks: list[Check]
    warnings: list[str]
    fix: Fix | None = Field(description="Null where nothing needs to be fixed")


class Verdicts(ResponseModel):
    """One verdict for each platform asked for."""

    verdicts: list[Verdict]


@dataclass(frozen=True, slots=True)
class _Case:
    """What is to be judged."""

    picture: Picture
    url: str | None
    """The stored original, where there is one."""
    platforms: Sequence[Platform]


def _body(*models: type[RequestModel], several: bool = True) -> dict[str, Any]:
    """The JSON for the document; `Platform` is among its schemas because the answers name it.

    One kind of body only, though a form is taken too: two for one operation break generators of clients."""
    schemas = [model.model_json_schema(ref_template="#/components/schemas/{model}") for model in models]
    for schema in schemas:
        schema.pop("$defs", None)
        if not several:
            del schema["properties"]["platforms"]
    sample = {"width": 720, "height": 80, "bytes": 18990, "format": "jpeg"}
    content = {"application/json": {"schema": {"oneOf": schemas, "examples": [sample]}}}
    return {"requestBody": {"required": True, "content": content}}


@router.post(
    "/validate/instagram",
    response_model=Verdict,
    openapi_extra=_body(ByImage, ByNumbers, several=False),
    operation_id="validate_for_instagram",
    summary="Would Instagram take it?",
)
async def instagram(request: Request) -> Response:
    """Takes JSON (`image_id`, or `width, height, bytes, format`) or a form with `file`. Nothing is stored."""
    return api_schemas.json_response(_verdict(Platform.INSTAGRAM, await _case(request, Platform.INSTAGRAM)))


@router.post(
    "/validate",
    response_model=Verdicts,
    openapi_extra=_body(ByImage, ByNumbers),
    operation_id="validate",
    summary="Which platforms would take it?",
)
async def validate(request: Request) -> Response:
    """The same for several platforms: `platforms` names them, in a form with commas between."""
    case = await _case(request, *Platform)
    return api_schemas.json_response(Verdicts(verdicts=[_verdict(platform, case) for platform in case.platforms]))


async def _case(request: Request, *default: Platform) -> _Case:
    """What was sent, with the platforms that were named, else `default`. Several can be named where that is several."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        fields = frozenset({"platforms"} if len(default) > 1 else ())
        who = share_key(caller.of(request.scope))
        async with received(request, fields, who) as form:
            return await _of_file(request.app.state.resources, form, default, who)
    if kind in ("application/json", ""):
        return await _of_json(request, default)
    raise UnsupportedMediaType("Send JSON, or multipart/form-data with the picture in the part `file`")


async def _of_file(resources: UploadResources, form: ReceivedForm, default: Sequence[Platform], who: ShareKey) -> _Case:
    names = [name.strip() for name in form.fields.get("platforms", "").split(",") if name.strip()]
    chosen = _checked(_PLATFORMS.validate_python, names, "platforms") if names else default
    accepted = await resources.decoders.inspect(form.file, form.bytes, who)
    picture = Picture(
        accepted.width, accepted.height, form.bytes, accepted.format,
        animated=accepted.frames > 1, transparent=accepted.transparent, srgb=accepted.srgb,
    )  # fmt: skip
    return _Case(picture, None, chosen)


async def _of_json(request: Request, default: Sequence[Platform]) -> _Case:
    sent = strict_input.loads(await _read(request))
    shape = ByImage if isinstance(sent, dict) and "image_id" in sent else ByNumbers
    body: ByImage | ByNumbers = _checked(shape.model_validate, sent)
    if body.platforms and len(default) == 1:
        unknown = FieldError("/platforms", "unknown_field", "Several platforms are asked at /validate")
        raise Invalid(unknown.detail, errors=(unknown,))
    chosen = body.platforms or default
    if isinstance(body, ByNumbers):
        form = "jpeg" if body.format == "jpg" else body.format
        return _Case(Picture(body.width, body.height, body.bytes, form), None, chosen)
    business_ids = caller.of(request.scope).business_ids(body.business_id)
    row = await images.get(request.app.state.resources.db, body.image_id, business_ids)
    return _Case(Picture(row["width"], row["height"], row["bytes"], row["format"]), row["url"], chosen)


def _checked(validate: Callable[[Any], Any], value: Any, *place: str) -> Any:
    """Raises RequestValidationError as FastAPI would for this body, or for a place in it."""
    try:
        return validate(value)
    except ValidationError as wrong:
        raise RequestValidationError([{**e, "loc": ("body", *place, *e["loc"])} for e in wrong.errors()]) from None


async def _read(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_JSON:
            raise BodyTooLarge(f"A JSON body may have at most {MOST_JSON} bytes")
    if not body:
        raise Malformed("The body is empty")
    return bytes(body)


def _verdict(platform: Platform, case: _Case) -> Verdict:
    verdict = platforms.check(platform, case.picture)
    return Verdict(
        platform=platform,
        valid=verdict.valid,
        publishable_as_is=verdict.publishable_as_is,
        checks=verdict.checks,
        warnings=verdict.warnings,
        fix=_fix(platform, case),
    )


def _fix(platform: Platform, case: _Case) -> Fix | None:
    copies = [_copy(copy, case.url) for copy in renditions.fix_renditions(platform, case.picture)]
    return Fix(crop=copies[0], pad=copies[-1]) if copies else None  # one where the shape can stay, else crop and pad


def _copy(copy: renditions.Rendition, url: str | None) -> Copy:
    made = urls.for_platform(url, copy.mode, copy.width, copy.height) if url else None
    return Copy(width=copy.width, height=copy.height, ratio=copy.ratio, url=made.url if made else None)
