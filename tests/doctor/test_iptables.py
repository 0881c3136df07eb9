"""What iptables-save prints, said as nft would."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.doctor.iptables import translated
from pyxie.doctor.ruleset import Ruleset
from pyxie.doctor.traffic import Packet, Served, incoming
from pyxie.doctor.walk import End, ends
from tests.doctor.test_matching import DISCOVER, TFTP

SAVED = (Path(__file__).parent / "data/iptables-save.txt").read_text()
SERVED = Served(
    interface="eth0", address=IPv4Address("192.0.2.10"), network=IPv4Network("192.0.2.0/24")
)


def became(rules: str, packet: Packet) -> set[End]:
    saved = f"*filter\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:mine - [0:0]\n{rules}\nCOMMIT\n"
    return set(ends(Ruleset({"nftables": []}, translated(saved)), packet))


PASSES, DROPPED = {End.PASSES}, {End.DROPPED}
PERHAPS = PASSES | DROPPED


@pytest.mark.parametrize(
    ("rules", "packet", "end"),
    [
        ("-A INPUT -j DROP", TFTP, DROPPED),
        ("-A INPUT -i lo -j DROP", TFTP, PASSES),
        ("-A INPUT ! -i lo -j DROP", TFTP, DROPPED),
        ("-A INPUT -i eth+ -p udp -j REJECT --reject-with icmp-port-unreachable", TFTP, DROPPED),
        ("-A INPUT -o eth0 -j DROP", TFTP, PERHAPS),
        ("-A INPUT -p tcp -m tcp --dport 69 -j DROP", TFTP, PASSES),
        ("-A INPUT -p udp -m udp --dport 60:70 -j DROP", TFTP, DROPPED),
        ("-A INPUT -p udp -m udp --sport :1023 -j DROP", TFTP, PASSES),
        ("-A INPUT -p udp -m multiport --dports 67,69 -j DROP", TFTP, DROPPED),
        ("-A INPUT -s 10.0.0.0/8 -j DROP", TFTP, PASSES),
        ("-A INPUT -s 192.0.2.0/255.255.255.0 -j DROP", TFTP, DROPPED),
        ("-A INPUT -d 192.0.2.10 -j DROP", TFTP, DROPPED),
        ("-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j DROP", TFTP, PASSES),
        ("-A INPUT -m state --state NEW -j DROP", TFTP, DROPPED),
        ("-A INPUT -m addrtype --dst-type BROADCAST -j DROP", DISCOVER, DROPPED),
        ("-A INPUT -m pkttype --pkt-type broadcast -j DROP", TFTP, PASSES),
        ("-A INPUT -m limit --limit 3/min -j DROP", TFTP, PERHAPS),
        ("-A INPUT -m comment --comment 'let it -j ACCEPT' -j DROP", TFTP, DROPPED),
        ("-A INPUT -f -j DROP", TFTP, PERHAPS),
        ("-A INPUT -j LOG --log-prefix x\n-A INPUT -j DROP", TFTP, DROPPED),
        ("-A INPUT -j mine\n-A mine -p udp -j RETURN\n-A mine -j DROP", TFTP, PASSES),
        ("-A INPUT -g mine\n-A INPUT -j DROP", TFTP, PASSES),
        ("-A OUTPUT -j DROP", TFTP, PASSES),
        ("-A INPUT 'not closed", TFTP, PASSES),
        ("-A ", TFTP, PASSES),
        ("-A INPUT -j", TFTP, PERHAPS),
    ],
)
def test_a_rule_does_what_it_says(rules: str, packet: Packet, end: set[End]) -> None:
    assert became(rules, packet) == end


def test_a_recorded_ruleset_is_read_whole() -> None:
    ruleset = Ruleset({"nftables": []}, translated(SAVED))

    found = {packet.port: ends(ruleset, packet) for packet in incoming(SERVED)}

    assert {port: set(each) for port, each in found.items()} == {
        67: PASSES,
        4011: PASSES,
        69: DROPPED,
        8090: DROPPED,
    }
    assert str(found[69][End.DROPPED]) == "rule 5 of chain INPUT of table ip filter"


def test_other_tables_are_left_out() -> None:
    assert translated("*nat\n:INPUT DROP [0:0]\n-A INPUT -j DROP\nCOMMIT\n") == []


class TestForAnyText:
    @given(st.text(alphabet="-A INPUTj:'\"!msd0,\n*filter "))
    def test_it_is_read(self, text: str) -> None:
        Ruleset({"nftables": []}, translated(f"*filter\n{text}"))
