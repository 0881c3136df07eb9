"""To which NIC the build of a machine belongs that its `match` alone tells."""

from __future__ import annotations

from aiohttp import web

from pyxie.builds.life import Build
from pyxie.http.edge import peer
from pyxie.http.parts import BUILDS
from pyxie.registry.machine import Machine


async def assigned(request: web.Request, build: Build, machine: Machine, mac: str) -> bool:
    """Return whether a NIC may boot what a build serves, and note that it does.

    Args:
        request: Who asks.
        build: Of the machine that the NIC is recognised as.
        machine: What it is built from.
        mac: The NIC. One of a machine without a `match` is in its file, or in its build.
    """
    if machine.match is None or build.mac == mac or request.method == "HEAD":
        return True
    named = {*machine.macs, *build.macs}
    return await request.app[BUILDS].assign(build, mac, str(peer(request)), named=named)
