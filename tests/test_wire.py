"""The reader of datagrams: never past the end, and it knows where it is."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.errors import WireError
from pyxie.wire import Reader


class TestReader:
    def test_takes_fields_off_the_front(self) -> None:
        reader = Reader(b"\x01\x02\x03\xc0\x00\x02\x07name\0rest")

        assert reader.uint(1, "a") == 1
        assert reader.uint(2, "b") == 0x0203
        assert reader.ipv4("c") == IPv4Address("192.0.2.7")
        assert reader.text("d") == "name"
        assert (reader.offset, reader.left) == (12, 4)
        assert reader.take(4, "e") == b"rest"
        assert (reader.offset, reader.left) == (16, 0)

    def test_takes_nothing_where_nothing_is_left(self) -> None:
        assert Reader(b"").take(0, "nothing") == b""
        assert Reader(b"\0").text("an empty text") == ""

    @pytest.mark.parametrize(
        ("read", "said"),
        [
            (lambda r: r.take(3, "name"), "byte 1: name: needs 3 bytes, only 2 left"),
            (lambda r: r.uint(4, "xid"), "byte 1: xid: needs 4 bytes, only 2 left"),
            (lambda r: r.ipv4("siaddr"), "byte 1: siaddr: needs 4 bytes, only 2 left"),
            (lambda r: r.nested(3, "option"), "byte 1: option: needs 3 bytes, only 2 left"),
            (lambda r: r.text("mode"), "byte 1: mode: is not ended by a zero byte"),
        ],
    )
    def test_what_is_cut_short_is_told_with_its_offset_and_nothing_is_taken(
        self, read: Callable[[Reader], object], said: str
    ) -> None:
        reader = Reader(b"abc")
        reader.take(1, "first")

        with pytest.raises(WireError) as caught:
            read(reader)

        assert str(caught.value) == said
        assert (reader.offset, reader.left) == (1, 2)

    def test_a_nested_one_counts_from_the_start_of_the_datagram_and_ends_where_it_ends(
        self,
    ) -> None:
        reader = Reader(b"abcdef")
        reader.take(1, "a")
        inner = reader.nested(3, "b")
        inner.take(1, "c")
        innermost = inner.nested(1, "d")

        with pytest.raises(WireError) as caught:
            innermost.take(2, "e")

        assert str(caught.value) == "byte 2: e: needs 2 bytes, only 1 left"
        assert (inner.offset, inner.left) == (3, 1)
        assert (reader.offset, reader.left) == (4, 2)

    def test_a_text_may_hold_any_byte_but_zero(self) -> None:
        every = bytes(range(1, 256))

        assert Reader(every + b"\0").text("t") == every.decode("latin-1")


_STEPS = st.lists(st.tuples(st.sampled_from(["take", "uint", "nested", "text", "ipv4"]),
                            st.integers(0, 9)), max_size=12)  # fmt: skip


class TestForAnyBytes:
    @given(st.binary(max_size=24), _STEPS)
    def test_each_step_takes_what_it_should_or_points_into_the_datagram(
        self, data: bytes, steps: list[tuple[str, int]]
    ) -> None:
        reader = Reader(data)
        for step, size in steps:
            before = reader.offset
            assert before + reader.left == len(data)
            try:
                if step in ("text", "ipv4"):
                    getattr(reader, step)("field")
                else:
                    getattr(reader, step)(size, "field")
            except WireError as exc:
                assert (exc.offset, exc.field) == (before, "field")  # noqa: PT017
                assert reader.offset == before
            assert before <= reader.offset <= len(data)
