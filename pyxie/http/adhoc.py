"""The REST API of `pyxie boot`: what machines boot for as long as somebody renews it.

It is no build: nothing is stored, no token is made, and a machine that is in build mode goes
on with that.
"""

from __future__ import annotations

import secrets
import time
from typing import Annotated, Any
from urllib.parse import unquote

from aiohttp import web
from pydantic import AfterValidator, Field, model_validator

from pyxie.adhoc.boots import AdHocBoot, TakenError
from pyxie.adhoc.making import UnfitError, of_kernel, of_system
from pyxie.bounds import AD_HOC_FILES, AD_HOC_MACS, Bound
from pyxie.config.initrd import Initrds
from pyxie.config.validate import Model
from pyxie.config.values import AMD64, ArchName, HttpUrl, Mac
from pyxie.config.values import mac as canonical
from pyxie.errors import ConfigError, NotServedError, RenderError
from pyxie.http import answers
from pyxie.http.bodies import aside, body
from pyxie.http.boot_api import give_to
from pyxie.http.edge import base_url, here
from pyxie.http.parts import ADHOC, INTERFACES, MACHINES, POOLS, RECOGNISER, RENDERING, SETTINGS
from pyxie.http.routing import NOTHING, OPEN, Routes
from pyxie.http.verified import UnverifiedError, verified
from pyxie.images.spec import Upstream, check_ours, images_of, served_name, source
from pyxie.recognition.recognise import AdHoc, Known, Mode, settled
from pyxie.registry.define import Common, Definition
from pyxie.registry.machine import Machine
from pyxie.render.context import BuildContext

routes = Routes()

_NOBODY = "02:00:00:00:00:00"


def _no_more_than(bound: Bound) -> AfterValidator:
    def check(given: tuple[Any, ...]) -> tuple[Any, ...]:
        if len(given) > bound.whole:
            bound.reached()
            raise ValueError(f"at most {bound.whole} {bound.unit}")
        return given

    return AfterValidator(check)


class Wanted(Model):
    """What is to be booted: a ``kernel``, or a system.

    Attributes:
        kernel: A URL; or a file of the folder ``images``.
        initrd: The same; one, or a list, as in a machine's file.
        os: The name of a recipe, for somebody at the screen: without its templates.
        arch: Which processor the recipe is for.
        cmdline: The kernel's command line, a template; of a recipe, what follows its own.
        macs: The machines that boot it; without, all that pyxie does not know.
        files: URLs that the command line leads to, by way of pyxie: the first is at
            ``{{ BaseURL }}/boot/{{ Hostname }}/file/0/NAME``.
        once: Each machine boots it once: it lasts without being renewed until that has loaded it,
            or for a quarter of an hour.
    """

    kernel: Annotated[str, Field(max_length=2048)] = ""
    initrd: Annotated[Initrds, _no_more_than(AD_HOC_FILES)] = ()
    os: Annotated[str, Field(max_length=64)] = ""
    arch: ArchName = AMD64
    cmdline: str = ""
    macs: Annotated[tuple[Mac, ...], _no_more_than(AD_HOC_MACS)] = ()
    files: Annotated[tuple[HttpUrl, ...], _no_more_than(AD_HOC_FILES)] = ()
    once: bool = False

    @model_validator(mode="after")
    def _is_one(self) -> Wanted:
        if bool(self.kernel) == bool(self.os):
            raise ValueError("say either 'kernel' or 'os'")
        if self.os and self.initrd:
            raise ValueError("'initrd' is for a 'kernel'; a recipe has its own")
        if self.once and not (self.macs and not self.files):
            raise ValueError("'once' is for machines that 'macs' names, and without 'files'")
        return self


@routes.post(
    "/api/v1/boots",
    body=Wanted,
    may_be_empty=False,
    answer=answers.BegunAdHocBoot,
    status=201,
    errors=(409,),
)
async def begin(request: web.Request) -> web.Response:
    """Let machines boot something now, for twenty seconds from each renewal; or once."""
    boot, advice = await put_in_force(request, await body(request, Wanted))
    interfaces, mode = request.app[INTERFACES](), request.app[SETTINGS]().dhcp.mode
    where = {"interfaces": interfaces.answering, "dhcp": mode, "advice": advice}
    return web.json_response({**_as_json(boot), **where}, status=201)


