"""Plays Cloudinary's two APIs: upload, destroy and explicit (signed), lookup, ping and usage (HTTP Basic).
Pictures are handed out by delivery.py; bodies and refusals are in cloudinary_responses.py.
"""

from __future__ import annotations

import base64
import binascii
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from deploy.sandbox.control.ledger import Entry
from deploy.sandbox.control.play import Spoil, begin, play
from deploy.sandbox.parts import Parts, Sandbox
from deploy.sandbox.stores import cloudinary_responses, upload_checks
from deploy.sandbox.stores.cloudinary_responses import CloudinaryError, asset
from deploy.sandbox.stores.file_store import Record
from deploy.sandbox.stores.signatures import verify_basic, verify_upload

router = APIRouter(prefix="/v1_1/{cloud}")

Fields = dict[str, str]
Work = Callable[[], Awaitable[dict[str, Any]]]
"""Gives the answer's body."""


@router.post("/image/upload")
async def upload(request: Request, parts: Sandbox) -> Response:
    """Stores a picture; an id that is there already is replaced unless `overwrite` is false."""
    entry = begin(request, "cloudinary.upload", uuid.uuid4().hex)
    fields, (picture, filename) = await _signed(request, parts)
    entry.public_id = fields.get("public_id")
    record = await parts.in_thread(lambda: upload_checks.examine(picture, fields, filename))
    entry.public_id = record.public_id
    overwrite = fields.get("overwrite", "1") not in {"0", "false"}

    async def store() -> dict[str, Any]:
        stored, existed = await parts.in_thread(lambda: parts.files.put(record, picture, overwrite=overwrite))
        entry.worked, entry.code = not existed, "existing" if existed else None
        return {**_shown(stored, fields, request, parts), **({"existing": True} if existed else {})}

    return await _play(request, entry, store)


@router.post("/image/destroy")
async def destroy(request: Request, parts: Sandbox) -> Response:
    """Removes the picture; with `invalidate` also what the CDN has of it."""
    entry = begin(request, "cloudinary.destroy", uuid.uuid4().hex)
    fields, _ = await _signed(request, parts)
    public_id = entry.public_id = _required(fields, "public_id")

    async def remove() -> dict[str, Any]:
        entry.worked = await parts.in_thread(lambda: parts.files.remove(public_id))
        if fields.get("invalidate") in {"1", "true"}:
            parts.edge.forget(lambda kept: kept[0] == public_id)
        return {"result": "ok" if entry.worked else "not found"}

    return await _play(request, entry, remove)


@router.post("/image/explicit")
async def explicit(request: Request, parts: Sandbox) -> Response:
    """Changes the description of a stored picture."""
    entry = begin(request, "cloudinary.explicit", uuid.uuid4().hex)
    fields, _ = await _signed(request, parts)
    public_id = entry.public_id = _required(fields, "public_id")
    await _found(public_id, parts)

    async def describe() -> dict[str, Any]:
        tags, context = upload_checks.tags(fields), upload_checks.context(fields)
        record = await parts.in_thread(lambda: parts.files.describe(public_id, tags, context))
        entry.worked = record is not None
        return _shown(record or await _found(public_id, parts), fields, request, parts)

    return await _play(request, entry, describe)


@router.get("/resources/image/upload/{public_id:path}")
async def lookup(public_id: str, request: Request, parts: Sandbox) -> Response:
    """What is known of a stored picture."""
    entry = begin(request, "cloudinary.lookup", uuid.uuid4().hex)
    entry.public_id = public_id

    async def look() -> dict[str, Any]:
        record = await _found(public_id, parts)
        entry.worked = True
        return {**asset(record, parts.public_url(request)), "derived": []}

    return await _administer(request, parts, entry, look)


@router.get("/ping")
async def ping(request: Request, parts: Sandbox) -> Response:
    """Whether the key is good."""

    async def pong() -> dict[str, Any]:
        return {"status": "ok"}

    return await _administer(request, parts, begin(request, "cloudinary.ping", uuid.uuid4().hex), pong)


@router.get("/usage")
async def usage(request: Request, parts: Sandbox) -> Response:
    """How much is stored, and the plan's limits."""

    async def count() -> dict[str, Any]:
        stored = await parts.in_thread(lambda: sum(1 for _ in parts.files.records()))
        limits = {"image_max_size_bytes": upload_checks.MOST_BYTES, "image_max_px": upload_checks.MOST_PIXELS}
        return {"objects": {"usage": stored}, "media_limits": limits}

    return await _administer(request, parts, begin(request, "cloudinary.usage", uuid.uuid4().hex), count)


async def _administer(request: Request, parts: Parts, entry: Entry, work: Work) -> Response:
    authorization = request.headers.get("authorization")
    verify_basic(parts.settings.cloudinary_secret, request.path_params["cloud"], authorization)
    return await _play(request, entry, work, cloudinary_responses.hourly_limit(next(parts.admin_calls)))


async def _play(request: Request, entry: Entry, work: Work, headers: Mapping[str, str] = {}) -> Response:
    async def answer(_spoil: Spoil) -> Response:
        return cloudinary_responses.good(await work(), entry, headers)

    return await play(request, answer, cloudinary_responses.scripted)


async def _signed(request: Request, parts: Parts) -> tuple[Fields, tuple[bytes, str | None]]:
    """The form's fields, and the file with its name. Raises CloudinaryError."""
    async with request.form(max_part_size=16 * 1024 * 1024) as form:
        fields = _fields(form)
        authorization = request.headers.get("authorization")
        verify_upload(parts.settings.cloudinary_secret, request.path_params["cloud"], fields, authorization)
        return fields, await _picture(form)


def _fields(form: FormData) -> Fields:
    """Repeated `key[]` fields are one parameter with commas, as they are signed."""
    fields: Fields = {}
    for name, value in form.multi_items():
        if isinstance(value, str):
            plain = name.removesuffix("[]")
            fields[plain] = f"{fields[plain]},{value}" if plain != name and plain in fields else value
    return fields


async def _picture(form: FormData) -> tuple[bytes, str | None]:
    file = form.get("file")
    if isinstance(file, UploadFile):
        return await file.read(), file.filename
    if not file:
        return b"", None
    header, _, data = file.partition(",")
    if not (header.startswith("data:") and header.endswith(";base64")):
        raise CloudinaryError(400, f"Error in loading {file[:200]} - the sandbox fetches nothing from other servers")
    try:
        return base64.b64decode(data, validate=True), None
    except binascii.Error:
        raise CloudinaryError(400, "Invalid image file") from None


async def _found(public_id: str, parts: Parts) -> Record:
    record = await parts.in_thread(lambda: parts.files.find(public_id))
    if record is None:
        raise CloudinaryError(404, f"Resource not found - {public_id}")
    return record


def _required(fields: Fields, name: str) -> str:
    if not fields.get(name):
        raise CloudinaryError(400, f"Missing required parameter - {name}")
    return fields[name]


def _shown(record: Record, fields: Fields, request: Request, parts: Parts) -> dict[str, Any]:
    base = parts.public_url(request)
    shown = asset(record, base)
    if fields.get("eager"):
        shown["eager"] = [
            {"transformation": steps, "status": "ready", "url": url, "secure_url": url}
            for steps in fields["eager"].split("|")
            for url in (base + cloudinary_responses.delivery_path(record, steps),)
        ]
    return shown
