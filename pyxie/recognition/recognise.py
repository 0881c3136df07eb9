"""Who is this client? The one policy that DHCP, TFTP, HTTP and REST go by. Pure.

The MAC decides, if it is in a machine's file or an active build; else what the client reports,
by the machines' `match`. What it may be before iPXE was asked is a value of its own, and so is
each reason for which it is no machine of ours.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol, TypeAlias

from pyxie.adhoc.boots import AdHocBoot
from pyxie.bootapi.answer import Answer
from pyxie.bootapi.memory import Nothing
from pyxie.builds.life import Build, State
from pyxie.registry.identity import ONE_BOOT, Identity
from pyxie.registry.select import Selectors


class Mode(StrEnum):
    """What pyxie does for a machine that it knows."""

    IN_BUILD = "in build"
    """It is network-booted, with what its build serves."""
    IDLE = "idle"
    """Nothing: it boots from its disk."""


class Policy(StrEnum):
    """What an unknown machine gets."""

    IGNORE = "ignore"
    LOCAL = "local"
    """It is sent on to its next boot device at once."""
    DISCOVER = "discover"
    """It reports what it is, and boots from its next device."""
    MENU = "menu"
    """Somebody at it chooses a build type."""
    BUILD_TYPE = "build type"
    BOOT_API = "boot API"
    """What an API server has for it."""


@dataclass(frozen=True, slots=True)
class Known:
    """It is that machine.

    Attributes:
        host: Its hostname.
        mode: What is done for it.
        build: Its newest build; active if it is in build mode.
    """

    host: str
    mode: Mode
    build: Build | None = None


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """It fits the `match` of several machines, of which none is the more specific.

    Attributes:
        host: One of them.
    """

    host: str


@dataclass(frozen=True, slots=True)
class Contested:
    """It fits a machine's `match`, but another NIC has that machine's build.

    Two machines with one identity, or another NIC of the same: only its file can tell. Both
    installed would be one too many, so the second gets nothing.

    Attributes:
        host: The machine.
        mac: The NIC that has its build, see `pyxie.builds.life.Build`.
    """

    host: str
    mac: str


@dataclass(frozen=True, slots=True)
class Broken:
    """Its MAC stands in a file with mistakes, or in two files."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Files cannot be read at all, and it may stand in one of them."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """It has no machine file.

    Attributes:
        policy: What it gets.
        build_type: Which one, where the settings or somebody at its menu says so.
        boot_api: What the API server has answered about it; None if there is no answer yet.
        asks_api: There is an API server.
    """

    policy: Policy
    build_type: str = ""
    boot_api: Answer | Nothing | None = None
    asks_api: bool = False


@dataclass(frozen=True, slots=True)
class AdHoc:
    """Somebody boots it by hand, by `pyxie boot`.

    Attributes:
        boot: What it gets.
        otherwise: What it is taken for apart from that.
    """

    boot: AdHocBoot
    otherwise: Apart


Apart: TypeAlias = Known | Ambiguous | Contested | Broken | Unreadable | Unknown
Settled: TypeAlias = Apart | AdHoc


@dataclass(frozen=True, slots=True)
class Unidentified:
    """Only iPXE can tell which machine it is, and is to be asked.

    Attributes:
        mode: `Mode.IN_BUILD` if one that it may be is.
        otherwise: What it is taken for until then.
    """

    mode: Mode
    otherwise: Settled


Recognised: TypeAlias = Settled | Unidentified


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks, and what it has reported.

    Attributes:
        mac: ``52:54:00:12:34:56``.
        identity: What it has reported.
        chosen: The build type that somebody chose in its menu.
        boot_api: What the API server has answered about it.
        ad_hoc: What somebody boots by hand, it or whoever is not known.
    """

    mac: str
    identity: Identity = field(default_factory=Identity)
    chosen: str = ""
    boot_api: Answer | Nothing | None = None
    ad_hoc: AdHocBoot | None = None


class Machines(Protocol):
    """What is asked of a snapshot of the machines, see `pyxie.registry.registry.Registry`."""

    @property
    def selectors(self) -> Selectors:
        """Those that are recognised by more than their MACs."""
        ...

    @property
    def blind(self) -> bool:
        """Files cannot be read at all."""
        ...

    def host_of(self, mac: str) -> str | None:
        """Return the machine with that NIC."""
        ...

    def claimed(self, mac: str) -> bool:
        """Tell whether that MAC stands in a file, even in one with mistakes."""
        ...

    def __contains__(self, host: str) -> bool: ...


class Builds(Protocol):
    """What is asked of the builds, see `pyxie.builds.index.BuildIndex`."""

    def of(self, host: str) -> Build | None:
        """Return a machine's newest build."""
        ...

    def by_mac(self, mac: str) -> Build | None:
        """Return the active build whose machine has that NIC."""
        ...

    def any_active(self, hosts: frozenset[str]) -> bool:
        """Tell whether one of these machines is in build mode."""
        ...


class Settings(Protocol):
    """What is asked of the settings, see `pyxie.config.settings.Settings`."""

    @property
    def unknown(self) -> str:
        """``ignore``, ``local``, ``discover``, ``menu``, or one of the build types."""
        ...

    @property
    def build_types(self) -> Container[str]:
        """By name."""
        ...

    @property
    def boot_api(self) -> object | None:
        """The API server, if there is one."""
        ...


