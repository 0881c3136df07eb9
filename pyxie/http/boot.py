"""The HTTP half of a boot: iPXE script, folders of files; open to all.

A machine that is not in build mode gets nothing here but a sentence for its screen. Its loader is
in `pyxie.http.loaderfiles`, its kernel and initrds in `pyxie.http.bootfiles`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from aiohttp import web

from pyxie.adhoc.boots import AdHocBoot
from pyxie.builds.assigning import assigned_already
from pyxie.builds.builds import InvalidTokenError
from pyxie.builds.life import Build
from pyxie.builds.unasked import check, check_unknown, may
from pyxie.config.values import dashed
from pyxie.config.values import mac as canonical
from pyxie.confined import find
from pyxie.errors import BusyError, ConfigError, NotServedError, RenderError
from pyxie.events.kinds import (
    AdHocScriptSent,
    Booting,
    MenuShown,
    ScriptFailed,
    ScriptRefused,
    ScriptSent,
    ScriptSentOn,
    UnknownBooted,
)
from pyxie.http.assigned import assigned
from pyxie.http.boot_api import boot_api_script
from pyxie.http.caller import Client
from pyxie.http.edge import (
    PLAIN,
    base_url,
    base_url_for,
    here,
    here_for,
    local,
    mac_of,
    peer,
    text,
    unknown_machine,
)
from pyxie.http.files import opened, send
from pyxie.http.parts import (
    ADHOC,
    AHEAD,
    BUILDS,
    CHAINS,
    DEFINITIONS,
    DISCOVERY,
    NETBOOTS,
    POOLS,
    RECOGNISER,
    RENDERING,
    SECURE_BOOT,
    SETTINGS,
    TRACE,
)
from pyxie.http.routing import OPEN, Call, Reply, Routes
from pyxie.recognition.recognise import (
    AdHoc,
    Known,
    Policy,
    Recognised,
    Unidentified,
    Unknown,
    concerns,
    host_of,
    settled,
    why_not,
)
from pyxie.render.context import BuildContext
from pyxie.workers.jobs import Judged

routes = Routes()


@routes.get("/boot.ipxe", scope=OPEN)
async def entry(request: web.Request) -> web.Response:
    """Send any iPXE to the script of the NIC it came by: for a site's own DHCP server."""
    url = f"{here(request)}/ipxe/${{netX/mac}}?sb=${{efi/SecureBoot}}"
    return text(f"#!ipxe\nchain --replace --autofree {url}\n")


def script_at_once(call: Call) -> Reply | None:
    """Return the script of a machine in build mode, where it is ready; see `script`."""
    said = _SECURE_BOOT.get(call.head.query)
    try:
        mac = canonical(call.word)
    except ValueError:
        return None
    app, caller = call.app, call.client.caller
    match app[RECOGNISER].anew(mac):
        case Known(build=Build(active=True) as build) if said is not None:
            machine = assigned_already(app[DEFINITIONS], build, mac)
        case _:
            return None
    if machine is None or machine.pxeevent_commands:
        return None
    base, us = base_url_for(app, caller), here_for(app, caller)
    made = app[RENDERING].script_ready(build, machine, mac, base, us)
    if made is None or not may(build, machine, made.forecast):
        return None
    # Of one that is recognised by more than its NIC, what it reports may make it another's.
    lasts = app[RECOGNISER].in_build(mac) is not None
    tell = _telling(app, mac, build.host, said)
    return Reply(PLAIN, made.text.encode(), build if lasts else None, tell)


def _telling(app: web.Application, mac: str, host: str, said: str) -> Callable[[Client], None]:
    """Return what takes note that a machine was sent its script at once."""
    secure_boot, ahead, chains, trace = app[SECURE_BOOT], app[AHEAD], app[CHAINS], app[TRACE]

    def tell(client: Client) -> None:
        secure_boot.runs_ipxe(mac)
        if said:
            secure_boot.by_ipxe(mac, said)
        ahead.came_by(client.caller.local)
        chains.forget(mac)
        trace.gather(_SENT, mac, host, client.name)

    return tell


_SENT: Final = ScriptSent()
_SECURE_BOOT: Final = {"": "", "sb=": "", "sb=00": "00", "sb=01": "01"}
"""What iPXE says of Secure Boot, by its whole query."""


