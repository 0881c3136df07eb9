"""What becomes of a packet: for sure, or perhaps."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.doctor.ruleset import Ruleset
from pyxie.doctor.walk import End, ends
from tests.doctor.rules import (
    ACCEPT,
    COUNTER,
    DROP,
    LIMIT,
    base,
    chain,
    dport,
    iif,
    jump,
    ruleset,
    state,
)
from tests.doctor.test_matching import ANSWER, JSON, TFTP

PASSES, DROPPED, ELSEWHERE = End.PASSES, End.DROPPED, End.ELSEWHERE
STATE = {"ct": {"key": "state"}}
XT = {"type": "match", "name": "conntrack"}


def walked(*parts: list[dict[str, Any]]) -> dict[End, str]:
    found = ends(Ruleset(ruleset(*parts)), TFTP)
    return {end: str(place) for end, place in found.items() if end is not PASSES} | (
        {PASSES: ""} if PASSES in found else {}
    )


def rule(number: int, name: str = "input") -> str:
    return f"rule {number} of chain {name} of table inet filter"


POLICY = "the policy of chain input of table inet filter"


@pytest.mark.parametrize(
    ("chains", "found"),
    [
        # Without rules, or with none that fits.
        ([], {PASSES: ""}),
        ([base("input", [dport(22), DROP])], {PASSES: ""}),
        ([base("input", policy="drop")], {DROPPED: POLICY}),
        ([base("input", [COUNTER, dport(69), ACCEPT], policy="drop")], {PASSES: ""}),
        ([base("input", [dport(69), COUNTER, DROP], [ACCEPT])], {DROPPED: rule(1)}),
        ([base("input", [state("established"), ACCEPT], [{"reject": None}])], {DROPPED: rule(2)}),
        # Perhaps.
        ([base("input", [LIMIT, ACCEPT], policy="drop")], {PASSES: "", DROPPED: POLICY}),
        ([base("input", [LIMIT, DROP])], {PASSES: "", DROPPED: rule(1)}),
        ([base("input", [LIMIT, DROP], [dport(69), ACCEPT])], {PASSES: "", DROPPED: rule(1)}),
        # A later chain surely drops: that one is named.
        (
            [base("input", [LIMIT, DROP]), base("second", [DROP], prio=1)],
            {DROPPED: rule(1, "second")},
        ),
        ([base("input", [ACCEPT]), base("second", [DROP], prio=1)], {DROPPED: rule(1, "second")}),
        ([base("raw", [DROP], hook="prerouting", prio=-300)], {DROPPED: rule(1, "raw")}),
        # Other chains.
        ([base("input", [jump("a")], [DROP]), chain("a", [ACCEPT])], {PASSES: ""}),
        ([base("input", [jump("a")], [DROP]), chain("a", [dport(1), ACCEPT])], {DROPPED: rule(2)}),
        ([base("input", [jump("a")]), chain("a", [DROP])], {DROPPED: rule(1, "a")}),
        (
            [base("input", [jump("a")], [DROP]), chain("a", [{"return": None}], [ACCEPT])],
            {DROPPED: rule(2)},
        ),
        (
            [base("input", [jump("a")]), chain("a", [LIMIT, {"return": None}], [DROP])],
            {PASSES: "", DROPPED: rule(2, "a")},
        ),
        (
            [base("input", [{"goto": {"target": "a"}}], [ACCEPT], policy="drop"), chain("a")],
            {DROPPED: POLICY},
        ),
        (
            [base("input", [{"goto": {"target": "a"}}], [DROP]), chain("a", [ACCEPT])],
            {PASSES: ""},
        ),
        ([base("input", [{"return": None}], [ACCEPT], policy="drop")], {DROPPED: POLICY}),
        ([base("input", [jump("gone")])], {PASSES: "", DROPPED: rule(1)}),
        ([base("input", [{"jump": None}])], {PASSES: "", DROPPED: rule(1)}),
        ([base("input", [jump("a")], [jump("a")]), chain("a", [jump("a")])], {PASSES: ""}),
        # Maps of verdicts.
        (
            [
                base(
                    "input",
                    [
                        {
                            "vmap": {
                                "key": {"ct": {"key": "state"}},
                                "data": {"set": [["new", jump("a")], ["invalid", DROP]]},
                            }
                        }
                    ],
                ),
                chain("a", [DROP]),
            ],
            {DROPPED: rule(1, "a")},
        ),
        (
            [
                base(
                    "input",
                    [
                        {
                            "vmap": {
                                "key": {"meta": {"key": "mark"}},
                                "data": {"set": [[1, DROP], [2, None]]},
                            }
                        }
                    ],
                )
            ],
            {PASSES: "", DROPPED: rule(1)},
        ),
        ([base("input", [{"vmap": {"key": STATE, "data": "@gone"}}])], {PASSES: ""}),
        # Sent elsewhere.
        ([base("pre", [{"redirect": None}], hook="prerouting")], {ELSEWHERE: rule(1, "pre")}),
        ([base("nat", [{"masquerade": None}], hook="postrouting")], {PASSES: ""}),
        ([base("input", [{"queue": None}])], {ELSEWHERE: rule(1)}),
        # Of iptables.
        ([base("input", [{"xt": XT}, ACCEPT], policy="drop")], {PASSES: "", DROPPED: POLICY}),
        ([base("input", [{"xt": {"type": "target", "name": "REJECT"}}])], {DROPPED: rule(1)}),
        ([base("input", [{"xt": {"type": "target", "name": "NFQUEUE"}}])], {ELSEWHERE: rule(1)}),
        ([base("input", [{"xt": {"type": "target", "name": "LOG"}}], [DROP])], {DROPPED: rule(2)}),
        ([base("input", [{"xt": {"name": []}}, DROP])], {PASSES: "", DROPPED: rule(1)}),
        ([base("input", [{"xt": None}, DROP])], {PASSES: "", DROPPED: rule(1)}),
        # What is no statement.
        ([base("input", [None, DROP])], {PASSES: "", DROPPED: rule(1)}),
        ([base("input", [{"log": None}, {"continue": None}], [iif("lo"), DROP])], {PASSES: ""}),
    ],
)  # fmt: skip
def test_a_packet_comes_to_these_ends(
    chains: list[list[dict[str, Any]]], found: dict[End, str]
) -> None:
    assert walked(*chains) == found


def test_chains_that_call_each_other_too_deep_are_given_up() -> None:
    deep = [chain(f"c{at}", [jump(f"c{at + 1}")]) for at in range(40)]

    found = walked(base("input", [jump("c0")]), *deep, chain("c40"))

    assert set(found) == {PASSES, DROPPED}


def test_what_is_sent_passes_the_hooks_on_its_way_out() -> None:
    data = ruleset(base("input", [DROP]), base("output", [DROP], hook="output"))

    assert str(ends(Ruleset(data), ANSWER)[DROPPED]) == rule(1, "output")


class TestForAnyRules:
    @given(st.lists(st.lists(JSON, max_size=3), max_size=5))
    def test_it_ends(self, rules: list[list[Any]]) -> None:
        assert ends(Ruleset(ruleset(base("input", *rules))), TFTP)
