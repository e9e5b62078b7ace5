"""Whatever breaks in a service, and wherever: the one error body, or half an answer that does not pass for a whole one.

Applications that break, on a real port below our own protocol.
"""

import errno
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from fastapi import APIRouter
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.db.pool import DatabaseUnavailable
from shared.http.app import make_app
from shared.http.middleware import Middleware
from shared.http.protocol import bounded
from tests.service.gate import answer, get, listening, parse, raw, settings

CHOSEN = settings("http://127.0.0.1:1")

Breaks = Callable[[Scope, Receive, Send], Awaitable[None]]


async def at_once(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise LookupError("a defect")


async def without_a_word(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """Neither an answer nor an error."""


async def in_the_middle(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"half", "more_body": True})
    raise LookupError("a defect")


async def afterwards(_scope: Scope, _receive: Receive, send: Send) -> None:
    await answer(send, b"whole")
    raise LookupError("a defect")


def api(fault: Exception) -> ASGIApp:
    """A FastAPI application of ours whose only route raises it."""
    router = APIRouter()

    @router.get("/")
    async def _route() -> None:
        raise fault

    @asynccontextmanager
    async def resources() -> AsyncIterator[None]:
        yield

    return make_app(title="Broken", description="", resources=resources, routers=[router])


async def said(app: ASGIApp) -> bytes:
    """All that comes back for one request."""
    async with listening(app, http=bounded(CHOSEN)) as port:
        return await raw(port, get("/"))


@pytest.mark.parametrize("app", [at_once, without_a_word])
async def test_what_reaches_the_server_itself_is_answered_in_the_one_body(app: Breaks) -> None:
    found = parse(await said(app))
    assert (found.status, found.problem()["code"], found.header("connection")) == (500, "internal_error", "close")


@pytest.mark.parametrize("app", [at_once, api(LookupError("a defect"))], ids=["a bare lane", "a route"])
async def test_a_defect_is_answered_and_logged_once(app: ASGIApp, capsys: pytest.CaptureFixture[str]) -> None:
    found = parse(await said(Middleware(app, CHOSEN, checks={})))
    assert (found.status, found.problem()["code"]) == (500, "internal_error")
    output = capsys.readouterr()
    assert (output.out + output.err).count("request.crashed") == 1


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EMFILE, errno.ENOMEM])
async def test_a_machine_without_space_or_files_is_no_database(code: int) -> None:
    found = parse(await said(Middleware(api(OSError(code, "no more")), CHOSEN, checks={})))
    told = found.problem()
    assert (found.status, told["code"], told["retryable"], found.header("retry-after")) == (
        503,
        "unavailable",
        True,
        "10",
    )
    assert "machine" in told["detail"]


async def test_a_machine_that_opens_no_connection_to_postgres_does_not_blame_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    gone = DatabaseUnavailable("OSError")
    gone.__cause__ = OSError(errno.EMFILE, "Too many open files")
    told = parse(await said(Middleware(api(gone), CHOSEN, checks={}))).problem()
    assert "machine" in told["detail"]
    output = capsys.readouterr()
    assert "machine.full" in output.out + output.err
    away = parse(await said(Middleware(api(DatabaseUnavailable("away")), CHOSEN, checks={}))).problem()
    assert "database" in away["detail"]


async def test_another_error_of_the_operating_system_is_a_defect() -> None:
    found = parse(await said(Middleware(api(FileNotFoundError(errno.ENOENT, "none")), CHOSEN, checks={})))
    assert (found.status, found.problem()["code"]) == (500, "internal_error")


async def test_half_an_answer_does_not_pass_for_a_whole_one(capsys: pytest.CaptureFixture[str]) -> None:
    received = await said(Middleware(in_the_middle, CHOSEN, checks={}))
    assert b"half" in received
    assert not received.endswith(b"0\r\n\r\n")
    output = capsys.readouterr()
    assert "request.crashed" in output.out + output.err


async def test_an_error_after_the_answer_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
    found = parse(await said(Middleware(afterwards, CHOSEN, checks={})))
    assert (found.status, found.body) == (200, b"whole")
    output = capsys.readouterr()
    assert "request.crashed" in output.out + output.err
