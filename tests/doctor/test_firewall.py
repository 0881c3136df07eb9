"""Which rules are in the way of a boot, and what to do about each."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pyxie.doctor.firewall import Rules, is_opaque, judge
from pyxie.doctor.found import Finding, Severity
from tests.doctor.rules import (
    ACCEPT,
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
from tests.doctor.test_iptables import SAVED, SERVED

RECORDED = json.loads((Path(__file__).parent / "data/iptables.json").read_text())
ESTABLISHED = [state("established", "related"), ACCEPT]
OPEN = [[dport(67, 69, 4011), ACCEPT], [dport(8090, protocol="tcp"), ACCEPT]]


def judged(*parts: list[dict[str, Any]], **served: Any) -> list[Finding]:
    return [*judge(Rules(nft=ruleset(*parts)), [replace(SERVED, **served)])]


def told(found: Iterable[Finding]) -> list[tuple[str, Severity]]:
    return [(each.code, each.severity) for each in found]


class TestNothing:
    @pytest.mark.parametrize(
        "parts",
        [
            [],
            [base("input", ESTABLISHED, *OPEN, policy="drop")],
            [base("input", [dport(22, protocol="tcp"), DROP])],
            [base("forward", [DROP], hook="forward", policy="drop")],
        ],
    )
    def test_is_found_where_a_boot_passes(self, parts: list[list[dict[str, Any]]]) -> None:
        assert judged(*parts) == []


class TestDropped:
    def test_by_a_policy_all_ports_are_named_with_the_rules_that_open_them(self) -> None:
        (found,) = judged(base("input", ESTABLISHED, policy="drop"))

        assert found == Finding(
            "firewall-drops",
            Severity.STOPS,
            "the firewall drops DHCP requests (UDP port 67), PXE requests (UDP port 4011), TFTP"
            " requests (UDP port 69) and HTTP requests (TCP port 8090) on eth0: the policy of chain"
            " input of table inet filter",
            (
                "nft insert rule inet filter input iifname eth0 udp dport { 67, 4011, 69 } accept",
                "nft insert rule inet filter input iifname eth0 tcp dport { 8090 } accept",
                "and the same in /etc/nftables.conf, or it is gone at the next start",
            ),
        )

    def test_a_single_rule_is_named_by_its_handle(self) -> None:
        (found,) = judged(base("input", [dport(69), DROP]))

        assert found.sentence == (
            "the firewall drops TFTP requests (UDP port 69) on eth0:"
            " rule 1 of chain input of table inet filter"
        )

    def test_ports_are_those_of_the_settings(self) -> None:
        parts = base("input", ESTABLISHED, *OPEN, policy="drop")

        (found,) = judged(parts, http=80)

        assert "TCP port 80" in found.sentence
        assert "dport { 80 }" in found.remedy[0]

    def test_where_firewalld_made_them_it_is_told_in_its_words(self) -> None:
        table = [{"table": {"family": "inet", "name": "firewalld"}}]

        (found,) = judged(table, base("input", [dport(69), DROP]))

        assert found.remedy == (
            (
                "firewall-cmd --permanent --zone=$(firewall-cmd --get-zone-of-interface=eth0)"
                " --add-port=69/udp"
            ),
            "firewall-cmd --reload",
        )

    def test_where_ufw_made_them_it_is_told_in_its_words(self) -> None:
        parts = base("INPUT", ESTABLISHED, [jump("ufw-before-input")], policy="drop")

        (found,) = judged(parts, chain("ufw-before-input"))

        assert found.remedy == (
            "ufw allow in on eth0 proto udp to any port 67,4011,69",
            "ufw allow in on eth0 proto tcp to any port 8090",
        )


class TestSeveralInterfaces:
    PARTS = base("input", [iif("eth0"), ACCEPT], policy="drop")
    ETH1 = replace(SERVED, interface="eth1")

    def test_where_one_is_open_another_is_to_be_looked_at(self) -> None:
        rules = Rules(nft=ruleset(self.PARTS))

        found = [*judge(rules, [SERVED, self.ETH1])]

        assert told(found) == [("firewall-drops", Severity.LOOK)]
        assert found[0].remedy[-1].endswith("in config.yaml: interfaces: [NAME]")

    def test_one_that_is_named_has_to_be_open(self) -> None:
        rules = Rules(nft=ruleset(self.PARTS))

        found = judge(rules, [SERVED, replace(self.ETH1, named=True)])

        assert told(found) == [("firewall-drops", Severity.STOPS)]

    def test_where_none_is_open_each_stops_boots(self) -> None:
        rules = Rules(nft=ruleset(base("input", ESTABLISHED, policy="drop")))

        assert told(judge(rules, [SERVED, self.ETH1])) == [("firewall-drops", Severity.STOPS)] * 2

    def test_what_is_to_be_looked_at_stays_so(self) -> None:
        rules = Rules(nft=ruleset(base("input", [iif("eth1"), LIMIT, DROP])))

        found = judge(rules, [SERVED, self.ETH1])

        assert told(found) == [
            ("firewall-may-drop", Severity.LOOK),
            ("firewall-may-drop-transfers", Severity.LOOK),
        ]


class TestTransfers:
    def test_that_are_dropped_after_their_first_block_are_told_apart(self) -> None:
        (found,) = judged(base("input", *OPEN, policy="drop"))

        assert told([found]) == [("firewall-drops-transfers", Severity.STOPS)]
        assert found.remedy == (
            "nft insert rule inet filter input ct state established,related accept",
            "or have pyxie send from port 69 alone, in config.yaml: tftp: {single_port: true}",
        )

    def test_that_stay_on_one_port_need_no_more_than_that(self) -> None:
        assert judged(base("input", *OPEN, policy="drop"), single_port=True) == []

    def test_that_may_be_dropped_are_to_be_looked_at(self) -> None:
        parts = base("input", [LIMIT, state("established"), ACCEPT], *OPEN, policy="drop")

        assert told(judged(parts)) == [("firewall-may-drop-transfers", Severity.LOOK)]

    def test_are_not_looked_at_where_none_begins(self) -> None:
        found = judged(base("input", [dport(67, 4011), ACCEPT], OPEN[1], policy="drop"))

        assert told(found) == [("firewall-drops", Severity.STOPS)]


class TestMakers:
    """Rulesets in the form that hosts' own firewalls give them."""

    def test_a_zone_of_firewalld_rejects_what_it_does_not_name(self) -> None:
        status = {"match": {"op": "in", "left": {"ct": {"key": "status"}}, "right": "dnat"}}
        zone = {"goto": {"target": "filter_IN_public"}}
        reject = [{"reject": {"type": "icmpx", "expr": "admin-prohibited"}}]

        found = judged(
            [{"table": {"family": "inet", "name": "firewalld"}}],
            base(
                "filter_INPUT",
                ESTABLISHED,
                [status, ACCEPT],
                [iif("lo"), ACCEPT],
                [jump("filter_INPUT_ZONES")],
                reject,
            ),
            chain("filter_INPUT_ZONES", [iif("eth0"), zone], [zone]),
            chain("filter_IN_public", [jump("filter_IN_public_allow")], reject),
            chain("filter_IN_public_allow", [dport(22, protocol="tcp"), state("new"), ACCEPT]),
        )

        assert told(found) == [("firewall-drops", Severity.STOPS)]
        assert "rule 2 of chain filter_IN_public" in found[0].sentence

    def test_a_default_of_ufw_drops_what_it_does_not_allow(self) -> None:
        saved = """
            *filter
            :INPUT DROP [0:0]
            :ufw-before-input - [0:0]
            :ufw-user-input - [0:0]
            :ufw-not-local - [0:0]
            :ufw-after-input - [0:0]
            -A INPUT -j ufw-before-input
            -A INPUT -j ufw-after-input
            -A ufw-before-input -i lo -j ACCEPT
            -A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
            -A ufw-before-input -m conntrack --ctstate INVALID -j DROP
            -A ufw-before-input -p icmp -m icmp --icmp-type 8 -j ACCEPT
            -A ufw-before-input -j ufw-not-local
            -A ufw-before-input -j ufw-user-input
            -A ufw-not-local -m addrtype --dst-type LOCAL -j RETURN
            -A ufw-not-local -m addrtype --dst-type BROADCAST -j RETURN
            -A ufw-not-local -m limit --limit 3/min --limit-burst 10 -j LOG
            -A ufw-not-local -j DROP
            -A ufw-user-input -p udp -m multiport --dports 69,4011 -j ACCEPT
            -A ufw-user-input -p tcp -m tcp --dport 8090 -j ACCEPT
            -A ufw-after-input -p udp -m udp --dport 67 -j DROP
            COMMIT
        """
        rules = Rules(nft=RECORDED, iptables="\n".join(map(str.strip, saved.splitlines())))

        (found,) = judge(rules, [SERVED])

        assert found.sentence == (
            "the firewall drops DHCP requests (UDP port 67) on eth0:"
            " rule 1 of chain ufw-after-input of table ip filter"
        )
        assert found.remedy == ("ufw allow in on eth0 proto udp to any port 67",)

    def test_ports_of_containers_are_none_of_ours(self) -> None:
        opaque = [{"xt": {"type": "match", "name": "addrtype"}}, jump("DOCKER")]
        dnat = [dport(8080, protocol="tcp"), {"xt": {"type": "target", "name": "DNAT"}}]
        nat = {"family": "ip", "table": "nat"}

        found = judged(
            base("PREROUTING", opaque, hook="prerouting", prio=-100, **nat),
            chain("DOCKER", dnat, **nat),
        )

        assert found == []


