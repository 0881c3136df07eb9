"""What stands in braces: the recipe's words, and nothing of Jinja2's or iPXE's."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.config.simple import Plain
from pyxie.recipes.filling import FillingError, filled

WORDS = {
    "mirror": "http://a.example/debian",
    "mirror.host": "a.example",
    "mirror:ubuntu": "http://b.example/ubuntu",
    "release": "{major}.1",
    "major": "12",
    "loop": "{pool}",
    "pool": "{loop}",
    "long": "x" * 5000,
}


class TestWordsInBraces:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("{mirror}/dists", "http://a.example/debian/dists"),
            ("{mirror.host} {mirror:ubuntu}", "a.example http://b.example/ubuntu"),
            ("Debian {release}", "Debian 12.1"),
            ("{{ mirror }} {{mirror}} {%if mirror%}", "{{ mirror }} {{mirror}} {%if mirror%}"),
            ("${mirror} ${net0/mac}", "${mirror} ${net0/mac}"),
            ("{ mirror } {} {A} {a b}", "{ mirror } {} {A} {a b}"),
            ("plain", "plain"),
        ],
    )
    def test_stand_for_their_values_and_others_for_themselves(
        self, text: str, expected: str
    ) -> None:
        assert filled(text, WORDS) == expected

    def test_are_filled_however_deep_but_in_keys(self) -> None:
        data: Plain = {"{major}": ["{major}", {"url": "{major}"}], "none": None}

        assert filled(data, WORDS) == {"{major}": ["12", {"url": "12"}], "none": None}

    @pytest.mark.parametrize(
        ("text", "word", "problem"),
        [
            ("{relase}", "relase", "{relase} is none of the recipe's values"),
            ("{loop}", "loop", "{loop} leads from value to value without end"),
            ("{long}{long}", "", "comes to more than 8192 letters"),
        ],
    )
    def test_that_mean_nothing_or_have_no_end_are_refused(
        self, text: str, word: str, problem: str
    ) -> None:
        with pytest.raises(FillingError) as caught:
            filled(text, WORDS)

        assert (caught.value.word, str(caught.value)) == (word, problem)


class TestForAnyText:
    @given(st.text(alphabet=st.sampled_from("{}$%:. amirorelsp"), max_size=60))
    def test_it_is_filled_or_refused_with_the_word(self, text: str) -> None:
        try:
            made, refused = filled(text, WORDS), ""
        except FillingError as exc:
            made, refused = None, exc.word

        assert bool(refused) == (made is None)
        assert refused in text
        if "{" not in text:
            assert made == text


def test_words_that_name_each_other_very_often_take_no_longer() -> None:
    words = {"a": "{b}" * 2000, "b": "{c}" * 2000, "c": "{d}" * 2000, "d": ""}
    began = time.thread_time()

    assert filled("{a}" * 2000, words) == ""
    assert time.thread_time() - began < 0.5
