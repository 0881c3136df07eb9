"""waitron 3's routes, in the place of `pyxie.compat.waitron1`'s if ``waitron_api`` is 3.

Like it they write JSON, but call it plain text; what differs is in docs/waitron.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from aiohttp import web

from pyxie.access.scope import Scope
from pyxie.bounded import note
from pyxie.bounds import BUILD_BODY_LENGTH, LOG_LENGTH, WAITRON_STAGES
from pyxie.builds.builds import InvalidTokenError
from pyxie.builds.index import BuildIndex, told_of
from pyxie.builds.life import Build, State
from pyxie.builds.records import BuildRecords
from pyxie.builds.unasked import check_unknown
from pyxie.compat import waitron1
from pyxie.compat.gojson import job, machine_of, written
from pyxie.compat.pixiecore import booted, offer
from pyxie.config.values import mac as canonical
from pyxie.errors import ConfigError, NotServedError, RenderError
from pyxie.http.begin import begin
from pyxie.http.bodies import aside
from pyxie.http.buildcall import said_in
from pyxie.http.edge import (
    base_url,
    explained,
    note_wrong_token,
    peer,
    text,
    unknown_machine,
)
from pyxie.http.hosts import host_of
from pyxie.http.parts import BUILDS, DEFINITIONS, INDEX, MACHINES, SETTINGS
from pyxie.http.routing import OPEN, Routes
from pyxie.http.templates import rendered
from pyxie.registry.define import UnknownTypeError
from pyxie.render.asked import file_of
from pyxie.render.context import BuildContext
from pyxie.threads import Pool
from pyxie.workers.jobs import Judged

_SPOKEN = {
    State.PENDING: ("pending", ""),
    State.INSTALLING: ("installing", "pxe config sent"),
    State.STALE: ("installing", "pxe config sent"),
    State.INSTALLED: ("completed", ""),
    State.CANCELLED: ("terminated", ""),
    State.REPLACED: ("terminated", ""),
    State.FAILED: ("failed", ""),
}
_MOST = 1000
_OK = written({"State": "OK"})

routes = Routes()


class Jobs:
    """What waitron 3 tells of builds beside their state: the last template, and the history.

    In memory, as it was there; the builds themselves are in the store.

    Args:
        index: The newest of each machine.
        records: All that are stored.
        pool: Threads for what goes through all of them.
    """

    def __init__(self, index: BuildIndex, records: BuildRecords, pool: Pool) -> None:
        self._index = index
        self._records = records
        self._pool = pool
        self._stages: dict[str, tuple[str, str]] = {}
        self._cleaned = 0
        self._spared: frozenset[int] = frozenset()

    def processing(self, build: Build, word: str, file: str) -> None:
        """Note the template that an installer has fetched."""
        word = "".join(c if c.isprintable() else "?" for c in word)
        said = word, f"processing {file}"
        WAITRON_STAGES.reached(note(self._stages, build.token, said, WAITRON_STAGES.whole))

    def status(self, build: Build) -> tuple[str, str]:
        """Return a job's status, and the reason for it."""
        status, reason = _SPOKEN[build.state]
        if build.active:
            return self._stages.get(build.token, (status, reason))
        return status, reason or build.reason

    async def all(self) -> list[Build]:
        """Return all that are active, and the newest of those that have ended.

        Raises:
            StoreError: They cannot be read.
            BusyError: Too much is asked for.
        """
        stored = await self._records.newest(_MOST)
        return await self._pool.run(self._together, stored, tuple(self._index.all()))

    async def one(self, token: str) -> Build | None:
        """Return the one with that token; raises as `all`."""
        stored = await self._records.with_token(token)
        if stored is None:
            return None
        newest = self._index.of(stored.host)
        build = newest if newest and newest.number == stored.number else stored
        return None if self._is_gone(build) else build

    async def clean(self) -> None:
        """Leave out those that have ended from now on; raises as `all`."""
        found = await self.all()
        newest = found[-1].number if found else 0
        spared = await self._pool.run(_active, found)
        if newest >= self._cleaned:  # else a later call came to its end before this one
            self._cleaned = newest
            self._spared = spared

    def _together(self, stored: Iterable[Build], latest: Iterable[Build]) -> list[Build]:
        found = {build.number: build for build in stored}
        # What is in memory is never older than what is stored.
        found |= {build.number: build for build in latest if told_of(build)}
        return [build for _, build in sorted(found.items()) if not self._is_gone(build)]

    def _is_gone(self, build: Build) -> bool:
        number = build.number
        return not build.active and number <= self._cleaned and number not in self._spared


