"""Plays Cloudinary's delivery: GET /{cloud}/image/upload/[steps/][v123/]{public_id}[.{extension}].
Reading the steps is transformations.py's, carrying them out rendering.py's.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deploy.sandbox.cache import Cache
from deploy.sandbox.control.ledger import Entry
from deploy.sandbox.control.play import Call, Spoil, play, refuse
from deploy.sandbox.parts import Parts
from deploy.sandbox.settings import CLOUD
from deploy.sandbox.stores.cloudinary_responses import MARK, error, scripted
from deploy.sandbox.stores.file_store import FileStore, Record
from deploy.sandbox.stores.rendering import MIME, has_alpha, render
from deploy.sandbox.stores.signatures import CloudinaryError
from deploy.sandbox.stores.transformations import FORMATS, Step, TransformationError, looks_like_one, parse

COMMON_HEADERS = {**MARK, "Access-Control-Allow-Origin": "*", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True)
class Derivation:
    """What one URL asks for, once its picture is known."""

    record: Record
    steps: tuple[Step, ...]
    extension: str | None
    """As written in the URL; None without one."""
    accepts_webp: bool

    @property
    def asked_format(self) -> str | None:
        """A format step wins over the extension."""
        return next((step.format for step in reversed(self.steps) if step.format), FORMATS.get(self.extension or ""))

    @property
    def is_untouched(self) -> bool:
        return not self.steps and self.extension in {None, self.record.format}


@dataclass(frozen=True)
class DeliveredFile:
    content: bytes
    format: str
    etag: str


class Delivery:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._derived: Cache[tuple[str, int, tuple[Step, ...], str], bytes] = Cache(96 * 1024 * 1024)

    def routes(self) -> list[Route]:
        return [Route("/{cloud}/image/upload/{path:path}", self.deliver, methods=["GET", "HEAD"])]

    async def deliver(self, request: Request) -> Response:
        entry = Entry("cloudinary.delivery", uuid.uuid4().hex)
        accepts_webp = "image/webp" in request.headers.get("accept", "")
        path = request.path_params["path"]
        try:
            if request.path_params["cloud"] != CLOUD:
                raise CloudinaryError(401, f"Invalid cloud_name {request.path_params['cloud']}")
            derivation = await self._parts.handlers.run(lambda: _read_path(self._parts.files, path, accepts_webp))
        except CloudinaryError as problem:
            entry.public_id = path
            if problem.status == 404 and (cached := self._parts.edge.get((path, accepts_webp))):
                return refuse(self._parts, entry, cached, "ok")
            if problem.status == 404:  # Any web page may ask for what is not there, and must leave no trace.
                return error(problem, entry, COMMON_HEADERS)
            return refuse(self._parts, entry, error(problem, entry, COMMON_HEADERS))
        entry.public_id = derivation.record.public_id

        async def work(spoil: Spoil) -> Response:
            try:
                made = await self._parts.handlers.run(lambda: self._make(derivation))
            except CloudinaryError as problem:
                return error(problem, entry, COMMON_HEADERS)
            entry.worked = True
            response = _answer(made, spoil(made.content), derivation, request)
            if response.status_code == 200 and request.method == "GET":
                self._parts.edge.keep((path, accepts_webp), derivation.record.public_id, response)
            return response

        return await play(self._parts, request, Call(entry, work, lambda behaviour: scripted(behaviour, entry)))

    def _make(self, derivation: Derivation) -> DeliveredFile:
        """In a thread. The record was read a moment ago: a deleted picture is gone at once, whatever is remembered."""
        record = derivation.record
        stored = self._parts.files.read(record)
        if stored is None:
            raise CloudinaryError(404, f"Resource not found - {record.public_id}")
        if derivation.is_untouched:
            return DeliveredFile(stored, record.format, record.etag)
        image_format = _chosen_format(derivation, stored)
        key = (record.public_id, record.version, derivation.steps, image_format)
        content = self._derived.get(key)
        if content is None:
            content = render(stored, derivation.steps, image_format)
            self._derived.put(key, content)
        return DeliveredFile(content, image_format, hashlib.md5(content, usedforsecurity=False).hexdigest())


def _read_path(files: FileStore, path: str, accepts_webp: bool) -> Derivation:
    """The shortest transformation that leaves the id of a stored picture: ids and steps may look alike."""
    for steps, public_id, extension in _readings(path):
        record = files.find(public_id)
        if record is not None:
            try:
                return Derivation(record, tuple(parse(step) for step in steps), extension, accepts_webp)
            except TransformationError as bad:
                raise CloudinaryError(400, str(bad)) from None
    raise CloudinaryError(404, f"Resource not found - {path}")


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


def _chosen_format(derivation: Derivation, stored: bytes) -> str:
    asked = derivation.asked_format
    if asked == "auto":
        if derivation.accepts_webp:
            return "webp"
        return "png" if has_alpha(stored) else "jpg"
    return asked or derivation.record.format


def _answer(made: DeliveredFile, content: bytes, derivation: Derivation, request: Request) -> Response:
    headers = {
        **COMMON_HEADERS,
        "Cache-Control": "public, no-transform, immutable, max-age=2592000",
        "ETag": f'"{made.etag}"',
        "Last-Modified": _http_date(derivation.record),
        **({"Vary": "Accept"} if derivation.asked_format == "auto" else {}),
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=MIME[made.format], headers=headers)


def _http_date(record: Record) -> str:
    return format_datetime(datetime.fromisoformat(record.created_at), usegmt=True)
