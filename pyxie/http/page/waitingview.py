"""What the screen Waiting shows: machines that no file knows, and how one is adopted. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from pyxie.config.values import AMD64, dashed
from pyxie.diagnosis.makers import virtual
from pyxie.diagnosis.saying import span
from pyxie.errors import Problem
from pyxie.http.page.bootrow import machine_path
from pyxie.http.page.commandline import command
from pyxie.http.page.longtext import printable
from pyxie.http.page.spokentimes import Moment, ago
from pyxie.recognition.adopting import arch_of
from pyxie.recognition.discovered import DiscoveredMachine, Whereabouts

ROWS: Final = 100
"""Machines on one page."""
STAYS: Final = 900.0
"""Seconds after its last sign for which one stays in the list that has been adopted."""
PATH: Final = "/page/waiting"
_MADE_UP: Final = "nobody: the address was made up, as those of virtual machines are"
FIELDS: Final = ("hostname", "os", "build_type", "groups")
"""What is asked for to adopt a machine; also keys of its file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A machine that was heard.

    Attributes:
        machine: What is known of it.
        maker: Of its network card, as lists have it; empty where they do not.
        host: The machine whose file has it by now; empty where none has.
        booted: When that machine was heard last, if it was since.
        boots: The system that it boots once; empty for none.
        left: For how many seconds it may.
    """

    machine: DiscoveredMachine
    maker: str = ""
    host: str = ""
    booted: float = 0.0
    boots: str = ""
    left: float = 0.0


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """A machine.

    Attributes:
        id: Of its element.
        mac: Its NIC.
        path: Its screen.
        facts: What is known of it, by what that is called; without what is not.
        first: When it was heard first.
        last: When last.
        host: The machine whose file has it by now; empty where none has.
        host_path: The screen of that.
        once: What it boots once, and for how long it may; empty for nothing.
    """

    id: str
    mac: str
    path: str
    facts: tuple[tuple[str, str], ...]
    first: Moment
    last: Moment
    host: str
    host_path: str
    once: str


@dataclass(frozen=True, slots=True)
class WaitingView:
    """The screen.

    Attributes:
        rows: Who was heard first is first, and those that were adopted are last; none moves while
            one looks.
        page: The number of this page, from 1.
        last: Of the last one.
        first: The number of the first machine on it, from 1; 0 for none.
        until: Of the last machine on it.
        of: How many there are on all pages.
        asks: Machines are asked what they are: ``unknown: discover``.
    """

    rows: tuple[WaitingRow, ...]
    page: int
    last: int
    first: int
    until: int
    of: int
    asks: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptForm:
    """What is asked for to adopt a machine.

    Attributes:
        hostname: As it was typed.
        system: As it was chosen, by its recipe; empty for none.
        build_type: As it was chosen; empty for the machine's own.
        groups: Those that were chosen.
        mistakes: What is wrong, by field; of no field by an empty name.
    """

    hostname: str = ""
    system: str = ""
    build_type: str = ""
    groups: tuple[str, ...] = ()
    mistakes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class BootForm:
    """What is asked for to boot a machine once.

    Attributes:
        system: As it was chosen.
        mistake: Why it was not to be.
    """

    system: str = ""
    mistake: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OneView:
    """The screen of one machine.

    Attributes:
        row: What is known of it.
        adopt: The form.
        boot: The other.
        build_types: By name.
        groups: Likewise.
        systems: What may be booted for somebody at the screen: name and title.
        installed: What may be installed with nobody there, likewise.
        commands: What does the same, by what it does.
        boots: What boots each of ``systems``, by its name.
    """

    row: WaitingRow
    adopt: AdoptForm
    boot: BootForm
    build_types: Sequence[str]
    groups: Sequence[str]
    systems: Sequence[tuple[str, str]]
    installed: Sequence[tuple[str, str]]
    commands: Mapping[str, str]
    boots: Mapping[str, str]


def in_order(
    waiting: Iterable[DiscoveredMachine], adopted: Iterable[DiscoveredMachine]
) -> list[DiscoveredMachine]:
    """Return machines by when they were heard first: a new one comes behind those that wait.

    Args:
        waiting: Those that no file knows, and those that keep their places among them.
        adopted: Those that are shown a while yet, behind the others.
    """
    return [*sorted(waiting, key=_first), *sorted(adopted, key=_first)]


def _first(machine: DiscoveredMachine) -> tuple[float, str]:
    return machine.first, machine.mac


def span_of(count: int, page: int) -> tuple[int, int, int, int]:
    """Return the page that is nearest to the one asked for, the last, and what is on it.

    Args:
        count: How many machines there are.
        page: The number that is asked for.

    Returns:
        The number of the page and of the last, and from where to where it goes.
    """
    last = max(1, -(-count // ROWS))
    page = min(max(page, 1), last)
    return page, last, (page - 1) * ROWS, min(page * ROWS, count)


def waiting_view(
    heard: Iterable[Heard], count: int, page: int, now: float, *, asks: bool
) -> WaitingView:
    """Return the screen.

    Args:
        heard: The machines of this page.
        count: How many there are on all pages.
        page: As for `span_of`.
        now: Seconds since the epoch.
        asks: As of `WaitingView`.
    """
    page, last, begin, end = span_of(count, page)
    rows = tuple(waiting_row(each, now) for each in heard)
    return WaitingView(rows, page, last, begin + 1 if count else 0, end, count, asks)


def waiting_row(heard: Heard, now: float) -> WaitingRow:
    """Return what is shown of a machine.

    Args:
        heard: What is known of it.
        now: Seconds since the epoch.
    """
    machine = heard.machine
    once = f"{heard.boots}, for {span(heard.left)} yet" if heard.boots else ""
    return WaitingRow(
        id=row_id(machine.mac),
        mac=machine.mac,
        path=path_of(machine.mac),
        facts=tuple((name, printable(value)) for name, value in _facts(heard) if value),
        first=ago(machine.first, now),
        last=ago(max(machine.last, heard.booted), now),
        host=heard.host,
        host_path=machine_path(heard.host) if heard.host else "",
        once=once,
    )


def row_id(mac: str) -> str:
    """Return the ``id`` of a machine's element."""
    return f"waits-{dashed(mac)}"


