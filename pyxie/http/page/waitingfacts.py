"""Gathers what the screen Waiting shows: from memory, and from IEEE's list of makers."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import TypeAlias

from aiohttp import web

from pyxie.errors import ConfigError
from pyxie.http.page.waitingview import (
    STAYS,
    AdoptForm,
    BootForm,
    Heard,
    OneView,
    WaitingView,
    in_order,
    one_view,
    span_of,
    usual_of,
    waiting_view,
)
from pyxie.http.parts import ADHOC, CLOCK, DISCOVERED, MACHINES, POOLS, RECOGNISER, SETTINGS, TRACE
from pyxie.net.ouis import makers
from pyxie.recipes.cookbook import Cookbook, UnknownSystemError
from pyxie.recognition.adopting import arch_of
from pyxie.recognition.discovered import DiscoveredMachine
from pyxie.recognition.recognise import Known, Unknown, apart
from pyxie.slices import in_slices


async def machines_listed(
    app: web.Application, kept: Container[str] = ()
) -> list[DiscoveredMachine]:
    """Return the machines that are shown, in their order.

    Args:
        app: Where it is looked.
        kept: Those that keep their places, though they were adopted meanwhile.
    """
    now, waiting, adopted = app[CLOCK](), list[DiscoveredMachine](), list[DiscoveredMachine]()
    async for each in in_slices(app[DISCOVERED].all()):
        match apart(app[RECOGNISER].of(each.mac)):
            case Unknown():
                waiting.append(each)
            case Known() if now - each.last < STAYS:
                (waiting if each.mac in kept else adopted).append(each)
            case _:
                pass
    return in_order(waiting, adopted)


def heard_of(app: web.Application, machine: DiscoveredMachine, maker: str) -> Heard:
    """Return what is known of a machine, at once."""
    known = apart(app[RECOGNISER].of(machine.mac))
    host = known.host if isinstance(known, Known) else ""
    boot = app[ADHOC].of(machine.mac)
    once = boot if boot is not None and boot.once and machine.mac in boot.macs else None
    return Heard(
        machine=machine,
        maker=maker,
        host=host,
        booted=(app[TRACE].boots.of(host) or 0.0) if host else 0.0,
        boots=(once.machine.os or "a kernel") if once is not None else "",
        left=app[ADHOC].left(once.id) if once is not None else 0.0,
    )


async def all_heard(app: web.Application, machines: Sequence[DiscoveredMachine]) -> list[Heard]:
    """Return what is known of machines."""
    macs = [each.mac for each in machines]
    made = await app[POOLS].management.run(makers, macs)
    return [heard_of(app, each, made.get(each.mac, "")) for each in machines]


async def waiting_facts(app: web.Application, page: int, kept: Container[str] = ()) -> WaitingView:
    """Return the whole screen.

    Args:
        app: Where it is looked.
        page: Which page of the machines.
        kept: As of `machines_listed`.
    """
    await app[MACHINES].refresh()
    found = await machines_listed(app, kept)
    _, _, begin, end = span_of(len(found), page)
    heard = await all_heard(app, found[begin:end])
    asks = app[SETTINGS]().unknown == "discover"
    return waiting_view(heard, len(found), page, app[CLOCK](), asks=asks)


async def one_facts(
    app: web.Application, machine: DiscoveredMachine, adopt: AdoptForm | None, boot: BootForm
) -> OneView:
    """Return the screen of one machine.

    Args:
        app: Where it is looked.
        machine: It.
        adopt: The form as it was typed; None before.
        boot: Likewise.
    """
    registry = await app[MACHINES].refresh()
    (heard,) = await all_heard(app, [machine])
    shared = registry.shared
    arch = arch_of(machine.fields)
    systems, installed = await app[POOLS].management.run(_systems, shared.cookbook, arch)
    settings = app[SETTINGS]()
    if adopt is None:
        has_templates = bool(settings.preseed or settings.finish or settings.templates)
        usual = usual_of(settings.os, installed, has_templates=has_templates)
        adopt = AdoptForm(hostname=machine.fields.get("hostname", ""), system=usual)
    return one_view(
        heard,
        app[CLOCK](),
        adopt=adopt,
        boot=boot,
        build_types=sorted(shared.types),
        groups=sorted(shared.groups),
        systems=systems,
        installed=installed,
    )


_Titled: TypeAlias = list[tuple[str, str]]


def _systems(cookbook: Cookbook, arch: str) -> tuple[_Titled, _Titled]:
    """Return what somebody at the screen may boot, and what installs itself, with their titles."""
    by_hand, installed = _Titled(), _Titled()
    for name in cookbook.names:
        try:
            titled = name, cookbook.about(name).title
            if cookbook.by_hand(name, arch) is not None:
                by_hand.append(titled)
            if cookbook.by_itself(name, arch):
                installed.append(titled)
        except (UnknownSystemError, ConfigError):
            continue
    return by_hand, installed
