"""Why a machine does not boot, over REST."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from pyxie.config.values import mac as canonical
from pyxie.diagnosis.diagnostician import Told
from pyxie.diagnosis.english import said
from pyxie.http import answers
from pyxie.http.bodies import aside
from pyxie.http.edge import printable
from pyxie.http.hosts import near, unknown
from pyxie.http.parts import DIAGNOSTICIAN, MACHINES
from pyxie.http.routing import Routes

routes = Routes()


@routes.get("/api/v1/machines/{hostname}/why", answer=answers.Why, errors=(404,))
async def why(request: web.Request) -> web.Response:
    """Say why a machine does not boot, or how far it is; of a hostname or a MAC address."""
    name, doctor = request.match_info["hostname"], request.app[DIAGNOSTICIAN]
    registry = await request.app[MACHINES].refresh()
    told = doctor.of_host(name)
    if told is None:
        try:
            mac = canonical(name)
        except ValueError:
            names = await near(request, registry, name)
            raise web.HTTPNotFound(text=unknown(name, names)) from None
        nearly = await aside(request, doctor.nearly, mac) if doctor.is_unknown(mac) else ()
        told = doctor.of_mac(mac, nearly)
    return web.json_response(_shown(told))


def _shown(told: Told) -> dict[str, Any]:
    """Return a diagnosis as the API gives it, fit for JSON."""
    found = told.diagnosis
    words = said(found.what).of(told.host)
    return {
        "host": told.host,
        "macs": told.macs,
        "at": told.at,
        "code": found.code,
        "standing": str(found.standing),
        "sentence": printable(words.sentence),
        "steps": [printable(each) for each in words.steps],
        "certain_by": words.certain_by,
        "remedies": [{"server": each.server, "text": list(each.text())} for each in told.remedies],
        "since": found.since,
        "until": found.until,
        "data": found.data,
        "evidence": [each.members() for each in found.evidence],
    }
