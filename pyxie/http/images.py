"""The REST API of the image store: what is kept, and what is to be."""

from __future__ import annotations

from typing import Annotated, Any

from aiohttp import web
from pydantic import AfterValidator, Field

from pyxie.access.scope import Scope
from pyxie.bounds import PREFETCH_WORDS
from pyxie.config.validate import Model
from pyxie.config.values import ArchName
from pyxie.errors import BusyError, NotServedError
from pyxie.http import ahead
from pyxie.http import imageanswers as answers
from pyxie.http.bodies import body, large
from pyxie.http.edge import peer
from pyxie.http.parts import IMAGE_STORE, PREFETCHES, SETTINGS
from pyxie.http.query import Seconds, query
from pyxie.http.routing import Routes
from pyxie.imagestore.entry import Entry, key_of
from pyxie.imagestore.imagecache import HeldError
from pyxie.imagestore.policy import taken_by
from pyxie.imagestore.prefetches import Prefetch

routes = Routes()


class OfImages(Model):
    """Which copies are listed.

    Attributes:
        of: Only those of a system, a machine, or a URL; without, all.
        arch: Of a system, which architecture's; without, all.
    """

    of: Annotated[str, Field(max_length=2048)] = ""
    arch: ArchName | None = None


@routes.get("/api/v1/images", query=OfImages, answer=answers.Images, errors=(404, 409))
async def listing(request: web.Request) -> web.Response:
    """List the copies in the image store, and what is on its way there."""
    of, store = query(request, OfImages), request.app[IMAGE_STORE]
    keys: set[str] | None = None
    if of.of:
        named = await ahead.named(request, of.of, of.arch or "")
        keys = {key_of(each.source.url, each.source.reach) for each in named}
    entries, most = store.cache.entries(), request.app[SETTINGS]().image_store.size
    coming = [
        {
            "id": each.key,
            "url": each.url,
            "there": each.written,
            "size": each.head.size if each.head else None,
        }
        for each in store.fetching()
    ]
    problem = store.problem

    def told() -> dict[str, Any]:
        chosen = [each for each in entries if keys is None or each.key in keys]
        chosen.sort(key=lambda each: (each.url, each.key))
        return {
            "images": [_told(each) for each in chosen],
            "fetching": coming,
            "size": taken_by(entries),
            "most": most,
            "problem": problem,
        }

    return await large(request, told)


def _some(words: tuple[str, ...]) -> tuple[str, ...]:
    if len(words) > PREFETCH_WORDS.whole:
        PREFETCH_WORDS.reached()
        raise ValueError(f"at most {PREFETCH_WORDS.whole} {PREFETCH_WORDS.unit}")
    return words


class ToFetch(Model):
    """What is to be in the store.

    Attributes:
        what: Systems, machines, or URLs that one of them has.
        arch: Of systems, for which architecture; without, for all that each is for.
    """

    what: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=2048)], ...],
        Field(min_length=1),
        AfterValidator(_some),
    ]
    arch: ArchName | None = None


@routes.post(
    "/api/v1/images/fetch",
    scope=Scope.BUILD,
    body=ToFetch,
    may_be_empty=False,
    answer=answers.Begun,
    status=202,
    errors=(404, 409),
)
async def fetch(request: web.Request) -> web.Response:
    """Have the newest of what systems and machines name in the store, before any boots it."""
    wanted: ToFetch = await body(request, ToFetch)
    begun, nothing = await ahead.begin(request, wanted.what, wanted.arch or "")
    told = {"fetches": [_how_far(each) for each in begun], "nothing": nothing}
    return web.json_response(told, status=202)


@routes.get("/api/v1/images/fetches", answer=answers.Prefetches)
async def fetches(request: web.Request) -> web.Response:
    """List what is fetched before machines ask for it, and how far that has come."""
    found = request.app[PREFETCHES].all()
    return web.json_response({"fetches": [_how_far(each) for each in found]})


