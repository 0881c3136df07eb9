"""What is ready for machines: answers by what asked alike, and what all of them rest on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address
from typing import Final

from pyxie.builds.life import Build
from pyxie.config.values import dashed
from pyxie.dhcp.alike import Form, Own
from pyxie.dhcp.decide import LIMITED_BROADCAST, Destination
from pyxie.dhcp.prepared import Prepared
from pyxie.dhcp.sockets import DhcpSocket
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
        learnt: How often something was learnt by which that may be another, but for what time does.
    """

    basis: Callable[[], tuple[object, ...]]
    in_build: Callable[[str], Known | None]
    active: Callable[[str], Build | None]
    leaning: Callable[[str, bool, int], Leaning]
    loaders: Callable[[Recognised, Leaning], Choice]
    learnt: Callable[[], int]


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
    """

    ipxe: bool
    sort: str
    listens: float
    server: IPv4Address
    interface: int
    offers: dict[int, Offer] = field(default_factory=dict)
    ready: dict[tuple[bytes, bytes], Ready] = field(default_factory=dict)


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
        mac: ``aa:bb:cc:dd:ee:ff``.
        client: Who it is.
        host: That one's hostname.
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
    mac: str
    client: Known
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
        data = offer.form.filled(self.own)
        self.prepared = on.prepared(data, _TO_ALL, self.alike.server, self.alike.interface)
        return self.prepared

    def news(self, now: float) -> Offered | None:
        """Return what to make an event of; None if that was done a moment ago."""
        if now - self.recorded < AGAIN:
            return None
        self.recorded = now
        return self.what