class TestPerhaps:
    def test_a_rule_that_depends_on_a_rate_is_to_be_looked_at(self) -> None:
        (found,) = judged(base("input", [dport(69), LIMIT, DROP]))

        assert told([found]) == [("firewall-may-drop", Severity.LOOK)]
        assert found.sentence.endswith(
            "it depends on what is not known before a packet comes, as a rate or a mark"
        )
        assert found.remedy[0] == "nft -a list chain inet filter input"

    def test_what_iptables_made_is_not_shown_by_nft(self) -> None:
        found = [*judge(Rules(nft=RECORDED), [SERVED])]

        assert ("firewall-may-drop", Severity.LOOK) in told(found)
        assert any("nft does not show" in each.sentence for each in found)
        assert is_opaque(RECORDED)

    def test_iptables_own_words_make_it_sure(self) -> None:
        found = [*judge(Rules(nft=RECORDED, iptables=SAVED), [SERVED])]

        assert told(found) == [("firewall-drops", Severity.STOPS)] * 2
        assert found[0].remedy[0] == (
            "iptables -I INPUT -i eth0 -p udp -m multiport --dports 69 -j ACCEPT"
        )

    def test_transfers_need_their_rule_in_iptables_words_too(self) -> None:
        saved = "*filter\n:INPUT DROP [0:0]\n-A INPUT -p udp --dport 69 -j ACCEPT\n"
        saved += "-A INPUT -p udp -m multiport --dports 67,4011 -j ACCEPT\n"
        saved += "-A INPUT -p tcp --dport 8090 -j ACCEPT\n"

        (found,) = judge(Rules(nft=RECORDED, iptables=saved), [SERVED])

        assert found.remedy[0] == (
            "iptables -I INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT"
        )


