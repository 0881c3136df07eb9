"""The screen Waiting: machines that no file knows, which are adopted there, or booted once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Final

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pyxie.access.scope import Scope
from pyxie.config.validate import all_told
from pyxie.errors import ConfigError
from pyxie.http.adhoc import Wanted, put_in_force
from pyxie.http.bodies import aside, fields, form
from pyxie.http.edge import mac_of
from pyxie.http.filewrites import created
from pyxie.http.page.bootrow import machine_path
from pyxie.http.page.frame import shown
from pyxie.http.page.subscription import subscription
from pyxie.http.page.waitingfacts import one_facts, waiting_facts
from pyxie.http.page.waitinglive import WaitingLive
from pyxie.http.page.waitingview import (
    PATH,
    AdoptForm,
    BootForm,
    mistakes_of,
    path_of,
)
from pyxie.http.parts import ADHOC, DISCOVERED, RECOGNISER
from pyxie.http.routing import Routes
from pyxie.recognition.adopting import adopted, arch_of
from pyxie.recognition.discovered import DiscoveredMachine
from pyxie.recognition.recognise import Known, apart
from pyxie.registry.edit import written
from pyxie.registry.writer import ExistsError, WriteError

routes = Routes()

_ONE: Final = f"{PATH}/{{mac}}"
_MOST_PAGES: Final = 10_000
_NO_SYSTEM: Final = "choose what it is to boot"


class Asked(BaseModel):
    """Which part of it is asked for.

    Attributes:
        page: Of the machines, from 1.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    page: Annotated[int, Field(ge=1, le=_MOST_PAGES)] = 1


def _asked_of(request: web.Request) -> Asked:
    try:
        return Asked.model_validate(dict(request.query))
    except ValidationError:
        return Asked()


@routes.get(PATH)
async def waiting(request: web.Request) -> web.Response:
    """Show them."""
    page = _asked_of(request).page
    live = subscription(request, "waiting", page=str(page))
    view = await waiting_facts(request.app, page)
    title = "Waiting"
    return await shown(request, "waiting.html.j2", view, title=title, screen="waiting", live=live)


def waiting_live(request: web.Request) -> WaitingLive:
    """Return what changes on it, for `pyxie.http.page.stream`."""
    return WaitingLive(request.app, _asked_of(request).page)


@routes.get(_ONE)
async def one(request: web.Request) -> web.Response:
    """Show one of them, with what may be done with it."""
    return await _shown(request, _machine(request), None, BootForm())


@routes.post(f"{_ONE}/adopt", scope=Scope.ADMIN)
async def adopt(request: web.Request) -> web.Response:
    """Write its machine file."""
    machine, sent = _machine(request), await fields(request)
    last = dict(sent)
    typed = AdoptForm(
        hostname=last.get("hostname", "").strip(),
        system=last.get("os", ""),
        build_type=last.get("build_type", ""),
        groups=tuple(value for name, value in sent if name == "groups"),
    )
    data = adopted(
        *(machine.mac, typed.hostname, machine.fields),
        *(typed.build_type, typed.groups, typed.system),
    )
    try:
        text = await aside(request, written, data)
        stored = await created(request, typed.hostname, text)
    except ConfigError as exc:
        mistakes = mistakes_of(exc.problems)
        if taken := _taken(request, machine):
            mistakes = {"": taken}
        return await _refused(request, machine, typed, mistakes, 422)
    except ExistsError as exc:
        mistakes = {"": taken} if (taken := _taken(request, machine)) else {"hostname": str(exc)}
        return await _refused(request, machine, typed, mistakes, 409)
    except WriteError as exc:
        return await _refused(request, machine, typed, {"": str(exc)}, 500)
    raise web.HTTPSeeOther(f"{machine_path(str(stored.file.hostname))}?done=adopted")


def _taken(request: web.Request, machine: DiscoveredMachine) -> str:
    """Return by whom a machine was adopted meanwhile; empty if nobody has."""
    known = apart(request.app[RECOGNISER].of(machine.mac))
    if not isinstance(known, Known):
        return ""
    return f"Somebody was faster: {machine.mac} is in the file of {known.host} by now."


async def _refused(
    request: web.Request,
    machine: DiscoveredMachine,
    typed: AdoptForm,
    mistakes: Mapping[str, str],
    status: int,
) -> web.Response:
    return await _shown(request, machine, replace(typed, mistakes=mistakes), BootForm(), status)


@routes.post(f"{_ONE}/boot", scope=Scope.ADMIN)
async def boot(request: web.Request) -> web.Response:
    """Have it boot a system once, for somebody at its screen."""
    machine, sent = _machine(request), await form(request)
    system = sent.get("system", "")
    why, status = _NO_SYSTEM, 422
    if system:
        given = {"os": system, "arch": arch_of(machine.fields), "macs": [machine.mac]}
        try:
            await put_in_force(request, Wanted.model_validate({**given, "once": True}))
        except ValidationError as exc:
            why = " ".join(all_told(Wanted, exc))
        except (web.HTTPBadRequest, web.HTTPConflict) as exc:
            why, status = exc.text or exc.reason, exc.status
        else:
            raise web.HTTPSeeOther(path_of(machine.mac))
    typed = BootForm(system=system, mistake=why)
    return await _shown(request, machine, None, typed, status)


@routes.post(f"{_ONE}/leave", scope=Scope.ADMIN)
async def leave(request: web.Request) -> web.Response:
    """Have it boot nothing once any more."""
    machine = _machine(request)
    found = request.app[ADHOC].of(machine.mac)
    if found is not None and found.once and machine.mac in found.macs:
        request.app[ADHOC].loaded(found.id, machine.mac)
    raise web.HTTPSeeOther(path_of(machine.mac))


def _machine(request: web.Request) -> DiscoveredMachine:
    mac = mac_of(request)
    found = request.app[DISCOVERED].of(mac)
    if found is None:
        raise web.HTTPNotFound(text=f"{mac} was not heard since pyxie was started")
    return found


async def _shown(
    request: web.Request,
    machine: DiscoveredMachine,
    adopt: AdoptForm | None,
    boot: BootForm,
    status: int = 200,
) -> web.Response:
    view = await one_facts(request.app, machine, adopt, boot)
    return await shown(
        request,
        "waitingone.html.j2",
        view,
        title=machine.mac,
        screen="waiting",
        status=status,
    )
