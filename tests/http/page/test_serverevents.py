"""Server-sent events, as browsers read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.http.page.serverevents import BEAT, Place, message, place, retry, update

AT = Place("e1", 7)


class TestPlace:
    def test_is_read_as_it_was_written(self) -> None:
        assert place(str(AT)) == AT

    @pytest.mark.parametrize(
        "text",
        ["", "7", "e1-", "-7", "e1-x", "E1-7", "e1-7\n", "e1-" + "9" * 19, "e" * 33 + "-1", "e1-٣"],
    )
    def test_that_is_none_of_ours_is_none(self, text: str) -> None:
        assert place(text) is None


class TestMessage:
    def test_has_its_place_its_type_and_each_line_of_what_it_says(self) -> None:
        sent = message("one\ntwo", AT, event="said")

        assert sent == b"id: e1-7\nevent: said\ndata: one\ndata: two\n\n"

    @pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
    def test_is_not_ended_by_a_line_end_of_any_kind(self, end: str) -> None:
        sent = message(f"one{end}event: forged{end}{end}data: forged")

        assert sent == b"data: one\ndata: event: forged\ndata: \ndata: data: forged\n\n"

    def test_takes_what_a_client_sent_that_is_no_text(self) -> None:
        assert message("a\udcff") == b"data: a\\udcff\n\n"

    def test_of_a_beat_is_an_event_that_pages_hear(self) -> None:
        assert BEAT == b"event: beat\ndata:\n\n"

    def test_of_a_wait_is_in_milliseconds(self) -> None:
        assert retry(1.5) == b"retry: 1500\n\n"


class TestUpdate:
    def test_puts_each_region_in_place_of_the_one_there(self) -> None:
        sent = update(AT, {"a": '<tr id="a"><td>1</td></tr>', "b": '<div id="b">2</div>'})

        assert sent == (
            b'id: e1-7\ndata: <template><tr hx-swap-oob="true" id="a"><td>1</td></tr></template>'
            b'<template><div hx-swap-oob="true" id="b">2</div></template>\n\n'
        )

    @pytest.mark.parametrize(
        "html",
        ['<tr id="a" hx-swap-oob="true"></tr>', '<tr\n hx-swap-oob="true" id="a"></tr>', "text"],
    )
    def test_leaves_what_says_so_itself_or_is_no_element(self, html: str) -> None:
        sent = update(AT, {"a": html}).decode()

        assert sent.count("hx-swap-oob") == html.count("hx-swap-oob")

    def test_says_so_of_an_element_without_attributes_or_after_a_space(self) -> None:
        sent = update(AT, {"a": "\n  <hr/>"}).decode()

        assert sent == (
            'id: e1-7\ndata: <template>\ndata:   <hr hx-swap-oob="true"/></template>\n\n'
        )


class TestForAnyText:
    @given(st.text())
    def test_a_place_is_none_or_is_written_the_same(self, text: str) -> None:
        found = place(text)

        assert found is None or place(str(found)) == found

    @given(st.text(st.characters(codec=None)))
    def test_a_message_is_one_event_with_one_line_of_data_a_line(self, text: str) -> None:
        sent = message(text)

        assert sent.endswith(b"\n\n")
        assert b"\r" not in sent
        lines = sent[:-2].split(b"\n")
        assert all(line.startswith(b"data: ") for line in lines)
