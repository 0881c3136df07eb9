"""A mirror for installers: files of a distribution's server by way of the image store, open to all.

What never changes is fetched once; of anything else it is asked each time whether it has changed.
"""

from __future__ import annotations

import logging
from typing import Final

from aiohttp import hdrs, web

from pyxie.errors import NotServedError
from pyxie.events.kind import Kind
from pyxie.events.kinds import ImageFailed, ImageMismatch, ImageStale, ImageUncached
from pyxie.http.elsewhere import give
from pyxie.http.parts import SETTINGS
from pyxie.http.routing import OPEN, Routes
from pyxie.images.spec import Upstream
from pyxie.imagestore.mirrored import digest_in, is_immutable, path_of
from pyxie.imagestore.policy import Revalidate
from pyxie.verification.expected import Expected

log = logging.getLogger(__name__)

routes = Routes()

_PART: Final = "the mirror's file"


@routes.get("/mirror/{mirror}/{name:.+}", scope=OPEN)
async def mirrored(request: web.Request) -> web.StreamResponse:
    """Give a file below a URL of the setting ``mirror``: an index, or a package."""
    name = request.match_info["mirror"]
    urls = request.app[SETTINGS]().mirror.get(name)
    if urls is None:
        raise NotServedError(name[:80], "is not one of 'mirror'")
    raw = request.rel_url.raw_path.split("/", 3)[3]
    path = "" if request.rel_url.raw_query_string else path_of(raw)
    if not path:
        raise NotServedError(raw[:80], "is no file's path in an archive")
    first, *others = (f"{url}/{path}" for url in urls)
    digest = digest_in(path)
    expected = Expected(sha256=digest, written="its name") if digest else None
    source = Upstream(first, mirrors=tuple(others), expected=expected)
    return await give(request, source, _PART, _tell, extra=True, revalidate=_policy(request, path))


def _policy(request: web.Request, path: str) -> Revalidate:
    # A client that was given what is damaged says so: apt by Acquire::http::No-Cache.
    doubts = "no-cache" in request.headers.get(hdrs.CACHE_CONTROL, "")
    return "never" if is_immutable(path) and not doubts else "always"


def _tell(kind: Kind) -> None:
    """Log what goes wrong: it is of no machine that has a name."""
    match kind:
        case ImageFailed(source=source, why=why):
            log.warning("mirror: %s: %s", source, why)
        case ImageMismatch(source=source, wanted=wanted, found=found, by=by):
            log.warning(
                "mirror: the SHA-256 of %s is %s, and should be %s by %s", source, found, wanted, by
            )
        case ImageStale(source=source, why=why):
            log.warning("mirror: %s: %s; the copy is served", source, why)
        case ImageUncached(source=source, why=why):
            log.warning("mirror: %s is not kept: %s", source, why)
        case _:
            pass
