"""The least an HTTP server in Python can do, run by the same server with the same settings as ours.

`python -m bench.bare PORT BYTES`: GET answers so many bytes; POST drains and hashes the body, then answers them too.
"""

import hashlib
import sys

import uvicorn
from starlette.types import Receive, Scope, Send


class Bare:
    def __init__(self, size: int) -> None:
        self._body = b"x" * size
        self._headers = [(b"content-type", b"application/json"), (b"content-length", str(size).encode())]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        status = 200
        if scope["method"] == "POST":
            status, digest, more = 202, hashlib.sha256(), True
            while more:
                message = await receive()
                digest.update(message.get("body", b""))
                more = message.get("more_body", False)
            digest.hexdigest()
        await send({"type": "http.response.start", "status": status, "headers": self._headers})
        await send({"type": "http.response.body", "body": self._body})


if __name__ == "__main__":
    uvicorn.run(
        Bare(int(sys.argv[2])),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
    )
