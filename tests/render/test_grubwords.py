"""Values as words of GRUB's script language, and what Linux is passed of them."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pyxie.render.grubwords import kernel_words, word
from tests.render.grub import commands, read_by_linux, to_kernel


class TestAWord:
    @pytest.mark.parametrize(
        ("text", "quoted"),
        [
            ("console=ttyS0", "'console=ttyS0'"),
            ("", "''"),
            ("it's", "'it'\\''s'"),
            ('$root ${x} "a" \\ ; & | # {}', "'$root ${x} \"a\" \\ ; & | # {}'"),
            ("a\0b\nc\x1b[2J", "'abc[2J'"),
        ],
    )
    def test_is_in_quotes_within_which_nothing_is_acted_upon(self, text: str, quoted: str) -> None:
        assert word(text) == quoted

    @given(st.lists(st.text(), min_size=1))
    @example(["'; boot; '", "\\'", "\n"])
    def test_for_any_text_is_one_word_and_no_command(self, texts: list[str]) -> None:
        script = f"echo {' '.join(map(word, texts))}\nboot\n"

        plain = [re.sub(r"[\0-\x1f\x7f]", "", each) for each in texts]
        assert commands(script) == [["echo", *plain], ["boot"]]


class TestKernelWords:
    @pytest.mark.parametrize(
        ("line", "words"),
        [
            ("", []),
            ("quiet  splash", ["quiet", "splash"]),
            ('a="b c" d', ["a=b c", "d"]),
            ('"a=b c" d', ["a=b c", "d"]),
            ('"a b', ["a b"]),
            ('a="b c', ["a=b c"]),
            ("url=http://192.0.2.1/?a=1;b=2", ["url=http://192.0.2.1/?a=1;b=2"]),
            ('a=b"c d"', ['a=b"c d"']),
            ("a='b c'", ["a='b", "c'"]),
        ],
    )
    def test_are_parted_as_linux_parts_them(self, line: str, words: list[str]) -> None:
        assert kernel_words(line) == words

    _NAMES = st.from_regex(r"[a-z0-9_.-]+", fullmatch=True)
    _VALUES = st.from_regex(r"[^\"'\\\s\0-\x1f\x7f=]*", fullmatch=True)

    @given(st.lists(st.tuples(_NAMES, st.none() | st.lists(_VALUES).map(" ".join))))
    def test_for_any_values_come_to_linux_as_they_were(
        self, arguments: list[tuple[str, str | None]]
    ) -> None:
        """Through GRUB, which puts quotes of its own around each with a space in it."""
        line = " ".join(n if v is None else f'{n}="{v}"' for n, v in arguments)

        [[_, *words]] = commands("linux " + " ".join(map(word, kernel_words(line))))

        assert read_by_linux(to_kernel(words)) == read_by_linux(line) == arguments
