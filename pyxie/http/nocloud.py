"""cloud-init's NoCloud seed: a folder with a build's token in its address.

The command line names it, ``ds=nocloud;s=URL/``; cloud-init appends the names of its files.
"""

from __future__ import annotations

from aiohttp import web

from pyxie.errors import NotServedError, RenderError
from pyxie.http.hosts import known
from pyxie.http.parts import BUILDS, DEFINITIONS
from pyxie.http.routing import Routes
from pyxie.http.templates import rendered, unrendered

_OPTIONAL = frozenset(("vendor-data", "network-config"))
"""What cloud-init asks for and does well without."""

routes = Routes()


@routes.called("/seed/{hostname}/{token}/{name}")
async def seed(request: web.Request) -> web.Response:
    """Give cloud-init one of its files."""
    host, name = await known(request), request.match_info["name"]
    build = request.app[BUILDS].admit(host, request.match_info["token"])
    if name in _OPTIONAL and not request.app[DEFINITIONS].of(build).templates.get(name):
        raise NotServedError(name, f"{host} has none; it is optional")
    try:
        return await rendered(request, build, name, "nocloud")
    except RenderError as exc:
        return unrendered(exc)
