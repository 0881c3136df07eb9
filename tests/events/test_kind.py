"""What makes a class a kind of event."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from pyxie.events.kind import BY_CODE, Kind, Step, changed, data, from_data, kind, names, shortened


@pytest.fixture
def sample() -> Iterator[type[Kind]]:
    """Yield a kind of event that is registered while the test runs."""

    class Made(Kind):
        text: str
        list: tuple[str, ...] = ()
        told: Mapping[str, str] | None = None
        size: int = 0

    yield kind("test.sample", Step.IMAGE, passing=True, repeats=False)(Made)
    del BY_CODE["test.sample"]


class TestAKind:
    def test_has_its_code_and_its_step_and_is_found_by_its_code(self, sample: type[Kind]) -> None:
        assert (sample.code, sample.step) == ("test.sample", Step.IMAGE)
        assert (sample.passing, sample.repeats) == (True, False)
        assert BY_CODE["test.sample"] is sample

    def test_is_a_value_of_named_fields(self, sample: type[Kind]) -> None:
        assert names(sample) == ("text", "list", "told", "size")
        assert sample(text="a") == sample(text="a")  # type: ignore[call-arg]
        with pytest.raises(TypeError):
            sample("a")  # type: ignore[call-arg]

    def test_cannot_have_another_ones_code(self, sample: type[Kind]) -> None:
        class Another(Kind):
            pass

        with pytest.raises(TypeError, match=r"^two kinds of event have the code test\.sample$"):
            kind(sample.code, Step.OFFER)(Another)


class TestItsData:
    def test_is_plain(self, sample: type[Kind]) -> None:
        what = sample(  # type: ignore[call-arg]
            text=Step.OFFER, list=(Step.IMAGE,), told={Step.HOOK: Step.BUILD}, size=7
        )

        found = data(what)

        assert found == {"text": "offer", "list": ["image"], "told": {"hook": "build"}, "size": 7}
        assert type(found["text"]) is str

    def test_makes_the_same_again(self, sample: type[Kind]) -> None:
        what = sample(text="a", list=("b", "c"), told={"d": "e"}, size=7)  # type: ignore[call-arg]

        assert from_data("test.sample", data(what)) == what

    @pytest.mark.parametrize(
        ("code", "found"),
        [("test.gone", {}), ("test.sample", {"text": "a", "more": "b"}), ("test.sample", {})],
        ids=["no-such-kind", "a-field-less", "a-field-more"],
    )
    def test_of_another_release_makes_nothing(
        self, sample: type[Kind], code: str, found: dict[str, str]
    ) -> None:
        assert from_data(code, found) is None

    def test_has_its_texts_changed_but_not_what_machines_report(self, sample: type[Kind]) -> None:
        what = sample(text="a", list=("a",), told={"a": "a"}, size=1)  # type: ignore[call-arg]

        assert changed(what, str.upper) == sample(  # type: ignore[call-arg]
            text="A", list=("a",), told={"a": "a"}, size=1
        )

    def test_is_cut_where_a_peer_made_up_too_much(self, sample: type[Kind]) -> None:
        what = sample(  # type: ignore[call-arg]
            text="abcdef", list=("abcdef", "a"), told={"a": "abcdef"}, size=100
        )

        assert shortened(what, 4) == sample(  # type: ignore[call-arg]
            text="abc…", list=("abc…", "a"), told={"a": "abc…"}, size=100
        )
