"""Plays Cloudinary's two APIs: upload, destroy and explicit (signed), lookup, ping and usage (HTTP Basic).
Pictures are handed out by delivery.py; bodies and refusals are in cloudinary_responses.py.
"""

from __future__ import annotations

import base64
import binascii
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deploy.sandbox.control.ledger import Entry
from deploy.sandbox.control.play import Call, Spoil, play, refuse
from deploy.sandbox.parts import Parts
from deploy.sandbox.stores import upload_checks
from deploy.sandbox.stores.cloudinary_responses import answer, asset, delivery_path, error, hourly_limit, scripted
from deploy.sandbox.stores.file_store import Record
from deploy.sandbox.stores.signatures import CloudinaryError, verify_basic, verify_upload

Fields = dict[str, str]
Deed = Callable[[], Awaitable[dict[str, Any]]]

REQUEST_BYTES = 104_857_600
"""More than this in one request is cut off before any of it is looked at, whatever the plan."""


class Cloudinary:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._secret = parts.settings.cloudinary_secret
        self._asked = 0
        """Calls of the Admin API, for its rate-limit headers."""

    def routes(self) -> list[Route]:
        signed = {"upload": self.upload, "destroy": self.destroy, "explicit": self.explicit}
        return [
            *(Route(f"/v1_1/{{cloud}}/image/{name}", handler, methods=["POST"]) for name, handler in signed.items()),
            Route("/v1_1/{cloud}/resources/image/upload/{public_id:path}", self.lookup, methods=["GET"]),
            Route("/v1_1/{cloud}/ping", self.ping, methods=["GET"]),
            Route("/v1_1/{cloud}/usage", self.usage, methods=["GET"]),
        ]

    async def upload(self, request: Request) -> Response:
        entry = _entry("cloudinary.upload")
        try:
            fields, (picture, filename) = await self._signed(request)
            entry.public_id = fields.get("public_id")
            record = await self._parts.handlers.run(lambda: upload_checks.examine(picture, fields, filename))
        except CloudinaryError as problem:
            return self._refused(entry, problem)
        entry.public_id = record.public_id
        overwrite = fields.get("overwrite", "1") not in {"0", "false"}

        async def store() -> dict[str, Any]:
            stored, existed = await self._parts.handlers.run(
                lambda: self._parts.files.put(record, picture, overwrite=overwrite)
            )
            entry.worked, entry.code = not existed, "existing" if existed else None
            shown = self._shown(stored, fields, request)
            return {**shown, "existing": True} if existed else shown

        return await self._play(request, entry, store)

    async def destroy(self, request: Request) -> Response:
        entry = _entry("cloudinary.destroy")
        try:
            fields, _ = await self._signed(request)
            entry.public_id = _required(fields, "public_id")
        except CloudinaryError as problem:
            return self._refused(entry, problem)
        public_id = entry.public_id

        async def remove() -> dict[str, Any]:
            entry.worked = await self._parts.handlers.run(lambda: self._parts.files.remove(public_id))
            if fields.get("invalidate") in {"1", "true"}:
                self._parts.edge.invalidate(public_id)
            return {"result": "ok" if entry.worked else "not found"}

        return await self._play(request, entry, remove)

    async def explicit(self, request: Request) -> Response:
        entry = _entry("cloudinary.explicit")
        try:
            fields, _ = await self._signed(request)
            entry.public_id = _required(fields, "public_id")
            await self._found(entry.public_id)
        except CloudinaryError as problem:
            return self._refused(entry, problem)
        public_id = entry.public_id

        async def describe() -> dict[str, Any]:
            record = await self._parts.handlers.run(
                lambda: self._parts.files.describe(public_id, upload_checks.tags(fields), upload_checks.context(fields))
            )
            entry.worked = record is not None
            return self._shown(record or await self._found(public_id), fields, request)

        return await self._play(request, entry, describe)

    async def lookup(self, request: Request) -> Response:
        entry = _entry("cloudinary.lookup", request.path_params["public_id"])

        async def look() -> dict[str, Any]:
            record = await self._found(request.path_params["public_id"])
            entry.worked = True
            return {**asset(record, self._parts.public_url(request), self._secret), "derived": []}

        return await self._admin(request, entry, look)

    async def ping(self, request: Request) -> Response:
        async def pong() -> dict[str, Any]:
            return {"status": "ok"}

        return await self._admin(request, _entry("cloudinary.ping"), pong)

    async def usage(self, request: Request) -> Response:
        async def count() -> dict[str, Any]:
            return await self._parts.handlers.run(lambda: _usage(list(self._parts.files.records())))

        return await self._admin(request, _entry("cloudinary.usage"), count)

    async def _admin(self, request: Request, entry: Entry, deed: Deed) -> Response:
        try:
            verify_basic(self._secret, request.path_params["cloud"], request.headers.get("authorization"))
        except CloudinaryError as problem:
            return self._refused(entry, problem)
        self._asked += 1
        return await self._play(request, entry, deed, hourly_limit(self._asked))

    async def _play(
        self, request: Request, entry: Entry, deed: Deed, headers: dict[str, str] | None = None
    ) -> Response:
        async def work(_spoil: Spoil) -> Response:
            try:
                return answer(await deed(), entry, headers)
            except CloudinaryError as problem:
                return error(problem, entry, headers)

        return await play(self._parts, request, Call(entry, work, lambda behaviour: scripted(behaviour, entry)))

    async def _signed(self, request: Request) -> tuple[Fields, tuple[bytes, str | None]]:
        if int(request.headers.get("content-length") or 0) > REQUEST_BYTES:
            raise CloudinaryError(413, "Request Entity Too Large")
        async with request.form(max_part_size=16 * 1024 * 1024) as form:
            fields = _fields(form)
            verify_upload(self._secret, request.path_params["cloud"], fields, request.headers.get("authorization"))
            return fields, await _picture(form)

    async def _found(self, public_id: str) -> Record:
        record = await self._parts.handlers.run(lambda: self._parts.files.find(public_id))
        if record is None:
            raise CloudinaryError(404, f"Resource not found - {public_id}")
        return record

    def _shown(self, record: Record, fields: Fields, request: Request) -> dict[str, Any]:
        base = self._parts.public_url(request)
        shown = asset(record, base, self._secret)
        if fields.get("eager"):
            shown["eager"] = [
                {"transformation": steps, "status": "ready", "url": url, "secure_url": url}
                for steps in fields["eager"].split("|")
                for url in (base + delivery_path(record, steps),)
            ]
        return shown

    def _refused(self, entry: Entry, problem: CloudinaryError) -> Response:
        return refuse(self._parts, entry, error(problem, entry))


