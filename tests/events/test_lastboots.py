"""When each machine booted last."""

from __future__ import annotations

import pytest

from pyxie.bounds import LAST_BOOTS
from pyxie.events.datagrams import NotAnswered
from pyxie.events.event import Event
from pyxie.events.kind import Kind
from pyxie.events.kinds import Booting, BuildChanged, ImageFailed, ScriptSent
from pyxie.events.lastboots import LastBoots
from pyxie.events.trace import Trace
from tests.support import Clock

SILENT = NotAnswered(reason="not-in-build-mode", detail="x")


class TestTheLastBoot:
    @pytest.mark.parametrize("what", [ScriptSent(), SILENT, Booting()])
    def test_is_the_last_sign_of_its_firmware_or_loader(self, what: Kind) -> None:
        boots = LastBoots()

        boots.note(Event(at=1.0, host="web01", what=what))
        boots.note(Event(at=2.0, host="web01", what=what))
        boots.note(Event(at=3.0, host=None, mac="52:54:00:00:00:01", what=what))

        assert (boots.of("web01"), boots.of("web02"), boots.all()) == (2.0, None, {"web01": 2.0})

    @pytest.mark.parametrize(
        "what",
        [
            BuildChanged(build=1, state="pending", cause="x"),
            ImageFailed(part="kernel", source="s", why="w"),
        ],
    )
    def test_is_nothing_that_happens_by_itself(self, what: Kind) -> None:
        boots = LastBoots()

        boots.note(Event(at=1.0, host="web01", what=what))

        assert boots.of("web01") is None

    def test_is_noted_of_all_that_is_recorded(self) -> None:
        clock = Clock()
        trace = Trace(clock=clock, steady=clock)

        trace.record(ScriptSent(), host="web01")
        trace.restore(Event(at=1.0, host="web02", what=ScriptSent()))

        assert trace.boots.all() == {"web01": clock.now, "web02": 1.0}

    def test_of_most_machines_is_kept_of_those_that_booted_last(self) -> None:
        boots, before = LastBoots(), LAST_BOOTS.times

        for at in range(LAST_BOOTS.whole + 1):
            boots.note(Event(at=float(at), host=f"web{at}", what=ScriptSent()))

        assert len(boots.all()) == LAST_BOOTS.whole
        assert (boots.of("web0"), boots.of("web1")) == (None, 1.0)
        assert LAST_BOOTS.times == before + 1
