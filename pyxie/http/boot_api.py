"""What an unknown machine gets that the API server of ``boot_api`` has something to boot for.

As with pixiecore, kernel, initrds and what the command line leads to come by way of us: the
machine need reach no other server, and only what that one has named can be fetched.
"""

from __future__ import annotations

from urllib.parse import quote, unquote, urlsplit

from aiohttp import web

from pyxie.bootapi.answer import Answer
from pyxie.bootapi.memory import Nothing
from pyxie.config.values import dashed
from pyxie.config.values import mac as canonical
from pyxie.errors import BusyError, NotServedError, RenderError
from pyxie.events.kind import Kind
from pyxie.events.kinds import BootApiScriptSent, BootApiSilent, ScriptFailed
from pyxie.http.edge import here, is_by_hand, is_unknown, peer, text
from pyxie.http.elsewhere import give
from pyxie.http.parts import BOOT_API, CHAINS, RENDERING, TRACE
from pyxie.http.routing import OPEN, Routes
from pyxie.images.spec import Upstream

routes = Routes()


async def boot_api_script(request: web.Request, mac: str) -> web.Response | None:
    """Return the iPXE script of an unknown machine; None if the server has none."""
    api, trace, us = request.app[BOOT_API], request.app[TRACE], here(request)
    rendering, at = request.app[RENDERING], str(peer(request))
    if not api.is_set:
        return None
    again = f"{us}/ipxe/{dashed(mac)}"
    match await api.ask(mac):
        case Nothing(certain=True):
            api.hand(mac, None)
            return None
        case Nothing(why):
            # It may be meant to boot something else than what 'unknown' says.
            trace.record(BootApiSilent(why=why), mac=mac, peer=at)
            return text(await rendering.notice(f"{mac}: the boot API {why}", again, again=True))
        case Answer() as answer:
            pass
    try:
        body = answer.script or await rendering.load(
            mac, us, _urls(us, mac, answer), _cmdline(us, mac, answer), answer.message
        )
    except (BusyError, NotServedError, RenderError) as exc:
        trace.record(ScriptFailed(why=str(exc)), mac=mac, peer=at)
        return text(await rendering.notice(f"{mac}: {exc}", again, again=True))
    if request.method == "GET":
        api.hand(mac, answer)
        request.app[CHAINS].forget(mac)
        trace.record(BootApiScriptSent(), mac=mac, peer=at)
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


async def boot_api_image(request: web.Request) -> web.StreamResponse | None:
    """Stream what the URL means of an answer; None if there is no such answer."""
    api, host = request.app[BOOT_API], request.match_info["hostname"].lower()
    try:
        mac = canonical(host) if host.count("-") == 5 else ""
    except ValueError:
        return None
    if mac and is_by_hand(request, mac):
        return None
    answer = api.handed(mac)
    if answer is None and mac and api.is_set and is_unknown(request, mac):
        # We may have been started anew since it got its script.
        said = await api.ask(mac)
        answer = said if isinstance(said, Answer) else None
    if answer is None or not answer.kernel:
        return None
    at, part = request.match_info.get("at"), request.path.split("/")[3]
    files = {"kernel": (answer.kernel,), "initrd": answer.initrds, "other": answer.others}[part]
    what = part if at is None else f"{part} {at}"
    if not (at or "0").isdecimal() or len(at or "") > 3 or int(at or 0) >= len(files):
        raise NotServedError(what, f"the boot API named {len(files)}")
    url, asked = files[int(at or 0)], request.match_info["name"]
    if asked != unquote(_name(url)):
        # As with pixiecore, what the answer does not name cannot be fetched.
        raise NotServedError(f"{asked[:80]!r} beside {what}", "the boot API names no such file")
    return await give_to(request, mac, Upstream(url, api.reach(url, answer)), what)


async def give_to(
    request: web.Request, mac: str, source: Upstream, what: str, *, by_hand: bool = False
) -> web.StreamResponse:
    """Answer with a file of another server's, telling of it in the events.

    Args:
        request: GET or HEAD.
        mac: Of the machine that asks.
        source: Where it is.
        what: Its name in events.
        by_hand: As of `give`.
    """
    trace, at = request.app[TRACE], str(peer(request))

    def tell(event: Kind) -> None:
        if request.method == "GET":
            trace.record(event, mac=mac, peer=at)

    return await give(request, source, what, tell, by_hand=by_hand)


@routes.get("/boot/{hostname}/other/{at}/{name:.+}", scope=OPEN)
async def other(request: web.Request) -> web.StreamResponse:
    """Give what the command line of an answer leads to, by number."""
    found = await boot_api_image(request)
    if found is None:
        raise NotServedError(
            request.match_info["hostname"], "the boot API's answer has no such file"
        )
    return found