@routes.delete(
    "/api/v1/images/fetches/{image}",
    scope=Scope.BUILD,
    answer=answers.Cancelled,
    errors=(404, 409),
)
async def cancel(request: web.Request) -> web.Response:
    """End a fetch that is under way or waits, and keep nothing of it.

    What a machine is given as it comes goes on, for it boots of that.
    """
    key = request.match_info["image"]
    try:
        url = await request.app[PREFETCHES].cancel(key, str(peer(request)))
    except NotServedError as exc:
        raise NotServedError(repr(key[:80]), "no such file is being fetched") from exc
    except HeldError as exc:
        raise web.HTTPConflict(text=f"{key[:80]}: {exc}; cancel its build first") from exc
    return web.json_response({"id": key, "url": url})


class ToPrune(Model):
    """What is to be removed.

    Attributes:
        unused: Seconds for which it was not wanted.
    """

    unused: Seconds = 0.0


@routes.post("/api/v1/images/prune", body=ToPrune, answer=answers.Removed)
async def prune(request: web.Request) -> web.Response:
    """Remove copies that nobody has wanted for a time; none that is pinned, served or needed."""
    wanted: ToPrune = await body(request, ToPrune)
    cache = request.app[IMAGE_STORE].cache
    gone = await cache.prune(wanted.unused)
    left = {each.digest for each in cache.entries()}
    size = taken_by(each for each in gone if each.digest not in left)
    return await large(request, lambda: {"removed": [_told(each) for each in gone], "size": size})


@routes.post("/api/v1/images/{image}/verify", answer=answers.Verified, errors=(404,))
async def verify(request: web.Request) -> web.Response:
    """Read a copy from disk, and tell which digest it has; a damaged one is removed."""
    entry = _entry(request)
    found = await request.app[IMAGE_STORE].cache.verify(entry.key)
    return web.json_response(
        {
            "id": entry.key,
            "url": entry.url,
            "digest": entry.digest,
            "found": found,
            "whole": found == entry.digest,
        }
    )


@routes.delete("/api/v1/images/{image}", answer=answers.Image, errors=(404, 409))
async def discard(request: web.Request) -> web.Response:
    """Remove one copy; none that is pinned, being sent, or needed by a machine in build mode."""
    entry = _entry(request)
    try:
        gone = await request.app[IMAGE_STORE].cache.discard(entry.key)
    except HeldError as exc:
        raise web.HTTPConflict(text=f"{entry.url}: {exc}") from exc
    return web.json_response(_told(gone))


@routes.put("/api/v1/images/{image}/pin", answer=answers.Image, errors=(404,))
async def pin(request: web.Request) -> web.Response:
    """Keep a copy until it is unpinned, whatever else needs room."""
    return await _pinned(request, pinned=True)


@routes.delete("/api/v1/images/{image}/pin", answer=answers.Image, errors=(404,))
async def unpin(request: web.Request) -> web.Response:
    """Let a copy go when there is no room, as any other."""
    return await _pinned(request, pinned=False)


async def _pinned(request: web.Request, *, pinned: bool) -> web.Response:
    entry = _entry(request)
    try:
        now = await request.app[IMAGE_STORE].cache.pin(entry.key, pinned=pinned)
    except OSError as exc:
        why = f"it counts until pyxie is restarted, but cannot be written: {exc.strerror}"
        raise BusyError("images", why) from exc
    return web.json_response(_told(now))


def _entry(request: web.Request) -> Entry:
    """Return the copy that a request is about."""
    key = request.match_info["image"]
    found = request.app[IMAGE_STORE].cache.get(key)
    if found is None:
        raise NotServedError(repr(key[:80]), "the store has no such image")
    return found


def _told(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.key,
        "url": entry.url,
        "digest": entry.digest,
        "size": entry.size,
        "content_type": entry.content_type,
        "verified": entry.verified,
        "fetched": entry.fetched,
        "checked": entry.checked,
        "used": entry.used,
        "pinned": entry.pinned,
    }


def _how_far(fetch: Prefetch) -> dict[str, Any]:
    return {
        "id": fetch.key,
        "by": fetch.by,
        "part": fetch.part,
        "url": fetch.url,
        "state": str(fetch.stage),
        "there": fetch.there,
        "size": fetch.size,
        "why": fetch.why,
        "verified": fetch.verified,
    }
