"""Which class of the stylesheet a state has, so that it looks the same on every screen. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pyxie.builds.life import State

OK: Final = "is-ok"
BUSY: Final = "is-busy"
WARN: Final = "is-warn"
BAD: Final = "is-bad"
IDLE: Final = "is-idle"

LOOKS: Final[Mapping[State, str]] = MappingProxyType(
    {
        State.PENDING: IDLE,
        State.INSTALLING: BUSY,
        State.STALE: WARN,
        State.INSTALLED: OK,
        State.FAILED: BAD,
        State.CANCELLED: IDLE,
        State.REPLACED: IDLE,
    }
)
"""Of each state of a build."""
