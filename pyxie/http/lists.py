"""The REST API's lists of builds, events and machines, a page at a time; and the settings."""

from __future__ import annotations

import re
from typing import Annotated, Any

from aiohttp import web
from pydantic import AfterValidator, Field

from pyxie.builds.index import BuildIndex
from pyxie.builds.life import State
from pyxie.builds.pages import builds as builds_page
from pyxie.config.validate import Model
from pyxie.config.values import mac as canonical
from pyxie.events.kind import Step
from pyxie.http import answers
from pyxie.http.builds import build_json
from pyxie.http.parts import ARCHIVE, MACHINES, RECORDS, SETTINGS
from pyxie.http.query import Limit, Newest, Seconds, query
from pyxie.http.routing import Routes
from pyxie.registry.glob import matches
from pyxie.registry.machine import Machine

routes = Routes()

Text = Annotated[str, Field(max_length=253)]


class OfMachines(Model):
    """Which machines.

    Attributes:
        name: Only machines whose hostname matches this pattern, with ``*`` and ``?``.
        group: Only machines of this group, or of this domain.
        build_type: Only machines whose file names this build type.
        state: Only machines whose newest build is in this state.
        limit: How many at most; without, all.
        after: ``next`` of the previous page, a hostname: continue there.
    """

    name: Text = ""
    group: Text = ""
    build_type: Text = ""
    state: State | None = None
    limit: Limit | None = None
    after: Text = ""


class OfDiscovered(Model):
    """A page of the discovered machines.

    Attributes:
        limit: How many at most; without, all.
        after: ``next`` of the previous page, a MAC address: continue there.
    """

    limit: Limit | None = None
    after: Annotated[str, AfterValidator(canonical)] | None = None


class OfBuilds(Newest):
    """Which builds.

    Attributes:
        host: Only builds of this machine.
        state: Only builds in this state.
        build_type: Only builds of this build type.
        active: ``true`` for builds that are active, ``false`` for those that have ended.
    """

    host: Text = ""
    state: State | None = None
    build_type: Text = ""
    active: bool | None = None


class OfEvents(Newest):
    """Which events.

    Attributes:
        host: Only events of this machine.
        mac: Only events of the NIC with this MAC address.
        step: Only events of this kind.
        since: Only events from this time on, in seconds since 1970.
        until: Only events up to this time, in seconds since 1970.
    """

    host: Text = ""
    mac: Annotated[str, AfterValidator(canonical)] | None = None
    step: Step | None = None
    since: Seconds | None = None
    until: Seconds | None = None


def wanted(index: BuildIndex, machine: Machine, of: OfMachines) -> bool:
    """Tell whether a machine is among those that are asked for."""
    build = index.of(machine.hostname)
    domain = machine.domain or machine.hostname.partition(".")[2]
    return (
        (not of.name or matches(of.name, machine.hostname))
        and (not of.group or of.group.lower() in (domain.lower(), *map(str.lower, machine.groups)))
        and (not of.build_type or of.build_type == machine.build_type)
        and (of.state is None or (build is not None and build.state is of.state))
    )


@routes.get("/api/v1/builds", query=OfBuilds, answer=answers.Builds)
async def builds(request: web.Request) -> web.Response:
    """List builds, newest first, including those that have ended."""
    of = query(request, OfBuilds)
    found = await builds_page(
        request.app[RECORDS],
        host=request.app[MACHINES]().hostname_of(of.host) or None,
        state=of.state,
        build_type=of.build_type or None,
        active=of.active,
        before=of.before,
        limit=of.limit,
    )
    page = [{"id": each.number, **build_json(each)} for each in found]
    return web.json_response({"builds": page, "next": of.following(page)})


@routes.get("/api/v1/events/history", query=OfEvents, answer=answers.Events)
async def events(request: web.Request) -> web.Response:
    """List past events, newest first, including those from before a restart."""
    of = query(request, OfEvents)
    page = await request.app[ARCHIVE].page(
        host=request.app[MACHINES]().hostname_of(of.host) or None,
        mac=of.mac,
        step=of.step,
        since=of.since,
        until=of.until,
        before=of.before,
        limit=of.limit,
    )
    return web.json_response({"events": page, "next": of.following(page)})


@routes.get("/api/v1/settings", answer=answers.Settings)
async def settings_in_force(request: web.Request) -> web.Response:
    """Return the settings in force, with secrets masked."""
    settings = request.app[SETTINGS]
    return web.json_response(
        {
            "file": str(settings.file),
            "settings": masked(settings().model_dump(mode="json")),
        }
    )


_PASSWORD = re.compile(r"(://[^/@\s:]*):[^/@\s]*@")


def masked(value: Any) -> Any:
    """Return plain data without the passwords in its URLs."""
    if isinstance(value, dict):
        return {key: masked(each) for key, each in value.items()}
    if isinstance(value, list):
        return [masked(each) for each in value]
    return _PASSWORD.sub(r"\1:***@", value) if isinstance(value, str) else value
