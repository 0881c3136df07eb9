"""The page's stylesheet, scripts and icon: each under a name that changes with what is in it.

So browsers may keep them for good, and have the new ones at once after an upgrade.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from aiohttp import web

from pyxie.http.page.contentpolicy import HEADERS
from pyxie.http.parts import POOLS
from pyxie.http.routing import OPEN, Routes

routes = Routes()

_FOLDER: Final = Path(__file__).parent / "assets"
_KINDS: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_PATH: Final = "/page/assets/"
_KEPT: Final = "public, max-age=31536000, immutable"
_ASKED: Final = "no-cache"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file, as it is sent.

    Attributes:
        name: Of the file.
        body: What is in it.
        kind: Its media type.
    """

    name: str
    body: bytes
    kind: str

    @property
    def served(self) -> str:
        """Its name in URLs: ``page.4f1c0a9b2d3e.css``."""
        stem, _, ending = self.name.rpartition(".")
        return f"{stem}.{hashlib.sha256(self.body).hexdigest()[:12]}.{ending}"


@cache
def assets() -> Mapping[str, Asset]:
    """Return all, by the names of their files; they are read once, in a thread."""
    return {
        file.name: Asset(file.name, file.read_bytes(), _KINDS[file.suffix])
        for file in sorted(_FOLDER.iterdir())
        if file.suffix in _KINDS
    }


def asset(name: str) -> str:
    """Return the URL of one, for a template."""
    return _PATH + assets()[name].served


@cache
def _by_url() -> Mapping[str, tuple[Asset, str]]:
    named = {each.served: (each, _KEPT) for each in assets().values()}
    return named | {each.name: (each, _ASKED) for each in assets().values()}


@routes.get(_PATH + "{name}", scope=OPEN)
async def file(request: web.Request) -> web.Response:
    """Give one of them; by the name of an earlier version the one of now."""
    name = request.match_info["name"]
    known = await request.app[POOLS].pages.run(_by_url)
    stem, _, ending = name.rpartition(".")
    found = known.get(name) or known.get(f"{stem.rpartition('.')[0]}.{ending}")
    if found is None:
        raise web.HTTPNotFound
    sent, kept = found
    return web.Response(
        body=sent.body,
        content_type=sent.kind,
        charset="utf-8",
        headers={**HEADERS, "Cache-Control": kept},
    )
