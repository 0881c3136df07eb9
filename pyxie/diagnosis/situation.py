"""All that a diagnosis is made of: a machine's events, and what is known of it, at one moment."""

from __future__ import annotations

from dataclasses import dataclass, field

from pyxie.builds.durations import Pace
from pyxie.dhcp.sightings import Sighting
from pyxie.errors import Problem
from pyxie.events.event import Event
from pyxie.recognition.recognise import Apart


@dataclass(frozen=True, slots=True)
class Near:
    """A machine whose MAC is nearly the one that is asked about.

    Attributes:
        host: Its hostname.
        mac: Its NIC.
        how: ``digit``: one digit differs; ``swapped``: two stand the other way round; ``board``:
            the next or a near number, as NICs of one board have.
    """

    host: str
    mac: str
    how: str


@dataclass(frozen=True, slots=True)
class Server:
    """Another server that was heard to answer DHCP.

    Attributes:
        address: Option 54, by which clients name it.
        leases: It hands out addresses.
        vendor: Option 60 of what it offers.
        name: Option 66, or its header's ``sname``.
        file: Option 67, or its header's ``file``.
        siaddr: Its header's; empty for none.
        last: When it was heard last, seconds since the epoch.
    """

    address: str
    leases: bool = False
    vendor: str = ""
    name: str = ""
    file: str = ""
    siaddr: str = ""
    last: float = 0.0

    @property
    def boots(self) -> bool:
        """Whether it has something to boot of its own, by what firmware goes by.

        `siaddr` alone is not that, nor option 66: see `pyxie.dhcp.overheard`.
        """
        return self.vendor.startswith(("PXEClient", "HTTPClient")) or bool(self.file)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """How pyxie itself stands.

    Attributes:
        dhcp: ``answer``, ``observe`` or ``off``.
        interfaces: Those that answer, with their addresses; empty for none.
        port: HTTP's.
        base_url: How installers are told to reach pyxie.
        disk: What is wrong with the state or the image store, in sentences.
        heard: When some network-boot client was heard last, whichever; None for never.
        made: When this pyxie was made at the earliest: no clock is right that is before.
    """

    dhcp: str = "answer"
    interfaces: str = ""
    port: int = 8090
    base_url: str = ""
    disk: tuple[str, ...] = ()
    heard: float | None = None
    made: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """One machine, or one NIC, at one moment.

    Attributes:
        now: Seconds since the epoch.
        client: What it is recognised as.
        by_hand: Somebody boots it by `pyxie boot`.
        host: Its hostname, if it has one.
        macs: Its NICs; the one that was asked about, if it was one.
        events: That are remembered, the oldest first.
        moving: The last sign of a long transfer, which is no event.
        problems: What is wrong with its file.
        near: If it is unknown, machines with nearly its MAC.
        templates: Its installer is given files of its own to fetch.
        system: Its files may say what it boots.
        pace: How long builds of its system took; None where none is known.
        secure_boot: ``on``, ``off`` or ``unknown``.
        sightings: What else was heard, by its NICs.
        servers: Others that answer DHCP on the LAN.
        took: The address of the server whose lease it took; empty where that is not known.
        service: How pyxie itself stands.
    """

    now: float
    client: Apart
    by_hand: bool = False
    host: str | None = None
    macs: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()
    moving: Event | None = None
    problems: tuple[Problem, ...] = ()
    near: tuple[Near, ...] = ()
    templates: bool = True
    system: bool = True
    pace: Pace | None = None
    secure_boot: str = "unknown"
    sightings: tuple[Sighting, ...] = ()
    servers: tuple[Server, ...] = ()
    took: str = ""
    service: Service = field(default_factory=Service)
