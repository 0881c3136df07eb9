"""An answer that is not the file that was asked for is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from pyxie.images.fitting import Asked


def asked(**headers: str) -> Asked:
    return Asked.by(CIMultiDict({name.replace("_", "-"): v for name, v in headers.items()}))


class TestAsked:
    def test_a_range_and_conditions_are_passed_on(self) -> None:
        passed = {
            "Range": "bytes=0-9",
            "If-Range": '"a"',
            "If-None-Match": '"b"',
            "If-Modified-Since": "Thu, 01 Jan 1970 00:00:00 GMT",
        }

        assert asked(**{k.replace("-", "_"): v for k, v in passed.items()}).headers == passed

    @pytest.mark.parametrize(
        "wish", ["bytes=0-1,5-6", "bytes=-", "lines=1-2", "bytes=a-b", "bytes=1-" + "9" * 30, ""]
    )
    def test_of_another_kind_of_range_all_is_asked_for(self, wish: str) -> None:
        assert asked(Range=wish, If_Range='"a"') == Asked({})

    def test_what_is_no_text_is_not_passed_on(self) -> None:
        assert asked(If_None_Match="\udcff", Range="bytes=0-", If_Range="\udcff").headers == {
            "Range": "bytes=0-"
        }


class TestAMisfit:
    @pytest.mark.parametrize(
        ("wish", "headers"),
        [
            ("bytes=2-5", {"Content-Range": "bytes 2-5/10", "Content-Length": "4"}),
            ("bytes=2-5", {"Content-Range": "bytes 2-3/4"}),
            ("bytes=2-", {"Content-Range": "bytes 2-9/10"}),
            ("bytes=-3", {"Content-Range": "bytes 7-9/10"}),
            ("bytes=-30", {"Content-Range": "bytes 0-9/10"}),
            ("bytes=-3", {"Content-Range": "bytes 7-9/*"}),
        ],
    )
    def test_is_none_where_the_part_is_the_one_asked_for(
        self, wish: str, headers: dict[str, str]
    ) -> None:
        assert asked(Range=wish).misfit(206, CIMultiDict(headers)) == ""

    @pytest.mark.parametrize(
        ("wish", "headers", "why"),
        [
            ("", {}, "though all of it was asked for"),
            ("", {"Content-Range": "bytes 0-9/10"}, "though all of it was asked for"),
            ("bytes=2-5", {}, "without saying which"),
            ("bytes=2-5", {"Content-Range": "bytes 2-5"}, "without saying which"),
            ("bytes=2-5", {"Content-Range": "bytes */10"}, "without saying which"),
            ("bytes=2-5", {"Content-Range": "bytes 5-2/10"}, "that cannot be"),
            ("bytes=2-5", {"Content-Range": "bytes 2-5/5"}, "that cannot be"),
            ("bytes=2-5", {"Content-Range": "bytes 0-3/10"}, "another part"),
            ("bytes=2-5", {"Content-Range": "bytes 2-6/10"}, "another part"),
            (
                "bytes=2-5",
                {"Content-Range": "bytes 2-5/10", "Content-Length": "9"},
                "another part",
            ),
            ("bytes=-3", {"Content-Range": "bytes 6-9/10"}, "another part"),
            ("bytes=-3", {"Content-Range": "bytes 6-8/10"}, "another part"),
            ("bytes=2-5", {"Content-Type": "multipart/byteranges; boundary=x"}, "several parts"),
        ],
    )
    def test_is_another_part_than_was_asked_for(
        self, wish: str, headers: dict[str, str], why: str
    ) -> None:
        assert why in asked(Range=wish).misfit(206, CIMultiDict(headers))

    @pytest.mark.parametrize("status", [200, 206])
    @pytest.mark.parametrize(
        ("headers", "why"),
        [
            (
                {"Content-Encoding": "GZIP"},
                "sent the file packed by gzip, which was not asked for",
            ),
            (
                {"Content-Encoding": "x" * 5000},
                "sent the file packed, which was not asked for",
            ),
            (
                {"Transfer-Encoding": "gzip, chunked"},
                "sent the file in a transfer coding that was not asked for",
            ),
        ],
    )
    def test_is_what_is_packed(self, status: int, headers: dict[str, str], why: str) -> None:
        given = CIMultiDict({**headers, "Content-Range": "bytes 0-0/1"})

        assert asked(Range="bytes=0-0").misfit(status, given) == why

    @pytest.mark.parametrize(
        "headers",
        [{}, {"Content-Encoding": "identity"}, {"Transfer-Encoding": "chunked"}],
    )
    def test_is_not_the_whole_file_as_it_is(self, headers: dict[str, str]) -> None:
        assert asked().misfit(200, CIMultiDict(headers)) == ""
        assert asked(Range="bytes=5-").misfit(200, CIMultiDict(headers)) == ""

    def test_is_an_answer_to_a_question_that_was_not_asked(self) -> None:
        assert asked(If_None_Match='"a"').misfit(304, {}) == ""
        assert asked(Range="bytes=9-").misfit(416, {}) == ""
        assert asked().misfit(304, {}) == "answered 304 Not Modified"
        assert asked().misfit(416, {}).startswith("answered 416 ")
        assert asked().misfit(204, {}) == "answered 204 No Content"

    @given(
        st.integers(100, 999),
        st.dictionaries(
            st.sampled_from(["Content-Range", "Content-Encoding", "Content-Length"]), st.text()
        ),
        st.text(),
    )
    def test_of_any_headers_is_a_short_line(
        self, status: int, headers: dict[str, str], wish: str
    ) -> None:
        why = asked(Range=wish).misfit(status, CIMultiDict(headers))

        assert len(why) < 100
        assert why.isprintable()
