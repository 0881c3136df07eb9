"""The program that parts known machines from all others, run as the kernel does."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.dhcp.bpf import INSTRUCTION
from pyxie.dhcp.message import build
from pyxie.dhcp.sieve import FEWEST, MOST, Sieve
from pyxie.dhcp.udp import wrap
from tests.dhcp.bpf import passes, read
from tests.dhcp.packets import discover

SECRET = 0x9E3779B1
MACS = st.binary(min_size=6, max_size=6)
ANY = IPv4Address(0).packed


def rack(count: int) -> list[bytes]:
    """Return addresses of one maker, one after the other, as a delivery has them."""
    return [b"\x52\x54\0" + at.to_bytes(3) for at in range(count)]


def asked(mac: bytes, port: int = 67, options: int = 0) -> bytes:
    """Return the IP packet of a DISCOVER."""
    data = build(discover(0))
    packet = wrap(data[:28] + mac + data[34:], ANY, 68, b"\xff" * 4, port)
    ihl = 5 + options
    # As the kernel gives it to a raw socket: with the IP header, here one with options.
    return bytes([0x40 | ihl]) + bytes(4 * ihl - 1) + packet


class TestEachPacket:
    @given(
        st.lists(MACS, max_size=40),
        st.lists(MACS, max_size=20),
        st.sampled_from([1, 2, 3, FEWEST, 30, MOST]),
    )
    def test_is_passed_to_one_of_the_two_and_a_known_machines_to_the_first(
        self, known: list[bytes], others: list[bytes], most: int
    ) -> None:
        sieve = Sieve(known, SECRET, most)
        first, second = (sieve.program(67, known=each) for each in (True, False))

        for mac in [*known, *others]:
            seen = asked(mac)
            assert bool(passes(first, seen)) == sieve.passes(mac)
            assert bool(passes(second, seen)) != sieve.passes(mac)
        assert all(map(sieve.passes, known))

    @pytest.mark.parametrize("count", [0, 1, 2, 40, 999, 1000, 1001, 20_000])
    def test_is_so_however_many_are_known(self, count: int) -> None:
        sieve = Sieve(rack(count), SECRET)
        first, second = (sieve.program(67, known=each) for each in (True, False))

        for mac in [*rack(count)[:: count // 50 + 1], *(b"\2" + bytes([n] * 5) for n in range(50))]:
            assert bool(passes(first, asked(mac))) == sieve.passes(mac)
            assert bool(passes(second, asked(mac))) != sieve.passes(mac)

    def test_is_read_behind_the_options_of_its_ip_header(self) -> None:
        first = Sieve(rack(3), SECRET).program(67, known=True)

        assert passes(first, asked(rack(3)[2], options=10))

    def test_for_another_port_is_passed_to_none(self) -> None:
        sieve = Sieve(rack(3), SECRET)

        for known in (True, False):
            assert not passes(sieve.program(67, known=known), asked(rack(1)[0], port=4011))

    def test_that_is_cut_off_before_its_address_is_the_seconds_who_says_so(self) -> None:
        sieve = Sieve(rack(3), SECRET)
        whole = asked(rack(1)[0])

        for length in range(20 + 4, 20 + 42):
            assert not passes(sieve.program(67, known=True), whole[:length])
            assert passes(sieve.program(67, known=False), whole[:length])

    def test_that_is_cut_off_behind_its_address_is_read(self) -> None:
        sieve = Sieve(rack(3), SECRET)
        cut = asked(rack(1)[0])[: 20 + 8 + 28 + 6]

        assert passes(sieve.program(67, known=True), cut)
        assert not passes(sieve.program(67, known=False), cut)


class TestTheBlocks:
    def test_are_empty_where_nobody_is_known(self) -> None:
        assert Sieve((), SECRET).blocks == ((0, 0),)

    def test_are_as_many_as_machines_with_two_bits_a_word_of_each(self) -> None:
        [(low, high)] = Sieve(rack(1), SECRET).blocks

        assert (low.bit_count(), high.bit_count()) == (2, 2)
        assert len(Sieve(rack(7), SECRET).blocks) == 7


class TestTenThousandMachines:
    def test_all_pass_the_program_itself(self) -> None:
        known = rack(10_000)
        first = read(Sieve(known, SECRET).program(67, known=True))
        one = asked(known[0])

        for mac in known:
            assert passes(first, one.replace(known[0], mac))

    @pytest.mark.parametrize("maker", [b"\x02\x00", b"\x52\x54"])
    def test_let_a_twelfth_of_strangers_pass_at_most(self, maker: bytes) -> None:
        sieve = Sieve(rack(10_000), SECRET)

        passed = sum(sieve.passes(maker + (1 << 30 | at).to_bytes(4)) for at in range(20_000))

        assert passed < 20_000 / 12


class TestAFlood:
    @pytest.mark.parametrize("count", [5, 50, 500, 2000])
    def test_of_strangers_hardly_passes(self, count: int) -> None:
        sieve = Sieve(rack(count), SECRET)

        passed = sum(sieve.passes(b"\x02\x00" + at.to_bytes(4)) for at in range(20_000))

        assert passed < 20_000 * 0.01

    def test_is_passed_a_half_at_most_where_the_kernel_has_room_for_a_quarter(self) -> None:
        sieve = Sieve(rack(5000), SECRET, MOST // 4)

        passed = sum(sieve.passes(b"\x02\x00" + at.to_bytes(4)) for at in range(20_000))

        assert passed < 20_000 / 2

    def test_that_passes_one_secret_does_not_pass_another(self) -> None:
        one, other = (Sieve(rack(500), secret) for secret in (SECRET, 0x7FEB352D))
        made_to_pass = [
            mac for at in range(50_000) if one.passes(mac := b"\x02\x00" + at.to_bytes(4))
        ]

        assert sum(map(other.passes, made_to_pass)) < len(made_to_pass) / 4


class TestTheProgram:
    @pytest.mark.parametrize("count", [0, 200, 1000, 5000, 20_000])
    def test_fits_into_what_a_kernel_keeps(self, count: int) -> None:
        """That is `BPF_MAXINSNS`, and 20 KiB of half of it: its instructions are eight bytes."""
        room = {MOST: 4096, MOST // 2: 2200, FEWEST: 128}

        for most, instructions in room.items():
            program = Sieve(rack(count), SECRET, most).program(67, known=True)
            assert len(program) // INSTRUCTION <= instructions
