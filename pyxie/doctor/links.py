"""Are the interfaces fit to boot machines from? Pure: told them, as the kernel has them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Interface
from itertools import combinations
from typing import Final

from pyxie.doctor.found import Finding, Severity, shown

_CONTAINERS: Final = re.compile(
    r"docker\d+|br-[0-9a-f]{12}|podman\d+|cni\d+|cni-podman\d+|veth.*|cali.*|flannel.*|kube-.*"
).fullmatch
"""What container engines call the interfaces that they make: nothing boots from there."""
_STRICT: Final = 1
"""Of ``rp_filter``: what comes in has to lead back the same way (RFC 3704)."""
_TFTP_WHOLE: Final = 1500
"""Bytes of a frame that holds a block of 1468 bytes, and what comes before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One interface.

    Attributes:
        name: Its name.
        addresses: Its IPv4 addresses.
        up: It is switched on.
        carrier: It has a link; None if the kernel does not say.
        master: The bridge or bond that it is a port of; empty if it is none.
        bridge: It is a bridge.
        rp_filter: As in effect: the greater of the interface's and that of all.
        mtu: Bytes; 0 if it is not known.
        ethernet: Machines can be behind it.
    """

    name: str
    addresses: tuple[IPv4Interface, ...] = ()
    up: bool = True
    carrier: bool | None = None
    master: str = ""
    bridge: bool = False
    rp_filter: int = 0
    mtu: int = 1500
    ethernet: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """All of them.

    Attributes:
        all: In the kernel's order, loopback apart.
        names: Those of the setting ``interfaces``; none for all.
        bridged: What passes a bridge is shown to the IP firewall (``bridge-nf-call-iptables``).
        forward_drops: And that would drop it.
    """

    all: Sequence[Link]
    names: Collection[str] = ()
    bridged: bool = False

    @property
    def served(self) -> list[Link]:
        """Those that pyxie serves, and machines can boot from."""
        return [
            each
            for each in self.all
            if not each.master and each.ethernet
            if each.name in (self.names or [each.name])
            if self.names or not _CONTAINERS(each.name)
        ]


def judge(links: Links, blksize: int = 1468) -> Iterator[Finding]:
    """Yield what is wrong with interfaces.

    Args:
        links: Those of this host.
        blksize: The setting ``limits.tftp_blksize``.
    """
    there = {each.name for each in links.all}
    for name in sorted(set(links.names) - there):
        others = ", ".join(sorted(there)) or "none"
        yield Finding(
            "interface-missing",
            Severity.STOPS,
            f"'interfaces' in config.yaml names {shown(name)}, which is not there; there are:"
            f" {shown(others)}",
            ("ip -brief link     # what it is called now; or leave 'interfaces' out, for all",),
        )
    usable = [each for each in links.served if each.addresses and each.up]
    if not usable and not set(links.names) - there:
        yield Finding(
            "no-interface",
            Severity.STOPS,
            "no interface that pyxie serves is up and has an IPv4 address: there is nothing to"
            " answer from",
            ("ip -brief address     # then give one an address, and: ip link set NAME up",),
        )
    for each in links.served:
        yield from _of_one(each, each.name in links.names, blksize)
    yield from _of_ways(usable)
    if links.bridged and any(each.bridge for each in links.served):
        bridge = next(each for each in links.served if each.bridge)
        yield Finding(
            "bridge-filtered",
            Severity.LOOK,
            f"what passes the bridge {bridge.name} goes through this host's IP firewall, too:"
            " machines behind it may lose DHCP although this host hears it",
            (
                "sysctl net.bridge.bridge-nf-call-iptables=0",
                "or let the firewall's forward chain accept UDP 67, 68, 69 and 4011",
            ),
        )


def _of_one(link: Link, named: bool, blksize: int) -> Iterator[Finding]:
    name = link.name
    if named and not link.up:
        yield Finding(
            "interface-down",
            Severity.STOPS,
            f"{name} is down",
            (f"ip link set {name} up",),
        )
        return
    if link.up and link.carrier is False and (named or (link.addresses and not link.bridge)):
        yield Finding(
            "no-link",
            Severity.LOOK,
            f"{name} has no link: is its cable plugged in, and the switch on?",
            (f"ip -brief link show {name}",),
        )
    if named and not link.addresses:
        yield Finding(
            "no-address",
            Severity.STOPS,
            f"{name} has no IPv4 address: pyxie has none to answer from there",
            (f"ip address add ADDRESS/24 dev {name}     # and in this host's own configuration",),
        )
    if len({each.network for each in link.addresses}) > 1:
        listed = ", ".join(map(str, link.addresses))
        yield Finding(
            "several-addresses",
            Severity.NOTE,
            f"{name} has several addresses, {listed}: pyxie answers from the first one, which all"
            " machines there have to reach",
        )
    for address in link.addresses:
        if address.network.prefixlen >= 31:
            yield Finding(
                "narrow-network",
                Severity.LOOK,
                f"{name} has {address}: UEFI refuses a network of two addresses (/31), and in one"
                " of a single one (/32) machines need a route to pyxie",
                ("give it an address in the machines' network, as ADDRESS/24",),
            )
            break
    if 0 < link.mtu < _TFTP_WHOLE and link.addresses and blksize > link.mtu - 32:
        yield Finding(
            "small-mtu",
            Severity.NOTE,
            f"{name} takes {link.mtu} bytes at once: longer blocks of TFTP are cut to it, but a"
            " tunnel further on may be narrower still",
        )


def _of_ways(usable: Iterable[Link]) -> Iterator[Finding]:
    """Yield where what comes in by one interface, and leads back by another, is dropped."""
    strict = [each for each in usable if each.rp_filter == _STRICT]
    for one, other in combinations(list(usable), 2):
        shared = [
            first.network
            for first in one.addresses
            for second in other.addresses
            if first.network.overlaps(second.network)
        ]
        if shared and (one in strict or other in strict):
            yield Finding(
                "rp-filter",
                Severity.STOPS,
                f"{one.name} and {other.name} are both in {shared[0]}, and the kernel drops what"
                " comes in by the one that it would not send back by (rp_filter is 1)",
                (*_loosen(one, other), "or take the address of one of them away"),
            )
            return
    if strict and len(list(usable)) > 1:
        names = ", ".join(each.name for each in strict)
        yield Finding(
            "rp-filter",
            Severity.NOTE,
            f"on {names} the kernel drops what it would send back by another interface (rp_filter"
            " is 1): machines on other networks have to come in by the one that leads to them",
        )


def _loosen(*links: Link) -> Iterator[str]:
    for each in links:
        yield f"sysctl net.ipv4.conf.{each.name.replace('.', '/')}.rp_filter=2"
