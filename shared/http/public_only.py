"""Connecting to public addresses only: for whoever fetches what somebody else names (server-side request forgery).

A name is resolved once, all its addresses are judged by `addresses`, and the connection goes to one of those: a name
that leads elsewhere a moment later changes nothing.
"""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor

from aiohttp.abc import AbstractResolver, ResolveResult

from shared.domain import addresses
from shared.domain.addresses import Allowed, Fault

_AT_ONCE = 16
"""Names looked up at the same time."""


class NotPublic(Exception):
    """An address that is not fetched; `fault` says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.actual)
        self.fault = fault


class PublicOnly(AbstractResolver):
    """Resolves a name and refuses it where any of its addresses is not public. Literal addresses never come here."""

    def __init__(self, allowed: Allowed) -> None:
        self._allowed = allowed
        # Not the loop's own threads: whoever runs a slow name server could keep all of them busy.
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="probe-names")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """All addresses of the name. Raises NotPublic, and OSError where there is none."""
        try:
            resolved = await asyncio.get_running_loop().run_in_executor(
                self._threads, lambda: socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
            )
        except UnicodeError as wrong:
            raise OSError("no such name") from wrong
        literals = [str(address[0]) for *_, address in resolved]
        if (host.lower(), port) not in self._allowed:
            for literal in literals:
                if word := addresses.of_ip(literal):
                    raise NotPublic(addresses.not_public(word))
        return [
            ResolveResult(
                hostname=host, host=literal, port=port, family=kind, proto=proto,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for literal, (kind, _, proto, *_) in zip(literals, resolved, strict=True)
        ]  # fmt: skip

    async def close(self) -> None:
        """Does not wait for names that are still being looked up."""
        self._threads.shutdown(wait=False, cancel_futures=True)
