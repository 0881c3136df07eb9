"""What is ready for machines: answers by what asked alike, and what all of them rest on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address
from typing import Final, NamedTuple

from pyxie.builds.life import Build
from pyxie.config.values import dashed
from pyxie.dhcp.alike import Form, Shape
from pyxie.dhcp.decide import LIMITED_BROADCAST, Destination
from pyxie.dhcp.others import Asking
from pyxie.dhcp.packets import Kind, kind
from pyxie.dhcp.prepared import Laid, Mine, Prepared, Sender, mine
from pyxie.dhcp.sockets import DhcpSocket
from pyxie.errors import PyxieError
from pyxie.events.datagrams import Offered
from pyxie.loaders.catalogue import Choice
from pyxie.loaders.choosing import Leaning
from pyxie.recognition.recognise import Known, Recognised

AGAIN: Final = 1.0
"""Seconds for which the same offer to a machine is no other event; the trace would leave it out."""
_NEW: Final = tuple.__new__
"""What a named tuple calls, without a function of Python's between."""
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
        novel: Tells whether nothing is known of a machine by which another alike has others.
        building: Returns the NICs of all machines in build mode.
        learnt: How often something was learnt by which that may be another, but for what time does.
    """

    basis: Callable[[], tuple[object, ...]]
    in_build: Callable[[str], Known | None]
    active: Callable[[str], Build | None]
    leaning: Callable[[str, bool, int], Leaning]
    loaders: Callable[[Recognised, Leaning], Choice]
    novel: Callable[[str], bool]
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
        shape: What is left of them without what is a machine's own,
        cut: and what takes that out of one.
        cuts: Where what is a machine's own is.
        own: Takes out what is a machine's own,
        uuid: and where its UUID is.
        ipxe: iPXE sends them.
        asking: What is known of who asks so.
        listens: Seconds for which an answer is of use.
        server: Our address there.
        interface: The number of that interface.
        leaning: What the loaders are chosen by for a machine of which nothing is known,
        moment: and when; see `Prompt`.
        offers: By the machine's loaders: what is answered, and what that tells.
        sender: By which they were answered last, and what prepares answers there.
        kind: What reads them as packets; None until they come so.
    """

    shape: Shape
    cut: Callable[[bytes], Shape]
    cuts: tuple[tuple[int, int], ...]
    own: Callable[[bytes], tuple[bytes, bytes]]
    uuid: slice
    ipxe: bool
    asking: Asking
    listens: float
    server: IPv4Address
    interface: int
    leaning: Leaning | None = None
    moment: int = -1
    sender: tuple[DhcpSocket, Sender] | None = None
    offers: dict[int, Offer] = field(default_factory=dict)
    kind: Kind[Alike] | None = None

    def packets(self) -> Kind[Alike]:
        """Return what reads them as packets."""
        if self.kind is None:
            what = (self.shape, self.cuts, self.uuid, self.interface, self.listens)
            self.kind = kind(self, *what)
        return self.kind

    def usual(self, leaning: Leaning, moment: int) -> None:
        """Keep what loaders are chosen by for a machine of which nothing is known."""
        self.leaning, self.moment = leaning, moment

    def laid(self, on: DhcpSocket, form: Form) -> Laid:
        """Return what sends an answer to them."""
        if self.sender is None or self.sender[0] is not on:
            self.sender = on, on.sender(_TO_ALL, self.server, self.interface)
        return self.sender[1].laid(form)


@dataclass(eq=False, slots=True)
class Offer:
    """An answer to machines that are alike, and have the same loaders.

    Attributes:
        form: It, to be filled in.
        said: What it told one of them.
        name: That one's MAC address, as it may stand there.
        choice: The loaders, by whose identity it is found.
        on: By which socket it was sent last,
        laid: and what sends it there.
    """

    form: Form
    said: Offered
    name: str
    choice: Choice
    on: DhcpSocket | None = None
    laid: Laid | None = None

    def by(self, on: DhcpSocket, alike: Alike) -> Laid:
        """Return what sends it by a socket."""
        if self.laid is None or self.on is not on:
            self.on, self.laid = on, alike.laid(on, self.form)
        return self.laid

    def to(self, mac: str) -> Offered:
        """Return what it tells another machine."""
        told = self.said.what.replace(self.name, dashed(mac))
        return self.said if told == self.said.what else replace(self.said, what=told)


