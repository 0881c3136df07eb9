"""Files that are fetched ahead of machines, as somebody asks for them by words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aiohttp import web

from pyxie.errors import ConfigError
from pyxie.http.bodies import aside
from pyxie.http.edge import peer
from pyxie.http.parts import DEFINITIONS, INDEX, MACHINES, PREFETCHES, SETTINGS
from pyxie.images.spec import with_mirrors
from pyxie.imagestore.named import Named, Names
from pyxie.imagestore.prefetches import Prefetch


async def named(request: web.Request, word: str, arch: str) -> list[Named]:
    """Return the files that a word means; raises NotServedError and HTTPConflict."""
    app = request.app
    names = Names(app[MACHINES](), tuple(app[INDEX].active_now()), app[DEFINITIONS])
    try:
        return await aside(request, names.of, word, arch)
    except ConfigError as exc:
        raise web.HTTPConflict(text=str(exc)) from exc


async def begin(
    request: web.Request, words: Sequence[str], arch: str
) -> tuple[list[Prefetch], list[str]]:
    """Have fetched what words mean.

    Args:
        request: Who asks.
        words: Systems, machines, or URLs that one of them has.
        arch: Of systems, for which architecture; empty for all that each is for.

    Returns:
        How far each file is, which changes; and the words that name none of another server's.

    Raises:
        NotServedError: Nothing is called so, or nothing that is names it.
        HTTPConflict: What is meant has mistakes.
        BusyError: As many are fetched as may be; none of these is begun.
    """
    wanted: list[Named] = []
    nothing: list[str] = []
    mirrors = request.app[SETTINGS]().mirrors
    for word in words:
        found = await named(request, word, arch)
        wanted += [replace(each, source=with_mirrors(each.source, mirrors)) for each in found]
        if not found:
            nothing.append(word)
    return request.app[PREFETCHES].begin(wanted, str(peer(request))), nothing
