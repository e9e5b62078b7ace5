"""Puts the sandbox together: the two played vendors, delivery, the control API and the home page.
What each of them answers is in its own file.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from deploy.sandbox.control import home
from deploy.sandbox.control.guard import Guard
from deploy.sandbox.control.routes import Control, ControlError, refused
from deploy.sandbox.parts import DismissedError, Parts
from deploy.sandbox.pictures.painter import PictureRequest
from deploy.sandbox.stores.cloudinary import Cloudinary
from deploy.sandbox.stores.delivery import Delivery
from deploy.sandbox.vendors.openai import OpenAI
from deploy.sandbox.vendors.vendors import Vendors


def make_app(parts: Parts) -> ASGIApp:
    samples: dict[int, bytes] = {}
    one_at_a_time = asyncio.Lock()

    async def front_page(_request: Request) -> Response:
        return HTMLResponse(home.page())

    async def sample(request: Request) -> Response:
        """Each is painted once: anybody may ask, so asking must cost nothing."""
        number = request.path_params["number"]
        if number >= len(home.SAMPLES):
            return Response(status_code=404)
        async with one_at_a_time:
            if number not in samples:
                wanted = PictureRequest(home.SAMPLES[number], 480, 480, "webp", compression=85)
                samples[number] = await parts.painters.run(lambda: parts.painter.paint(wanted))
        return Response(samples[number], media_type="image/webp", headers={"Cache-Control": "public, max-age=3600"})

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        parts.shut()

    app = Starlette(
        routes=[
            Route("/", front_page),
            Route("/samples/{number:int}", sample),
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
    return Guard(app, parts.settings)


async def _healthy(_request: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _ready(_request: Request) -> Response:
    return JSONResponse({"status": "ready", "parts": {}})


async def _unheard(_request: Request, _problem: Exception) -> Response:
    """The caller left while it was still sending, or the process is ending: hardly anybody reads this."""
    return Response(status_code=503)
