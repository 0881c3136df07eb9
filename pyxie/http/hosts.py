"""Which machine a URL means."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from pyxie.http.bodies import aside
from pyxie.http.edge import admitted, printable
from pyxie.http.parts import INDEX, MACHINES
from pyxie.registry.registry import Registry


def host_of(request: web.Request) -> str:
    """Return the hostname that the URL means, which may name a file instead."""
    name = request.match_info["hostname"].lower()
    if request.app[INDEX].active(name):
        return name  # even where its file has been given another hostname since
    return request.app[MACHINES]().hostname_of(name)


async def known(request: web.Request) -> str:
    """Return the hostname that the URL means, for a route that is open to all.

    Raises:
        HTTPNotFound: Neither a file nor a build is of that name; near names are told to
            callers with management access only.
    """
    registry, host = request.app[MACHINES](), host_of(request)
    if registry.find(host) is None and request.app[INDEX].of(host) is None:
        names = await near(request, registry, host) if admitted(request) is None else []
        raise web.HTTPNotFound(text=unknown(host, names) + "\n")
    return host


async def near(request: web.Request, registry: Registry, host: str) -> list[str]:
    """Return names that ``host`` may have been meant to be; of ten thousand that takes a second."""
    return await aside(request, registry.near, host)


def unknown(name: str, near: Sequence[str]) -> str:
    """Return waitron's words for a host it does not know, and the near names."""
    hint = f"\nDid you mean {' or '.join(near)}?" if near else ""
    return f"Unable to find host definition for {printable(name)}{hint}"
