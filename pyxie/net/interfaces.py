"""The host's network interfaces and their IPv4 addresses, as a snapshot."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Final

import ifaddr

LOOPBACK: Final = "lo"
"""Linux gives each network namespace one loopback interface, of this name."""


@dataclass(frozen=True, slots=True, order=True)
class Interface:
    """One network interface.

    Attributes:
        name: E.g. ``eth0``.
        index: The kernel's number for it, unique while it exists.
        addresses: In the kernel's order; empty if it has no IPv4 address.
    """

    name: str
    index: int
    addresses: tuple[IPv4Interface, ...] = ()

    def __str__(self) -> str:
        return f"{self.name} {', '.join(map(str, self.addresses)) or '(no IPv4 address)'}"


class Interfaces:
    """All interfaces at one instant, and which of them pyxie serves. Immutable."""

    __slots__ = ("_all", "_first", "_own", "_plain", "_served", "missing")

    def __init__(self, present: Iterable[Interface], names: Collection[str] | None = None) -> None:
        """Take what is ``present``; serve ``names`` of it, or all but loopback if None."""
        self._all = tuple(sorted(present))
        # The operator's order, else the kernel's: hardware comes before what is laid on it.
        rank = {name: at for at, name in enumerate(names or ())}
        self._served = {
            each.index: each
            for each in sorted(self._all, key=lambda one: (rank.get(one.name, 0), one.index))
            if (each.name != LOOPBACK if names is None else each.name in rank)
        }
        self._own = frozenset(address.ip for each in self._all for address in each.addresses)
        self._plain = {index: _plain(each.addresses) for index, each in self._served.items()}
        self._first = _plain([each for one in self._served.values() for each in one.addresses])
        self.missing = tuple(sorted(set(names or ()) - {each.name for each in self._all}))
        """Names to be served that no interface bears now."""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Interfaces):
            return NotImplemented
        return (self._all, self._served, self.missing) == (
            other._all,
            other._served,
            other.missing,
        )

    def __hash__(self) -> int:
        return hash((self._all, tuple(self._served), self.missing))

    def __str__(self) -> str:
        return "; ".join(map(str, self._served.values())) or "none"

    @property
    def answering(self) -> str:
        """Those served that have an address to answer from, with it."""
        return "; ".join(str(each) for each in self._served.values() if each.addresses)

    @property
    def serving(self) -> tuple[Interface, ...]:
        """Those served."""
        return tuple(self._served.values())

    @property
    def all(self) -> tuple[Interface, ...]:
        """Those of the host, by name."""
        return self._all

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the served interfaces."""
        return tuple(each.name for each in self._served.values())

    def name(self, index: int) -> str:
        """Return an interface's name, for the log; its number if it is not served."""
        interface = self._served.get(index)
        return interface.name if interface is not None else f"interface {index}"

    def named(self, name: str) -> Interface | None:
        """Return the interface of that name, served or not; None if there is none."""
        return next((each for each in self._all if each.name == name), None)

    def served(self, index: int) -> bool:
        """Tell whether a datagram that came in on this interface is for pyxie."""
        return index in self._served

    def address(self, index: int, towards: IPv4Address | None = None) -> IPv4Address | None:
        """Return pyxie's own address on an interface; None if it has none.

        The one whose network holds ``towards`` (the narrowest network first), else the
        first that is not link-local, else any.
        """
        interface = self._served.get(index)
        if towards is None or interface is None:  # the hot path: most have no address yet
            return self._plain.get(index)
        near = [each for each in interface.addresses if towards in each.network]
        if near:
            return max(near, key=lambda each: each.network.prefixlen).ip
        return self._plain[index]

    def network(self, index: int, address: IPv4Address | None) -> IPv4Network | None:
        """Return the network of pyxie's own ``address`` on an interface; None if it has none."""
        interface = self._served.get(index)
        there = interface.addresses if interface is not None else ()
        return next((each.network for each in there if each.ip == address), None)

    def first(self) -> IPv4Address | None:
        """Return an address of the first served interface that has one; None if none has."""
        return self._first

    def is_own(self, address: IPv4Address) -> bool:
        """Tell whether ``address`` is this host's, on whatever interface, also loopback."""
        return address in self._own or address.is_loopback


def _plain(addresses: Collection[IPv4Interface]) -> IPv4Address | None:
    ranked = sorted(addresses, key=lambda each: each.ip.is_link_local)  # stable
    return ranked[0].ip if ranked else None


def read(names: Collection[str] | None = None) -> Interfaces:
    """Ask the kernel for the interfaces of this network namespace.

    Args:
        names: Those to serve; None for all but loopback.

    Raises:
        OSError: The kernel does not tell.
    """
    found: dict[int, Interface] = {}
    for adapter in ifaddr.get_adapters(include_unconfigured=True):
        if adapter.index is None:  # went away between two system calls
            continue
        # An alias ("eth0:1") is a label of an address, not an interface.
        name = adapter.name.partition(":")[0]
        known = found.get(adapter.index)
        addresses = known.addresses if known is not None else ()
        addresses += tuple(
            IPv4Interface((ip.ip, ip.network_prefix))
            for ip in adapter.ips
            if isinstance(ip.ip, str)
        )
        found[adapter.index] = Interface(name, adapter.index, addresses)
    return Interfaces(found.values(), names)
