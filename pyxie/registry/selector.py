"""One machine's ``match``, made ready: whom it fits, and how specific it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any, Final, TypeAlias

from pyxie.config.words import architectures
from pyxie.registry.glob import is_exact, matches, overlap
from pyxie.registry.identity import Identity
from pyxie.registry.match import Match, Network, raw

Rank: TypeAlias = tuple[int, ...]
Key: TypeAlias = tuple[str, Any]

WHOLE: Final = ("uuid", "serial", "asset", "circuit_id", "remote_id")
"""Conditions whose values are compared whole; the most specific first."""

BY_IPXE: Final = frozenset(("uuid", "serial", "asset"))
"""Of those, what only iPXE reports; the UUID may be known before."""


@dataclass(frozen=True, slots=True)
class Selector:
    """One machine's ``match``, made ready.

    Attributes:
        host: The machine.
        rank: How specific it is; to be compared.
        whole: Of `WHOLE` those that are written, with the values that fit.
        options: By code, the values that fit: patterns, or bytes.
        hostname: Patterns.
        subnet: Networks.
        arch: Codes of option 93.
    """

    host: str
    rank: Rank
    whole: Mapping[str, frozenset[str | bytes]]
    options: Mapping[int, tuple[str | bytes, ...]]
    hostname: tuple[str, ...]
    subnet: tuple[Network, ...]
    arch: frozenset[int]

    def fits(self, who: Identity, *, perhaps: bool = False) -> bool:
        """Tell whether that client is this machine.

        Args:
            who: What it has reported.
            perhaps: Assume a match in what only iPXE can report, and has not yet.
        """
        for name, wanted in self.whole.items():
            if perhaps and name in BY_IPXE and who.asked is None:
                if name == "uuid" and who.uuids and not wanted & who.uuids:
                    return False
                continue
            if not wanted & values_of(name, who):
                return False
        return (
            all(_says(who.options.get(code), each) for code, each in self.options.items())
            and (not self.hostname or any(matches(each, who.hostname) for each in self.hostname))
            and (not self.subnet or any(_within(who, each) for each in self.subnet))
            and (not self.arch or who.arch in self.arch)
        )

    def meets(self, other: Selector) -> bool:
        """Tell whether some client could fit both; of one rank, so of the same conditions."""
        return (
            all(values & other.whole[name] for name, values in self.whole.items())
            and all(
                any(_alike(a, b) for a in each for b in other.options[code])
                for code, each in self.options.items()
                if code in other.options
            )
            and (
                not self.hostname
                or any(overlap(a, b) for a in self.hostname for b in other.hostname)
            )
            and (
                not self.subnet
                or any(
                    a.version == b.version and a.overlaps(b)
                    for a in self.subnet
                    for b in other.subnet
                )
            )
            and (not self.arch or bool(self.arch & other.arch))
        )

    def keys(self) -> list[Key]:
        """Return under what it is found: the most telling condition; nothing if none is whole."""
        for name in self.whole:
            return [(name, value) for value in self.whole[name]]
        for code, values in self.options.items():
            exact = [raw(each) if isinstance(each, str) else each for each in values]
            if all(isinstance(each, bytes) or is_exact(each) for each in values):
                return [("option", (code, each.lower())) for each in exact]
        if self.hostname and all(map(is_exact, self.hostname)):
            return [("hostname", each.lower()) for each in self.hostname]
        if self.subnet and not self.options and not self.hostname:
            return [("subnet", each) for each in self.subnet]
        if self.arch and not self.options and not self.hostname:
            return [("arch", each) for each in self.arch]
        return []


def selector(host: str, match: Match) -> Selector:
    """Return the selector of a machine."""
    values: dict[str, frozenset[str | bytes]] = {
        "uuid": frozenset(match.uuid),
        "serial": frozenset(each.lower() for each in match.serial),
        "asset": frozenset(each.lower() for each in match.asset),
        "circuit_id": frozenset(map(raw, match.circuit_id)),
        "remote_id": frozenset(map(raw, match.remote_id)),
    }
    options = {
        code: tuple(raw(each) if each.startswith("0x") else each for each in texts)
        for code, texts in sorted(match.options.items())
    }
    subnet = tuple(ip_network(each) for each in match.subnet)
    exact = sum(
        all(isinstance(each, bytes) or is_exact(each) for each in texts)
        for texts in options.values()
    )
    rank = (
        *(int(bool(values[name])) for name in WHOLE),
        *(len(options), exact),
        (1 + all(map(is_exact, match.hostname))) if match.hostname else 0,
        min((each.prefixlen + 1 for each in subnet), default=0),
        int(bool(match.arch)),
    )
    return Selector(
        host,
        rank,
        {name: each for name, each in values.items() if each},
        options,
        match.hostname,
        subnet,
        frozenset().union(*map(architectures, match.arch)),
    )


_REPORTED: Final[Mapping[str, Callable[[Identity], Iterable[str | bytes | None]]]] = {
    "uuid": lambda who: who.uuids,
    "serial": lambda who: (who.serial.lower() if who.serial else None,),
    "asset": lambda who: (who.asset.lower() if who.asset else None,),
    "circuit_id": lambda who: (who.circuit_id,),
    "remote_id": lambda who: (who.remote_id,),
}


def values_of(name: str, who: Identity) -> frozenset[str | bytes]:
    """Return what ``who`` has reported for one of `WHOLE`; a text in lower case."""
    return frozenset(each for each in _REPORTED[name](who) if each)


def _says(value: bytes | None, wanted: tuple[str | bytes, ...]) -> bool:
    """Compare an option; some clients end a text by a zero byte (RFC 2132 section 2)."""
    if value is None:
        return False
    text = value.rstrip(b"\0").decode("utf-8", "replace")
    return any(each == value if isinstance(each, bytes) else matches(each, text) for each in wanted)


def _alike(one: str | bytes, other: str | bytes) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return overlap(one, other)
    if isinstance(one, bytes):
        return _says(one, (other,))
    return isinstance(other, bytes) and _says(other, (one,))


def _within(who: Identity, network: Network) -> bool:
    return who.address is not None and who.address in network