def recognise(
    client: Client, machines: Machines, builds: Builds, settings: Settings, now: float
) -> Recognised:
    """Tell who a client is.

    Args:
        client: With all that it has reported.
        machines: The snapshot of the files.
        builds: The newest of each machine.
        settings: For unknown machines.
        now: Seconds, monotonic, by the clock of `Identity.asked`.
    """
    found = _by_hand(client, _settle(client, machines, builds, settings))
    who, selectors = client.identity, machines.selectors
    has_told = who.asked is not None and now - who.asked < ONE_BOOT
    if (
        has_told
        or not selectors
        or not selectors.asks(who)
        or _has_a_name(client, machines, builds)
    ):
        return found
    building = any(builds.any_active(hosts) for hosts in selectors.may_be(who))
    return Unidentified(Mode.IN_BUILD if building else Mode.IDLE, found)


def settled(found: Recognised) -> Settled:
    """Return what a client is taken for, also if iPXE has not been asked."""
    return found.otherwise if isinstance(found, Unidentified) else found


def apart(found: Recognised) -> Apart:
    """Return the same, but for what somebody boots by hand."""
    known = settled(found)
    return known.otherwise if isinstance(known, AdHoc) else known


def host_of(found: Recognised) -> str | None:
    """Return the hostname, of a machine that is known."""
    known = apart(found)
    return known.host if isinstance(known, Known) else None


def concerns(found: Recognised) -> str | None:
    """Return the hostname of the machine on whose trace it belongs what comes of a client."""
    match apart(found):
        case Known(host=host) | Contested(host=host):
            return host
        case _:
            return None


def boots(found: Recognised) -> bool:
    """Tell whether a client is to be network-booted."""
    match found:
        case Known(mode=mode):
            return mode is Mode.IN_BUILD
        case Unidentified(mode, otherwise):
            return mode is Mode.IN_BUILD or boots(otherwise)
        case Unknown(policy):
            return policy not in _LEFT_ALONE
        case AdHoc():
            return True
        case Ambiguous() | Contested() | Broken() | Unreadable():  # pragma: no branch  (mypy: all)
            return False


def why_not(found: Recognised) -> str:
    """Return why a client is not network-booted, in plain words."""
    match apart(found):
        case Known(build=Build(state=state)) if state in _ENDED:
            return _ENDED[state]
        case Known():
            return "not in build mode"
        case Ambiguous() | Broken():
            return "in a file with mistakes: see pyxie check"
        case Contested(host, mac):
            return (
                f"recognised as {host}, whose build {mac} has: if both are NICs of one machine, "
                "write both into its file; if not, two machines have one identity"
            )
        case Unknown(boot_api=Nothing(why)):
            return f"not in the registry, and the boot API {why}"
        case Unknown(asks_api=True):
            return "not in the registry; waiting for the boot API's answer"
        case Unreadable():
            return "perhaps in a file that cannot be read: see pyxie check"
        case Unknown():  # pragma: no branch  (mypy: these are all)
            return "not in the registry"


_LEFT_ALONE: Final = frozenset({Policy.IGNORE, Policy.LOCAL})
_ENDED: Final = {
    State.INSTALLED: "installed",
    State.FAILED: "out of build mode: its installer said that it failed",
    State.CANCELLED: "out of build mode: its build was cancelled",
}


def _has_a_name(client: Client, machines: Machines, builds: Builds) -> bool:
    """Tell whether its MAC alone decides, also that it is in a file with mistakes."""
    mac = client.mac
    by_hand = client.ad_hoc is not None and mac in client.ad_hoc.macs
    known = machines.host_of(mac) is not None or builds.by_mac(mac) is not None
    return by_hand or known or machines.claimed(mac)


def _by_hand(client: Client, found: Apart) -> Settled:
    """Return what a client gets that somebody boots by hand.

    A build that was begun is to be kept. Whoever has a file, or may have one, is meant only
    where its NIC is named: a hall of machines that boot from the network first is not to be
    caught by who tries a kernel.
    """
    boot = client.ad_hoc
    if boot is None or (isinstance(found, Known) and found.mode is Mode.IN_BUILD):
        return found
    meant = client.mac in boot.macs if boot.macs else isinstance(found, Unknown)
    return AdHoc(boot, found) if meant else found


def _settle(client: Client, machines: Machines, builds: Builds, settings: Settings) -> Apart:
    host = machines.host_of(client.mac)
    if host is not None:
        return _known(host, builds)
    build = builds.by_mac(client.mac)
    if build is not None:  # its file has gone, or the NIC was put into it since
        return _known(build.host, builds)
    if machines.claimed(client.mac):
        return Broken()
    if machines.blind:
        return Unreadable()
    selector = machines.selectors.of(client.identity) if machines.selectors else None
    if selector is None:
        return _unknown(client, settings)
    if selector.host not in machines:
        return Ambiguous(selector.host)
    build = builds.of(selector.host)
    if build is not None and build.active and build.mac not in (None, client.mac):
        return Contested(selector.host, build.mac or "")
    return _known(selector.host, builds)


def _known(host: str, builds: Builds) -> Known:
    build = builds.of(host)
    mode = Mode.IN_BUILD if build is not None and build.active else Mode.IDLE
    return Known(host, mode, build)


def _unknown(client: Client, settings: Settings) -> Unknown:
    asks = settings.boot_api is not None
    said = client.boot_api if asks else None
    policy, build_type = _wanted(client, settings)
    if isinstance(said, Answer):
        policy = Policy.BOOT_API
    return Unknown(policy, build_type, said, asks)


def _wanted(client: Client, settings: Settings) -> tuple[Policy, str]:
    """Return what the settings say of unknown machines."""
    match settings.unknown:
        case Policy.IGNORE | Policy.LOCAL | Policy.DISCOVER as policy:
            return Policy(policy), ""
        case Policy.MENU:
            chosen = client.chosen
            return Policy.MENU, chosen if chosen in settings.build_types else ""
        case build_type:
            return Policy.BUILD_TYPE, build_type
