"""Which interface is served, and with which address of ours."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface, IPv4Network

import pytest

from pyxie.net.interfaces import Interface, Interfaces, read


def interface(name: str, index: int, *addresses: str) -> Interface:
    return Interface(name, index, tuple(map(IPv4Interface, addresses)))


LO = interface("lo", 1, "127.0.0.1/8", "10.255.0.1/32")
ETH0 = interface("eth0", 2, "169.254.3.4/16", "192.168.7.1/24", "10.0.0.1/8", "10.1.0.1/16")
ETH1 = interface("eth1", 3, "169.254.9.9/16")
ETH2 = interface("eth2", 4)
ALL = Interfaces([LO, ETH0, ETH1, ETH2])


class TestServed:
    def test_all_but_loopback_are_served_by_default(self) -> None:
        assert [ALL.served(index) for index in (1, 2, 3, 4, 5)] == [False, True, True, True, False]
        assert ALL.names == ("eth0", "eth1", "eth2")

    def test_only_named_ones_are_served_if_any_is_named(self) -> None:
        some = Interfaces([LO, ETH0, ETH1], ["eth1", "lo", "eth9"])

        assert [some.served(index) for index in (1, 2, 3)] == [True, False, True]
        assert some.missing == ("eth9",)

    def test_none_is_missing_by_default(self) -> None:
        assert ALL.missing == ()


class TestNamed:
    def test_is_found_whether_it_is_served_or_not(self) -> None:
        some = Interfaces([LO, ETH0, ETH1], ["eth1"])

        assert (some.named("eth0"), some.named("lo"), some.named("eth9")) == (ETH0, LO, None)


class TestAddress:
    @pytest.mark.parametrize(
        ("index", "towards", "address"),
        [
            (2, None, "192.168.7.1"),
            (2, "192.168.7.9", "192.168.7.1"),
            (2, "10.2.0.9", "10.0.0.1"),
            (2, "10.1.0.9", "10.1.0.1"),
            (2, "169.254.1.1", "169.254.3.4"),
            (2, "8.8.8.8", "192.168.7.1"),
            (3, None, "169.254.9.9"),
            (3, "8.8.8.8", "169.254.9.9"),
            (4, None, None),
            (1, None, None),
            (9, "8.8.8.8", None),
        ],
    )
    def test_is_the_one_nearest_to_the_client(
        self, index: int, towards: str | None, address: str | None
    ) -> None:
        found = ALL.address(index, IPv4Address(towards) if towards else None)

        assert found == (IPv4Address(address) if address else None)

    def test_has_the_network_that_it_was_given_with(self) -> None:
        assert ALL.network(2, IPv4Address("10.1.0.1")) == IPv4Network("10.1.0.0/16")
        assert ALL.network(2, None) is None
        assert ALL.network(4, IPv4Address("10.1.0.1")) is None
        assert ALL.network(9, IPv4Address("10.1.0.1")) is None

    def test_the_first_to_tell_is_not_link_local(self) -> None:
        assert ALL.first() == IPv4Address("192.168.7.1")
        assert Interfaces([ETH1]).first() == IPv4Address("169.254.9.9")
        assert Interfaces([LO, ETH2]).first() is None

    def test_the_first_is_the_operators_or_else_the_kernels_first(self) -> None:
        docker = interface("docker0", 9, "172.17.0.1/16")

        assert Interfaces([docker, ETH0]).first() == IPv4Address("192.168.7.1")
        assert Interfaces([docker, ETH0], ["docker0", "eth0"]).first() == docker.addresses[0].ip

    @pytest.mark.parametrize(
        ("address", "own"),
        [
            ("192.168.7.1", True),
            ("10.255.0.1", True),
            ("127.0.0.53", True),
            ("192.168.7.2", False),
        ],
    )
    def test_all_of_the_hosts_addresses_are_its_own(self, address: str, own: bool) -> None:
        assert Interfaces([LO, ETH0], ["eth9"]).is_own(IPv4Address(address)) is own


class TestSnapshots:
    def test_are_compared_by_what_they_tell(self) -> None:
        assert Interfaces([LO, ETH0]) == Interfaces([ETH0, LO])
        assert hash(Interfaces([LO, ETH0])) == hash(Interfaces([ETH0, LO]))
        assert Interfaces([LO, ETH0]) != Interfaces([LO, ETH0], ["eth0", "eth9"])
        assert Interfaces([LO, ETH0]) != Interfaces([LO])
        assert Interfaces([]) != "none"

    def test_read_well_in_a_log(self) -> None:
        some = Interfaces([LO, interface("eth0", 2, "192.168.7.1/24", "10.0.0.1/8"), ETH2])

        assert str(some) == "eth0 192.168.7.1/24, 10.0.0.1/8; eth2 (no IPv4 address)"
        assert str(Interfaces([LO])) == "none"
        assert (some.name(2), some.name(77)) == ("eth0", "interface 77")

    def test_the_kernel_tells_of_loopback_at_least(self) -> None:
        here = read(["lo"])

        assert here.names == ("lo",)
        assert here.is_own(IPv4Address("127.0.0.1"))
        assert here.first() == IPv4Address("127.0.0.1")
