"""To which NIC the build of a machine belongs that its `match` alone tells."""

from __future__ import annotations

from aiohttp import web

from pyxie.builds.life import Build
from pyxie.http.edge import peer
from pyxie.http.parts import BUILDS, DEFINITIONS
from pyxie.registry.machine import Machine


async def assigned(request: web.Request, build: Build, mac: str) -> Machine | None:
    """Return what a NIC is built from, noting that it is, or None if the build is another's.

    Args:
        request: Who asks.
        build: Of the machine that the NIC is recognised as.
        mac: The NIC. One of a machine without a `match` is in its file, or in its build.

    Returns:
        The machine by the settings in force when this returns.
    """
    definitions = request.app[DEFINITIONS]
    machine = definitions.of(build)
    if machine.match is None or build.mac == mac or request.method == "HEAD":
        return machine
    named = {*machine.macs, *build.macs}
    if not await request.app[BUILDS].assign(build, mac, str(peer(request)), named=named):
        return None
    return definitions.of(build)
