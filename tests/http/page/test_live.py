"""What a screen has to tell of itself."""

from __future__ import annotations

import asyncio

import pytest

from pyxie.access.scope import Scope
from pyxie.events.event import Event
from pyxie.events.kind import Kind
from pyxie.events.kinds import BuildChanged, Diagnosed, ScriptSent, TokenRefused
from pyxie.http.page.live import FASTEST, Live
from pyxie.http.page.viewer import Viewer

DONE = BuildChanged(build=1, state="installed", cause="api")
STUCK = Diagnosed(diagnosis="silent", found="it was not heard", try_next="")


def of(what: Kind, host: str | None = "linux001") -> Event:
    return Event(at=1.0, what=what, host=host)


class TestAScreen:
    def test_that_says_nothing_of_itself_never_changes(self) -> None:
        live = Live()

        assert live.touched(of(DONE)) == frozenset()
        assert live.watched() == {}
        assert live.every == FASTEST
        asyncio.run(live.ready(frozenset("a")))

    def test_has_to_say_what_it_consists_of_and_how_that_looks(self) -> None:
        with pytest.raises(NotImplementedError):
            Live().regions()
        with pytest.raises(NotImplementedError):
            Live().render(frozenset("a"), Viewer("token ci", Scope.READ))

    @pytest.mark.parametrize("what", [DONE, STUCK, TokenRefused(path="/done")])
    def test_tells_aloud_how_builds_go_and_what_goes_wrong(self, what: Kind) -> None:
        event = of(what)

        assert Live().said(event) == f"linux001: {event.text}"

    @pytest.mark.parametrize("event", [of(ScriptSent()), of(STUCK, host=None)])
    def test_tells_nothing_else_aloud(self, event: Event) -> None:
        assert Live().said(event) is None
