"""Ports of this machine: which are free, who answers. Nothing here knows what the product's processes are."""

import asyncio
import errno
import os
import random
import socket
from collections import deque

# Below the ports that systems give to outgoing connections, so that nobody takes one between choice and use.
_LOWEST, _HIGHEST = 20_000, 32_000


_MOST_KEPT = 64
_kept: deque[int] = deque()
"""Sockets that say to every program that chooses here: this port is given. They end with the process."""


def free_port() -> int:
    """A port on which nobody listens on the loopback address, and which no other caller, in whatever process, was given
    a short while ago: between choice and use there may be seconds.
    """
    while True:
        port = random.randrange(_LOWEST, _HIGHEST)
        if not is_taken("127.0.0.1", port) and _keep(port):
            return port


def _keep(port: int) -> bool:
    """Takes the datagram port of this number, which the product does not use. False: somebody else has it."""
    sign = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sign.bind(("127.0.0.1", port))
    except OSError as problem:
        sign.close()
        if problem.errno == errno.EADDRINUSE:
            return False
        raise
    _kept.append(sign.detach())
    if len(_kept) > _MOST_KEPT:
        os.close(_kept.popleft())
    return True


def is_taken(host: str, port: int) -> bool:
    """Whether a listener on `host` would fail, or clients would reach somebody else's."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # As servers do: a recently closed port is free.
        try:
            probe.bind((host, port))
        except OSError as problem:
            if problem.errno == errno.EADDRINUSE:
                return True
            raise
    with socket.socket(family) as probe:  # macOS lets two listeners share a port when one of them listens everywhere.
        probe.settimeout(0.5)
        return probe.connect_ex((host, port)) == 0


_NEAR = {"0.0.0.0": "127.0.0.1", "::": "::1"}


async def answers(port: int, path: str = "/readyz", seconds: float = 5.0, host: str = "127.0.0.1") -> bool:
    """Whether the process that listens on this address answers 200."""
    try:
        async with asyncio.timeout(seconds):
            reader, writer = await asyncio.open_connection(_NEAR.get(host, host), port)
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
                return (await reader.readline()).split(b" ")[1:2] == [b"200"]
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
