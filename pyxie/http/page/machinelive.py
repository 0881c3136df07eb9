"""What changes on the screen of one machine while one looks."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from aiohttp import web

from pyxie.diagnosis.course import course
from pyxie.diagnosis.diagnostician import Told
from pyxie.diagnosis.english import said
from pyxie.events.event import Event
from pyxie.events.kinds import BuildAdvised, BuildChanged, HookDone, HookFailed
from pyxie.events.wipes import sentences
from pyxie.http.hosts import unknown
from pyxie.http.page.bootrow import advice_of, machine_path
from pyxie.http.page.bootview import Why, boots, why
from pyxie.http.page.buildview import builds
from pyxie.http.page.frame import region
from pyxie.http.page.live import Live
from pyxie.http.page.longtext import end_of
from pyxie.http.page.machinefacts import Facts, Kept, defined, facts, kept, secrets_of
from pyxie.http.page.machineview import Head, MovingView, head
from pyxie.http.page.viewer import Viewer
from pyxie.http.parts import (
    CLOCK,
    DIAGNOSTICIAN,
    INDEX,
    MACHINES,
    SECURE_BOOT,
    SETTINGS,
    STANDINGS,
    TRACE,
)
from pyxie.registry.veil import without

_HEAD: Final = "machine-head"
_WHY: Final = "machine-why"
_BOOTS: Final = "machine-boots"
_BUILDS: Final = "machine-builds"
_ALL: Final = (_HEAD, _WHY, _BOOTS, _BUILDS)
"""In the order of the screen; each has its template."""
_ENDS: Final = (BuildChanged, HookDone, HookFailed)
_NOTHING_KEPT: Final = Kept([], [], [], "", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What the changing parts of the screen are made of.

    Attributes:
        of: The machine.
        head: What stands above all.
        told: Its diagnosis.
        events: What is in memory of what happened.
        stored: What the store has of it.
        secrets: What is not to be shown.
        now: Seconds since the epoch.
    """

    of: Facts
    head: Head
    told: Told | None
    events: list[Event]
    stored: Kept
    secrets: frozenset[str]
    now: float

    def view(self) -> MovingView:
        """Return those parts; in a thread."""
        stored, secrets = self.stored, self.secrets
        return MovingView(
            head=self.head,
            why=why_of(self.told, self.now),
            boots=boots(self.events, self.now),
            builds=builds(stored.builds, stored.history, stored.hooks, self.now, secrets),
            log=end_of(without(stored.log, secrets)) if stored.log else None,
            kept=stored.problem,
        )


async def gathered(app: web.Application, of: Facts, *, with_builds: bool = True) -> Gathered:
    """Gather them.

    Args:
        app: With all parts.
        of: The machine.
        with_builds: The store is asked, too.
    """
    definition, _ = await defined(app, of)
    return Gathered(
        of=of,
        head=await head_of(app, of),
        told=app[DIAGNOSTICIAN].of_host(of.host),
        events=events_of(app, of),
        stored=await kept(app, of) if with_builds else _NOTHING_KEPT,
        secrets=secrets_of(of, definition),
        now=app[CLOCK](),
    )


async def head_of(app: web.Application, of: Facts) -> Head:
    """Return what stands above all else of a machine."""
    macs = of.machine.macs if of.machine is not None else ()
    learnt = [(mac, app[SECURE_BOOT].learnt(mac)) for mac in macs]
    forecast = of.build.forecast if of.build is not None else None
    return head(
        of.host,
        machine_path(of.host),
        of.build,
        app[CLOCK](),
        macs=macs,
        is_described=of.machine is not None and not of.problems,
        wipes=sentences(of.host, forecast) if forecast is not None else (),
        secure_boot=[
            f"{mac}: its Secure Boot is {each.state}, as its {each.by} said"
            for mac, each in learnt
            if each is not None
        ],
        advice=_advice(app, of),
        notices=(*filter(None, (of.unread,)), *await app[SETTINGS].not_in_force()),
        mistakes=len(of.problems),
    )


