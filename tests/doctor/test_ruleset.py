"""What nft prints, read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from pyxie.doctor.ruleset import Place, Ruleset
from tests.doctor.rules import ACCEPT, DROP, base, chain, ruleset
from tests.doctor.test_matching import JSON


class TestReading:
    def test_chains_at_a_hook_come_by_their_priority(self) -> None:
        data = ruleset(base("late", prio=10), base("early", prio=-150), base("out", hook="output"))

        found = Ruleset(data).at("input")

        assert [each.place.chain for each in found] == ["early", "late"]

    def test_rules_are_with_their_chain(self) -> None:
        data = ruleset(base("input", [ACCEPT], [DROP]))

        (found,) = Ruleset(data).chains.values()

        assert found.rules == [(1, [ACCEPT]), (2, [DROP])]
        assert (found.policy, found.priority) == ("accept", 0)

    def test_bridges_and_ipv6_have_tables_of_their_own(self) -> None:
        data = ruleset(base("input", [DROP], family="ip6"), base("input", [DROP], family="bridge"))

        assert Ruleset(data).chains == {}

    def test_named_sets_are_those_of_the_table(self) -> None:
        named = {"family": "inet", "table": "filter", "name": "ports"}
        data = ruleset(
            [{"set": {**named, "elem": [69]}}, {"map": {**named, "name": "empty"}}],
            [{"table": {"family": "inet", "name": "filter"}}],
        )

        found = Ruleset(data)

        assert found.sets(Place("inet", "filter", "input")) == {"ports": [69], "empty": []}
        assert found.sets(Place("inet", "other", "input")) == {}
        assert found.tables == {"filter"}

    def test_it_is_opaque_where_iptables_has_made_matches(self) -> None:
        data = ruleset(base("INPUT", [{"xt": {"type": "match", "name": "conntrack"}}, ACCEPT]))

        assert Ruleset(data).opaque
        assert not Ruleset(ruleset(base("input", [ACCEPT]))).opaque

    def test_iptables_own_words_take_the_place_of_its_table(self) -> None:
        opaque = [{"xt": {"type": "match", "name": "conntrack"}}, ACCEPT]
        data = ruleset(
            base("INPUT", opaque, family="ip"), base("input", [DROP], table="mine", prio=1)
        )

        found = Ruleset(data, base("INPUT", [DROP], family="ip"))

        assert [each.rules for each in found.at("input")] == [[(1, [DROP])], [(1, [DROP])]]
        assert not found.opaque

    def test_what_is_no_rule_is_left_out(self) -> None:
        data = ruleset(
            [{"rule": {"family": "inet", "table": "filter", "chain": "gone", "expr": [DROP]}}],
            [{"rule": "x"}, 1, {"rule": {"expr": 1}}],  # type: ignore[list-item]
            chain("input"),
            [{"rule": {"family": "inet", "table": "filter", "chain": "input", "expr": None}}],
        )

        (found,) = Ruleset(data).chains.values()

        assert found.rules == []

    @pytest.mark.parametrize("data", [None, [], {}, {"nftables": {}}])
    def test_what_is_no_ruleset_is_refused(self, data: Any) -> None:
        with pytest.raises(ValueError, match="no list 'nftables'"):
            Ruleset(data)


class TestPlace:
    def test_a_rule_is_told_by_its_handle_and_a_policy_as_such(self) -> None:
        place = Place("inet", "filter", "input", 7)

        assert str(place) == "rule 7 of chain input of table inet filter"
        assert str(Place("inet", "filter", "input")) == (
            "the policy of chain input of table inet filter"
        )


class TestForAnyDocument:
    @given(JSON, JSON)
    def test_it_is_read_or_refused(self, one: Any, other: Any) -> None:
        said = {"family": "inet", "table": one, "name": other, "chain": other, "expr": one}

        Ruleset({"nftables": [one, {"chain": said}, {"rule": said}, {"set": said}, {"x": other}]})
