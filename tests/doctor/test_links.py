"""Interfaces, and whether machines can boot from them."""

from __future__ import annotations

from ipaddress import IPv4Interface
from typing import Any

import pytest

from pyxie.doctor.found import Severity
from pyxie.doctor.links import Link, Links, judge

ADDRESS = (IPv4Interface("192.0.2.10/24"),)
ETH0 = Link(name="eth0", addresses=ADDRESS)


def link(**said: Any) -> Link:
    return Link(**{"name": "eth0", "addresses": ADDRESS, **said})


def told(*links: Link, names: tuple[str, ...] = (), **said: Any) -> list[tuple[str, Severity]]:
    found = judge(Links(all=links, names=names, **said))
    return [(each.code, each.severity) for each in found]


class TestServed:
    def test_an_interface_that_is_up_and_has_an_address_is_right(self) -> None:
        assert told(ETH0) == []

    def test_a_port_of_a_bridge_needs_no_address(self) -> None:
        bridge = link(name="br0", bridge=True)
        port = link(addresses=(), master="br0", up=False)

        assert told(bridge, port) == []

    def test_nobody_boots_from_a_tunnel(self) -> None:
        assert told(ETH0, Link(name="wg0", ethernet=False)) == []
        assert told(Link(name="wg0", addresses=ADDRESS, ethernet=False)) == [
            ("no-interface", Severity.STOPS)
        ]

    def test_without_one_that_has_an_address_nobody_boots(self) -> None:
        assert told(link(addresses=())) == [("no-interface", Severity.STOPS)]
        assert told(link(up=False)) == [("no-interface", Severity.STOPS)]

    def test_one_that_is_named_and_not_there_is_told_with_those_that_are(self) -> None:
        (found,) = judge(Links(all=[ETH0], names=["eno1"]))

        assert (found.code, found.severity) == ("interface-missing", Severity.STOPS)
        assert found.sentence == (
            "'interfaces' in config.yaml names eno1, which is not there; there are: eth0"
        )

    @pytest.mark.parametrize(
        ("said", "codes"),
        [
            ({"up": False}, ["no-interface", "interface-down"]),
            ({"addresses": ()}, ["no-interface", "no-address"]),
            ({"carrier": False}, ["no-link"]),
            ({"carrier": True}, []),
        ],
    )
    def test_one_that_is_named_has_to_be_fit(self, said: dict[str, Any], codes: list[str]) -> None:
        assert [code for code, _ in told(link(**said), names=("eth0",))] == codes

    def test_one_that_nobody_names_may_be_unused(self) -> None:
        unused = Link(name="eth1", carrier=False)

        assert told(ETH0, unused, Link(name="eth2", up=False)) == []

    def test_one_that_is_not_named_is_none_of_ours(self) -> None:
        assert told(ETH0, Link(name="eth1", addresses=ADDRESS), names=("eth0",)) == []

    @pytest.mark.parametrize("name", ["docker0", "br-0123456789ab", "veth1a2b3c4", "cni0"])
    def test_nothing_boots_from_what_containers_have_unless_it_is_named(self, name: str) -> None:
        theirs = link(name=name, up=False)

        assert Links(all=[ETH0, theirs]).served == [ETH0]
        assert Links(all=[ETH0, theirs], names=[name]).served == [theirs]

    def test_a_bridge_may_wait_for_its_first_machine(self) -> None:
        assert told(ETH0, link(name="virbr0", bridge=True, carrier=False)) == []


class TestAddresses:
    def test_several_of_one_network_are_right(self) -> None:
        assert told(link(addresses=(*ADDRESS, IPv4Interface("192.0.2.11/24")))) == []

    def test_of_several_networks_the_first_is_the_one_that_is_answered_from(self) -> None:
        (found,) = judge(Links(all=[link(addresses=(*ADDRESS, IPv4Interface("10.0.0.1/8")))]))

        assert (found.code, found.severity) == ("several-addresses", Severity.NOTE)
        assert "192.0.2.10/24, 10.0.0.1/8" in found.sentence

    @pytest.mark.parametrize("length", [31, 32])
    def test_uefi_refuses_a_narrow_network(self, length: int) -> None:
        """edk2#8557."""
        narrow = link(addresses=(IPv4Interface(f"192.0.2.10/{length}"), *ADDRESS))

        assert ("narrow-network", Severity.LOOK) in told(narrow)


class TestMtu:
    def test_a_small_one_is_noted(self) -> None:
        assert told(link(mtu=1400)) == [("small-mtu", Severity.NOTE)]

    def test_one_that_the_settings_keep_to_is_right(self) -> None:
        assert list(judge(Links(all=[link(mtu=1400)]), 1368)) == []
        assert told(link(mtu=0)) == []


class TestWays:
    def test_strict_filtering_drops_what_comes_by_the_other_of_two_in_one_network(self) -> None:
        other = link(name="eth1.5", addresses=(IPv4Interface("192.0.2.11/24"),))

        (found,) = judge(Links(all=[link(rp_filter=1), other]))

        assert (found.code, found.severity) == ("rp-filter", Severity.STOPS)
        assert found.remedy == (
            "sysctl net.ipv4.conf.eth0.rp_filter=2",
            "sysctl net.ipv4.conf.eth1/5.rp_filter=2",
            "or take the address of one of them away",
        )

    def test_of_two_networks_it_is_noted(self) -> None:
        other = link(name="eth1", addresses=(IPv4Interface("10.0.0.1/8"),))

        assert told(link(rp_filter=1), other) == [("rp-filter", Severity.NOTE)]

    @pytest.mark.parametrize("rp_filter", [0, 2])
    def test_loose_filtering_drops_nothing(self, rp_filter: int) -> None:
        assert told(link(rp_filter=rp_filter), link(name="eth1")) == []

    def test_of_a_single_interface_there_is_one_way(self) -> None:
        assert told(link(rp_filter=1)) == []


class TestBridges:
    def test_that_are_shown_to_the_firewall_are_to_be_looked_at(self) -> None:
        bridge = link(name="br0", bridge=True)

        assert told(bridge, bridged=True) == [("bridge-filtered", Severity.LOOK)]
        assert told(ETH0, bridged=True) == []
