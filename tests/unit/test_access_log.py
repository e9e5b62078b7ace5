"""What was answered just before the end is in the log."""

from typing import Any

import pytest

from shared.http.middleware import Middleware
from shared.settings import GatewaySettings


async def test_a_stop_writes_what_was_collected(capsys: pytest.CaptureFixture[str]) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def receive() -> Any:
        return {"type": "lifespan.shutdown"}

    async def send(message: Any) -> None:
        if message["type"] == "lifespan.shutdown.complete":
            assert "last-words" in capsys.readouterr().err, "the server may exit as soon as it hears this"

    shell = Middleware(app, GatewaySettings(database_url="postgresql://x", redis_url="redis://x"), checks={})
    asked = {"type": "http", "method": "GET", "path": "/x", "headers": [(b"x-request-id", b"last-words")]}
    await shell(asked, receive, send)
    assert capsys.readouterr().err == ""
    await shell({"type": "lifespan"}, receive, send)
