"""A client that leaves is no defect: nothing is logged as one, and whatever works for it is told.

The services themselves on a real port, in processes of their own, and bare sockets that close.
"""

import asyncio
import functools
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from shared.http.protocol import bounded
from tests.service.gate import eventually, get, listening, settings
from tests.stack import Process, Stack

IMAGES = "/api/v1/images"
FORM = "Content-Type: multipart/form-data; boundary=B"
PART = '--B\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\nhalf of'
JSON = "Content-Type: application/json"


def begun(method: str, path: str, kind: str, body: str) -> bytes:
    """A request whose body is longer than what comes of it."""
    return f"{method} {path} HTTP/1.1\r\nHost: darkroom\r\n{kind}\r\nContent-Length: 9000\r\n\r\n{body}".encode()


async def leave(port: int, sent: bytes) -> None:
    """Sends it and closes."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    await writer.drain()
    writer.transport.abort()


def answered(process: Process, route: str) -> list[Any]:
    """The statuses of this route in its access log."""
    return [line["status"] for line in process.events("request.answered") if line["route"] == route]


BEGUN = {
    "a form to validate": (f"{IMAGES}/validate", FORM, PART),
    "JSON to validate": (f"{IMAGES}/validate", JSON, '{"image_id":'),
    "an upload": (f"{IMAGES}/upload?business_id=1", FORM, PART),
    "JSON": (f"{IMAGES}/validate/reachability", JSON, '{"url":'),
}


@pytest.mark.parametrize("what", BEGUN)
async def test_who_leaves_in_the_middle_of_a_body_is_logged_as_that(stack: Stack, what: str) -> None:
    path, kind, body = BEGUN[what]
    route = path.partition("?")[0]
    before = len(answered(stack.upload, route))
    await leave(stack.upload.port, begun("POST", path, kind, body))
    await eventually("it is answered in the log", lambda: len(answered(stack.upload, route)) > before)
    assert answered(stack.upload, route)[before:] == [499]
    assert stack.upload.events("request.crashed") == []


async def test_who_leaves_a_list_crashes_nothing(stack: Stack) -> None:
    """Several at once on one connection: uvicorn tells only the last of them that nobody is there any more."""
    several = f"GET {IMAGES}?business_id=1 HTTP/1.1\r\nHost: darkroom\r\n\r\n".encode() * 20
    for process in (stack.gateway, stack.library):
        await asyncio.gather(*(leave(process.port, several) for _ in range(40)))
    for process in (stack.gateway, stack.library):
        await eventually("they came", functools.partial(answered, process, IMAGES))
        assert process.events("request.crashed") == []
        assert "without completing response" not in process.log


async def test_the_first_of_several_requests_is_told_that_its_client_left() -> None:
    told: list[str] = []

    async def waits(scope: Scope, receive: Receive, _send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        told.append(scope["path"])

    async with listening(waits, http=bounded(settings("http://127.0.0.1:1"))) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(get("/first").replace(b"Connection: close\r\n", b"") + get("/second"))
        await writer.drain()
        writer.transport.abort()
        await eventually("it is told", lambda: told == ["/first"])
