"""Machines over REST: listed and shown."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from pyxie.builds.index import BuildIndex, told_of
from pyxie.builds.life import State
from pyxie.config.validate import Model
from pyxie.http import answers
from pyxie.http.bodies import aside, large
from pyxie.http.builds import build_json, secure_boot
from pyxie.http.edge import sees_secrets
from pyxie.http.hosts import near, unknown
from pyxie.http.parts import BUILDS, DEFINITIONS, HOOKS, INDEX, MACHINES, POOLS, SETTINGS
from pyxie.http.query import Limit, Text, query
from pyxie.http.routing import YAML, Routes
from pyxie.registry.chosen import is_in
from pyxie.registry.glob import matches
from pyxie.registry.machine import Machine
from pyxie.registry.veil import hidden, secrets_in, veiled
from pyxie.registry.writer import (
    Stored,
    WriteError,
)

routes = Routes()


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


def wanted(index: BuildIndex, machine: Machine, of: OfMachines) -> bool:
    """Tell whether a machine is among those that are asked for."""
    build = index.of(machine.hostname)
    return (
        (not of.name or matches(of.name, machine.hostname))
        and (not of.group or is_in(machine, of.group))
        and (not of.build_type or of.build_type == machine.build_type)
        and (of.state is None or (build is not None and build.state is of.state))
    )


@routes.get("/api/v1/machines", query=OfMachines, answer=answers.Machines)
async def machines(request: web.Request) -> web.Response:
    """List machines with the newest build of each, and what is wrong with files."""
    index, of = request.app[INDEX], query(request, OfMachines)
    definitions, registry = request.app[DEFINITIONS], await request.app[MACHINES].refresh()
    # A build goes on although its machine's file has broken, or has gone.
    builds, settings = tuple(index.all()), request.app[SETTINGS].problems
    not_in_force = await request.app[SETTINGS].not_in_force()

    def listed() -> dict[str, Any]:
        gone = (each for each in builds if told_of(each) and each.host not in registry.machines)
        found = {**{each.host: definitions.of(each) for each in gone}, **registry.machines}
        names = sorted(host for host in found if host > of.after and wanted(index, found[host], of))
        page = names[: of.limit]
        return {
            "machines": [_machine(request, found[host]) for host in page],
            "problems": [str(problem) for problem in (*settings, *registry.problems)],
            "not_in_force": not_in_force,
            "next": page[-1] if len(page) < len(names) else None,
        }

    return await large(request, listed)


@routes.get("/api/v1/machines/{hostname}", answer=answers.ShownMachine, errors=(404,))
async def machine(request: web.Request) -> web.Response:
    """Return a machine: its file, its builds' history, its hooks, and problems of its file.

    With ``Accept: application/yaml`` it is the file itself. Only who has the scope admin is given
    what is secret in it.
    """
    files, name = request.app[MACHINES], request.match_info["hostname"]
    registry = await files.refresh()
    found = registry.find(name)
    build = request.app[INDEX].of(name.lower())
    if found is None and build is not None:
        found = request.app[DEFINITIONS].of(build)
    try:
        stored = await request.app[POOLS].management.run(files.writer.read, name, registry)
    except WriteError:
        stored = None
    if found is None and stored is None:
        raise web.HTTPNotFound(text=unknown(name, await near(request, registry, name)))
    seen = stored.raw if stored is not None else b""
    if stored is not None and not sees_secrets(request):
        seen = await aside(request, _veiled, stored)
    if stored is not None and YAML in request.headers.get("Accept", ""):
        answer = web.Response(body=seen, content_type=YAML)
    else:
        answer = web.json_response(await shown(request, name, found, stored))
    answer.headers["Vary"] = "Accept"
    if stored is not None and seen == stored.raw:  # else guesses at what is hidden could be tried
        answer.headers["ETag"] = f'"{stored.etag}"'
    return answer


def _veiled(stored: Stored) -> bytes:
    document = stored.file.document
    secrets = secrets_in(document.data) if document else ()
    return veiled(stored.raw.decode(errors="replace"), secrets).text.encode()


def _machine(request: web.Request, machine: Machine) -> dict[str, Any]:
    build = request.app[INDEX].of(machine.hostname)
    return {
        "hostname": machine.hostname,
        "macs": machine.macs,
        "build": build_json(request, build) if build else None,
    }


async def shown(
    request: web.Request, name: str, machine: Machine | None, stored: Stored | None
) -> dict[str, Any]:
    """Return all that the API gives of one machine, fit for JSON.

    Args:
        request: Who asks.
        name: As the caller spelt it.
        machine: As it is known; None if it is not.
        stored: Its file; None if it has none.
    """
    host = machine.hostname if machine else (stored and stored.file.hostname) or name.lower()
    document = stored.file.document if stored else None
    data = document.data if document else None
    build = request.app[INDEX].of(host)
    return {
        "hostname": host,
        "macs": machine.macs if machine else (),
        "build": build_json(request, build) if build else None,
        "secure_boot": secure_boot(request, machine.macs if machine else ()),
        "history": await request.app[BUILDS].history(host),
        "hooks": await request.app[HOOKS].history(host),
        "definition": data if data is None or sees_secrets(request) else hidden(data),
        "problems": [str(each) for each in request.app[MACHINES]().why_broken(host)],
        "not_in_force": await request.app[SETTINGS].not_in_force(),
    }