@dataclass(eq=False, slots=True)
class Ready:
    """A machine in build mode, and what it was answered last.

    Attributes:
        known: What is known of it.
        mac: Its MAC address, as that has it.
        host: Its hostname.
        build: Its build.
        mine: What its answers are filled in with.
        alike: Its requests.
        uuid: The UUID in them.
        leaning: What its loaders were chosen by.
        offer: The answer.
        on: By which socket it is answered,
        laid: what sends answers to all that are alike there,
        by: and what sends its own; None until it asks again.
        moment: For when all that was looked up for that is looked up; see `Prompt`.
        recorded: When an event was made of it.
        told: What of, and of which answer that is.
    """

    known: Expected
    mac: str
    host: str
    build: Build | None
    mine: Mine
    alike: Alike | None = None
    uuid: bytes = b""
    leaning: Leaning | None = None
    offer: Offer | None = None
    on: DhcpSocket | None = None
    laid: Laid | None = None
    by: Prepared | None = None
    moment: int = -1
    recorded: float = -AGAIN
    told: tuple[Offer, Offered] | None = None

    def doubted(self) -> None:
        """Note that something may be known of it by which it is answered otherwise."""
        self.moment = -1

    def settled(self, moment: int) -> None:
        """Note when it was looked up what it is answered."""
        self.moment = moment

    def has(self, alike: Alike, uuid: bytes, on: DhcpSocket, leaning: Leaning) -> bool:
        """Tell whether its answer is the same as the last."""
        return (
            self.alike is alike
            and self.uuid == uuid
            and self.on is on
            and self.leaning == leaning
            and self.laid is not None
        )

    def answered(
        self, alike: Alike, uuid: bytes, on: DhcpSocket, leaning: Leaning, offer: Offer
    ) -> None:
        """Note what it is answered."""
        if offer is not self.offer:
            self.offer, self.recorded = offer, -AGAIN
        self.alike, self.uuid, self.on, self.leaning = alike, uuid, on, leaning
        self.laid, self.by = offer.by(on, alike), None

    def sends(self) -> Prepared:
        """Return what sends its answer; it is made for who asks again."""
        if self.by is None:
            assert self.laid is not None, "it was answered"  # noqa: S101
            self.by = self.laid.prepared(self.mine, self.uuid)
        return self.by

    def news(self, now: float) -> Answered | None:
        """Return what to make an event of; None if that was done a moment ago."""
        if now - self.recorded < AGAIN or self.offer is None:
            return None
        self.recorded = now
        return _NEW(Answered, (self, self.offer))

    def says(self, offer: Offer) -> Offered:
        """Return what it was told by an answer, the same for as long as that is the same."""
        if self.told is None or self.told[0] is not offer:
            self.told = offer, offer.to(self.mac)
        return self.told[1]


class Answered(NamedTuple):
    """That a machine was answered; a `pyxie.events.event.Told`."""

    ready: Ready
    offer: Offer

    @property
    def mac(self) -> str:
        """Its NIC."""
        return self.ready.mac

    @property
    def host(self) -> str:
        """Its hostname."""
        return self.ready.host

    def what(self) -> Offered:
        """Return what it was told."""
        return self.ready.says(self.offer)


def ready(known: Expected) -> Ready:
    """Return what is laid out for a machine before it asks."""
    client = known.client
    of_it = mine(bytes.fromhex(known.mac.replace(":", "")))
    return Ready(known, known.mac, client.host, client.build, of_it)