def _active(builds: Iterable[Build]) -> frozenset[int]:
    return frozenset(build.number for build in builds if build.active)


JOBS: web.AppKey[Jobs] = web.AppKey("jobs", Jobs)


@routes.put(
    "/build/{hostname}", "/build/{hostname}/{type}", scope=Scope.BUILD, most=BUILD_BODY_LENGTH
)
async def build(request: web.Request) -> web.Response:
    """Put the machine in build mode, unless it is; a body is laid over its file."""
    name, build_type = request.match_info["hostname"], request.match_info.get("type", "")
    failed = f"Failed to set build mode for {name} - {build_type}"
    try:
        said = await said_in(request)
    except web.HTTPBadRequest as exc:
        return text(f"{failed} {exc.text}", 500)
    except web.HTTPRequestEntityTooLarge:
        why = "while reading request body: http: request body too large"
        return text(f"{failed} {why}", 500)
    try:
        begun = await begin(
            request,
            name,
            build_type or None,
            said,
            cause=waitron1.CAUSE,
            replace=False,
            beneath=True,
        )
    except web.HTTPForbidden:
        raise
    except web.HTTPException as exc:
        why = _why(request, exc, name, build_type)
        if exc.status != 409:
            why = await explained(request, why)
        return text(f"{failed}: {why}", 500)
    token = begun.build.token
    answer = text(written({"Token": token, "State": "OK"}))
    answer.headers["Build-Token"] = token
    return answer


def _why(request: web.Request, exc: web.HTTPException, name: str, build_type: str) -> str:
    """Return waitron 3's words for what it can say, else our own."""
    machine = request.app[MACHINES]().find(name)
    if exc.status == 404 and machine is None:
        return f"'{name.lower()}' '' not found using any active plugin"
    if exc.status == 404:
        return f"build type '{build_type}' not found"
    if exc.status == 409 and machine is not None and request.app[INDEX].active(machine.hostname):
        return f"active job for '{name}' must complete or be terminated before new job"
    return exc.text or exc.reason


@routes.get("/status")
async def all_status(request: web.Request) -> web.Response:
    """List all jobs, without their tokens."""
    settings, jobs = request.app[SETTINGS](), request.app[JOBS]
    found = await jobs.all()

    def as_list() -> web.Response:
        listed = (written(job(b, jobs.status(b), settings, secret=True)) for b in found)
        return text(f"[ {','.join(listed)}]" if found else "[]")

    return await aside(request, as_list)


@routes.get("/status/{hostname}")
async def one_status(request: web.Request) -> web.Response:
    """Tell of a machine's active job, in one word."""
    build = request.app[INDEX].active(host_of(request))
    if build is not None:
        return text(request.app[JOBS].status(build)[0])
    name = request.match_info["hostname"]
    why = f"Try search by job ID. job not found: '{name}' '' "
    return text(f"Failed to find active job for {name}. {why}", 404)


@routes.get("/job/{token}")
async def one_job(request: web.Request) -> web.Response:
    """Tell of one job, active or not, to those who know its token."""
    token = request.match_info["token"]
    jobs, settings = request.app[JOBS], request.app[SETTINGS]()
    build = await jobs.one(token)
    if build is None:
        return text(f"Unable to find valid job for {token}. job '{token}' not found", 404)
    return text(written(job(build, jobs.status(build), settings, secret=False)))


@routes.put("/cleanhistory", scope=Scope.BUILD)
async def clean_history(request: web.Request) -> web.Response:
    """Leave the jobs that have ended out of what these routes tell, from now on."""
    await request.app[JOBS].clean()
    return text(_OK)


