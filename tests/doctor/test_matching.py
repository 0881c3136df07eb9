"""nftables' expressions, each against packets that it fits and does not."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.doctor.matching import Fit, chosen, fits
from pyxie.doctor.traffic import BROADCAST, NOBODY, Packet

NETWORK = IPv4Network("192.0.2.0/24")
TFTP = Packet(
    what="TFTP",
    hook="input",
    interface="eth0",
    protocol="udp",
    source=NETWORK,
    target=IPv4Address("192.0.2.10"),
    source_port=50_000,
    port=69,
)
DISCOVER = Packet(
    what="DHCP",
    hook="input",
    interface="eth0",
    protocol="udp",
    source=NOBODY,
    target=BROADCAST,
    source_port=68,
    port=67,
)
ANSWER = Packet(
    what="answer",
    hook="output",
    interface="eth0",
    protocol="tcp",
    source=TFTP.target,
    target=NETWORK,
    source_port=8090,
    port=50_000,
    state="established",
)
SETS: dict[str, list[Any]] = {
    "ports": [69, {"range": [4000, 4020]}],
    "timed": [{"elem": {"val": 69, "timeout": 60}}],
}


def payload(protocol: str, field: str) -> dict[str, Any]:
    return {"payload": {"protocol": protocol, "field": field}}


def meta(key: str) -> dict[str, Any]:
    return {"meta": {"key": key}}


STATE: dict[str, Any] = {"ct": {"key": "state"}}
TO: dict[str, Any] = {"fib": {"result": "type", "flags": ["daddr"]}}
DPORT = payload("udp", "dport")


def match(left: Any, right: Any, op: str = "==") -> dict[str, Any]:
    return {"op": op, "left": left, "right": right}


def prefix(addr: str, length: Any) -> dict[str, Any]:
    return {"prefix": {"addr": addr, "len": length}}


@pytest.mark.parametrize(
    ("packet", "expression", "fit"),
    [
        # Ports: one, several, from to, by name, of a named set, with a timeout.
        (TFTP, match(DPORT, 69), Fit.YES),
        (TFTP, match(DPORT, 67), Fit.NO),
        (TFTP, match(DPORT, {"set": [67, 69]}), Fit.YES),
        (TFTP, match(DPORT, {"set": [67, {"range": [4000, 4020]}]}), Fit.NO),
        (TFTP, match(DPORT, {"range": [60, 70]}), Fit.YES),
        (TFTP, match(DPORT, "tftp"), Fit.YES),
        (TFTP, match(DPORT, "@ports"), Fit.YES),
        (TFTP, match(DPORT, "@timed"), Fit.YES),
        (TFTP, match(DPORT, "@unknown"), Fit.MAYBE),
        (TFTP, match(DPORT, "netbios"), Fit.MAYBE),
        (TFTP, match(DPORT, {"range": [60]}), Fit.MAYBE),
        (TFTP, match(payload("th", "sport"), 50_000), Fit.YES),
        (TFTP, match(DPORT, 69, "!="), Fit.NO),
        (TFTP, match(DPORT, 1024, "<"), Fit.YES),
        (TFTP, match(DPORT, 1024, ">"), Fit.NO),
        (TFTP, match(DPORT, 69, "<="), Fit.YES),
        (TFTP, match(DPORT, 70, ">="), Fit.NO),
        (TFTP, match(DPORT, "x", "<"), Fit.MAYBE),
        # Of another protocol, which nft lets the port imply.
        (TFTP, match(payload("tcp", "dport"), 69), Fit.NO),
        (TFTP, match(payload("ip6", "saddr"), "::1"), Fit.NO),
        (TFTP, match(payload("icmp", "type"), "echo-request"), Fit.NO),
        (TFTP, match({"&": [payload("tcp", "flags"), "syn"]}, "syn"), Fit.NO),
        (ANSWER, match({"&": [payload("tcp", "flags"), "syn"]}, "syn"), Fit.MAYBE),
        (TFTP, match({"&": []}, 1), Fit.MAYBE),
        (TFTP, match(payload("ip", "protocol"), "udp"), Fit.YES),
        (TFTP, match(payload("ip", "protocol"), 17), Fit.YES),
        (TFTP, match(payload("ip", "version"), 4), Fit.YES),
        (TFTP, match(payload("ip", "ttl"), 64), Fit.MAYBE),
        # What the kernel knows of it.
        (TFTP, match(meta("iifname"), "eth0"), Fit.YES),
        (TFTP, match(meta("iifname"), "eth*"), Fit.YES),
        (TFTP, match(meta("iif"), "lo"), Fit.NO),
        (TFTP, match(meta("oifname"), "eth0"), Fit.MAYBE),
        (ANSWER, match(meta("oifname"), "eth0"), Fit.YES),
        (ANSWER, match(meta("iifname"), "eth0"), Fit.MAYBE),
        (TFTP, match(meta("l4proto"), {"set": ["tcp", "udp"]}), Fit.YES),
        (TFTP, match(meta("nfproto"), "ipv6"), Fit.NO),
        (TFTP, match(meta("protocol"), "ip"), Fit.YES),
        (TFTP, match(meta("pkttype"), "broadcast"), Fit.NO),
        (DISCOVER, match(meta("pkttype"), "broadcast"), Fit.YES),
        (ANSWER, match(meta("pkttype"), "host"), Fit.MAYBE),
        (TFTP, match(meta("mark"), 1), Fit.MAYBE),
        (TFTP, match(STATE, ["established", "related"], "in"), Fit.NO),
        (TFTP, match(STATE, "established,new", "in"), Fit.YES),
        (ANSWER, match(STATE, ["established", "related"], "in"), Fit.YES),
        (TFTP, match({"ct": {"key": "status"}}, "dnat", "in"), Fit.NO),
        (TFTP, match({"ct": {"key": "mark"}}, 1), Fit.MAYBE),
        (TFTP, match(STATE, "@states"), Fit.MAYBE),
        (TFTP, match(STATE, {"range": ["a", "b"]}), Fit.MAYBE),
        (DISCOVER, match(TO, "broadcast"), Fit.YES),
        (TFTP, match(TO, "local"), Fit.YES),
        (ANSWER, match(TO, "unicast"), Fit.YES),
        (TFTP, match({"fib": {"result": "oif", "flags": ["saddr"]}}, False), Fit.MAYBE),
        # Addresses: the client may be any of its network.
        (TFTP, match(payload("ip", "saddr"), prefix("192.0.2.0", 24)), Fit.YES),
        (TFTP, match(payload("ip", "saddr"), prefix("192.0.2.0", "255.255.255.0")), Fit.YES),
        (TFTP, match(payload("ip", "saddr"), prefix("192.0.2.0", 25)), Fit.MAYBE),
        (TFTP, match(payload("ip", "saddr"), prefix("10.0.0.0", 8)), Fit.NO),
        (TFTP, match(payload("ip", "saddr"), {"range": ["192.0.2.0", "192.0.2.255"]}), Fit.YES),
        (TFTP, match(payload("ip", "saddr"), {"range": ["192.0.2.9", "192.0.2.11"]}), Fit.MAYBE),
        (TFTP, match(payload("ip", "saddr"), {"range": ["10.0.0.1", "10.0.0.9"]}), Fit.NO),
        (TFTP, match(payload("ip", "daddr"), "192.0.2.10"), Fit.YES),
        (TFTP, match(payload("ip", "daddr"), "192.0.2.1"), Fit.NO),
        (TFTP, match(payload("ip", "daddr"), "192.0.2.1", "!="), Fit.YES),
        (TFTP, match(payload("ip", "saddr"), "gateway"), Fit.MAYBE),
        # What is no expression, or one that nobody knows.
        (TFTP, None, Fit.MAYBE),
        (TFTP, match(None, 69), Fit.MAYBE),
        (TFTP, match({"payload": {"protocol": [], "field": {}}}, 69), Fit.MAYBE),
        (TFTP, match({"meta": {"key": []}}, 69), Fit.MAYBE),
        (TFTP, match({"a": 1, "b": 2}, 69), Fit.MAYBE),
        (TFTP, match({"meta": "x"}, 69), Fit.MAYBE),
        (TFTP, match({"exthdr": {"name": "hbh"}}, 69), Fit.MAYBE),
        (TFTP, match(DPORT, 69, "~"), Fit.MAYBE),
    ],
)
def test_an_expression_fits_does_not_or_nobody_knows(
    packet: Packet, expression: Any, fit: Fit
) -> None:
    assert fits(expression, packet, SETS) is fit


class TestVerdictMaps:
    def test_the_verdict_of_what_fits_is_chosen(self) -> None:
        vmap = {"key": STATE, "data": {"set": [["new", {"drop": None}], ["invalid", None]]}}

        assert chosen(vmap, TFTP, SETS) == [(Fit.YES, {"drop": None})]

    def test_each_verdict_is_possible_where_the_key_is_not_known(self) -> None:
        vmap = {"key": meta("mark"), "data": {"set": [[1, {"drop": None}], [2, {"accept": None}]]}}

        assert chosen(vmap, TFTP, SETS) == [
            (Fit.MAYBE, {"drop": None}),
            (Fit.MAYBE, {"accept": None}),
        ]

    @pytest.mark.parametrize(
        "vmap",
        [
            None,
            {"key": STATE, "data": {"set": [1, ["new"]]}},
            {"key": payload("tcp", "dport"), "data": {"set": [[69, {"drop": None}]]}},
        ],
    )
    def test_none_is_chosen_where_there_is_none_for_it(self, vmap: Any) -> None:
        assert chosen(vmap, TFTP, SETS) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["payload", "meta", "set", "range", "prefix", "protocol", "field", "key"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=20,
)


class TestForAnyExpression:
    @given(JSON, JSON)
    def test_there_is_an_answer(self, left: Any, right: Any) -> None:
        assert fits(match(left, right), TFTP, SETS) in Fit
        assert isinstance(chosen({"key": left, "data": right}, TFTP, SETS), list)
