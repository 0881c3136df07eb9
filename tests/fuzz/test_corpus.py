"""What was found stays found: each input of the corpus, given to its target."""

from __future__ import annotations

import pytest

from tests.fuzz.seeds import CORPUS, read, seeds, spelt
from tests.fuzz.target import Feed, Target, TooSlowError, attempt, names, target, worst


class TestTheCorpus:
    @pytest.mark.parametrize("name", names())
    def test_harms_no_target(self, name: str) -> None:
        for said, data in seeds(name).items():
            try:
                attempt(target(name), data)
            except Exception as exc:
                exc.add_note(f"{name}: {said}")
                raise

    def test_is_of_targets_that_there_are(self) -> None:
        assert sorted(each.stem for each in CORPUS.iterdir()) == names()

    def test_is_spelt_as_it_is_read(self) -> None:
        data = b"a'\n" + b"\0" * 40 + b"ab" * 20 + bytes(range(256))

        assert read(f"{spelt('One', data)}\n{spelt('Another', b'x')}") == {
            "One": data,
            "Another": b"x",
        }


class TestATarget:
    def test_is_given_no_more_than_it_would_take(self) -> None:
        seen: list[bytes] = []

        attempt(Target(seen.append, longest=3), b"abcdef")

        assert seen == [b"abc"]

    def test_may_refuse_by_what_it_documents_alone(self) -> None:
        def refuse(_: bytes) -> None:
            raise ValueError("no")

        attempt(Target(refuse, longest=1, refuses=(ValueError,)), b"a")
        with pytest.raises(ValueError, match="no"):
            attempt(Target(refuse, longest=1), b"a")

    def test_may_not_take_long(self) -> None:
        with pytest.raises(TooSlowError, match=r"s for 1 bytes: b'a'"):
            attempt(Target(lambda _: None, longest=1), b"a", patience=-1.0)


class TestTheWorst:
    def test_is_as_long_as_it_may_be_and_made_of_two_words(self) -> None:
        found = dict(worst((b"ab",), 9))

        assert found["b'ab' without end"] == b"abababab"
        assert found["b'ab' and b'a' in turn"] == b"abaabaaba"
        assert found["b'ab', then b' ' without end"] == b"ab       "


class TestAFeed:
    def test_gives_values_and_then_zeros(self) -> None:
        feed = Feed(b"\x02ab\x01\x02rest")

        assert feed.sized() == b"ab"
        assert feed.number(65_536) == 0x0102
        assert feed.rest() == b"rest"
        assert not feed
        assert feed.number(5) == 0
