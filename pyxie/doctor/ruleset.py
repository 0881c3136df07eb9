"""A host's firewall rules, as ``nft -j list ruleset`` prints them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

_FAMILIES: Final = ("inet", "ip")
"""Of tables that an IPv4 packet to this host passes; bridges and devices have others."""

FILTER: Final = {"family": "ip", "table": "filter"}
"""The table of iptables."""

Key = tuple[str, str, str]
"""Family, table and chain."""


@dataclass(frozen=True, slots=True)
class Place:
    """The rule, or the policy of a chain, that decides.

    Attributes:
        family: Of the table.
        table: Its name.
        chain: Its name.
        handle: Of the rule; 0 for the chain's policy.
    """

    family: str
    table: str
    chain: str
    handle: int = 0

    def __str__(self) -> str:
        chain = f"chain {self.chain} of table {self.family} {self.table}"
        return f"rule {self.handle} of {chain}" if self.handle else f"the policy of {chain}"


@dataclass(slots=True)
class Chain:
    """One chain.

    Attributes:
        place: Its policy's.
        hook: Where packets come in; empty for one that others jump to.
        priority: Those with a lower one come first.
        policy: ``accept`` or ``drop``.
        rules: Their handles and statements, in order.
    """

    place: Place
    hook: str = ""
    priority: int = 0
    policy: str = "accept"
    rules: list[tuple[int, list[Any]]] = field(default_factory=list)


class Ruleset:
    """All tables of a host.

    Args:
        data: What nft has printed, parsed.
        iptables: Objects that stand for iptables' table filter, of which nft does not show all;
            none to take what nft shows.

    Attributes:
        tables: The names of all tables, which tell who has made them.
        chains: By family, table and name.
        opaque: iptables has made some of it, with matches that nft does not show.

    Raises:
        ValueError: It is no such document.
    """

    def __init__(self, data: Any, iptables: Sequence[Mapping[str, Any]] = ()) -> None:
        objects = data.get("nftables") if isinstance(data, Mapping) else None
        if not isinstance(objects, list):
            raise ValueError("it has no list 'nftables'")  # noqa: TRY004  (it is of others)
        self.tables: set[str] = set()
        self.chains: dict[Key, Chain] = {}
        self.opaque = False
        self._sets: dict[tuple[str, str], dict[str, list[Any]]] = {}
        for each in objects:
            for kind, said in each.items() if isinstance(each, Mapping) else ():
                if isinstance(said, Mapping) and not (iptables and _of_iptables(kind, said)):
                    self._take(kind, said)
        for each in iptables:
            for kind, said in each.items():
                self._take(kind, said)

    def at(self, hook: str) -> list[Chain]:
        """Return the chains at a hook, in the order in which packets come to them."""
        there = [each for each in self.chains.values() if each.hook == hook]
        return sorted(there, key=lambda each: each.priority)

    def sets(self, place: Place) -> Mapping[str, list[Any]]:
        """Return the elements of the named sets and maps that a rule can name."""
        return self._sets.get((place.family, place.table), {})

    def _take(self, kind: str, said: Mapping[str, Any]) -> None:
        family, table = str(said.get("family")), str(said.get("table"))
        name = str(said.get("name"))
        if kind == "table":
            self.tables.add(name)
        elif kind in ("set", "map"):
            elements = said.get("elem")
            named = self._sets.setdefault((family, table), {})
            named[name] = elements if isinstance(elements, list) else []
        elif kind == "chain" and family in _FAMILIES:
            self.chains[family, table, name] = _chain(said, Place(family, table, name))
        elif kind == "rule":
            chain = self.chains.get((family, table, str(said.get("chain"))))
            statements = said.get("expr")
            if chain is not None and isinstance(statements, list):
                chain.rules.append((_number(said.get("handle")), statements))
                self.opaque |= any(
                    isinstance(each, Mapping) and "xt" in each for each in statements
                )


def _chain(said: Mapping[str, Any], place: Place) -> Chain:
    hook, policy = str(said.get("hook") or ""), str(said.get("policy") or "accept")
    return Chain(place, hook, _number(said.get("prio")), policy)


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _of_iptables(kind: str, said: Mapping[str, Any]) -> bool:
    return kind in ("chain", "rule") and all(said.get(key) == each for key, each in FILTER.items())
