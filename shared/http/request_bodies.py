"""Bodies before a route sees them: no more bytes than are read, and JSON that can be read in one way only."""

import re

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.domain import errors
from shared.http import strict_input
from shared.http.middleware import LEFT, send_problem

MOST_JSON = 64 * 1024
"""Bytes of a JSON body, where the service does not say otherwise."""
FORM_OVERHEAD = 64 * 1024
"""Bytes of a form that are not the file's: boundaries, part headers, text fields."""
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_CHARSET = re.compile(r"[;\s]charset\s*=\s*\"?([^\s;\"]*)", re.IGNORECASE)
JSON_ONLY = "The body is read as JSON only: send it with the header `Content-Type: application/json`"


def is_json(content_type: str) -> bool:
    """Whether FastAPI would read such a body as JSON."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def coded(coding: str) -> errors.Problem | None:
    """Why a body of this Content-Encoding is not taken: unpacking it would be one more thing to bound."""
    if coding.strip().lower() in ("", "identity"):
        return None
    accepted = ((b"accept-encoding", b"identity"),)
    return errors.UnsupportedMediaType("Send the body as it is, without Content-Encoding", headers=accepted)


def file_too_large(most: int) -> errors.Problem:
    """The one limit of a picture, whoever finds it passed."""
    return errors.TooLarge(f"A picture may have at most {most} bytes")


class Bodies:
    """Refuses a body above `most` bytes: by its declared length before it is read, else as soon as it is passed.

    JSON is looked at when its end is read. With `most` None, other bodies are left to their routes, else refused; so is
    what is packed.
    """

    def __init__(self, app: ASGIApp, most: int | None) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if scope["method"] in _WITH_BODY and (problem := self._refusal(headers)):
            await send_problem(scope, send, problem)
            return
        json = is_json(headers.get(b"content-type", b"").decode("latin-1"))
        most = self._most if self._most is not None else MOST_JSON if json else None
        if most is None:
            await self._app(scope, receive, send)
            return
        declared = headers.get(b"content-length", b"")
        if declared.isdigit() and int(declared) > most:
            await send_problem(scope, send, errors.BodyTooLarge(f"At most {most} bytes are read"))
            return
        await self._app(scope, _looked_at(receive, most, json=json), send)

    def _refusal(self, headers: dict[bytes, bytes]) -> errors.Problem | None:
        """By the headers alone, so that nobody is asked for a body that is not taken."""
        if headers.get(b"content-length", b"0") == b"0" and b"transfer-encoding" not in headers:
            return None
        if problem := coded(headers.get(b"content-encoding", b"").decode("latin-1")):
            return problem
        kind = headers.get(b"content-type", b"").decode("latin-1")
        if self._most is not None and kind and not is_json(kind):
            return errors.UnsupportedMediaType(JSON_ONLY)
        charset = _CHARSET.search(kind)
        if is_json(kind) and charset and charset[1].lower() not in ("utf-8", "utf8", "us-ascii"):
            return errors.UnsupportedMediaType("JSON is read as UTF-8 only; leave the charset out, or say utf-8")
        return None


def _looked_at(receive: Receive, most: int, *, json: bool) -> Receive:
    """What a route reads of its body. FastAPI lets its own exception through while it reads one, and turns every other
    one into a 400."""
    got, whole, ended = 0, bytearray(), False

    async def looked_at() -> Message:
        nonlocal got, ended
        message = await receive()
        if message["type"] == "http.disconnect" and not ended:
            raise HTTPException(LEFT)
        ended = ended or not message.get("more_body", False)
        piece: bytes = message.get("body", b"")
        got += len(piece)
        if got > most:
            raise HTTPException(413, f"At most {most} bytes are read")
        if json:
            whole.extend(piece)
            if whole and message["type"] == "http.request" and not message.get("more_body", False):
                try:
                    strict_input.loads(bytes(whole))
                except errors.Malformed as wrong:
                    raise HTTPException(400, str(wrong)) from None
                whole.clear()
        return message

    return looked_at