class TestElsewhere:
    def test_what_is_sent_to_another_port_is_to_be_looked_at(self) -> None:
        nat = base("nat", [dport(69), {"redirect": {"port": 1069}}], hook="prerouting")

        (found,) = judged(nat)

        assert told([found]) == [("firewall-diverts", Severity.LOOK)]
        assert "TFTP requests (UDP port 69)" in found.sentence


class TestAnswers:
    def test_that_are_dropped_stop_boots(self) -> None:
        (found,) = judged(base("output", hook="output", policy="drop"))

        assert told([found]) == [("firewall-drops-answers", Severity.STOPS)]
        assert found.sentence.startswith(
            "the firewall drops what pyxie sends on eth0: DHCP answers (from UDP port 67), files by"
            " TFTP and files by HTTP (from TCP port 8090), by the policy"
        )


class TestUnread:
    def test_what_is_no_ruleset_is_said(self) -> None:
        assert told(judge(Rules(nft={}), [SERVED])) == [("firewall-unread", Severity.LOOK)]
        assert not is_opaque({})

    def test_rules_of_the_former_iptables_are_said_if_nobody_reads_them(self) -> None:
        assert told(judge(Rules(nft=ruleset(), legacy=True), [SERVED])) == [
            ("firewall-unread", Severity.LOOK)
        ]
        assert (
            told(judge(Rules(nft=ruleset(), legacy=True, iptables=SAVED), [SERVED]))
            == [("firewall-drops", Severity.STOPS)] * 2
        )
