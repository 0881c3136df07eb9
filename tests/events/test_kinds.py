"""Events as data: what programs read, and what may go by the name of a kind."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from pyxie.events import datagrams, kinds
from pyxie.events.kind import BY_CODE, Kind, Step, data, kind, shortened
from tests.events.test_english import SAID


class TestKinds:
    def test_are_all_those_of_the_modules(self) -> None:
        there = {
            each
            for each in (*vars(datagrams).values(), *vars(kinds).values())
            if isinstance(each, type) and issubclass(each, Kind) and each is not Kind
        }

        assert set(BY_CODE.values()) == there

    def test_are_known_by_their_codes(self) -> None:
        assert all(of.code == code for code, of in BY_CODE.items())
        assert [code for code in BY_CODE if not re.fullmatch(r"[a-z]+\.[a-z]+", code)] == []
        assert [code for code in BY_CODE if len(code) > 32] == [], "the archive has no more room"

    def test_cannot_share_a_code(self) -> None:
        class Another(Kind):
            pass

        with pytest.raises(TypeError, match=r"two kinds of event have the code dhcp\.offer"):
            kind("dhcp.offer", Step.OFFER)(Another)

    @pytest.mark.parametrize("of", BY_CODE.values(), ids=BY_CODE)
    def test_are_values(self, of: type[Kind]) -> None:
        assert dataclasses.is_dataclass(of)
        assert of.__dataclass_params__.frozen
        assert not hasattr(next(what for what, _ in SAID if type(what) is of), "__dict__")


class TestData:
    @pytest.mark.parametrize("what", [what for what, _ in SAID], ids=lambda what: str(what.code))
    def test_survives_json(self, what: Kind) -> None:
        found = data(what)

        assert json.loads(json.dumps(found)) == found
        assert {type(each) for each in found.values()} <= {str, int, float, bool, dict, type(None)}

    def test_is_the_fields(self) -> None:
        assert data(kinds.ImageFetching(part="kernel", total=7)) == {
            "part": "kernel",
            "total": 7,
            "source": None,
            "verified": None,
        }

    def test_of_no_fields_is_empty(self) -> None:
        assert data(kinds.ScriptSent()) == {}

    def test_has_an_enumeration_as_its_text(self) -> None:
        found = data(datagrams.NotAnswered(reason=Step.OFFER, detail=""))

        assert type(found["reason"]) is str

    @pytest.mark.parametrize(
        ("what", "kept"),
        [
            (kinds.TemplateFetched(name="x" * 11), {"name": "x" * 9 + "…"}),
            (kinds.TemplateFetched(name="x" * 10), {"name": "x" * 10}),
            (
                kinds.Discovered(reported={"serial": "x" * 11}),
                {"reported": {"serial": "x" * 9 + "…"}},
            ),
            (kinds.BootApiBoots(kernel=None), {"kernel": None}),
        ],
    )
    def test_is_not_longer_than_it_may_be(self, what: Kind, kept: Mapping[str, Any]) -> None:
        assert data(shortened(what, 10)) == kept
