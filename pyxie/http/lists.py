"""The REST API's lists of builds, events and machines, a page at a time; and the settings."""

from __future__ import annotations

import re
from typing import Annotated, Any

from aiohttp import web
from pydantic import AfterValidator, Field

from pyxie.builds.life import State
from pyxie.builds.pages import builds as builds_page
from pyxie.config.kinds import mac as canonical
from pyxie.config.validate import Model
from pyxie.events.archive import page as events_page
from pyxie.events.event import Step
from pyxie.http import answers
from pyxie.http.builds import told
from pyxie.http.edge import SITE
from pyxie.http.query import Limit, Newest, Seconds, query
from pyxie.http.routing import Routes
from pyxie.registry.glob import matches
from pyxie.registry.machine import Machine
from pyxie.site import Site

routes = Routes()

Text = Annotated[str, Field(max_length=253)]


class OfMachines(Model):
    """Which machines.

    Attributes:
        name: A hostname, with ``*`` and ``?``.
        group: In that group, by name or by domain.
        build_type: Whose file names that type.
        state: Whose newest build is so.
        limit: At most so many; without, all.
        after: The ``next`` of the page before, a hostname.
    """

    name: Text = ""
    group: Text = ""
    build_type: Text = ""
    state: State | None = None
    limit: Limit | None = None
    after: Text = ""


class OfStrangers(Model):
    """A page of the machines that no file knows.

    Attributes:
        limit: At most so many; without, all.
        after: The ``next`` of the page before, a MAC.
    """

    limit: Limit | None = None
    after: Annotated[str, AfterValidator(canonical)] | None = None


class OfBuilds(Newest):
    """Which builds.

    Attributes:
        host: Of that machine.
        state: That are so.
        build_type: Of that type.
        active: Whose machines are in build mode, or are not.
    """

    host: Text = ""
    state: State | None = None
    build_type: Text = ""
    active: bool | None = None


class OfEvents(Newest):
    """Which events.

    Attributes:
        host: Of that machine.
        mac: Of that NIC.
        step: Of that kind.
        since, until: Seconds since the epoch.
    """

    host: Text = ""
    mac: Annotated[str, AfterValidator(canonical)] | None = None
    step: Step | None = None
    since: Seconds | None = None
    until: Seconds | None = None


def wanted(site: Site, machine: Machine, of: OfMachines) -> bool:
    """Tell whether a machine is among those that are asked for."""
    build = site.builds.of(machine.hostname)
    domain = machine.domain or machine.hostname.partition(".")[2]
    return (
        (not of.name or matches(of.name, machine.hostname))
        and (not of.group or of.group.lower() in (domain.lower(), *map(str.lower, machine.groups)))
        and (not of.build_type or of.build_type == machine.build_type)
        and (of.state is None or (build is not None and build.state is of.state))
    )


@routes.get("/api/v1/builds", query=OfBuilds, answer=answers.Builds)
async def builds(request: web.Request) -> web.Response:
    """List builds, the newest first, those that have ended too."""
    of = query(request, OfBuilds)
    site = request.app[SITE]
    found = await builds_page(
        site.builds.records,
        host=site.registry.hostname_of(of.host) or None,
        state=of.state,
        build_type=of.build_type or None,
        active=of.active,
        before=of.before,
        limit=of.limit,
    )
    page = [{"id": each.number, **told(each)} for each in found]
    return web.json_response({"builds": page, "next": of.following(page)})


@routes.get("/api/v1/events/history", query=OfEvents, answer=answers.Events)
async def events(request: web.Request) -> web.Response:
    """List events of the past, the newest first, from before a restart too."""
    of = query(request, OfEvents)
    site = request.app[SITE]
    await site.archive.flush()
    page = await events_page(
        site.database,
        host=site.registry.hostname_of(of.host) or None,
        mac=of.mac,
        step=of.step,
        since=of.since,
        until=of.until,
        before=of.before,
        limit=of.limit,
    )
    return web.json_response({"events": page, "next": of.following(page)})


@routes.get("/api/v1/settings", answer=answers.Settings)
async def settings(request: web.Request) -> web.Response:
    """Tell the settings in force, secrets masked."""
    site = request.app[SITE]
    return web.json_response(
        {
            "file": str(site.file),
            "settings": masked(site.settings.model_dump(mode="json")),
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
