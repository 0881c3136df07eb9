"""What is ready for machines: answers by what asked alike, and what all of them rest on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address
from typing import Final

from pyxie.builds.life import Build
from pyxie.config.values import dashed
from pyxie.dhcp.alike import Form, Own
from pyxie.dhcp.decide import LIMITED_BROADCAST, Destination
from pyxie.dhcp.prepared import Prepared, Sender
from pyxie.dhcp.sockets import DhcpSocket
from pyxie.errors import PyxieError
from pyxie.events.datagrams import Offered
from pyxie.loaders.catalogue import Choice
from pyxie.loaders.choosing import Leaning
from pyxie.recognition.recognise import Known, Recognised

AGAIN: Final = 1.0
"""Seconds for which the same offer to a machine is no other event; the trace would leave it out."""
_TO_ALL: Final = Destination(LIMITED_BROADCAST, 68)


@dataclass(frozen=True, slots=True)
class Standing:
    """On what the answer to a machine rests that is known by its MAC alone; all from memory.

    Attributes:
        basis: Objects that are replaced when they change: machine files, settings, loaders.
        in_build: Returns who is in build mode with a NIC, if nothing else can make it another.
        active: Returns the build that a machine is in build mode for.
        leaning: Notes that a machine asks, and returns what else its loaders are chosen by.
        loaders: Returns those, once that is noted.
        building: Returns the NICs of all machines in build mode.
        learnt: How often something was learnt by which that may be another, but for what time does.
    """

    basis: Callable[[], tuple[object, ...]]
    in_build: Callable[[str], Known | None]
    active: Callable[[str], Build | None]
    leaning: Callable[[str, bool, int], Leaning]
    loaders: Callable[[Recognised, Leaning], Choice]
    building: Callable[[], Iterable[str]]
    learnt: Callable[[], int]


@dataclass(frozen=True, slots=True)
class Expected:
    """What is looked up of a machine in build mode before it asks.

    Attributes:
        mac: ``aa:bb:cc:dd:ee:ff``.
        client: Who it is.
        firmware: The loaders for its firmware, of which nothing is known.
        ipxe: The loaders for its iPXE.
    """

    mac: str
    client: Known
    firmware: Choice
    ipxe: Choice

    def choice(self, leaning: Leaning) -> Choice | None:
        """Return the loaders that its own are; None if that is not looked up."""
        if leaning.ipxe:
            return self.ipxe
        return self.firmware if leaning == _FIRMWARE else None


def expected(standing: Standing, mac: str) -> Expected | None:
    """Look that up; None if the machine is not in build mode, or something is wrong with it."""
    client = standing.in_build(mac)
    if client is None:
        return None
    try:
        firmware, of_ipxe = (standing.loaders(client, each) for each in (_FIRMWARE, _IPXE))
    except (PyxieError, ValueError):  # who asks is told, and nobody else
        return None
    return Expected(mac, client, firmware, of_ipxe)


_FIRMWARE: Final = Leaning(False)
_IPXE: Final = Leaning(True)


@dataclass(eq=False, slots=True)
class Alike:
    """Requests of one shape that came in on one interface.

    Attributes:
        ipxe: iPXE sends them.
        sort: What other servers tell clients apart by.
        listens: Seconds for which an answer is of use.
        server: Our address there.
        interface: The number of that interface.
        offers: By the machine's loaders: what is answered, and what that tells.
        ready: By what is a machine's own.
        sender: By which they were answered last, and what prepares answers there.
    """

    ipxe: bool
    sort: str
    listens: float
    server: IPv4Address
    interface: int
    sender: tuple[DhcpSocket, Sender] | None = None
    offers: dict[int, Offer] = field(default_factory=dict)
    ready: dict[tuple[bytes, bytes], Ready] = field(default_factory=dict)

    def sends(self, on: DhcpSocket) -> Sender:
        """Return what prepares answers to them."""
        if self.sender is None or self.sender[0] is not on:
            self.sender = on, on.sender(_TO_ALL, self.server, self.interface)
        return self.sender[1]


@dataclass(frozen=True, slots=True)
class Offer:
    """An answer to machines that are alike, and have the same loaders.

    Attributes:
        form: It, to be filled in.
        what: What it told one of them.
        name: That one's MAC address, as it may stand there.
        choice: The loaders, by whose identity it is found.
    """

    form: Form
    what: Offered
    name: str
    choice: Choice


@dataclass(eq=False, slots=True)
class Ready:
    """A machine whose request is like one that was answered.

    Attributes:
        alike: That one's.
        own: What is its own.
        known: What is known of it.
        mac: Its MAC address, as that has it.
        host: Its hostname.
        build: Its build.
        leaning: What its loaders were chosen by.
        on: By which socket it is answered.
        prepared: The answer, as it is sent; None until it is made.
        what: What that tells.
        recorded: When an event was made of it.
        head: How its last request begins, to the transaction,
        rest: and all that follows the seconds.
        moment: For when all that was looked up for that is looked up; see `Prompt`.
    """

    alike: Alike
    own: Own
    known: Expected
    mac: str
    host: str
    build: Build | None
    leaning: Leaning | None = None
    on: DhcpSocket | None = None
    prepared: Prepared | None = None
    what: Offered | None = None
    recorded: float = -AGAIN
    head: bytes = b""
    rest: bytes = b""
    moment: int = -1

    def asked(self, data: bytes, moment: int) -> None:
        """Keep a request that it answers: the same of the same moment is answered the same way."""
        self.head, self.rest, self.moment = data[:4], data[10:], moment

    def prepare(self, on: DhcpSocket, offer: Offer, leaning: Leaning) -> Prepared:
        """Make the answer, of one to another machine."""
        told = offer.what.what.replace(offer.name, dashed(self.mac))
        self.leaning, self.on = leaning, on
        self.what = offer.what if told == offer.what.what else replace(offer.what, what=told)
        self.recorded = -AGAIN
        self.prepared = self.alike.sends(on).prepared(offer.form.filled(self.own))
        return self.prepared

    def news(self, now: float) -> Offered | None:
        """Return what to make an event of; None if that was done a moment ago."""
        if now - self.recorded < AGAIN:
            return None
        self.recorded = now
        return self.what