@routes.get("/ipxe/{mac}", scope=OPEN, at_once=script_at_once)
async def script(request: web.Request) -> web.Response:
    """Give iPXE the script for its NIC; what is wrong is said on the machine's screen."""
    mac = mac_of(request)
    _note_secure_boot(request, mac)
    found = _recognised(request, mac)
    if isinstance(found, Unknown):
        answer = await boot_api_script(request, mac)
        if answer is not None:
            return answer
        found = request.app[RECOGNISER].of(mac)  # as it is by now: that may have taken seconds
    match found:
        case Unidentified():
            return text(await request.app[RENDERING].ask(mac, here(request)))
        case Known(build=Build(active=True) as build):
            return await _of_build(request, mac, build)
        case AdHoc(boot=boot):
            return await _by_hand(request, mac, boot)
        case Unknown():
            return await _of_unknown(request, mac, found) or await _refused(request, mac, found)
        case _:
            return await _refused(request, mac, found)


def _note_secure_boot(request: web.Request, mac: str) -> None:
    """Note that an iPXE runs, and what it says of Secure Boot, if it can."""
    if request.method == "GET":
        request.app[SECURE_BOOT].runs_ipxe(mac)
        request.app[SECURE_BOOT].by_ipxe(mac, request.query.get("sb", ""))


def _recognised(request: web.Request, mac: str) -> Recognised:
    recogniser = request.app[RECOGNISER]
    if "asked" not in request.query:
        return recogniser.anew(mac)
    recogniser.by_ipxe(mac, dict(request.query), peer(request))
    request.app[DISCOVERY].note(mac, dict(request.query))
    return recogniser.of(mac)


async def _refused(request: web.Request, mac: str, found: Recognised) -> web.Response:
    trace, rendering, why = request.app[TRACE], request.app[RENDERING], why_not(found)
    machine, host, at = host_of(found) or mac, concerns(found), str(peer(request))
    if request.app[RECOGNISER].goes_on(found):
        trace.record(ScriptSentOn(why=why), mac=mac, host=host, peer=at)
        return text(await rendering.local(f"{machine} is {why}"))
    trace.record(ScriptRefused(machine=machine, why=why), mac=mac, host=host, peer=at)
    return text(await rendering.notice(f"{machine} is {why}", "", again=False))


async def _of_build(request: web.Request, mac: str, build: Build) -> web.Response:
    """Return the script of a machine in build mode."""
    trace, rendering, us = request.app[TRACE], request.app[RENDERING], here(request)
    host, at = build.host, str(peer(request))
    machine = await assigned(request, build, mac)
    if machine is None:
        return await _of_another(request, mac, build)
    request.app[AHEAD].came_by(local(request))
    try:
        made = await rendering.script_of(build, machine, mac, base_url(request), us)
        check(build, machine, made.forecast)
    except (BusyError, NotServedError, RenderError) as exc:
        trace.record(ScriptFailed(why=str(exc)), mac=mac, host=host, peer=at)
        why = f"{build.host}: {exc}"
        return text(await rendering.notice(why, f"{us}/ipxe/{dashed(mac)}", again=True))
    if request.method == "GET":
        request.app[CHAINS].forget(mac)
        trace.record(_SENT, mac=mac, host=host, peer=at)
        await request.app[NETBOOTS].note(build, mac)
    return text(made.text)


async def _of_another(request: web.Request, mac: str, build: Build) -> web.Response:
    """Return the script of a machine whose build became another's, or ended, while it asked."""
    match request.app[RECOGNISER].of(mac):
        case Known(build=Build(active=True, token=token) as newer) if token != build.token:
            return await _of_build(request, mac, newer)
        case found:
            return await _refused(request, mac, found)


async def _by_hand(request: web.Request, mac: str, boot: AdHocBoot) -> web.Response:
    """Return the script of a machine that somebody boots by hand."""
    trace, rendering, us = request.app[TRACE], request.app[RENDERING], here(request)
    host, at = request.app[RECOGNISER].host_of(mac), str(peer(request))
    context = BuildContext(base_url=base_url(request), token=boot.id, mac=mac)
    try:
        made = await rendering.script(boot.machine_of(mac), context, us)
    except (BusyError, NotServedError, RenderError) as exc:
        trace.record(ScriptFailed(why=str(exc)), mac=mac, host=host, peer=at)
        return text(await rendering.notice(f"{mac}: {exc}", f"{us}/ipxe/{dashed(mac)}", again=True))
    if request.method == "GET":
        request.app[CHAINS].forget(mac)
        trace.record(AdHocScriptSent(), mac=mac, host=host, peer=at)
    return text(made.text)


