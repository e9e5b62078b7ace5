"""Ports of this machine: which are free, who answers. Nothing here knows what the product's processes are."""

import asyncio
import errno
import random
import socket

# Below the ports that systems give to outgoing connections, so that nobody takes one between choice and use.
_LOWEST, _HIGHEST = 20_000, 32_000


def free_port() -> int:
    """A port on which nobody listens on the loopback address."""
    while is_taken("127.0.0.1", port := random.randrange(_LOWEST, _HIGHEST)):
        pass
    return port


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


async def answers(port: int, path: str = "/readyz", seconds: float = 5.0) -> bool:
    """Whether the process on this port answers 200."""
    try:
        async with asyncio.timeout(seconds):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
                return (await reader.readline()).split(b" ")[1:2] == [b"200"]
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
