"""Kernel and initrds of a machine in build mode, and what lies beside them; open to all.

A program that is no Linux kernel goes on to fetch more from where it came from: shim asks for
``grubx64.efi`` and ``revocations.efi``, ESXi's mboot for ``boot.cfg``. Each gets the file of that
name, or 404 at once; given the program's own bytes instead, shim would start itself again.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import lru_cache, partial

from aiohttp import web

from pyxie.bounds import HTTP_AT_HAND
from pyxie.builds.life import Build, GivenFile
from pyxie.config.values import mac as canonical
from pyxie.errors import BusyError, ConfigError, NotServedError
from pyxie.events.kind import Kind
from pyxie.events.kinds import ImageAbsent, ImageFailed, ImageFetching, ImageProgress
from pyxie.http.about import about_of
from pyxie.http.boot_api import boot_api_image
from pyxie.http.edge import is_by_hand, peer, unknown_machine
from pyxie.http.elsewhere import give, given_at_once
from pyxie.http.files import opened, send
from pyxie.http.mediafiles import medium_file
from pyxie.http.ownathand import AT_HAND
from pyxie.http.parts import BUILDS, DEFINITIONS, INDEX, OWN_FILES, POOLS, SETTINGS, TRACE
from pyxie.http.routing import OPEN, Call, Routes
from pyxie.http.sending import FileReply
from pyxie.images.spec import Local, OnMedium, Upstream, images_of, verified_by
from pyxie.images.wanted import Wanted
from pyxie.images.wanted import wanted as meant
from pyxie.openfile import OpenFile
from pyxie.registry.machine import Machine
from pyxie.verification.faults import VerificationError
from pyxie.verification.telling import told

routes = Routes()


def image_at_once(call: Call) -> FileReply | None:
    """Return a kernel or an initrd of a machine in build mode, where it is ready; see `image`."""
    app, words = call.app, call.words
    host, at = words["hostname"].lower(), words.get("at", "")
    build = app[INDEX].active(host)
    if build is None:
        return None
    machine, called = app[DEFINITIONS].of(build), app[DEFINITIONS].called(build)
    try:
        images = images_of(machine, called)
        wanted = meant(images, "initrd" if at else "kernel", at, words["name"], host)
    except NotServedError:
        return None
    if wanted.extra or isinstance(wanted.image, OnMedium):
        return None
    tell = partial(_told, app, build, host, call.client.name)
    given = partial(_given, app, build, wanted)
    if isinstance(wanted.image, Local):
        return _ours_at_once(app, wanted.image, wanted.part, tell, given)
    return given_at_once(app, wanted.image, wanted.part, tell, given)


@routes.get(
    "/boot/{hostname}/kernel/{name:.+}",
    "/boot/{hostname}/initrd/{at}/{name:.+}",
    scope=OPEN,
    sent_at_once=image_at_once,
)
async def image(request: web.Request) -> web.StreamResponse:
    """Give a machine in build mode its kernel or an initrd by number, or a file beside it."""
    return await _file_of(request, "initrd" if "at" in request.match_info else "kernel")


@routes.get("/boot/{hostname}/shim/{name:.+}", scope=OPEN)
async def shim(request: web.Request) -> web.StreamResponse:
    """Give a machine in build mode its system's shim, or a file beside it."""
    return await _file_of(request, "shim")


async def _file_of(request: web.Request, of: str) -> web.StreamResponse:
    host = request.match_info["hostname"].lower()
    build = request.app[INDEX].active(host)
    machine = request.app[DEFINITIONS].of(build) if build else _unknown_named(request, host)
    if build is None and (asked := await boot_api_image(request)) is not None:
        return asked
    if machine is None:
        raise NotServedError(host, "not in build mode")
    called = request.app[DEFINITIONS].called(build) if build else frozenset()
    at, name = request.match_info.get("at", ""), request.match_info["name"]
    wanted = meant(images_of(machine, called), of, at, name, host)
    match wanted.image:
        case Local() as local:
            settings, pool = request.app[SETTINGS](), request.app[POOLS].images
            find = request.app[AT_HAND].locate
            file = opened(pool, find, local, settings.images, settings.image_store.folders)
            return await _ours(request, build, wanted, local.written, file)
        case OnMedium(medium, name):
            file = medium_file(request, medium, name)
            return await _ours(request, build, wanted, f"{medium}.iso: {name}", file)
        case Upstream() as source:
            tell = partial(_tell, request, build)
            by_hand = build is None and is_by_hand(request, canonical(host))
            given = partial(_given, request.app, build, wanted)
            return await give(
                request,
                source,
                wanted.part,
                tell,
                extra=wanted.extra,
                by_hand=by_hand,
                given=given,
            )


