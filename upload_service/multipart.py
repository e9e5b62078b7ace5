"""A multipart request, taken in as it arrives: the file goes to disk and is hashed, whoever is too large is stopped.

Nothing here looks into the picture. The temporary file has no name, so that no crash can leave it behind.
"""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import IO

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from shared.domain.errors import BodyTooLarge, FieldError, Invalid, Malformed, Unavailable, UnsupportedMediaType
from shared.http.request_bodies import FORM_OVERHEAD, file_too_large
from shared.observability import log
from upload_service.space import Account

_BATCH = 512 * 1024
"""Bytes that are hashed and written at once, in a thread; so much memory an upload takes."""
_MOST_PARTS = 16


@dataclass
class ReceivedForm:
    """A multipart form with at most one file."""

    file: IO[bytes]
    """The file's bytes, from 0 to `bytes`."""
    bytes: int = 0
    sha256: str = ""
    filename: str | None = None
    """What the sender called it; None where no file came."""
    fields: dict[str, str] = field(default_factory=dict)


@asynccontextmanager
async def received(
    request: Request, most: int, fields: frozenset[str], account: Account
) -> AsyncIterator[ReceivedForm]:
    """The form of this request: the part `file`, of at most `most` bytes, and text parts of the names in `fields`.

    Raises UnsupportedMediaType, TooLarge (having read no further), Malformed, Invalid, what the account does, and
    Unavailable where this machine cannot keep the file.
    """
    boundary = _boundary(request)
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > most + FORM_OVERHEAD:
        raise file_too_large(most)
    with _on_disk():
        file = tempfile.TemporaryFile()  # noqa: SIM115 - an error of whoever uses the form must not pass for one of it
    try:
        form = _Form(ReceivedForm(file), most, fields)
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": form.part_begins,
                "on_header_field": form.header_name,
                "on_header_value": form.header_value,
                "on_header_end": form.header_ends,
                "on_headers_finished": form.headers_end,
                "on_part_data": form.part_data,
                "on_part_end": form.part_ends,
                "on_end": form.ends,
            },
        )
        try:
            async for chunk in request.stream():
                parser.write(chunk)
                form.check_overhead(len(chunk))
                if form.gathered >= _BATCH:
                    await form.keep(account)
            parser.finalize()
        except FormParserError as wrong:
            raise Malformed("The multipart body is malformed") from wrong
        await form.keep(account)
        yield form.finished()
    finally:
        with suppress(OSError):  # It writes what is still to be written, on a full disk in vain.
            file.close()


@contextmanager
def _on_disk() -> Iterator[None]:
    """The folder for temporary files is full, or gone, or not ours: whatever it is, no other service is to blame."""
    try:
        yield
    except OSError as fault:
        log.get().error("machine.full", error=repr(fault))
        raise Unavailable(
            "This machine has no space for the file right now; nothing was kept", retry_after=10
        ) from fault


def _boundary(request: Request) -> bytes:
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data":
        raise UnsupportedMediaType("Send the picture as multipart/form-data, in the part `file`")
    boundary = options.get(b"boundary", b"")
    if not 0 < len(boundary) <= 200:
        raise Malformed("The Content-Type names no usable boundary")
    return boundary


class _Form:
    """What the parser has told so far. Its callbacks run inside `parser.write` and only collect."""

    def __init__(self, received: ReceivedForm, most: int, fields: frozenset[str]) -> None:
        self.gathered = 0
        """Bytes of the file that are not yet written."""
        self._batch: list[memoryview] = []
        """These bytes, where they came."""
        self._received = received
        self._most = most
        self._fields = fields
        self._hash = hashlib.sha256()
        self._seen = 0
        self._parts = 0
        self._complete = False
        self._header = (bytearray(), bytearray())
        self._disposition = b""
        self._name = ""
        self._text = bytearray()

    def part_begins(self) -> None:
        self._parts += 1
        self._disposition, self._name = b"", ""
        self._text = bytearray()
        if self._parts > _MOST_PARTS:
            raise Malformed(f"The form has more than {_MOST_PARTS} parts")

    def header_name(self, data: bytes, start: int, end: int) -> None:
        self._header[0].extend(data[start:end])

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._header[1].extend(data[start:end])

    def header_ends(self) -> None:
        name, value = self._header
        if name.lower() == b"content-disposition":
            self._disposition = bytes(value)
        self._header = (bytearray(), bytearray())

    def headers_end(self) -> None:
        kind, options = parse_options_header(self._disposition)
        if kind != b"form-data" or b"name" not in options:
            raise Malformed("A part of the form has no name")
        self._name = _text(options[b"name"])
        if self._name == "file":
            if self._received.filename is not None:
                raise _wrong("file", "not_allowed", "Send one file")
            self._received.filename = _filename(options.get(b"filename", b""))
        elif self._name not in self._fields:
            raise _wrong(
                self._name[:100], "unknown_field", f"Known fields: {', '.join(sorted({'file', *self._fields}))}"
            )

    def part_data(self, data: bytes, start: int, end: int) -> None:
        if self._name != "file":
            self._text.extend(data[start:end])
            return
        self._received.bytes += end - start
        if self._received.bytes > self._most:
            raise file_too_large(self._most)
        self._batch.append(memoryview(data)[start:end])
        self.gathered += end - start

    def part_ends(self) -> None:
        if self._name == "file":
            return
        if self._name in self._received.fields:
            raise _wrong(self._name, "not_allowed", "Send it once")
        try:
            self._received.fields[self._name] = self._text.decode()
        except UnicodeDecodeError:
            raise _wrong(self._name, "invalid", "It is not valid UTF-8") from None

    def ends(self) -> None:
        self._complete = True

    def check_overhead(self, arrived: int) -> None:
        """Everything but the file is bounded too."""
        self._seen += arrived
        if self._seen - self._received.bytes > FORM_OVERHEAD:
            raise BodyTooLarge(f"A form may have at most {FORM_OVERHEAD} bytes besides the file")

    async def keep(self, account: Account) -> None:
        """Writes and hashes what has gathered, in a thread, while no data come in."""
        account.take(self.gathered)
        await asyncio.to_thread(self._flush)

    def _flush(self) -> None:
        with _on_disk():
            for piece in self._batch:
                self._hash.update(piece)
                self._received.file.write(piece)
        self._batch, self.gathered = [], 0

    def finished(self) -> ReceivedForm:
        if not self._complete:
            raise Malformed("The body stopped before its end")
        with _on_disk():
            self._received.file.flush()
        self._received.sha256 = self._hash.hexdigest()
        return self._received


def _text(raw: bytes) -> str:
    """UTF-8, as every browser and curl send it; else each byte a character, so that some name is kept."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _filename(raw: bytes) -> str:
    """Browsers write a quotation mark as %22 and escape nothing else that a filename may hold."""
    return _text(raw).replace("%22", '"')


def _wrong(name: str, code: str, detail: str) -> Invalid:
    return Invalid(f"/{name}: {detail}", errors=(FieldError(f"/{name}", code, detail),))
