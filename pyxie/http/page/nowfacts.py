"""Gathers what the screen Now shows: from memory, and without holding the event loop."""

from __future__ import annotations

from collections.abc import Container, Iterable
from itertools import islice
from typing import Final

from aiohttp import web

from pyxie.architectures import ARCHITECTURES
from pyxie.builds.life import Build
from pyxie.diagnosis.course import Course, Stage, course
from pyxie.errors import Problem
from pyxie.events.event import Event
from pyxie.events.kinds import Booting, BuildAdvised, ImageFailed, ImageFetching, ImageMismatch
from pyxie.http.page.bootrow import Seen, boot_row, stands_still
from pyxie.http.page.checklist import Point, Premises, checklist
from pyxie.http.page.nowview import Counted, Ended, NowView, ended_of, listed, now_view, paged
from pyxie.http.page.waitingview import path_of
from pyxie.http.parts import (
    ADHOC,
    CLOCK,
    DIAGNOSTICIAN,
    DISCOVERED,
    INDEX,
    INTERFACES,
    LOADERS,
    MACHINES,
    OTHERS,
    PACES,
    POOLS,
    RECOGNISER,
    SETTINGS,
    STANDINGS,
    TRACE,
)
from pyxie.http.verified import LATER
from pyxie.recognition.recognise import AdHoc, Unknown, apart, settled
from pyxie.slices import in_slices

_COMMON: Final = (0x00, 0x07)
"""Architectures that the check list wants loaders for: BIOS and UEFI on x64."""
_LATELY: Final = 900.0
"""Seconds for which a boot that is of no build is shown after its last sign."""
_SHOWN: Final = 20
"""Of those, the ones that are shown."""
_MOST_BY_HAND: Final = 100
"""Machines that are looked at of those that boot by hand."""


_LOOKED_AT: Final = 20
"""Machines that the check list looks at, whether one of them has asked."""


async def boots_listed(
    app: web.Application, *, stuck: bool = False, kept: Container[str] = ()
) -> list[Build]:
    """Return the builds that are shown, in their order.

    Args:
        app: Where they are looked up.
        stuck: Those that stand still alone.
        kept: Of which machines they are shown all the same.
    """
    builds, now = tuple(app[INDEX].all()), app[CLOCK]()
    found = await app[POOLS].management.run(listed, builds, now)
    if not stuck:
        return found
    standings = app[STANDINGS]
    return [
        each
        async for each in in_slices(found)
        if each.host in kept or (each.active and standings.of(each).is_stuck)
    ]


def seen(app: web.Application, build: Build) -> Seen:
    """Return what is known of the boot of a build, at once."""
    trace, mac = app[TRACE], build.mac or next(iter(build.macs), "")
    moving = trace.moving(build.host)
    if not build.active:
        way = course(trace.recent(host=build.host), build.begun)
        return Seen(mac=mac, way=way, host=build.host, build=build, moving=moving)
    stand = app[STANDINGS].of(build)
    found = stand.told.diagnosis if stand.told is not None else None
    return Seen(mac=mac, way=stand.way, host=build.host, build=build, moving=moving, found=found)


async def others_seen(app: web.Application) -> tuple[list[Seen], int]:
    """Return boots by hand and of unknown machines, who was heard last at the end.

    Returns:
        Those that are shown, and how many more there are.
    """
    trace, now = app[TRACE], app[CLOCK]()
    by_mac: dict[str, list[Event]] = {}
    for each in trace.of_unknown():
        if each.mac is not None:
            by_mac.setdefault(each.mac, []).append(each)
    named = sorted(mac for boot in app[ADHOC].all() for mac in boot.macs)
    for mac in named[:_MOST_BY_HAND]:
        host = app[RECOGNISER].host_of(mac)
        if host is not None:
            by_mac[mac] = [each for each in trace.recent(host=host) if each.mac == mac]
    ways = {mac: course(events) for mac, events in by_mac.items()}
    under_way = [mac for mac, way in ways.items() if _is_under_way(way, now)]
    under_way.sort(key=lambda mac: ways[mac].events[-1].at)
    few = under_way[-_SHOWN:]
    found = [_other(app, mac, ways[mac]) async for mac in in_slices(few)]
    return found, len(under_way) - len(few)


def _is_under_way(way: Course, now: float) -> bool:
    return way.stage >= Stage.OFFERED and now - way.events[-1].at < _LATELY


def _other(app: web.Application, mac: str, way: Course) -> Seen:
    host, trace = app[RECOGNISER].host_of(mac), app[TRACE]
    moving = trace.moving(host) if host is not None else trace.moving_unknown(mac)
    found, who = app[DIAGNOSTICIAN].of_mac(mac).diagnosis, settled(app[RECOGNISER].of(mac))
    waits = _waits(app, mac) and app[DISCOVERED].of(mac) is not None
    return Seen(
        mac=mac,
        way=way,
        host=host,
        path=path_of(mac) if waits else "",
        gets=who.boot.machine.os or "a kernel" if isinstance(who, AdHoc) else "",
        moving=moving,
        found=found,
    )