async def _ours(
    request: web.Request,
    build: Build | None,
    wanted: Wanted,
    source: str,
    opening: AbstractAsyncContextManager[OpenFile],
) -> web.StreamResponse:
    """Give a file of ours.

    Args:
        request: Who asks.
        build: Of the machine.
        wanted: What it asks for.
        source: What the file is called in events.
        opening: Opens it.
    """
    part, pools = wanted.part, request.app[POOLS]
    pool = pools.media if isinstance(wanted.image, OnMedium) else pools.images

    def moved(sent: int, total: int | None) -> None:
        _tell(request, build, ImageProgress(part=part, sent=sent, total=total))

    try:
        async with opening as file:
            by = verified_by(wanted.image) or None
            digest = "" if isinstance(wanted.image, Upstream) else wanted.image.digest
            _tell(request, build, ImageFetching(part=part, total=file.size, verified=by))
            if digest:
                digest = await request.app[OWN_FILES].check(file, digest, source)
            if isinstance(wanted.image, Local):
                request.app[AT_HAND].keep(wanted.image, file)
            answer = await send(request, pool, file, moved)
            if digest and request.method == "GET":
                _given(request.app, build, wanted, digest)
            return answer
    except VerificationError as exc:
        _tell(request, build, told(exc, part, source))
        raise NotServedError(part, "is not what it should be; `pyxie events` says why") from exc
    except NotServedError as exc:
        failed = ImageFailed(part=part, source=exc.what, why=exc.why)
        _tell(request, build, ImageAbsent(part=part) if wanted.extra else failed)
        raise
    except BusyError as exc:
        _tell(request, build, ImageFailed(part=part, source=source, why=exc.why))
        raise


def _ours_at_once(
    app: web.Application,
    image: Local,
    part: str,
    tell: Callable[[Kind], None],
    given: Callable[[str], None],
) -> FileReply | None:
    """Return what `_ours` answers, where the file is at hand."""
    file = app[AT_HAND].get(image, app[SETTINGS]().images)
    if file is None:
        return None
    digest = app[OWN_FILES].known(file, image.digest) if image.digest else ""
    if image.digest and not digest:
        file.close()
        return None
    fetching = _fetching(part, file.size, verified_by(image) or None)

    def ended(whole: bool) -> None:
        file.close()
        if whole and digest:
            given(digest)

    return FileReply(
        about_of(file),
        file,
        app[POOLS].images.writers,
        lambda: tell(fetching),
        lambda sent, total: tell(ImageProgress(part=part, sent=sent, total=total)),
        ended,
    )


@lru_cache(HTTP_AT_HAND.whole)
def _fetching(part: str, total: int, verified: str | None) -> ImageFetching:
    """Return what is told of a file of ours, the same of all who are given it."""
    return ImageFetching(part=part, total=total, verified=verified)


def _given(app: web.Application, build: Build | None, wanted: Wanted, digest: str) -> None:
    """Note what a machine was given for its build; of a file beside another nothing is kept."""
    if build is not None and not wanted.extra:
        verified = verified_by(wanted.image)
        app[BUILDS].given(build, GivenFile(wanted.part, digest, verified))


def _unknown_named(request: web.Request, host: str) -> Machine | None:
    """Return what an unknown machine boots; its hostname is its MAC."""
    try:
        return unknown_machine(request, canonical(host)) if host.count("-") == 5 else None
    except (ConfigError, ValueError):
        return None


def _tell(request: web.Request, build: Build | None, image: Kind) -> None:
    if request.method == "GET":
        name = request.match_info["hostname"]
        _told(request.app, build, name, str(peer(request)), image)


def _told(
    app: web.Application, build: Build | None, name: str, peer_name: str, image: Kind
) -> None:
    mac, host = (build.mac, build.host) if build else (canonical(name), None)
    app[TRACE].record(image, mac=mac, host=host, peer=peer_name)
