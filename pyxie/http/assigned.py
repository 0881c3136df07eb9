"""To which NIC the build of a machine belongs that its `match` alone tells, over HTTP."""

from __future__ import annotations

from aiohttp import web

from pyxie.builds import assigning
from pyxie.builds.life import Build
from pyxie.http.edge import peer
from pyxie.http.parts import BUILDS, DEFINITIONS
from pyxie.registry.machine import Machine


async def assigned(request: web.Request, build: Build, mac: str) -> Machine | None:
    """Return what a NIC is built from; see `pyxie.builds.assigning`. To HEAD it is nobody's yet."""
    builds, definitions = request.app[BUILDS], request.app[DEFINITIONS]
    if request.method == "HEAD":
        return definitions.of(build)
    return await assigning.assigned(builds, definitions, build, mac, str(peer(request)))