def _advice(app: web.Application, of: Facts) -> tuple[str, ...]:
    if of.active is None:
        return ()
    return advice_of(course(app[TRACE].recent(host=of.host), of.active.begun))


def events_of(app: web.Application, of: Facts) -> list[Event]:
    """Return what is in memory of what happened to a machine, also before it was adopted."""
    macs = of.machine.macs if of.machine is not None else ()
    return app[TRACE].of_machine(of.host, macs)


def why_of(told: Told | None, now: float) -> Why | None:
    """Return a diagnosis as it is shown."""
    if told is None:
        return None
    words = said(told.diagnosis.what).of(told.host)
    remedies = ((each.server, each.text()) for each in told.remedies)
    return why(told.diagnosis, words, remedies, now)


class MachineLive(Live):
    """A machine: how it stands, why, what happened, and its builds.

    Args:
        request: Its query has the machine's ``hostname``.
    """

    every = 0.3

    def __init__(self, request: web.Request) -> None:
        self._app = request.app
        self._name = request.query.get("hostname", "")
        registry = self._app[MACHINES]()
        self._host = registry.hostname_of(self._name)
        known = registry.find(self._name) is not None or registry.why_broken(self._name)
        if not known and self._app[INDEX].of(self._host) is None:
            raise web.HTTPNotFound(text=unknown(self._name, ()))
        self._gathered: Gathered | None = None

    def regions(self) -> frozenset[str]:
        """Return all that changes."""
        return frozenset(_ALL)

    def touched(self, event: Event) -> frozenset[str]:
        """Return what an event of this machine changes; nothing of others'."""
        if event.host != self._host:
            return frozenset()
        if event.what.passing:
            return frozenset((_WHY,))
        if isinstance(event.what, _ENDS):
            return frozenset(_ALL)
        if isinstance(event.what, BuildAdvised):
            return frozenset((_HEAD, _WHY, _BOOTS))
        return frozenset((_WHY, _BOOTS))

    def watched(self) -> Mapping[str, Hashable]:
        """Return what changes without an event: its file, and what time makes of its diagnosis."""
        app = self._app
        registry, build = app[MACHINES](), app[INDEX].of(self._host)
        if build is not None and build.active:
            told = app[STANDINGS].of(build).told
        else:
            told = app[DIAGNOSTICIAN].of_host(self._host)
        file = id(registry.documents.get(self._host)), registry.why_broken(self._name)
        state = build and (build.number, build.state, build.mac)
        return {
            _HEAD: (file, state),
            _WHY: told and told.diagnosis.code,
            _BUILDS: build and (build.number, len(build.given)),
        }

    async def ready(self, regions: frozenset[str]) -> None:
        """Gather what these are made of; for most events what is in memory will do."""
        app, before = self._app, self._gathered
        if before is not None and regions <= {_WHY, _BOOTS}:
            told, events = (
                app[DIAGNOSTICIAN].of_host(self._host),
                events_of(app, before.of),
            )
            self._gathered = replace(before, told=told, events=events, now=app[CLOCK]())
            return
        self._gathered = await _gathered(app, self._name, with_builds=_BUILDS in regions)

    def render(self, regions: frozenset[str], who: Viewer) -> Mapping[str, str]:
        """Return them; of a machine that is gone nothing."""
        if self._gathered is None:
            return {}
        view = self._gathered.view()
        return {name: _rendered(name, who, view) for name in _ALL if name in regions}


async def _gathered(app: web.Application, name: str, *, with_builds: bool) -> Gathered | None:
    of = await facts(app, name)
    return await gathered(app, of, with_builds=with_builds) if of is not None else None


def _rendered(name: str, who: Viewer, view: MovingView) -> str:
    return region(f"_{name.replace('-', '_')}.html.j2", who, {"view": view}, oob=True)
