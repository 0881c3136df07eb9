"""Which machine is this, where the MAC does not say: all machines that have a `match`.

The more specific wins: by UUID before serial, asset tag, circuit, remote id, any option,
hostname, subnet and architecture; of two that agree in the first of these, the one that asks
for more. Two of one rank that can both fit are ambiguous: a mistake in the files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from itertools import combinations

from pyxie.registry.identity import Identity
from pyxie.registry.selector import BY_IPXE, WHOLE, Key, Rank, Selector, values_of


@dataclass(frozen=True, slots=True)
class _Alike:
    """Machines with something that only iPXE reports, in sets that agree in all else.

    Attributes:
        else_by: All else, of a stand-in for each set.
        sets: Their hostnames, by the stand-in's.
    """

    else_by: Selectors
    sets: Mapping[str, frozenset[str]]

    def fitting(self, who: Identity) -> Iterator[frozenset[str]]:
        for each in self.else_by.near(who):
            if each.fits(who):
                yield self.sets[each.host]


@dataclass(frozen=True, slots=True)
class Selectors:
    """All of them, indexed by what a client reports rather than gone through.

    Attributes:
        by_host: Each, by its machine.
        smbios: Some match on what only iPXE reports.
        uuid: Some match on the UUID, which firmware sends as well.
    """

    by_host: Mapping[str, Selector] = field(default_factory=dict)
    smbios: bool = False
    uuid: bool = False
    _by_key: Mapping[Key, tuple[Selector, ...]] = field(default_factory=dict)
    _rest: tuple[Selector, ...] = ()
    _prefixes: frozenset[tuple[int, int]] = frozenset()
    _options: frozenset[int] = frozenset()
    _alike: _Alike | None = None
    _alike_by_uuid: _Alike | None = None

    def __bool__(self) -> bool:
        return bool(self.by_host)

    def of(self, who: Identity) -> Selector | None:
        """Return the most specific that fits ``who``."""
        found = [each for each in self.near(who) if each.fits(who)]
        return max(found, key=lambda each: each.rank, default=None)

    def asks(self, who: Identity) -> bool:
        """Tell whether iPXE has to be asked before anything is said of that client."""
        return self.smbios or (self.uuid and not who.uuids)

    def may_be(self, who: Identity) -> Iterator[frozenset[str]]:
        """Walk the hostnames that a client may turn out to have once iPXE is asked, in sets.

        However many machines differ in what only iPXE reports, they are one set.
        """
        for each in self.near(who):
            if each.fits(who, perhaps=True):
                yield frozenset((each.host,))
        if who.asked is None:
            if self._alike is not None:
                yield from self._alike.fitting(who)
            if self._alike_by_uuid is not None and not who.uuids:
                yield from self._alike_by_uuid.fitting(who)

    def rivals(self, of: Selector) -> Iterator[Selector]:
        """Walk those of one rank with ``of`` that a client could fit as well."""
        return _rivals(of, self.by_host.values())

    def amended(self, gone: Iterable[str], come: Iterable[Selector]) -> Selectors | None:
        """Return these without the hosts ``gone`` and with those that have ``come``.

        None if one that comes cannot be told from another.
        """
        by_host, by_key, rest = dict(self.by_host), dict(self._by_key), list(self._rest)
        for host in gone:
            left = by_host.pop(host, None)
            rest = [each for each in rest if each is not left]
            for key in left.keys() if left else ():
                by_key[key] = tuple(each for each in by_key[key] if each is not left)
                if not by_key[key]:
                    del by_key[key]
        for new in come:
            if new.host in by_host or any(_rivals(new, by_host.values())):
                return None
            by_host[new.host] = new
            keys = new.keys()
            rest += [] if keys else [new]
            for key in keys:
                by_key[key] = (*by_key.get(key, ()), new)
        return _selectors(by_host, by_key, rest)

    def near(self, who: Identity) -> Iterator[Selector]:
        """Walk those that are found by what ``who`` has reported, of which not all need fit."""
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
    return _selectors(by_host, {key: tuple(each) for key, each in by_key.items()}, rest)


def _rivals(of: Selector, among: Iterable[Selector]) -> Iterator[Selector]:
    return (
        each for each in among if each.rank == of.rank and each.host != of.host and each.meets(of)
    )


def _selectors(
    by_host: Mapping[str, Selector],
    by_key: Mapping[Key, tuple[Selector, ...]],
    rest: Iterable[Selector],
) -> Selectors:
    return Selectors(
        by_host,
        any(each.whole.keys() & {"serial", "asset"} for each in by_host.values()),
        any("uuid" in each.whole for each in by_host.values()),
        by_key,
        tuple(rest),
        frozenset((net.version, net.prefixlen) for kind, net in by_key if kind == "subnet"),
        frozenset(of[0] for kind, of in by_key if kind == "option"),
        _alike(each for each in by_host.values() if "uuid" not in each.whole),
        _alike(each for each in by_host.values() if "uuid" in each.whole),
    )


def _alike(selectors: Iterable[Selector]) -> _Alike | None:
    """Return those that have something that only iPXE reports; None if there are none."""
    sets: dict[tuple[object, ...], list[Selector]] = {}
    for each in selectors:
        if each.whole.keys() & BY_IPXE:
            told, options = tuple(_told(each).items()), tuple(each.options.items())
            key = told, options, each.hostname, each.subnet, each.arch
            sets.setdefault(key, []).append(each)
    if not sets:
        return None
    hosts, stand_ins = {}, []
    for one, *more in sets.values():
        hosts[one.host] = frozenset((one.host, *(each.host for each in more)))
        stand_ins.append(replace(one, whole=_told(one)))
    return _Alike(gathered(stand_ins), hosts)


def _told(of: Selector) -> Mapping[str, frozenset[str | bytes]]:
    return {name: values for name, values in of.whole.items() if name not in BY_IPXE}


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
        return ()  # those of one rank are found under the same sort of key
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
    for name in WHOLE:
        for value in values_of(name, who):
            yield name, value
    for code in options:
        if code in who.options:
            yield "option", (code, who.options[code].rstrip(b"\0").lower())
            yield "option", (code, who.options[code].lower())
    if who.hostname:
        yield "hostname", who.hostname.lower()
    if who.address is not None:
        for version, length in prefixes:
            if version == who.address.version:
                yield "subnet", ip_network((who.address, length), strict=False)
    if who.arch is not None:
        yield "arch", who.arch
