"""The program that parts known machines from all others, run as the kernel does."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address
from struct import Struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.dhcp.message import build
from pyxie.dhcp.sieve import BITS, FEWEST, INSTRUCTION, Sieve
from pyxie.dhcp.udp import wrap
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


ALU: dict[int, Callable[[int, int, int], int]] = {
    0x54: lambda a, _x, k: a & k,
    0x74: lambda a, _x, k: a >> k,
    0x7C: lambda a, x, _k: a >> x,
    0x24: lambda a, _x, k: a * k & 0xFFFFFFFF,
    0x1C: lambda a, x, _k: (a - x) & 0xFFFFFFFF,
    0xAC: lambda a, x, _k: a ^ x,
    0x00: lambda _a, _x, k: k,
}
"""What the accumulator becomes, by the opcode (linux/bpf_common.h), of it, X and the constant."""
JUMPS: dict[int, Callable[[int, int], int]] = {
    0x15: lambda a, k: a == k,
    0x35: lambda a, k: a >= k,
    0x45: lambda a, k: a & k,
}
SIZES = {0x48: 2, 0x40: 4}


def passes(program: bytes, packet: bytes) -> bool:
    """Run a program of classic BPF, of as much as ours use."""
    code = list(Struct("=HBBI").iter_unpack(program))
    a = x = at = 0
    memory: dict[int, int] = {}
    while True:
        op, true, false, k = code[at]
        at += 1
        if op == 0x06:
            return bool(k)
        if op in SIZES:
            piece = packet[x + k :][: SIZES[op]]
            if len(piece) < SIZES[op]:
                return False
            a = int.from_bytes(piece)
        elif op in JUMPS:
            at += true if JUMPS[op](a, k) else false
        elif op == 0x05:
            at += k
        else:
            a, x = moved(op, a, x, k, packet, memory)


def moved(
    op: int, a: int, x: int, k: int, packet: bytes, memory: dict[int, int]
) -> tuple[int, int]:
    """Return what accumulator and X become."""
    match op:
        case 0xB1:
            x = 4 * (packet[k] & 15)
        case 0x80:
            a = len(packet)
        case 0x60:
            a = memory[k]
        case 0x61:
            x = memory[k]
        case 0x02:
            memory[k] = a
        case 0x07:
            x = a
        case _:
            a = ALU[op](a, x, k)
    return a, x


class TestEachPacket:
    @given(st.lists(MACS, max_size=40), st.lists(MACS, max_size=20), st.integers(FEWEST, BITS))
    def test_is_passed_to_one_of_the_two_and_a_known_machines_to_the_first(
        self, known: list[bytes], others: list[bytes], bits: int
    ) -> None:
        sieve = Sieve(known, SECRET, bits)
        first, second = (sieve.program(67, known=each) for each in (True, False))

        for mac in [*known, *others]:
            seen = asked(mac)
            assert bool(passes(first, seen)) == sieve.passes(mac)
            assert bool(passes(second, seen)) != sieve.passes(mac)
        assert all(map(sieve.passes, known))

    @pytest.mark.parametrize("count", [0, 1, 40, 1000, 20_000, 200_000])
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


class TestAFlood:
    def test_of_strangers_hardly_passes(self) -> None:
        sieve = Sieve(rack(500), SECRET)

        passed = sum(sieve.passes(b"\x02\x00" + at.to_bytes(4)) for at in range(20_000))

        assert passed < 20_000 * 0.06

    def test_that_passes_one_secret_does_not_pass_another(self) -> None:
        one, other = (Sieve(rack(500), secret) for secret in (SECRET, 0x7FEB352D))
        made_to_pass = [
            mac for at in range(50_000) if one.passes(mac := b"\x02\x00" + at.to_bytes(4))
        ]

        assert sum(map(other.passes, made_to_pass)) < len(made_to_pass) / 4


class TestTheProgram:
    @pytest.mark.parametrize("count", [0, 200, 1000, 5000, 100_000])
    def test_fits_into_what_a_kernel_keeps(self, count: int) -> None:
        """That is `BPF_MAXINSNS`, and a part of 20 KiB: its own instructions are eight bytes."""
        program = Sieve(rack(count), SECRET).program(67, known=True)

        assert len(program) // INSTRUCTION <= 1600
        assert len(Sieve(rack(count), SECRET, FEWEST).program(67, known=True)) <= 1024
