"""Which machines are wanted of the list, as its URL says it."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pyxie.http.page.machineswanted import PATH, Filter, Order, Shown, Sorting, Wanted

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


class TestAUrl:
    def test_says_nothing_that_is_so_without_it(self) -> None:
        assert Wanted().url() == PATH
        assert Wanted(name="", order=Sorting.HOSTNAME, page=1).url() == PATH

    def test_says_all_that_is_asked_for_in_one_order(self) -> None:
        wanted = Wanted(
            page=3, order=Sorting.LAST_BOOT_DOWN, state=Shown.FAILED, group="rack 1", name="web*"
        )

        assert wanted.url() == (
            f"{PATH}?name=web*&group=rack+1&state=failed&order=-last_boot&page=3"
        )

    def test_begins_at_the_first_page_where_something_is_changed(self) -> None:
        wanted = Wanted(page=3, name="web")

        assert wanted.url(order=Sorting.STATE) == f"{PATH}?name=web&order=state"
        assert wanted.url(page=4) == f"{PATH}?name=web&page=4"
        assert wanted.url(name="") == PATH


class TestWhatIsAskedFor:
    @pytest.mark.parametrize(
        ("key", "value"),
        [
            *(("state", "gone"), ("order", "size"), ("page", "0"), ("page", "-1"), ("page", "x")),
            *(("page", "1000001"), ("name", "x" * 254), ("colour", "red")),
        ],
    )
    def test_is_refused_where_it_makes_no_sense(self, key: str, value: str) -> None:
        with pytest.raises(ValidationError):
            Wanted.model_validate({key: value})

    def test_is_an_order_in_one_direction(self) -> None:
        assert (Sorting("-state").by, Sorting("-state").down) == (Order.STATE, True)
        assert (Sorting("state").by, Sorting("state").down) == (Order.STATE, False)
        assert {each.by for each in Sorting} == set(Order)

    def test_is_everything_where_nothing_is_said(self) -> None:
        assert Filter().everything
        assert not any(
            Filter.model_validate({key: value}).everything
            for key, value in {
                "name": "a",
                "group": "b",
                "build_type": "c",
                "state": "never",
            }.items()
        )


class TestForAnyQuestion:
    @given(
        st.builds(
            Wanted,
            name=TEXTS,
            group=TEXTS,
            build_type=TEXTS,
            state=st.sampled_from(["", *Shown]),
            order=st.sampled_from(Sorting),
            page=st.integers(1, 1_000_000),
        )
    )
    def test_its_url_asks_the_very_same(self, wanted: Wanted) -> None:
        said = dict(parse_qsl(urlsplit(wanted.url()).query))

        assert Wanted.model_validate(said) == wanted
