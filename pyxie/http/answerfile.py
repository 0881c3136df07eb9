"""Proxmox VE's automatic installer fetches its answer file by POST, from one URL for all machines.

It knows no token. Whose file it gets is told by its MAC addresses, which are as good as those
by which iPXE fetches its script; only a machine in build mode gets one.
"""

from __future__ import annotations

from typing import Final

from aiohttp import web

from pyxie.bounds import ANSWER_LENGTH, ANSWER_VALUES
from pyxie.builds.definitions import BODY
from pyxie.builds.life import Build
from pyxie.config.counted import check_json
from pyxie.errors import ConfigError, RenderError
from pyxie.events.kinds import AnswerRefused
from pyxie.http.assigned import assigned
from pyxie.http.bodies import whole
from pyxie.http.edge import peer, text
from pyxie.http.parts import RECOGNISER, TRACE
from pyxie.http.routing import OPEN, Routes
from pyxie.http.templates import rendered, unrendered
from pyxie.recognition.recognise import Known, Recognised, why_not
from pyxie.recognition.systeminfo import macs_in

_NAME: Final = "answer"

routes = Routes()


@routes.post("/answer", scope=OPEN, lenient=True, most=ANSWER_LENGTH)
async def answer(request: web.Request) -> web.Response:
    """Give Proxmox VE's installer the answer file of the machine that has its NICs."""
    try:
        # Open to all, so not in threads that others need; and short, so not long on the loop.
        told = await whole(request)
        check_json(told, BODY, ANSWER_VALUES)
        macs = macs_in(told)
    except (ConfigError, ValueError) as exc:
        return text(str(exc), 400)
    found = {mac: request.app[RECOGNISER].of(mac) for mac in macs}
    builds = {build.host: build for each in found.values() if (build := _active(each))}
    if len(builds) != 1:
        return _refused(request, found, sorted(builds))
    (build,) = builds.values()
    mac = next(mac for mac, each in found.items() if _active(each))
    if await assigned(request, build, mac) is None:
        return _refused(request, {mac: request.app[RECOGNISER].of(mac)}, [])
    try:
        return await rendered(request, build, _NAME, "of_its_own")
    except RenderError as exc:
        return unrendered(exc)


def _active(found: Recognised) -> Build | None:
    match found:
        case Known(build=Build(active=True) as build):
            return build
        case _:
            return None


def _refused(request: web.Request, found: dict[str, Recognised], hosts: list[str]) -> web.Response:
    """Answer one who is no machine in build mode, or several."""
    status = 409 if hosts else 404
    why = (
        f"its NICs are those of several machines in build mode: {', '.join(hosts)}"
        if hosts
        else "; ".join(f"{mac} is {why_not(each)}" for mac, each in found.items())
    )
    refused = AnswerRefused(why=why)
    request.app[TRACE].record(refused, mac=next(iter(found)), peer=str(peer(request)))
    return text(f"no answer file: {why}", status)
