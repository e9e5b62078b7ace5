"""A multipart request, taken in as it arrives: the file goes to disk and is hashed, whoever is too large is stopped.

Nothing here looks into the picture. The temporary file has no name, so that no crash can leave it behind.
streaming-form-data was tried instead: it takes a body that is cut off and parts without a name, refuses names that are
no UTF-8, and takes seven times as long for a body of line breaks.
"""

import asyncio
import hashlib
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import IO, Any

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from shared.domain.errors import BodyTooLarge, FieldError, Invalid, Malformed, Unavailable, UnsupportedMediaType
from shared.http.request_bodies import FORM_OVERHEAD, file_too_large
from shared.http.shares import ShareKey
from shared.observability import log
from upload_service.bounds import Account
from upload_service.formats.container import Part
from upload_service.resources import UploadResources

_BATCH = 512 * 1024
"""Bytes that are hashed and written at once, in a thread; so much memory an upload takes."""
_PIECE = 256 * 1024
"""Bytes that are read at once."""
_MOST_PARTS = 16


@dataclass
class ReceivedForm:
    """A multipart form with one file."""

    file: IO[bytes]
    """The file's bytes, from 0 to `bytes`."""
    bytes: int = 0
    """Size of the file."""
    sha256: str = ""
    """Hex digest of the file."""
    filename: str = ""
    """What the sender called it; may be empty."""
    fields: dict[str, str] = field(default_factory=dict)
    """The text parts by name."""


@asynccontextmanager
async def received(request: Request, fields: frozenset[str], who: ShareKey) -> AsyncIterator[ReceivedForm]:
    """The form of this request: the part `file`, and text parts of the names in `fields`. Its file takes space of `who`
    until the block ends.

    Raises UnsupportedMediaType, TooLarge (having read no further), Malformed, Invalid, RateLimited, and Unavailable
    where this machine cannot keep the file.
    """
    resources: UploadResources = request.app.state.resources
    most = resources.settings.max_file
    boundary = _boundary(request)
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > most + FORM_OVERHEAD:
        raise file_too_large(most)
    with _on_disk():
        file = tempfile.TemporaryFile()  # noqa: SIM115 - an error of whoever uses the form must not pass for one of it
    try:
        form = _Form(file, most, fields)
        callbacks: Any = {name: getattr(form, name) for name in dir(form) if name.startswith("on_")}
        parser = MultipartParser(boundary, callbacks)
        with resources.space.account(who) as account:
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


def pieces(file: IO[bytes], parts: tuple[Part, ...]) -> Iterator[bytes]:
    """The cleaned file. Read in the store's thread, from a descriptor of its own: a request that is given up closes the
    file, and its number may then be another one's."""
    own = os.dup(file.fileno())
    try:
        for part in parts:
            if isinstance(part, bytes):
                yield part
            else:
                for start in range(part[0], part[1], _PIECE):
                    yield os.pread(own, min(_PIECE, part[1] - start), start)
    finally:
        os.close(own)


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
    """What the parser has said so far. Its callbacks, `on_…`, run inside `parser.write` and only collect."""

    def __init__(self, file: IO[bytes], most: int, fields: frozenset[str]) -> None:
        self.gathered = 0
        """Bytes of the file that are not yet written."""
        self._batch: list[memoryview] = []
        """These bytes, where they came."""
        self._received = ReceivedForm(file)
        self._most = most
        self._fields = fields
        self._hash = hashlib.sha256()
        self._arrived = 0
        self._parts = 0
        self._has_file = False
        self._complete = False
        self._header, self._value, self._disposition, self._text = bytearray(), bytearray(), b"", bytearray()
        self._name = ""

    def on_part_begin(self) -> None:
        self._parts += 1
        self._disposition, self._name, self._text = b"", "", bytearray()
        if self._parts > _MOST_PARTS:
            raise Malformed(f"The form has more than {_MOST_PARTS} parts")

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def on_header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._header, self._value = bytearray(), bytearray()

    def on_headers_finished(self) -> None:
        kind, options = parse_options_header(self._disposition)
        if kind != b"form-data" or b"name" not in options:
            raise Malformed("A part of the form has no name")
        self._name = _text(options[b"name"])
        if self._name == "file":
            if self._has_file:
                raise _wrong("file", "not_allowed", "Send one file")
            self._has_file = True
            # Browsers write a quotation mark as %22 and escape nothing else that a filename may hold.
            self._received.filename = _text(options.get(b"filename", b"")).replace("%22", '"')
        elif self._name not in self._fields:
            known = ", ".join(sorted({"file", *self._fields}))
            raise _wrong(self._name[:100], "unknown_field", f"Known fields: {known}")

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._name != "file":
            self._text += data[start:end]
            return
        self._received.bytes += end - start
        if self._received.bytes > self._most:
            raise file_too_large(self._most)
        self._batch.append(memoryview(data)[start:end])
        self.gathered += end - start

    def on_part_end(self) -> None:
        if self._name == "file":
            return
        if self._name in self._received.fields:
            raise _wrong(self._name, "not_allowed", "Send it once")
        try:
            self._received.fields[self._name] = self._text.decode()
        except UnicodeDecodeError:
            raise _wrong(self._name, "invalid", "It is not valid UTF-8") from None

    def on_end(self) -> None:
        self._complete = True

    def check_overhead(self, arrived: int) -> None:
        """Everything but the file is bounded too."""
        self._arrived += arrived
        if self._arrived - self._received.bytes > FORM_OVERHEAD:
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
        """Raises Malformed, and Invalid where no file came."""
        if not self._complete:
            raise Malformed("The body stopped before its end")
        with _on_disk():
            self._received.file.flush()
        self._received.sha256 = self._hash.hexdigest()
        if not self._has_file:
            missing = FieldError("/file", "missing", "Send the picture in the part `file`")
            raise Invalid(missing.detail, errors=(missing,))
        return self._received


def _text(raw: bytes) -> str:
    """UTF-8, as every browser and curl send it; else each byte a character, so that some name is kept."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _wrong(name: str, code: str, detail: str) -> Invalid:
    return Invalid(f"/{name}: {detail}", errors=(FieldError(f"/{name}", code, detail),))
