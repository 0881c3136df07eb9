"""What a ruleset does with a packet. Pure.

All ends are kept that a packet may come to: where a rule fits only perhaps, what it does and what
those after it do are both possible.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

from pyxie.doctor.matching import Fit, chosen, fits
from pyxie.doctor.ruleset import Chain, Key, Place, Ruleset
from pyxie.doctor.traffic import Packet

_MOST_DEEP: Final = 32
"""Chains that are jumped to out of each other; the kernel allows 16."""
_HOOKS: Final = {"input": ("prerouting", "input"), "output": ("output", "postrouting")}
"""Those that a packet passes."""
_HARMLESS: Final = frozenset(("counter", "log", "mangle", "notrack", "ct helper", "set", "map"))
"""Statements that let every packet go on."""
_HARMLESS_XT: Final = frozenset(("LOG", "NFLOG", "comment", "TRACE", "AUDIT", "CT", "MARK"))
"""The same, of iptables."""


class End(Enum):
    """What becomes of a packet in a chain."""

    PASSES = "accepted"
    FALLS = "comes to the chain's end"
    LEAVES = "returns before that"
    DROPPED = "dropped or rejected"
    ELSEWHERE = "sent to another port, host or program"


Ends = Mapping[End, Place]
"""What may become of a packet, with the first place that does it."""


def ends(ruleset: Ruleset, packet: Packet) -> Ends:
    """Return what may become of a packet on the whole of its way: it passes, or it does not."""
    walk = _Walk(ruleset, packet)
    found: dict[End, Place] = {}
    for hook in _HOOKS[packet.hook]:
        for chain in ruleset.at(hook):
            of_chain = walk.base(chain)
            passes = End.PASSES in of_chain
            for end, place in of_chain.items():
                if end is not End.PASSES:
                    # The place that surely does it says more than one that perhaps has, before.
                    found[end] = place if not passes else found.get(end, place)
            if not passes:
                return found
    return {**found, End.PASSES: Place("", "", "")}


class _Walk:
    """One packet's way."""

    def __init__(self, ruleset: Ruleset, packet: Packet) -> None:
        self._ruleset = ruleset
        self._packet = packet
        self._known: dict[Key, Ends] = {}

    def base(self, chain: Chain) -> Ends:
        """Return what may become of it in a chain at a hook, whose policy decides in the end."""
        found = dict(self._chain(chain, 0))
        if found.pop(End.FALLS, None):
            end = End.DROPPED if chain.policy == "drop" else End.PASSES
            found.setdefault(end, chain.place)
        return found

    def _chain(self, chain: Chain, depth: int) -> Ends:
        """Return how it may leave a chain: it falls if it goes on behind the jump that led here."""
        place = chain.place
        key = place.family, place.table, place.chain
        if key in self._known:
            return self._known[key]
        self._known[key] = {End.FALLS: place}  # to itself, if it goes round
        found: dict[End, Place] = {}
        for handle, statements in chain.rules:
            rule = Place(*key, handle)
            fit, of_rule = self._rule(statements, rule, depth)
            for end, where in of_rule.items():
                if end is End.LEAVES:
                    found.setdefault(End.FALLS, place)
                elif end is not End.FALLS:
                    found.setdefault(end, where)
            if fit is Fit.YES and End.FALLS not in of_rule:
                break
        else:
            found.setdefault(End.FALLS, place)
        self._known[key] = found
        return found

    def _rule(self, statements: list[Any], place: Place, depth: int) -> tuple[Fit, Ends]:
        """Return whether a rule fits, and what it then does; it falls if it decides nothing."""
        whole = Fit.YES
        for each in statements:
            kind, said = _parts(each)
            fit, of_it = self._statement(kind, said, place, depth)
            if fit is Fit.NO:
                return Fit.NO, {End.FALLS: place}
            whole = fit if fit is Fit.MAYBE else whole
            if of_it is not None:
                return whole, of_it
        return whole, {End.FALLS: place}

    def _statement(self, kind: str, said: Any, place: Place, depth: int) -> tuple[Fit, Ends | None]:
        """Return whether a statement lets the rule go on, and what it does if it decides."""
        if kind == "match":
            return fits(said, self._packet, self._ruleset.sets(place)), None
        if kind == "vmap":
            return self._map(said, place, depth)
        if kind == "xt":
            name = str(said.get("name")) if isinstance(said, Mapping) else ""
            if name in _XT_VERDICTS:
                return Fit.YES, {_XT_VERDICTS[name]: place}
            return (Fit.YES if name in _HARMLESS_XT else Fit.MAYBE), None
        verdict = self._verdict(kind, said, place, depth)
        if verdict is None and kind not in _HARMLESS:
            return Fit.MAYBE, None  # a limit, a quota, or what is newer than this
        return Fit.YES, verdict

    def _map(self, said: Any, place: Place, depth: int) -> tuple[Fit, Ends | None]:
        found: dict[End, Place] = {}
        for fit, verdict in chosen(said, self._packet, self._ruleset.sets(place)):
            of_it = self._verdict(*_parts(verdict), place, depth) or {End.FALLS: place}
            for end, where in of_it.items():
                found.setdefault(end, where)
            if fit is Fit.YES:
                return Fit.YES, found
        return Fit.MAYBE, {**found, End.FALLS: place}

    def _verdict(self, kind: str, said: Any, place: Place, depth: int) -> Ends | None:
        """Return what a statement does, if it ends the walk or leads to another chain."""
        simple = _VERDICTS.get(kind)
        if simple is not None:
            return {simple: place}
        if kind not in ("jump", "goto"):
            return None
        target = str(said.get("target")) if isinstance(said, Mapping) else ""
        chain = self._ruleset.chains.get((place.family, place.table, target))
        if chain is None or depth >= _MOST_DEEP:
            return {End.FALLS: place, End.DROPPED: place}  # nobody knows
        of_chain = self._chain(chain, depth + 1)
        if kind == "goto" and End.FALLS in of_chain:
            rest = dict(of_chain)
            del rest[End.FALLS]
            rest[End.LEAVES] = place
            return rest
        return of_chain


_VERDICTS: Final = {
    "accept": End.PASSES,
    "continue": End.FALLS,
    "return": End.LEAVES,
    "drop": End.DROPPED,
    "reject": End.DROPPED,
    **dict.fromkeys(("redirect", "dnat", "tproxy", "queue"), End.ELSEWHERE),
    **dict.fromkeys(("snat", "masquerade"), End.PASSES),
}


_XT_VERDICTS: Final = {
    **dict.fromkeys(("REJECT", "DROP"), End.DROPPED),
    **dict.fromkeys(("DNAT", "REDIRECT", "TPROXY", "NFQUEUE"), End.ELSEWHERE),
    **dict.fromkeys(("SNAT", "MASQUERADE"), End.PASSES),
}
"""The same, of iptables."""


def _parts(statement: Any) -> tuple[str, Any]:
    if isinstance(statement, Mapping) and len(statement) == 1:
        ((kind, said),) = statement.items()
        return str(kind), said
    return "", None
