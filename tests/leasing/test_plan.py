"""Which addresses are given where, and what dnsmasq is told and says."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import pytest

from pyxie.errors import StartError
from pyxie.leasing.plan import LONGEST_WAIT, Plan, arguments, cause, is_ready, wait, where
from tests.interop.netns import need

ETH0: dict[str, tuple[IPv4Interface, ...]] = {
    "eth0": (IPv4Interface("192.0.2.10/24"), IPv4Interface("192.0.2.11/24"))
}
ETH1: dict[str, tuple[IPv4Interface, ...]] = {"eth1": (IPv4Interface("10.1.0.1/16"),)}
NONE: dict[str, tuple[IPv4Interface, ...]] = {"eth2": ()}
FIRST, LAST = IPv4Address("10.1.5.1"), IPv4Address("10.1.5.9")
PLAN = Plan("eth1", IPv4Address("10.1.0.1"), IPv4Address("255.255.0.0"), FIRST, LAST, None, (), 0)


def refused(first: str, last: str, present: dict[str, tuple[IPv4Interface, ...]]) -> str:
    with pytest.raises(StartError) as caught:
        where(IPv4Address(first), IPv4Address(last), present)
    return str(caught.value)


class TestWhere:
    def test_is_the_interface_whose_network_has_the_range(self) -> None:
        assert where(FIRST, LAST, ETH0 | ETH1) == PLAN

    def test_a_range_in_no_network_is_refused(self) -> None:
        assert refused("10.2.0.1", "10.2.0.9", ETH0 | ETH1 | NONE) == (
            "dhcp.range 10.2.0.1-10.2.0.9 is in no network of an interface that is served (eth0"
            " 192.0.2.10/24, 192.0.2.11/24; eth1 10.1.0.1/16): give one of them an address there,"
            " or correct the range"
        )
        assert "(none has an address)" in refused("10.2.0.1", "10.2.0.9", NONE)

    def test_a_range_that_leaves_the_network_is_refused(self) -> None:
        assert "is in no network" in refused("10.1.255.1", "10.2.0.1", ETH1)

    def test_our_own_address_is_not_given(self) -> None:
        assert refused("10.1.0.1", "10.1.0.9", ETH1) == (
            "dhcp.range 10.1.0.1-10.1.0.9 has this host's own address 10.1.0.1: leave it out"
        )

    @pytest.mark.parametrize(
        ("first", "last"), [("10.1.0.0", "10.1.0.0"), ("10.1.9.0", "10.1.255.255")]
    )
    def test_nor_is_an_address_that_no_machine_can_have(self, first: str, last: str) -> None:
        assert "leave out the network's first and last" in refused(first, last, ETH1)


class TestArguments:
    def test_say_all_that_there_is_to_give(self) -> None:
        servers = (IPv4Address("10.1.0.53"), IPv4Address("10.1.0.54"))
        plan = replace(PLAN, gateway=IPv4Address("10.1.0.254"), nameservers=servers, lease_time=600)

        found = arguments(plan, "/x/leases", ("nobody", "nogroup"))

        assert set(found) >= {
            "--user=nobody",
            "--group=nogroup",
            "--interface=eth1",
            "--dhcp-range=10.1.5.1,10.1.5.9,255.255.0.0,600",
            "--dhcp-lease-max=9",
            "--dhcp-leasefile=/x/leases",
            "--dhcp-option=option:router,10.1.0.254",
            "--dhcp-option=option:dns-server,10.1.0.53,10.1.0.54",
            "--dhcp-boot=,,10.1.0.1",
        }

    def test_say_nothing_of_what_there_is_not(self) -> None:
        found = arguments(PLAN, "/x/leases", None)

        assert {"--dhcp-option=option:router", "--dhcp-option=option:dns-server"} <= set(found)
        assert not [each for each in found if each.startswith(("--user", "--group"))]

    def test_are_such_as_dnsmasq_takes(self, tmp_path: Path) -> None:
        need("dnsmasq")
        told = arguments(replace(PLAN, lease_time=600), str(tmp_path / "leases"), None)

        done = subprocess.run(["dnsmasq", "--test", *told], capture_output=True, text=True)

        assert done.stderr == "dnsmasq: syntax check OK.\n"


class TestItsEnd:
    @pytest.mark.parametrize(
        ("line", "why"),
        [
            (
                "dnsmasq: process is missing required capability NET_ADMIN",
                (
                    "the DHCP server needs CAP_NET_ADMIN: under systemd,"
                    " packaging/systemd/pyxie.service.d/serve.conf gives it"
                ),
            ),
            (
                "dnsmasq: failed to bind DHCP server socket: Address already in use",
                (
                    "another program on this host has UDP port 67 (ss -lunp 'sport = :67'):"
                    " stop it, or set dhcp: {mode: answer} to answer beside it"
                ),
            ),
            ("unknown interface eth1", "its interface is not there"),
            ("a new one", "dnsmasq said: a new one"),
            ("started, version 2.90 DNS disabled", "dnsmasq did not say why"),
        ],
    )
    def test_is_explained_by_what_it_said(self, line: str, why: str) -> None:
        assert cause([line, " "]) == why

    def test_its_start_is_told_by_its_log(self) -> None:
        assert is_ready("DHCP, IP range 10.1.5.1 -- 10.1.5.9, lease time 10m")
        assert not is_ready("started, version 2.90 DNS disabled")


def test_the_wait_grows_and_begins_anew_once_it_has_been_well() -> None:
    waits = [0.0]
    for _ in range(12):
        waits.append(wait(waits[-1], 1.0))

    assert waits[1:5] == [1.0, 2.0, 4.0, 8.0]
    assert waits[-1] == LONGEST_WAIT
    assert wait(LONGEST_WAIT, 60.0) == 1.0
