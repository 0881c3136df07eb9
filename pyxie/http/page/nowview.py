"""What the screen Now shows: the machines that are being installed. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pyxie.builds.life import Build
from pyxie.http.page.badges import LOOKS
from pyxie.http.page.spokentimes import Moment, since


@dataclass(frozen=True, slots=True)
class Row:
    """A machine in build mode.

    Attributes:
        host: Its hostname.
        state: Of its build.
        look: The class of that state.
        build_type: What the call asked for; empty for the machine's own.
        since: When it came into that state.
    """

    host: str
    state: str
    look: str
    build_type: str
    since: Moment


@dataclass(frozen=True, slots=True)
class NowView:
    """The screen.

    Attributes:
        rows: By hostname.
    """

    rows: tuple[Row, ...]


def now_view(builds: Iterable[Build], now: float) -> NowView:
    """Return what is shown of the builds that machines are in build mode for.

    Args:
        builds: Those.
        now: Seconds since the epoch.
    """
    rows = (
        Row(
            build.host,
            str(build.state),
            LOOKS[build.state],
            build.build_type,
            since(build.changed, now),
        )
        for build in builds
    )
    return NowView(tuple(sorted(rows, key=lambda row: row.host)))
