"""Looks up the addresses of other servers, in threads of its own.

By asyncio's threads a name server that is silent would hold up all others who look up a name, and
the end of pyxie, which waits for them.
"""

from __future__ import annotations

import errno
import socket

from aiohttp.abc import AbstractResolver, ResolveResult

from pyxie.errors import BusyError
from pyxie.threads import Pool


class Resolver(AbstractResolver):
    """Asks the host's name servers, for one part of pyxie.

    Args:
        whose: That part.
    """

    def __init__(self, whose: str) -> None:
        self._pool = Pool(f"name servers, for {whose}")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of a host.

        Raises:
            OSError: None is known, or its name server does not answer.
        """
        try:
            return await self._pool.run(_looked_up, host, port, family)
        except BusyError as exc:
            raise OSError(errno.EAGAIN, str(exc)) from exc

    async def close(self) -> None:
        """Nothing is open; whoever hangs is not waited for."""


def _looked_up(host: str, port: int, family: socket.AddressFamily) -> list[ResolveResult]:
    found = socket.getaddrinfo(
        host, port, family=family, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
    )
    return [
        ResolveResult(
            hostname=host,
            # With the interface of a link-local address, "fe80::1%eth0" (RFC 4007 section 11).
            host=socket.getnameinfo(address, _NUMERIC)[0],
            port=int(address[1]),
            family=kind,
            proto=protocol,
            flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
        )
        for kind, _, protocol, _, address in found
    ]


_NUMERIC = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV
