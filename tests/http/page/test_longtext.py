"""Texts of any length as they are shown."""

from __future__ import annotations

from pyxie.http.page.longtext import LINES_SHOWN, Text, beginning_of, cut, end_of, printable


class TestALongText:
    def test_is_whole_where_it_is_short(self) -> None:
        assert end_of("one\ntwo\n") == Text("one\ntwo\n")
        assert beginning_of("one\ntwo\n") == Text("one\ntwo\n")

    def test_has_its_end_or_its_beginning_and_how_much_is_left_out(self) -> None:
        text = "\n".join(f"{at}" for at in range(LINES_SHOWN + 7))

        assert end_of(text).left_out == beginning_of(text).left_out == 7
        assert end_of(text).text.startswith("7\n")
        assert beginning_of(text).text.startswith("0\n1\n")

    def test_of_one_line_is_cut_within_it(self) -> None:
        assert end_of("x" * (1 << 20)) == Text("x" * (256 << 10), 1)

    def test_has_nothing_in_it_that_a_terminal_acts_upon(self) -> None:
        assert printable("plain") == "plain"
        assert printable("a\x1b[31m\u202e\tb\r\n\ud800") == "a\ufffd[31m\ufffd\tb\n\ufffd"


def test_a_value_is_cut() -> None:
    assert cut("abc", 3) == "abc"
    assert cut("abcd", 3) == "ab…"
