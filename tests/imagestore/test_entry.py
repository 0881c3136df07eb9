"""What is known of a copy: how it is written down, and read again."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.imagestore.entry import Entry, Head, head_text, key_of, parsed, parsed_head
from pyxie.outbound.reach import Reach

KEY = "0f" * 32
ENTRY = Entry(
    key=KEY,
    url="http://mirror.example/linux",
    digest="ab" * 32,
    size=7,
    etag='"x"',
    last_modified="Thu, 01 Jan 2026 00:00:00 GMT",
    content_type="application/octet-stream",
    fetched=1.5,
    checked=2.5,
    used=3.5,
    pinned=True,
    verified="SHA256SUMS",
)


def changed(**values: object) -> str:
    return json.dumps({**json.loads(ENTRY.text()), **values})


class TestAnEntry:
    def test_is_read_as_it_was_written(self) -> None:
        assert parsed(ENTRY.text()) == ENTRY

    def test_says_what_its_server_said(self) -> None:
        assert ENTRY.head == Head(
            size=7,
            etag='"x"',
            last_modified="Thu, 01 Jan 2026 00:00:00 GMT",
            content_type="application/octet-stream",
        )

    @pytest.mark.parametrize(
        "text",
        [
            *("", "{", "[]", "3", "{}", "[" * 100_000),
            *(changed(version=2), changed(other=1), changed(digest="x"), changed(key="../x")),
            *(changed(size=-1), changed(size=True), changed(size="7"), changed(pinned=1)),
            *(changed(used="x"), changed(used=-1), changed(url="a\nb"), changed(etag="x" * 5000)),
        ],
    )
    def test_is_nothing_where_it_is_damaged(self, text: str) -> None:
        assert parsed(text) is None


class TestForAnyText:
    @given(st.text())
    def test_nothing_is_raised(self, text: str) -> None:
        parsed(text)
        parsed_head(text)


class TestAKey:
    def test_is_another_for_another_url_or_reach(self) -> None:
        """What one may reach, another may not: no copy leads around that."""
        url = "http://mirror.example/linux"

        keys = {key_of(url, each) for each in Reach} | {key_of(f"{url}?", Reach.PUBLIC)}

        assert len(keys) == 4
        assert all(len(key) == 64 for key in keys)


class TestAHead:
    @pytest.mark.parametrize(
        ("head", "validator"),
        [
            (Head(etag='"a"', last_modified="then"), '"a"'),
            (Head(etag='W/"a"', last_modified="then"), "then"),
            (Head(etag='W/"a"'), ""),
            (Head(), ""),
        ],
    )
    def test_goes_on_by_a_strong_validator_alone(self, head: Head, validator: str) -> None:
        """RFC 9110 section 13.1.5."""
        assert head.validator == validator

    def test_asks_for_what_is_new(self) -> None:
        assert Head(etag='W/"a"', last_modified="then").conditions == {
            "If-None-Match": 'W/"a"',
            "If-Modified-Since": "then",
        }
        assert Head().conditions == {}

    @pytest.mark.parametrize(
        ("other", "same"),
        [
            (Head(size=7, etag='"a"'), True),
            (Head(size=7), True),
            (Head(etag='"a"'), True),
            (Head(size=8, etag='"a"'), False),
            (Head(size=7, etag='"b"'), False),
        ],
    )
    def test_is_the_same_as_far_as_both_say(self, other: Head, same: bool) -> None:
        assert Head(size=7, etag='"a"').is_same(other) is same

    @pytest.mark.parametrize("head", [Head(), Head(size=0), Head(size=7, etag='"a"')])
    def test_is_read_as_it_was_written(self, head: Head) -> None:
        assert parsed_head(head_text(head, "b")) == (head, "b")

    @pytest.mark.parametrize("text", ["", "{}", '{"boot": "b"}', '{"boot": 1}'])
    def test_is_nothing_where_it_is_damaged(self, text: str) -> None:
        assert parsed_head(text) is None

    def test_is_nothing_where_a_value_does_not_fit(self) -> None:
        text = head_text(Head(size=7), "b").replace("7", '"7"')

        assert parsed_head(text) is None
