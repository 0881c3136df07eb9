"""The envelope of what happened: when, and to which machine."""

from __future__ import annotations

import pytest

from pyxie.events.english import sentence
from pyxie.events.event import Event, spoken
from pyxie.events.kind import Step
from pyxie.events.kinds import (
    Booting,
    Discovered,
    ImageFetching,
    ScriptSent,
    TemplateFetched,
)

MAC = "52:54:00:12:34:56"
FETCHED = TemplateFetched(name="preseed")


class TestEvent:
    def test_has_the_members_that_rest_and_the_archive_give(self) -> None:
        what = ImageFetching(part="kernel", total=8_000_000)
        event = Event(at=1.5, what=what, mac=MAC, host="web01", peer="192.0.2.7")

        assert (event.code, event.step) == ("image.fetching", Step.IMAGE)
        assert event.members() == {
            "at": 1.5,
            "step": "image",
            "code": "image.fetching",
            "text": "fetching kernel, 8.0 MB",
            "data": {"part": "kernel", "total": 8_000_000, "source": None, "verified": None},
            "mac": MAC,
            "host": "web01",
            "peer": "192.0.2.7",
        }

    def test_of_which_there_is_nothing_to_know_says_the_same_each_time(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pyxie.events.event._SAID", {})
        said = [Event(at=0.0, what=each()).text for each in (ScriptSent, Booting) * 2]

        assert said == ["fetched its iPXE script", sentence(Booting())] * 2

    def test_what_a_peer_made_up_is_one_line_fit_for_a_terminal(self) -> None:
        event = Event(at=0.0, what=TemplateFetched(name="a\n\x1b[31mb"))

        assert event.text == "fetched a\\n\\x1b[31mb"

    def test_what_is_too_long_is_cut_in_the_text_and_in_the_data(self) -> None:
        event = Event(at=0.0, what=TemplateFetched(name="x" * 5000))

        assert (len(event.text), event.text[-1]) == (1000, "…")
        assert len(event.data["name"]) == 1000

    def test_what_is_shaped_like_a_token_is_in_neither_but_a_machines_uuid_is(self) -> None:
        token = "6a1b3c5d-0000-4000-8000-123456789abc"
        quoted = Event(at=0.0, what=TemplateFetched(name=f"x/{token}"))
        seen = Event(at=0.0, what=Discovered(reported={"uuid": token}))

        assert quoted.text == "fetched x/***"
        assert quoted.data == {"name": "x/***"}
        assert seen.data == {"reported": {"uuid": token}}


class TestSpoken:
    @pytest.mark.parametrize(
        ("whose", "line"),
        [
            ({"host": "web01", "mac": MAC, "peer": "192.0.2.7"}, f"web01 ({MAC}): fetched preseed"),
            ({"host": "web01", "peer": "192.0.2.7"}, "web01: fetched preseed"),
            ({"mac": MAC, "peer": "192.0.2.7"}, f"{MAC}: fetched preseed"),
            ({"peer": "192.0.2.7"}, "192.0.2.7: fetched preseed"),
            ({}, "-: fetched preseed"),
        ],
    )
    def test_a_line_begins_with_whose_it_is(self, whose: dict[str, str], line: str) -> None:
        assert spoken(Event(at=0.0, what=FETCHED, **whose)) == line