async def put_in_force(request: web.Request, wanted: Wanted) -> tuple[AdHocBoot, tuple[str, ...]]:
    """Put a boot by hand in force.

    Returns:
        It, and what of its files could not be verified, a sentence each.

    Raises:
        HTTPBadRequest: No machine could boot that.
        HTTPConflict: One of the machines boots something else, or nobody can be answered.
    """
    shared = request.app[MACHINES]().shared
    machine, definition = await aside(request, _made, wanted, shared)
    boot = AdHocBoot(
        id=secrets.token_hex(8),
        begun=time.time(),
        macs=frozenset(wanted.macs),
        machine=machine,
        files=wanted.files,
        once=wanted.once,
    )
    await _try(request, boot, shared.cookbook.about(wanted.os).needs if wanted.os else "")
    advice = await _verified(request, definition) if definition is not None else ()
    for mac in sorted(boot.macs):
        known = settled(request.app[RECOGNISER].of(mac))
        if isinstance(known, Known) and known.mode is Mode.IN_BUILD:
            host = known.host
            why = f"{host} is in build mode, and boots what its build says: pyxie cancel {host}"
            raise web.HTTPConflict(text=why)
    interfaces = request.app[INTERFACES]()
    if interfaces.first() is None:
        why = f"nobody can be answered: no interface has an IPv4 address (served: {interfaces})"
        raise web.HTTPConflict(text=why)
    try:
        request.app[ADHOC].begin(boot)
    except TakenError as exc:
        raise web.HTTPConflict(text=str(exc)) from exc
    return boot, advice


def _made(wanted: Wanted, shared: Common) -> tuple[Machine, Definition | None]:
    """Return what is booted, under nobody's name; of a system, with the place of each value."""
    try:
        if wanted.os:
            found = of_system(shared, wanted.os, wanted.arch, wanted.cmdline)
            return found.machine, found
        return of_kernel(wanted.kernel, wanted.initrd, wanted.cmdline), None
    except (ConfigError, UnfitError) as exc:
        raise web.HTTPBadRequest(text=str(exc)) from exc


async def _try(request: web.Request, boot: AdHocBoot, needs: str) -> None:
    """Have the script made once, so that a mistake is told to whoever made it."""
    context = BuildContext(base_url=base_url(request), token=boot.id, mac=_NOBODY)
    machine, settings = boot.machine_of(_NOBODY), request.app[SETTINGS]()
    folders = settings.images, settings.isos, settings.image_store.folders
    try:
        await request.app[POOLS].images.run(check_ours, images_of(machine), *folders)
        await request.app[RENDERING].script(machine, context, here(request))
    except (NotServedError, RenderError) as exc:
        why = f"{exc}; what this system needs: {needs}" if needs else str(exc)
        raise web.HTTPBadRequest(text=why) from exc


async def _verified(request: web.Request, definition: Definition) -> tuple[str, ...]:
    """Return what could not be verified of a system's files; refuse what is known to be wrong."""
    try:
        return await verified(request, definition, frozenset())
    except UnverifiedError as exc:
        raise web.HTTPBadRequest(text=str(exc)) from exc


@routes.get("/api/v1/boots", answer=answers.AdHocBoots)
async def listing(request: web.Request) -> web.Response:
    """List what machines boot by hand."""
    return web.json_response({"boots": [_as_json(each) for each in request.app[ADHOC].all()]})


@routes.post("/api/v1/boots/{boot}/renew", answer=NOTHING, status=204, errors=(404,), audited=False)
async def renew(request: web.Request) -> web.Response:
    """Have a boot by hand last for another twenty seconds; none that is for once."""
    if not request.app[ADHOC].renew(request.match_info["boot"]):
        raise web.HTTPNotFound(text="it has ended")
    return web.Response(status=204)


@routes.delete("/api/v1/boots/{boot}", answer=NOTHING, status=204, errors=(404,))
async def end(request: web.Request) -> web.Response:
    """End a boot by hand at once: machines are answered as before."""
    if not request.app[ADHOC].end(request.match_info["boot"]):
        raise web.HTTPNotFound(text="it has ended")
    return web.Response(status=204)


def _as_json(boot: AdHocBoot) -> dict[str, Any]:
    images = images_of(boot.machine)
    return {
        "id": boot.id,
        "begun": boot.begun,
        "macs": sorted(boot.macs),
        "os": boot.machine.os,
        "kernel": source(images.kernel),
        "initrd": [source(each) for each in images.initrds],
        "seconds": boot.lease.whole,
        "once": boot.once,
    }


@routes.get("/boot/{hostname}/file/{at}/{name:.+}", scope=OPEN)
async def file(request: web.Request) -> web.StreamResponse:
    """Give what the command line of `pyxie boot` leads to, by number."""
    host, number = request.match_info["hostname"], request.match_info["at"]
    try:
        mac = canonical(host) if host.count("-") == 5 else ""
    except ValueError:
        mac = ""
    found = settled(request.app[RECOGNISER].of(mac)) if mac else None
    if not isinstance(found, AdHoc):
        raise NotServedError(host, "nobody boots it by hand")
    files = found.boot.files
    if not number.isdecimal() or len(number) > 3 or int(number) >= len(files):
        raise NotServedError(f"file {number}", f"its command line names {len(files)}")
    image = Upstream(files[int(number)])
    own = unquote(served_name(image))
    if request.match_info["name"] != own:
        raise NotServedError(f"file {number}", f"is {own}")
    return await give_to(request, mac, image, f"file {number}", by_hand=True)