def _entry(target: str, public_id: str | None = None) -> Entry:
    return Entry(target, uuid.uuid4().hex, public_id=public_id)


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


def _required(fields: Fields, name: str) -> str:
    if not fields.get(name):
        raise CloudinaryError(400, f"Missing required parameter - {name}")
    return fields[name]


def _usage(records: list[Record]) -> dict[str, Any]:
    stored = sum(record.bytes for record in records)
    return {
        "plan": "Sandbox",
        "last_updated": datetime.now(UTC).date().isoformat(),
        "objects": {"usage": len(records)},
        "storage": {"usage": stored, "credits_usage": round(stored / 1024**3, 4)},
        "bandwidth": {"usage": 0, "credits_usage": 0.0},
        "transformations": {"usage": len(records), "credits_usage": round(len(records) / 1000, 3)},
        "credits": {"usage": round(stored / 1024**3 + len(records) / 1000, 3), "limit": 25.0},
        "resources": len(records),
        "derived_resources": 0,
        "media_limits": {
            "image_max_size_bytes": upload_checks.MOST_BYTES,
            "video_max_size_bytes": 104_857_600,
            "raw_max_size_bytes": upload_checks.MOST_BYTES,
            "image_max_px": upload_checks.MOST_PIXELS,
            "asset_max_total_px": 2 * upload_checks.MOST_PIXELS,
        },
    }
