"""Boot loaders by UEFI HTTP Boot, and what these ask for beside themselves; open to all."""

from __future__ import annotations

from aiohttp import web

from pyxie.errors import NotServedError
from pyxie.events.kinds import LoaderOverHttp, LoaderProgress
from pyxie.http.edge import here, mac_of, peer, text
from pyxie.http.files import opened, send
from pyxie.http.parts import LOADERS, POOLS, TRACE
from pyxie.http.routing import OPEN, Routes
from pyxie.loaders.autoexec import NAME, autoexec, is_autoexec

routes = Routes()


@routes.get("/loader/{mac}/{name:.+}", scope=OPEN)
async def loader(request: web.Request) -> web.StreamResponse:
    """Give UEFI HTTP Boot its boot loader, and what that asks for beside itself."""
    return await _given(request, request.match_info["name"], mac_of(request))


@routes.get("/{name:[^/]+[.]efi}", scope=OPEN)
async def of_the_root(request: web.Request) -> web.StreamResponse:
    """Give a shim what it starts, which may ask in the root, or a loader of that name."""
    return await _given(request, request.match_info["name"], None)


@routes.get(f"/{NAME}", scope=OPEN)
async def script(request: web.Request) -> web.StreamResponse:
    """Give an iPXE the script that it looks for in the root."""
    return await _given(request, NAME, None)


async def _given(request: web.Request, name: str, mac: str | None) -> web.StreamResponse:
    trace, pool, at = request.app[TRACE], request.app[POOLS].loaders, str(peer(request))
    told = request.method == "GET"
    try:
        asked = await pool.run(request.app[LOADERS].asked, name, at, mac)
    except NotServedError:
        if not is_autoexec(name):
            raise
        if told:
            trace.record(LoaderOverHttp(name=name), mac=mac, peer=at)
        return text(autoexec(here(request), mac))

    def moved(sent: int, total: int | None) -> None:
        trace.record(LoaderProgress(name=name, sent=sent, total=total), mac=asked.mac, peer=at)

    async with opened(pool, lambda: asked.path) as file:
        if told:
            trace.record(LoaderOverHttp(name=name), mac=asked.mac, peer=at)
        return await send(request, pool, file, moved)