@routes.get("/definition/{hostname}", "/definition/{hostname}/{type}")
async def definition(request: web.Request) -> web.Response:
    """Give a machine with all that it inherits."""
    name, build_type = request.match_info["hostname"], request.match_info.get("type", "")
    registry = await request.app[MACHINES].refresh()
    broken = "\n".join(map(str, registry.why_broken(name)))
    machine = registry.find(name)
    if broken:
        return text(f"Bad machine data for '{name}' '{build_type}'. {broken}", 500)
    try:
        if machine is None:
            why = f"'{name}' '' not found using any active plugin"
        else:
            define = partial(registry.define, machine, build_type or None, beneath=True)
            found = (await aside(request, define)).machine
            return text(written(machine_of(found, request.app[SETTINGS]())))
    except UnknownTypeError:
        why = f"build type '{build_type}' not found"
    except ConfigError as exc:
        return text(f"Bad machine data for '{name}' '{build_type}'. {exc}", 500)
    why = await explained(request, why)
    return text(f"Unable to find host definition for '{name}' '{build_type}'. {why}", 404)


@routes.get("/v1/boot/{mac}", scope=OPEN)
async def boot(request: web.Request) -> web.Response:
    """Tell a boot server what a MAC boots; changes nothing."""
    mac = request.match_info["mac"]
    try:
        body = await booted(request) or await _unknown(request, mac)
    except (ConfigError, NotServedError, RenderError) as exc:
        return text(f"failed to get pxe config: {exc}", 500)
    if body is None:
        plain = mac.translate(_SEPARATORS).lower()
        return text(f"failed to get pxe config: job not found for  '{plain}'", 500)
    return text(written({**body, "initrd": body["initrd"] or None}))


_SEPARATORS = str.maketrans(dict.fromkeys(":-."))


async def _unknown(request: web.Request, written_mac: str) -> dict[str, object] | None:
    """Return what an unknown machine boots, if the settings have a build type for it."""
    try:
        mac = canonical(written_mac)
    except ValueError:
        return None
    machine = unknown_machine(request, mac)
    if machine is None:
        return None
    us = base_url(request)
    context = BuildContext(base_url=us, token="", mac=mac)
    judged: Judged = "unknown" if machine.wipes is False else "no"
    told, forecast = await offer(request, machine, context, judged)
    check_unknown(machine, forecast)
    return told


@routes.called("/template/{template}/{hostname}/{token}")
async def template(request: web.Request) -> web.Response:
    """Give the installer its preseed or finish script."""
    kind = request.match_info["template"]
    try:
        build = request.app[BUILDS].admit(host_of(request), request.match_info["token"])
        answer = await rendered(request, build, kind)
    except InvalidTokenError:
        note_wrong_token(request)
        return text("Unable to render template", 400)
    except (NotServedError, RenderError):
        return text("Unable to render template", 400)
    request.app[JOBS].processing(build, kind, file_of(request.app[DEFINITIONS].of(build), kind))
    return answer


@routes.called("/done/{hostname}/{token}")
async def done(request: web.Request) -> web.Response:
    """End the build: the machine is installed."""
    builds, token = request.app[BUILDS], request.match_info["token"]
    try:
        await builds.done(host_of(request), token, str(peer(request)))
    except InvalidTokenError:
        note_wrong_token(request)
        return text("Failed to finish build.", 500)
    return text(_OK)


@routes.put("/cancel/{hostname}/{token}", scope=OPEN, lenient=True)
@routes.called("/cancel/{hostname}/{token}")
async def cancel(request: web.Request) -> web.Response:
    """Cancel the build."""
    builds, token = request.app[BUILDS], request.match_info["token"]
    try:
        await builds.cancel(host_of(request), token, str(peer(request)))
    except InvalidTokenError:
        note_wrong_token(request)
        return text("Failed to cancel build mode", 500)
    return text(_OK)


# What waitron 3 has not, pyxie and its templates do.
routes.called("/failed/{hostname}/{token}", most=LOG_LENGTH)(waitron1.failed)
routes.get("/list")(waitron1.names)
