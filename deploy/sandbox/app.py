"""Puts the sandbox together: the two played vendors, delivery, the control API and the home page.
What each of them answers is in its own file.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from deploy.sandbox import home
from deploy.sandbox.cloudinary import Cloudinary
from deploy.sandbox.control import Control, ControlError, refused
from deploy.sandbox.delivery import Delivery
from deploy.sandbox.openai import OpenAI
from deploy.sandbox.parts import DismissedError, Parts
from deploy.sandbox.vendors import Vendors


def make_app(parts: Parts) -> Starlette:
    async def front_page(_request: Request) -> Response:
        stored = await parts.handlers.run(lambda: sum(1 for _ in parts.shelf.records()))
        return HTMLResponse(home.page(parts.ledger.summary(), stored))

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        parts.shut()

    return Starlette(
        routes=[
            Route("/", front_page),
            Route("/healthz", _healthy),
            Route("/readyz", _ready),
            *Control(parts).routes(),
            *OpenAI(parts).routes(),
            *Vendors(parts).routes(),
            *Cloudinary(parts).routes(),
            *Delivery(parts).routes(),
        ],
        exception_handlers={ControlError: refused, ClientDisconnect: _unheard, DismissedError: _unheard},
        lifespan=lifespan,
    )


async def _healthy(_request: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _ready(_request: Request) -> Response:
    return JSONResponse({"status": "ready", "parts": {}})


async def _unheard(_request: Request, _problem: Exception) -> Response:
    """The caller left while it was still sending, or the process is ending: hardly anybody reads this."""
    return Response(status_code=503)
