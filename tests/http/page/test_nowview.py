"""What the screen Now says of builds."""

from __future__ import annotations

from pyxie.builds.life import Build, State
from pyxie.http.page.nowview import NowView, Row, now_view
from pyxie.http.page.spokentimes import since

NOW = 1_800_000_000.0


def build(host: str, state: State, changed: float, build_type: str = "") -> Build:
    return Build(
        host=host,
        token="secret",
        state=state,
        begun=NOW - 900,
        changed=changed,
        macs=("52:54:00:00:00:01",),
        definition="{}",
        build_type=build_type,
    )


class TestMachinesInBuildMode:
    def test_are_told_by_hostname_with_their_state_and_since_when(self) -> None:
        view = now_view(
            [
                build("web02.example", State.INSTALLING, NOW - 90, "rescue"),
                build("web01.example", State.STALE, NOW - 7200),
            ],
            NOW,
        )

        assert view == NowView(
            (
                Row("web01.example", "stale", "is-bad", "", since(NOW - 7200, NOW)),
                Row("web02.example", "installing", "is-busy", "rescue", since(NOW - 90, NOW)),
            )
        )

    def test_may_be_none(self) -> None:
        assert now_view([], NOW) == NowView(())
