"""Which machine is this, where no MAC tells: all that are selected by what they tell.

The more specific wins: by UUID before serial, asset tag, circuit, remote id, any option,
hostname, subnet and architecture; of two that agree in the first of these, the one that asks
for more. Two of one rank that can both fit are a mistake in the files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from itertools import combinations
from typing import Any, Final, TypeAlias

from pyxie.registry.glob import is_exact, matches, overlap
from pyxie.registry.identity import Identity
from pyxie.registry.match import Match, Network, architectures, raw

Rank: TypeAlias = tuple[int, ...]
Key: TypeAlias = tuple[str, Any]

_WHOLE: Final = ("uuid", "serial", "asset", "circuit_id", "remote_id")
"""Conditions whose values are compared whole; the most specific first."""


@dataclass(frozen=True, slots=True)
class Selector:
    """One machine's ``match``, made ready.

    Attributes:
        host: The machine.
        rank: How specific it is; to be compared.
        whole: Of `_WHOLE` those that are written, with the values that fit.
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
            who: What it has told.
            perhaps: Take what only iPXE can tell, and has not yet, for granted.
        """
        for name, wanted in self.whole.items():
            if perhaps and name in ("uuid", "serial", "asset") and who.asked is None:
                if name == "uuid" and who.uuids and not wanted & who.uuids:
                    return False
                continue
            if not wanted & _told(name, who):
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
        *(int(bool(values[name])) for name in _WHOLE),
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


@dataclass(frozen=True, slots=True)
class Selectors:
    """All of them, found by what a client has told rather than gone through.

    Attributes:
        by_host: Each, by its machine.
        smbios: Some want to know what only iPXE can tell.
        uuid: Some want to know the UUID, which firmware tells as well.
    """

    by_host: Mapping[str, Selector] = field(default_factory=dict)
    smbios: bool = False
    uuid: bool = False
    _by_key: Mapping[Key, tuple[Selector, ...]] = field(default_factory=dict)
    _rest: tuple[Selector, ...] = ()
    _prefixes: frozenset[tuple[int, int]] = frozenset()
    _options: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.by_host)

    def of(self, who: Identity) -> Selector | None:
        """Return the most specific that fits ``who``."""
        found = [each for each in self._near(who) if each.fits(who)]
        return max(found, key=lambda each: each.rank, default=None)

    def asks(self, who: Identity) -> bool:
        """Tell whether iPXE has to be asked before anything is said of that client."""
        return self.smbios or (self.uuid and not who.uuids)

    def may_be(self, host: str, who: Identity) -> bool:
        """Tell whether that client may turn out to be ``host`` once iPXE is asked."""
        wanted = self.by_host.get(host)
        return wanted is not None and wanted.fits(who, perhaps=True)

    def rivals(self, of: Selector) -> Iterator[Selector]:
        """Walk those of one rank with ``of`` that a client could fit as well."""
        for each in self.by_host.values():
            if each.rank == of.rank and each.host != of.host and each.meets(of):
                yield each

    def _near(self, who: Identity) -> Iterator[Selector]:
        yield from self._rest
        for key in _keys_of(who, self._prefixes, self._options):
            yield from self._by_key.get(key, ())


def gathered(selectors: Iterable[Selector]) -> Selectors:
    """Return ``selectors`` as one."""
    by_host: dict[str, Selector] = {}
    by_key: dict[Key, list[Selector]] = {}
    rest = []
    for each in selectors:
        by_host[each.host] = each
        keys = each.keys()
        if not keys:
            rest.append(each)
        for key in keys:
            by_key.setdefault(key, []).append(each)
    return Selectors(
        by_host,
        any(each.whole.keys() & {"serial", "asset"} for each in by_host.values()),
        any("uuid" in each.whole for each in by_host.values()),
        {key: tuple(each) for key, each in by_key.items()},
        tuple(rest),
        frozenset((net.version, net.prefixlen) for kind, net in by_key if kind == "subnet"),
        frozenset(of[0] for kind, of in by_key if kind == "option"),
    )


def ties(selectors: Iterable[Selector]) -> Iterator[tuple[Selector, Selector]]:
    """Find pairs of one rank that a client could both fit; at least one for each that has any.

    Those of one rank are compared where they could meet: below a key that they share, or,
    as they may ask for different options, each kind with each.
    """
    ranks: dict[Rank, list[Selector]] = {}
    for each in selectors:
        ranks.setdefault(each.rank, []).append(each)
    for alike in ranks.values():
        if len(alike) < 2:
            continue
        kinds: dict[tuple[object, ...], dict[Key, list[Selector]]] = {}
        for each in alike:
            keys = each.keys()
            kind = _kind(each, keys)
            below = kinds.setdefault(kind, {})
            for key in keys or [("", None)]:
                below.setdefault(key, []).append(each)
        for below in kinds.values():
            for several in below.values():
                yield from _meeting(several)
        for one, other in combinations(kinds.values(), 2):
            yield from _across(_all(one), _all(other))


def _kind(each: Selector, keys: list[Key]) -> tuple[object, ...]:
    """Return what those have in common that can only meet below one key."""
    if not keys or keys[0][0] != "option":
        return (keys[0][0] if keys else "", *(() if each.whole else each.options))
    return (keys[0][1][0], *each.options)


def _meeting(several: list[Selector]) -> Iterator[tuple[Selector, Selector]]:
    for at, each in enumerate(several):
        for other in (*several[at + 1 :], *several[:at]):
            if each.host != other.host and each.meets(other):
                yield each, other
                break


def _across(some: list[Selector], others: list[Selector]) -> Iterator[tuple[Selector, Selector]]:
    for these, those in ((some, others), (others, some)):
        for each in these:
            found = next((other for other in those if each.meets(other)), None)
            if found is not None:
                yield each, found


def _all(below: Mapping[Key, list[Selector]]) -> list[Selector]:
    return list({id(each): each for several in below.values() for each in several}.values())


def _keys_of(
    who: Identity, prefixes: Iterable[tuple[int, int]], options: Iterable[int]
) -> Iterator[Key]:
    for name in _WHOLE:
        for value in _told(name, who):
            yield name, value
    for code in options:
        if code in who.options:
            yield "option", (code, _text(who.options[code]))
            yield "option", (code, who.options[code].lower())
    if who.hostname:
        yield "hostname", who.hostname.lower()
    if who.address is not None:
        for version, length in prefixes:
            if version == who.address.version:
                yield "subnet", ip_network((who.address, length), strict=False)
    if who.arch is not None:
        yield "arch", who.arch


_TOLD: Final[Mapping[str, Callable[[Identity], Iterable[str | bytes | None]]]] = {
    "uuid": lambda who: who.uuids,
    "serial": lambda who: (who.serial.lower() if who.serial else None,),
    "asset": lambda who: (who.asset.lower() if who.asset else None,),
    "circuit_id": lambda who: (who.circuit_id,),
    "remote_id": lambda who: (who.remote_id,),
}


def _told(name: str, who: Identity) -> frozenset[str | bytes]:
    return frozenset(each for each in _TOLD[name](who) if each)


def _text(value: bytes) -> bytes:
    return value.rstrip(b"\0").lower()


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
