"""Puts the sandbox together: the played companies, the control API and the home page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from deploy.sandbox.control import home, routes
from deploy.sandbox.control.guard import Guard
from deploy.sandbox.control.play import VendorError, refused
from deploy.sandbox.parts import EndingError, Parts
from deploy.sandbox.stores import cloudinary, delivery
from deploy.sandbox.vendors import openai, vendors


def make_app(parts: Parts) -> ASGIApp:
    """The whole server. It closes the ledger of `parts` when it ends."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        parts.ledger.shut()

    handlers: dict[Any, Any] = {
        VendorError: refused,
        HTTPException: _failed,
        RequestValidationError: _invalid,
        ClientDisconnect: _unheard,
        EndingError: _unheard,
    }
    app = FastAPI(openapi_url=None, exception_handlers=handlers, lifespan=lifespan)
    app.state.parts = parts
    for router in (home.router, routes.router, openai.router, vendors.router, cloudinary.router, delivery.router):
        app.include_router(router)
    return Guard(app, parts.settings)


async def _failed(_request: Request, problem: HTTPException) -> Response:
    return JSONResponse({"error": problem.detail}, problem.status_code, problem.headers)


async def _invalid(_request: Request, problem: RequestValidationError) -> Response:
    """For whoever writes a script."""
    lines = [f"{'.'.join(map(str, error['loc'][1:]))}: {error['msg']}".lstrip(": ") for error in problem.errors()]
    return JSONResponse({"error": "; ".join(lines)}, 422)


async def _unheard(_request: Request, _problem: Exception) -> Response:
    """The caller left while it was still sending, or the process is ending: hardly anybody reads this."""
    return Response(status_code=503)
