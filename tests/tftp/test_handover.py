"""What the server says to the process for big transfers."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.tftp.handover import (
    LONGEST,
    Ask,
    Begin,
    End,
    Ending,
    Forget,
    HandoverError,
    Order,
    order,
    ordered,
)
from pyxie.tftp.limits import Limits

NUMBERS = st.integers(0, 2**32 - 1)
ADDRESSES = st.integers(0, 2**32 - 1).map(IPv4Address)
LIMITS = st.builds(
    Limits,
    timeout=st.floats(0.001, 1000),
    max_timeout=st.integers(1, 255),
    attempts=st.integers(1, 1000),
    max_blksize=st.integers(8, 65464),
    max_windowsize=st.integers(1, 32767),
)
ORDERS: st.SearchStrategy[Order] = st.one_of(
    st.builds(
        Begin,
        number=NUMBERS,
        file=NUMBERS,
        size=st.integers(0, 2**64 - 1),
        local=ADDRESSES,
        peer=st.tuples(ADDRESSES.map(str), st.integers(0, 65535)),
        limits=LIMITS,
        datagram=st.binary(max_size=2048),
    ),
    st.builds(End, NUMBERS, st.sampled_from(Ending)),
    st.builds(Ask, NUMBERS),
    st.builds(Forget, NUMBERS),
)


BEGIN = Begin(
    number=1,
    file=2,
    size=2**33,
    local=IPv4Address("192.0.2.1"),
    peer=("192.0.2.7", 2070),
    limits=Limits(timeout=0.5, max_blksize=1400),
    datagram=b"\0\1big\0octet\0",
)


class TestAnOrder:
    @pytest.mark.parametrize(
        "said",
        [BEGIN, End(1, Ending.FORSAKEN), Ask(1), Forget(2)],
        ids=lambda each: str(type(each)),
    )
    def test_of_each_kind_is_read_as_it_was_written(self, said: Order) -> None:
        assert ordered(order(said)) == said

    @given(ORDERS)
    def test_is_read_as_it_was_written(self, said: Order) -> None:
        assert ordered(order(said)) == said

    def test_has_room_in_a_message_with_a_request_of_any_length_that_is_read(self) -> None:
        assert len(order(replace(BEGIN, datagram=bytes(2048)))) < LONGEST

    @given(st.sampled_from([b"", b"a", b"b", b"e", b"f"]), st.binary(max_size=80))
    def test_is_one_or_an_error_whatever_the_bytes_are(self, first: bytes, rest: bytes) -> None:
        with suppress(HandoverError):
            assert isinstance(ordered(first + rest), (Ask, Begin, End, Forget))

    @pytest.mark.parametrize("message", [b"", b"x", b"b", b"e\0\0\0\0\7", b"f\0"])
    def test_that_is_none_is_refused(self, message: bytes) -> None:
        with pytest.raises(HandoverError):
            ordered(message)