async def counted(app: web.Application, others: int, others_stuck: int) -> Counted:
    """Return how many boots are under way.

    Args:
        app: Where they are asked for.
        others: How many of them are of no build.
        others_stuck: As of `Counted`.
    """
    waiting = sum([1 async for mac in in_slices(app[DISCOVERED].macs()) if _waits(app, mac)])
    active = app[INDEX].active_now()
    stuck = app[STANDINGS].stuck(active)
    return Counted(len(active), stuck, others, others_stuck, waiting)


def stuck_of(others: Iterable[Seen]) -> int:
    """Return how many of these stand still."""
    return sum(stands_still(each.found) for each in others)


def _waits(app: web.Application, mac: str) -> bool:
    return isinstance(apart(app[RECOGNISER].of(mac)), Unknown)


async def ended(app: web.Application) -> tuple[Ended, ...]:
    """Return the builds that ended last."""
    builds = tuple(app[INDEX].all())
    return await app[POOLS].management.run(ended_of, builds, app[CLOCK]())


def has_points(app: web.Application) -> bool:
    """Tell whether the check list is shown: no machine was installed yet."""
    return not (app[INDEX].has_installed or app[PACES].is_any)


def points(app: web.Application, waiting: int) -> tuple[Point, ...]:
    """Return the check list; empty once a machine was installed.

    Args:
        app: Where it is looked.
        waiting: How many machines were heard that no file knows.
    """
    if not has_points(app):
        return ()
    index = app[INDEX]
    interfaces, registry, loaders = app[INTERFACES](), app[MACHINES](), app[LOADERS]
    active = tuple(index.active_now())
    few = islice(active, _LOOKED_AT)
    asked = [each for each in few if app[STANDINGS].of(each).way.stage > Stage.NOTHING]
    building = next(iter(asked or active), None)
    way = app[STANDINGS].of(building).way if building is not None else course(())
    there = loaders.by_architecture
    return checklist(
        Premises(
            mode=app[SETTINGS]().dhcp.mode,
            reload=app[SETTINGS].reload_command,
            answering=interfaces.answering,
            present=str(interfaces),
            servers=tuple(map(str, sorted(app[OTHERS].givers()))),
            heard=app[TRACE].heard is not None,
            loaders=tuple(ARCHITECTURES[code].name for code in _COMMON if code in there),
            missing=tuple(loaders.missing()),
            machines=len(registry.machines),
            unread=_unread(registry.problems),
            broken=str(registry.problems[0]) if registry.problems else "",
            host=_first(app),
            building=building.host if building is not None else "",
            unfetched=_unfetched(way),
            asked=bool(asked),
            waiting=waiting,
        )
    )


def _first(app: web.Application) -> str:
    """Return the machine that is rather to be built: the last that was heard and adopted."""
    hosts = map(app[MACHINES]().host_of, reversed(app[DISCOVERED].macs()))
    return next(filter(None, hosts), None) or min(app[MACHINES]().machines, default="")


def _unfetched(way: Course) -> str:
    """Say why a machine's kernel or initrd cannot be fetched, by the last that is known of it."""
    for each in reversed(way.events):
        match each.what:
            case ImageFailed() | ImageMismatch():
                return each.text
            case ImageFetching() | Booting():
                return ""
            case BuildAdvised(advice=advice) if advice.endswith(LATER):
                return advice.removesuffix(f"; {LATER}")
            case _:
                pass
    return ""


def _unread(problems: Iterable[Problem]) -> str:
    """Say why the folder of the machine files cannot be read; nothing if it can."""
    of_folder = (each for each in problems if each.key == "machinepath")
    return next((f"{each.file} {each.sentence}" for each in of_folder), "")


async def now_facts(app: web.Application, page: int, *, stuck: bool) -> NowView:
    """Return the whole screen.

    Args:
        app: Where it is looked.
        page: Which page of the boots.
        stuck: Of those that stand still alone.
    """
    builds = await boots_listed(app, stuck=stuck)
    pages = paged(len(builds), page, stuck=stuck)
    few = builds[max(0, pages.first - 1) : pages.until]
    now = app[CLOCK]()
    boots = [boot_row(seen(app, each), now) async for each in in_slices(few)]
    others, left_out = await others_seen(app)
    count = await counted(app, len(others) + left_out, stuck_of(others))
    return now_view(
        count,
        pages,
        boots,
        [boot_row(each, now) async for each in in_slices(others)],
        left_out,
        await ended(app),
        points(app, count.waiting),
    )
