"""What lies on media, straight out of their images: for installers, and open to all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import escape
from itertools import islice
from typing import Final
from urllib.parse import quote

from aiohttp import web

from pyxie.bounds import MEDIUM_LISTED
from pyxie.http.files import held, send
from pyxie.http.parts import MEDIA, POOLS
from pyxie.http.routing import OPEN, Routes
from pyxie.media.extents import Folder
from pyxie.media.isofolder import SUFFIX, open_file, open_image
from pyxie.openfile import OpenFile

routes = Routes()


@routes.get("/media/{medium}", scope=OPEN)
async def image(request: web.Request) -> web.StreamResponse:
    """Give a medium's whole image, as ``NAME.iso``: some installers mount it."""
    name = request.match_info["medium"]
    if not name.endswith(SUFFIX):
        raise web.HTTPMovedPermanently(f"/media/{quote(name)}/")
    lying, _ = request.app[MEDIA].served(name.removesuffix(SUFFIX))
    pool = request.app[POOLS].media
    async with held(pool, open_image, lying) as file:
        return await send(request, pool, file)


@routes.get("/media/{medium}/{name:.*}", scope=OPEN)
async def file_of_medium(request: web.Request) -> web.StreamResponse:
    """Give a file of a medium, or list a folder."""
    medium, name = request.match_info["medium"], request.match_info["name"]
    lying, found = request.app[MEDIA].find(medium, name)
    pool = request.app[POOLS].media
    if isinstance(found, Folder):
        if name and not name.endswith("/"):
            raise web.HTTPMovedPermanently(f"/media/{quote(medium)}/{quote(name)}/")
        page = await pool.run(_listing, found, f"{medium}/{name}")
        return web.Response(text=page, content_type="text/html", charset="utf-8")
    async with held(pool, open_file, lying, found, name) as file:
        return await send(request, pool, file)


@asynccontextmanager
async def medium_file(request: web.Request, medium: str, name: str) -> AsyncIterator[OpenFile]:
    """Give a file of a medium, open.

    Raises:
        NotServedError: There is none.
        BusyError: The file system of its image does not answer.
    """
    opening = request.app[MEDIA].opening(medium, name)
    async with held(request.app[POOLS].media, opening) as file:
        yield file


_PAGE: Final = """\
<!DOCTYPE html>
<title>{title}</title>
<h1>{title}</h1>
<ul>
{names}
</ul>
"""


def _listing(folder: Folder, title: str) -> str:
    """Return a page that links to what lies in a folder; programs read its links, too."""
    most = MEDIUM_LISTED.whole
    if len(folder.names) > most:
        MEDIUM_LISTED.reached()
    shown = [
        f"{name}/" if isinstance(node, Folder) else name
        for name, node in islice(folder.names.items(), most)
    ]
    lines = [f'<li><a href="{quote(name)}">{escape(name)}</a>' for name in sorted(shown)]
    return _PAGE.format(title=escape(title), names="\n".join(lines))