async def _of_unknown(request: web.Request, mac: str, found: Unknown) -> web.Response | None:
    """Return the script of an unknown machine, if it is to get one."""
    trace, rendering, us = request.app[TRACE], request.app[RENDERING], here(request)
    build_type, at = found.build_type, str(peer(request))
    if found.policy is Policy.DISCOVER:
        return text(await rendering.discover(mac, us))
    if found.policy is Policy.MENU:
        if "type" not in request.query:
            trace.record(MenuShown(), mac=mac, peer=at)
            return text(await rendering.menu(mac, us))
        build_type = request.query["type"]
        request.app[RECOGNISER].choose(mac, build_type)
    context = BuildContext(base_url=base_url(request), token="", mac=mac)
    try:
        machine = unknown_machine(request, mac)
        if machine is None:
            return None
        judged: Judged = "unknown" if machine.wipes is False else "no"
        made = await rendering.script(machine, context, us, judged=judged)
        check_unknown(machine, made.forecast)
    except (BusyError, ConfigError, NotServedError, RenderError) as exc:
        trace.record(ScriptFailed(why=str(exc)), mac=mac, peer=at)
        why = f"{mac}: {exc}"
        return text(await rendering.notice(why, f"{us}/ipxe/{dashed(mac)}", again=True))
    trace.record(UnknownBooted(build_type=build_type), mac=mac, peer=at)
    return text(made.text)


def booting_at_once(call: Call) -> Reply | None:
    """Return the answer to a report of a machine in build mode; see `booting`."""
    app, said = call.app, _SECURE_BOOT.get(call.head.query)
    try:
        mac = canonical(call.words["mac"])
        if said is None or isinstance(settled(app[RECOGNISER].of(mac)), AdHoc):
            return None
        build = app[BUILDS].admit(app[RECOGNISER].host_of(mac) or "", call.words["token"])
    except (ValueError, InvalidTokenError):
        return None

    def tell(client: Client) -> None:
        app[SECURE_BOOT].runs_ipxe(mac)
        app[SECURE_BOOT].by_ipxe(mac, said)
        app[TRACE].record(Booting(), mac=mac, host=build.host, peer=client.name)

    first = partial(app[BUILDS].installing, build, "booting", call.client.name, mac)
    return Reply(PLAIN, b"# booting\n", tell=tell, first=first)


@routes.get("/booting/{mac}/{token}", allow_head=False, scope=OPEN, at_once=booting_at_once)
async def booting(request: web.Request) -> web.Response:
    """Note the script's report that kernel and initrds are loaded."""
    builds, at, mac = request.app[BUILDS], str(peer(request)), mac_of(request)
    _note_secure_boot(request, mac)
    host = request.app[RECOGNISER].host_of(mac) or ""
    match settled(request.app[RECOGNISER].of(mac)):
        case AdHoc(boot=AdHocBoot(id=token)) if token == request.match_info["token"]:
            request.app[TRACE].record(Booting(), mac=mac, host=host or None, peer=at)
            request.app[ADHOC].loaded(token, mac)
            return text("# booting\n")
        case _:
            build = builds.admit(host, request.match_info["token"])
    request.app[TRACE].record(Booting(), mac=mac, host=build.host, peer=at)
    await builds.installing(build, "booting", at, mac)
    return text("# booting\n")


@routes.get("/images/{name:.+}", scope=OPEN)
async def local_image(request: web.Request) -> web.StreamResponse:
    """Give a file of the ``images`` folder."""
    folder, pool = request.app[SETTINGS]().images, request.app[POOLS].images
    async with opened(pool, find, folder, request.match_info["name"]) as file:
        return await send(request, pool, file)


@routes.get("/files/{name:.+}", scope=OPEN)
async def static(request: web.Request) -> web.StreamResponse:
    """Give a file of the ``staticspath`` folder, of its subfolders too."""
    folder = request.app[SETTINGS]().staticspath
    if folder is None:
        raise NotServedError("/files", "'staticspath' is not set")
    pool = request.app[POOLS].files
    async with opened(pool, find, folder, request.match_info["name"]) as file:
        return await send(request, pool, file)
