"""What the screen Health shows: what pyxie serves by and where, and what is wrong. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Final

from pyxie.bounds import Bound
from pyxie.config.settings import Settings
from pyxie.dhcp.overheard import Other
from pyxie.errors import Problem
from pyxie.http.page.badges import BAD, IDLE, OK
from pyxie.http.page.spokentimes import Moment, ago

MOST: Final = 100
"""Files with mistakes that are shown; a mistake in one group can be one of each machine."""
_UNSET: Final = IPv4Address("0.0.0.0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Nic:
    """An interface of the host.

    Attributes:
        name: E.g. ``eth0``.
        addresses: With the lengths of their networks.
        served: Whether machines are answered there.
        said: What is to be known of it; empty if nothing is.
        look: The class of its state.
    """

    name: str
    addresses: tuple[str, ...] = ()
    served: bool = True
    said: str = ""
    look: str = OK


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A service.

    Attributes:
        name: What it is called.
        where: Its ports, or where it keeps what it keeps.
        said: What it does.
        wrong: What is wrong with it; empty if nothing is.
        look: The class of its state.
    """

    name: str
    where: str
    said: str
    wrong: str = ""
    look: str = OK


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Another DHCP or PXE server.

    Attributes:
        address: As it calls itself.
        what: Which sort it is, and whether it is on this host.
        interface: Where it was heard.
        offers: What it says to boot, a line each; empty if it names nothing.
        last: When it was heard.
    """

    address: str
    what: str
    interface: str
    offers: tuple[str, ...]
    last: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Loader:
    """A boot loader, or that there is none.

    Attributes:
        client: For which machines.
        name: Its name; empty where there is none.
        path: Where it lies.
        size: Bytes.
        version: Its own word; empty if it has none.
        signers: Who signed it, and whose key that takes.
        usual: It is what they are handed where nothing else is asked for.
        missing: What brings one, where there is none.
    """

    client: str
    name: str = ""
    path: str = ""
    size: int = 0
    version: str = ""
    signers: tuple[str, ...] = ()
    usual: bool = False
    missing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """A file system that pyxie keeps something on.

    Attributes:
        what: What it keeps there.
        path: Where.
        free: Bytes; None where it does not answer, or is not there.
        size: Bytes of all.
    """

    what: str
    path: str
    free: int | None = None
    size: int = 0

    @property
    def percent(self) -> int | None:
        """How much of it is taken; None where that is not known."""
        return None if self.free is None or not self.size else 100 - self.free * 100 // self.size

    @property
    def look(self) -> str:
        """The class of its state."""
        return BAD if self.free is None or self.free < _LITTLE else OK


_LITTLE: Final = 256 * 1024 * 1024
"""Bytes: the image store leaves so many to others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A bound that was reached.

    Attributes:
        name: As metrics have it.
        most: How much, of what.
        beyond: What becomes of more.
        setting: What changes it; empty if nothing does.
        times: How often it was reached since pyxie began.
        last: When it last was; None if that is not known.
    """

    name: str
    most: str
    beyond: str
    setting: str
    times: int
    last: Moment | None

    @property
    def is_usual(self) -> bool:
        """Whether nothing is refused or lost by it: what is more waits, or is told later."""
        return self.beyond in _LATER or bool(_WAITS.match(self.beyond))


_WAITS: Final = re.compile(r"waits?\b(?!.*\b(refused|closed)\b)")
_LATER: Final = ("tried later", "counted in the next", "sent whole", "it is sent whole")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """A mistake in a file.

    Attributes:
        place: The file, with line and column where they are known.
        sentence: What is wrong, with the key.
    """

    place: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problems:
    """What is wrong.

    Attributes:
        sentences: Of no file.
        mistakes: Of files, as many as are shown.
        more: How many are not.
        not_in_force: What of the settings' file is not.
    """

    sentences: tuple[str, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    more: int = 0
    not_in_force: tuple[str, ...] = ()

    @property
    def are_none(self) -> bool:
        """Whether all is well."""
        return not (self.sentences or self.mistakes or self.not_in_force)


def problems(
    sentences: Iterable[str], files: Sequence[Problem], not_in_force: Iterable[str]
) -> Problems:
    """Return what is wrong; of files no more than `MOST`."""
    return Problems(
        sentences=tuple(sentences),
        mistakes=tuple(map(_mistake, files[:MOST])),
        more=max(0, len(files) - MOST),
        not_in_force=tuple(not_in_force),
    )


def _mistake(problem: Problem) -> Mistake:
    line = f":{problem.line}:{problem.column}" if problem.line else ""
    key = f"{problem.key}: " if problem.key else ""
    return Mistake(place=f"{problem.file}{line}", sentence=f"{key}{problem.sentence}")


def nics(
    present: Mapping[str, Sequence[str]],
    served: Sequence[str],
    missing: Iterable[str],
    *,
    named: bool,
) -> tuple[Nic, ...]:
    """Return the interfaces: those that are served first, in their order.

    One without an address is in order beside one that has one, as a port of a bridge is, unless
    somebody has named it.

    Args:
        present: Addresses by name, of all that there are.
        served: Names.
        missing: Names that are to be served, and are not there.
        named: The settings say which are served; else all are that there are.
    """
    bare = BAD if named or not any(present[name] for name in served) else IDLE
    found = [_nic(name, tuple(present[name]), bare) for name in served]
    found += [
        Nic(name=name, served=True, said="is not there: 'interfaces' names it", look=BAD)
        for name in missing
    ]
    others = (name for name in present if name not in served)
    found += [
        Nic(name=name, addresses=tuple(present[name]), served=False, said="not served", look=IDLE)
        for name in others
    ]
    return tuple(found)


def _nic(name: str, addresses: tuple[str, ...], bare: str) -> Nic:
    said = "" if addresses else "has no IPv4 address: nobody is answered there"
    return Nic(name=name, addresses=addresses, said=said, look=OK if addresses else bare)


_MODES: Final = {
    "answer": "answers beside the LAN's own DHCP server, and gives no addresses",
    "observe": "looks on, and answers nobody: 'dhcp.mode' is observe",
    "serve": "gives addresses, {range}, and answers",
    "off": "is off: another DHCP server points to pyxie",
}


def services(
    settings: Settings, *, state: str, unsaved: int, store: str, folder: str
) -> tuple[Running, ...]:
    """Return what runs, and where: what answers at all has all of these open.

    Args:
        settings: Those that pyxie began with.
        state: What is wrong with the state; empty if nothing is.
        unsaved: How many changes are in memory, and wait to be stored.
        store: What is wrong with the image store.
        folder: Where that is.
    """
    return tuple(_services(settings, state, unsaved, store, folder))


def _services(
    settings: Settings, state: str, unsaved: int, store: str, folder: str
) -> Iterator[Running]:
    dhcp, http, tftp = settings.dhcp, settings.http, settings.tftp
    yield Running(
        name="DHCP",
        where="" if dhcp.mode == "off" else "UDP 67 and 4011",
        said=_MODES[dhcp.mode].format(range=dhcp.range),
        look=OK if dhcp.mode in ("answer", "serve") else IDLE,
    )
    said = "boot loaders, all from that port" if tftp.single_port else "boot loaders"
    yield Running(name="TFTP", where=f"UDP {tftp.port}", said=said)
    listen = ", ".join(map(str, http.listen)) or "all addresses"
    yield Running(
        name="HTTP", where=f"TCP {http.port}, {listen}", said="scripts, images, REST and this page"
    )
    waits = f"; {unsaved} changes wait to be stored" if unsaved else ""
    yield Running(
        name="State",
        where=_place(settings.state),
        said=f"builds, hooks, events and tokens{waits}",
        wrong=state,
        look=BAD if state else OK,
    )
    is_kept = bool(settings.image_store.size)
    yield Running(
        name="Image store",
        where=folder if is_kept else "",
        said="files of other servers" if is_kept else "is off: 'image_store.size' is 0",
        wrong=store,
        look=BAD if store else OK if is_kept else IDLE,
    )
    if settings.boot_api is not None:
        yield Running(name="Boot API", where="", said="another server, asked of unknown machines")


def _place(state: str) -> str:
    """Return where the state is, without what may be a password."""
    scheme, _, path = state.partition("://")
    return path.removeprefix("/") if scheme.startswith("sqlite") else scheme.partition("+")[0]


def servers(found: Iterable[tuple[Other, float]], now: float) -> tuple[Server, ...]:
    """Return the other servers, by address.

    Args:
        found: Each with how many seconds ago it was heard.
        now: Seconds since the epoch.
    """
    return tuple(
        Server(
            address=str(each.server),
            what=f"{'DHCP' if each.addresses else 'PXE'} server{' of this host' * each.here}",
            interface=each.interface,
            offers=tuple(_offers(each)),
            last=ago(now - age, now),
        )
        for each, age in sorted(found, key=lambda pair: (pair[0].server, pair[0].interface))
    )


def _offers(other: Other) -> Iterator[str]:
    if other.siaddr != _UNSET:
        yield f"next server {other.siaddr}"
    for what, said in (
        ("boot file", other.file),
        ("option 66, the boot server", other.tftp_server),
        ("option 67, the boot file", other.bootfile),
        ("option 60", other.vendor_class),
        ("option 43", other.vendor_options),
    ):
        if said:
            yield f"{what} {said}"


def limits(found: Iterable[tuple[Bound, float | None]], now: float) -> tuple[Limit, ...]:
    """Return bounds that were reached, in their order.

    Args:
        found: Each with when it last was, None if that is not known.
        now: Seconds since the epoch.
    """
    return tuple(
        Limit(
            name=bound.name,
            most=f"{bound.most:,} {bound.unit}",
            beyond=bound.beyond,
            setting=bound.setting,
            times=bound.times,
            last=None if last is None else ago(last, now),
        )
        for bound, last in found
    )