def path_of(mac: str) -> str:
    """Return the path of a machine's screen."""
    return f"{PATH}/{dashed(mac)}"


def _facts(heard: Heard) -> Iterable[tuple[str, str]]:
    told, where = heard.machine.fields, heard.machine.where or Whereabouts()
    named = (told.get(name, "") for name in ("vendor", "product"))
    yield "Maker of the card", maker_of(heard.machine.mac, heard.maker)
    yield "Product", " ".join(filter(None, named))
    yield "Serial number", told.get("serial", "")
    yield "Asset tag", told.get("asset", "")
    yield "UUID", told.get("uuid", "")
    yield "Architecture", told.get("architecture", "")
    yield "Calls itself", told.get("hostname", "")
    yield "Network of" if where.relay else "Network", where.network
    yield "Relay agent", where.relay
    yield "Its port", where.port
    yield "Its switch", where.switch
    yield "Heard on", where.interface


def maker_of(mac: str, listed: str) -> str:
    """Return who made a card, in words; empty where nobody knows.

    IEEE 802, section 8.2.2: the second bit of the first byte says that an address is made up.

    Args:
        mac: ``52:54:00:12:34:56``.
        listed: Who is in IEEE's list; empty for nobody.
    """
    machine = virtual(mac)
    if machine:
        return f"{machine}, a virtual machine"
    return listed or (_MADE_UP if int(mac[:2], 16) & 2 else "")


def mistakes_of(problems: Iterable[Problem]) -> dict[str, str]:
    """Return what is wrong with what was typed, by its field; of no field by an empty name."""
    found: dict[str, list[str]] = {}
    for each in problems:
        key = each.key.partition(".")[0].partition("[")[0]
        of_field = key in FIELDS
        said = each.sentence if of_field else f"{each.key}: {each.sentence}".removeprefix(": ")
        found.setdefault(key if of_field else "", []).append(printable(said))
    return {name: " ".join(said) for name, said in found.items()}


def usual_of(system: str, installed: Iterable[tuple[str, str]], *, has_templates: bool) -> str:
    """Return the system that is proposed to be installed; empty for none.

    It is the one that the settings name for all, where they say by no template how: nothing could
    be installed then of a machine without one of its own.

    Args:
        system: What the settings name.
        installed: What may be installed with nobody there: name and title.
        has_templates: The settings say how, for all.
    """
    known = any(name == system for name, _ in installed)
    return system if known and not has_templates else ""


def one_view(
    heard: Heard,
    now: float,
    *,
    adopt: AdoptForm,
    boot: BootForm,
    build_types: Sequence[str],
    groups: Sequence[str],
    systems: Sequence[tuple[str, str]],
    installed: Sequence[tuple[str, str]],
) -> OneView:
    """Return the screen of one machine; the arguments are members of it."""
    mac = heard.machine.mac
    arch = arch_of(heard.machine.fields)
    first = systems[0][0] if systems else "SYSTEM"

    def booted(system: str) -> str:
        return command("boot", system, mac=mac, arch="" if arch == AMD64 else arch)

    commands = {
        "adopt": command(
            *("adopt", mac),
            hostname=adopt.hostname or "HOST",
            os=adopt.system,
            type=adopt.build_type,
            group=adopt.groups,
        ),
        "boot": booted(boot.system or first),
    }
    return OneView(
        row=waiting_row(heard, now),
        adopt=adopt,
        boot=boot,
        build_types=build_types,
        groups=groups,
        systems=systems,
        installed=installed,
        commands=MappingProxyType(commands),
        boots=MappingProxyType({name: booted(name) for name, _ in systems}),
    )
