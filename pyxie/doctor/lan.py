"""Which other DHCP and boot servers answer on a LAN, and is one in the way? Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Final

from pyxie.diagnosis.remedies import remedies
from pyxie.diagnosis.remedy import Remedy, Site, Wish
from pyxie.doctor.found import Finding, Severity, shown

_KINDS: Final = {"dnsmasq": "dnsmasq", "dhcpd": "ISC dhcpd", "kea-dhcp4": "Kea"}
"""Servers by the program that has port 67 on this host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """What one server has offered to a client that asked.

    Attributes:
        address: Of the server, as it names itself.
        firmware: As what it was asked.
        lease: It offers an address.
        next_server: The header's ``siaddr``.
        file: Option 67, or the header's file.
        vendor: Option 60.
        tftp_server: Option 66.
        ours: It is pyxie itself.
    """

    address: IPv4Address
    firmware: str = ""
    lease: bool = False
    next_server: IPv4Address | None = None
    file: str = ""
    vendor: str = ""
    tftp_server: str = ""
    ours: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Lan:
    """What was heard on one.

    Attributes:
        interface: The name of the interface to it.
        address: pyxie's there.
        network: Of it.
        http_port: pyxie's.
        servers: Those that answered.
        here: The program that has port 67 on this host; empty if there is none.
        own: All addresses of this host.
        signed: There is a signed GRUB, which machines may boot by.
        answers: pyxie answers DHCP; else the DHCP server has to name its boot files.
        named: The setting ``interfaces`` names it, or it is the only one.
        refused: And the Secure Boot of some is known to be on, so that they have to.
    """

    interface: str
    address: IPv4Address
    network: IPv4Network
    http_port: int = 8090
    servers: tuple[Server, ...] = ()
    here: str = ""
    own: Collection[IPv4Address] = ()
    signed: bool = False
    refused: bool = False
    answers: bool = True
    named: bool = True


def judge(lan: Lan) -> Iterator[Finding]:
    """Yield what of a LAN's servers is in the way."""
    others = [each for each in lan.servers if not each.ours]
    leases = _by_address(each for each in others if each.lease)
    proxies = _by_address(each for each in others if not each.lease)
    if not leases:
        yield Finding(
            "no-dhcp",
            Severity.LOOK if lan.named else Severity.NOTE,
            f"no DHCP server has offered an address on {lan.interface}: machines need one to boot,"
            " and pyxie gives none",
            (
                (
                    "is one there? It may know its clients by name, and not have answered this one;"
                    " or wait until the switch's port forwards (spanning tree)"
                ),
                (
                    "if there is to be none, pyxie can give addresses: dhcp: {mode: serve, range:"
                    " FIRST-LAST} in config.yaml, see docs/install.md"
                ),
            ),
        )
    if len(leases) > 1:
        yield Finding(
            "two-dhcp",
            Severity.LOOK,
            f"{len(leases)} DHCP servers offer addresses on {lan.interface}:"
            f" {', '.join(map(str, leases))}; which of them a machine takes is chance",
            ("switch all but one off, unless they share their leases",),
        )
    for address, offers in leases.items():
        yield from _of_dhcp(lan, address, offers)
    for address, offers in proxies.items():
        boots = next((each.file for each in offers if each.file), "")
        what = f", and has them boot {shown(boots)}" if boots else ""
        yield Finding(
            "another-boot-server",
            Severity.STOPS,
            f"another boot server answers machines on {lan.interface}: {address}{what}; firmware"
            " takes the first one that it hears",
            (
                f"ip neigh show {address}     # whose is it? A second pyxie, FOG, WDS, dnsmasq?",
                "switch it off for these machines, or let one of the two answer only them",
            ),
        )


def _of_dhcp(lan: Lan, address: IPv4Address, offers: list[Server]) -> Iterator[Finding]:
    said = sorted({part for each in offers for part in _boot_options(each, lan.address)})
    site = Site(address=lan.address, network=lan.network, server=address, http_port=lan.http_port)
    points = any(each.file for each in offers) and all(
        each.next_server == lan.address for each in offers if each.file
    )
    if not lan.answers:
        if not points:
            yield _unnamed(lan, address, said, site)
    elif said and not points:
        # By name: that iPXE or GRUB of the other server would be asked for its files.
        yield Finding(
            "boot-options",
            Severity.STOPS,
            f"the DHCP server {address} on {lan.interface} sends boot options of its own,"
            f" {', '.join(said)}: on most firmware they outrank pyxie's offer",
            ("take them out there: the lines for each kind of server are below",),
            _for(lan, address, remedies(Wish.SILENT, site)),
        )
    elif points:
        yield Finding(
            "points-to-pyxie",
            Severity.NOTE,
            f"the DHCP server {address} on {lan.interface} names pyxie's boot files itself:"
            f" {', '.join(said)}",
        )
    elif lan.signed and not all(each.next_server == lan.address for each in offers):
        given = offers[0].next_server
        yield Finding(
            "next-server",
            Severity.STOPS if lan.refused else Severity.NOTE,
            f"the DHCP server {address} on {lan.interface} gives {given or 'no address'} as"
            f" next-server: Debian's signed GRUB would look for its files there, and not at"
            f" {lan.address}",
            ("for machines with Secure Boot on, give it pyxie's address: the lines are below",),
            _for(lan, address, remedies(Wish.NEXT_SERVER, site)),
        )


def _unnamed(lan: Lan, address: IPv4Address, said: list[str], site: Site) -> Finding:
    instead = f", but {', '.join(said)}" if said else ""
    return Finding(
        "not-named",
        Severity.STOPS,
        f"pyxie answers no DHCP (dhcp.mode), and the DHCP server {address} on {lan.interface} does"
        f" not name pyxie's boot files{instead}",
        ("let it name them: the lines for each kind of server are below",),
        _for(lan, address, remedies(Wish.BOOT_FILE, site)),
    )


def _boot_options(server: Server, ours: IPv4Address) -> Iterator[str]:
    if server.vendor:
        yield f'60 "{shown(server.vendor)}"'
    if server.tftp_server and server.tftp_server != str(ours):
        yield f'66 "{shown(server.tftp_server)}"'
    if server.file:
        yield f'67 "{shown(server.file)}"'


def _by_address(servers: Iterable[Server]) -> dict[IPv4Address, list[Server]]:
    found: dict[IPv4Address, list[Server]] = {}
    for each in servers:
        found.setdefault(each.address, []).append(each)
    return found


def _for(lan: Lan, address: IPv4Address, all_of_them: tuple[Remedy, ...]) -> tuple[Remedy, ...]:
    """Return the lines for that server alone, if it runs on this host and is known by name."""
    kind = _KINDS.get(lan.here) if address in lan.own else None
    return tuple(each for each in all_of_them if kind is None or each.server == kind)
