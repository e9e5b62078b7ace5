"""Plays Cloudinary's delivery: GET /{cloud}/image/upload/[steps/][v123/]{public_id}[.{extension}].
Reading the steps is transformations.py's, carrying them out rendering.py's.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from deploy.sandbox.control.play import Spoil, begin, play, record
from deploy.sandbox.parts import Parts, Sandbox
from deploy.sandbox.settings import CLOUD
from deploy.sandbox.stores.cloudinary_responses import MARK, CloudinaryError, scripted
from deploy.sandbox.stores.file_store import FileStore, Record
from deploy.sandbox.stores.rendering import MIME, has_alpha, render
from deploy.sandbox.stores.transformations import FORMATS, Step, TransformationError, looks_like_one, parse

router = APIRouter()

Made = tuple[bytes, str, str]
"""File, format and ETag."""

_HEADERS = {**MARK, "Access-Control-Allow-Origin": "*", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True)
class Derivation:
    """What one URL asks for, once its picture is known."""

    record: Record
    steps: tuple[Step, ...]
    extension: str | None
    """As written in the URL; None without one."""
    accepts_webp: bool

    @property
    def requested_format(self) -> str | None:
        """A format step wins over the extension."""
        return next((step.format for step in reversed(self.steps) if step.format), FORMATS.get(self.extension or ""))


@router.api_route("/{cloud}/image/upload/{path:path}", methods=["GET", "HEAD"])
async def deliver(cloud: str, path: str, request: Request, parts: Sandbox) -> Response:
    """The stored picture, or what the steps make of it; from the CDN where the original is gone."""
    entry = begin(request, "cloudinary.delivery", uuid.uuid4().hex)
    entry.public_id = path
    if cloud != CLOUD:
        raise CloudinaryError(401, f"Invalid cloud_name {cloud}", _HEADERS)
    accepts_webp = "image/webp" in request.headers.get("accept", "")
    derivation = await parts.in_thread(lambda: _read_path(parts.files, path, accepts_webp))
    if derivation is None:
        cached = parts.edge.get((path, accepts_webp))
        if cached:
            return record(parts, entry, cached[1], "ok")
        # Any web page may ask for what is not there, and must leave no trace.
        return _missing(path).response(parts, entry)
    public_id = entry.public_id = derivation.record.public_id

    async def work(spoil: Spoil) -> Response:
        made = await parts.in_thread(lambda: _made(parts, derivation))
        entry.worked = True
        response = _answer(made, spoil, derivation, request)
        if response.status_code == 200 and request.method == "GET":
            parts.edge.put((path, accepts_webp), (public_id, response))
        return response

    return await play(request, work, scripted)


def _missing(name: str) -> CloudinaryError:
    return CloudinaryError(404, f"Resource not found - {name}", _HEADERS)


def _read_path(files: FileStore, path: str, accepts_webp: bool) -> Derivation | None:
    """The shortest transformation that leaves the id of a stored picture: ids and steps may look alike."""
    for steps, public_id, extension in _readings(path):
        stored = files.find(public_id)
        if stored is not None:
            try:
                return Derivation(stored, tuple(parse(step) for step in steps), extension, accepts_webp)
            except TransformationError as bad:
                raise CloudinaryError(400, str(bad), _HEADERS) from None
    return None


def _readings(path: str) -> Iterator[tuple[list[str], str, str | None]]:
    segments = [segment for segment in path.split("/") if segment]
    for count in range(len(segments)):
        steps, rest = segments[:count], segments[count:]
        if len(rest) > 1 and rest[0][0] == "v" and rest[0][1:].isdigit():
            rest = rest[1:]
        elif steps and not looks_like_one(steps[-1]):
            continue
        public_id = "/".join(rest)
        stem, dot, extension = public_id.rpartition(".")
        if dot and extension.lower() in FORMATS:
            yield steps, stem, extension.lower().replace("jpeg", "jpg")
        yield steps, public_id, None


def _made(parts: Parts, derivation: Derivation) -> Made:
    """The record was read a moment ago: a deleted picture is gone at once, whatever is remembered."""
    original = derivation.record
    stored = parts.files.read(original)
    if stored is None:
        raise _missing(original.public_id)
    if not derivation.steps and derivation.extension in {None, original.format}:
        return stored, original.format, original.etag
    image_format = _chosen_format(derivation, stored)
    key = (original.public_id, original.version, derivation.steps, image_format)
    content = parts.derived.get(key)
    if content is None:
        content = render(stored, derivation.steps, image_format)
        parts.derived.put(key, content)
    return content, image_format, hashlib.md5(content, usedforsecurity=False).hexdigest()


def _chosen_format(derivation: Derivation, stored: bytes) -> str:
    requested = derivation.requested_format
    if requested == "auto":
        if derivation.accepts_webp:
            return "webp"
        return "png" if has_alpha(stored) else "jpg"
    return requested or derivation.record.format


def _answer(made: Made, spoil: Spoil, derivation: Derivation, request: Request) -> Response:
    content, image_format, etag = made
    headers = {
        **_HEADERS,
        "Cache-Control": "public, no-transform, immutable, max-age=2592000",
        "ETag": f'"{etag}"',
        **({"Vary": "Accept"} if derivation.requested_format == "auto" else {}),
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(spoil(content), media_type=MIME[image_format], headers=headers)
