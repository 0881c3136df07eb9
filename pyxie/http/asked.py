"""What a machine gets that no file knows and the API server of ``boot_api`` has a boot for.

As with pixiecore, kernel, initrds and what the command line leads to come by way of us: the
machine need reach nobody else, and only what the server has named can be fetched.
"""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from aiohttp import web

from pyxie.bootapi.contract import Answer, shown
from pyxie.bootapi.memory import Nothing
from pyxie.config.kinds import dashed
from pyxie.config.kinds import mac as canonical
from pyxie.errors import NotServedError, RenderError
from pyxie.events.event import Step
from pyxie.http.edge import SITE, here, peer, text
from pyxie.http.routing import OPEN, Routes
from pyxie.images.upstream import BrokenOffError, UpstreamError, Upstreams

UPSTREAMS: web.AppKey[Upstreams] = web.AppKey("upstreams", Upstreams)

routes = Routes()


async def asked_script(request: web.Request, mac: str) -> web.Response | None:
    """Return the iPXE script of a machine that no file knows; None if the server has none."""
    site, us, at = request.app[SITE], here(request), str(peer(request))
    if not site.boot_api.is_set:
        return None
    again = f"{us}/ipxe/{dashed(mac)}"
    match await site.boot_api.ask(mac):
        case Nothing(certain=True):
            site.boot_api.hand(mac, None)
            return None
        case Nothing(why):
            # It may be meant to boot something else than what 'unknown' says.
            told = f"the boot API {why}"
            site.trace.record(Step.TROUBLE, f"no script: {told}", mac=mac, peer=at)
            return text(site.kitchen.notice(f"{mac}: {told}", again, again=True))
        case Answer() as answer:
            pass
    try:
        body = answer.script or site.kitchen.load(
            mac, us, _urls(us, mac, answer), _cmdline(us, mac, answer), answer.message
        )
    except RenderError as exc:
        site.trace.record(Step.TROUBLE, f"no script: {exc}", mac=mac, peer=at)
        return text(site.kitchen.notice(f"{mac}: {exc}", again, again=True))
    if request.method == "GET":
        site.boot_api.hand(mac, answer)
        site.forget_chain(mac)
        told = "fetched the iPXE script that the boot API has for it"
        site.trace.record(Step.SCRIPT, told, mac=mac, peer=at)
    return text(body)


def _urls(us: str, mac: str, answer: Answer) -> list[str]:
    initrds = (f"initrd/{at}/{_name(url)}" for at, url in enumerate(answer.initrds))
    parts = [f"kernel/{_name(answer.kernel)}", *initrds]
    return [f"{us}/boot/{dashed(mac)}/{part}" for part in parts]


def _cmdline(us: str, mac: str, answer: Answer) -> str:
    return answer.command_line(
        lambda at: f"{us}/boot/{dashed(mac)}/other/{at}/{_name(answer.others[at])}"
    )


def _name(url: str) -> str:
    return quote(urlsplit(url).path.rpartition("/")[2].replace("%", "")) or "file"


async def asked_image(request: web.Request) -> web.StreamResponse | None:
    """Stream what the URL means of an answer; None if there is no such answer."""
    site, host = request.app[SITE], request.match_info["hostname"].lower()
    try:
        mac = canonical(host) if host.count("-") == 5 else ""
    except ValueError:
        return None
    answer = site.boot_api.handed(mac)
    if answer is None and mac and site.boot_api.is_set and site.is_stranger(mac):
        # We may have been started anew since it got its script.
        said = await site.boot_api.ask(mac)
        answer = said if isinstance(said, Answer) else None
    if answer is None or not answer.kernel:
        return None
    at, part = request.match_info.get("at"), request.path.split("/")[3]
    files = {"kernel": (answer.kernel,), "initrd": answer.initrds, "other": answer.others}[part]
    what = part if at is None else f"{part} {at}"
    if not (at or "0").isdecimal() or len(at or "") > 3 or int(at or 0) >= len(files):
        raise NotServedError(what, f"the boot API named {len(files)}")
    return await _streamed(request, mac, files[int(at or 0)], what)


async def _streamed(request: web.Request, mac: str, url: str, what: str) -> web.StreamResponse:
    site, at = request.app[SITE], str(peer(request))
    if request.method == "GET" and "Range" not in request.headers:
        told = f"fetching {what}, streamed from {shown(url)}"
        site.trace.record(Step.IMAGE, told, mac=mac, peer=at)
    try:
        return await request.app[UPSTREAMS].stream(url, request)
    except UpstreamError as exc:
        # What the library says may quote a URL, and so a password or a signature.
        why = "cannot be fetched" if "://" in exc.why else exc.why
        told = f"{what}: {shown(url)}: {why}"
        site.trace.record(Step.TROUBLE, told, mac=mac, peer=at)
        if isinstance(exc, BrokenOffError):
            raise
        return text(told, 502)


@routes.get("/boot/{hostname}/other/{at}/{name}", scope=OPEN)
async def other(request: web.Request) -> web.StreamResponse:
    """Give what the command line of an answer leads to, by number."""
    found = await asked_image(request)
    if found is None:
        raise NotServedError(request.match_info["hostname"], "the boot API named nothing")
    return found
