"""The last trouble of each machine's build, until something later shows that it is over."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from pyxie.bounded import note as remember
from pyxie.bounds import TROUBLES
from pyxie.events.datagrams import NotAnswered, Offered
from pyxie.events.event import Event
from pyxie.events.kind import Kind, Step
from pyxie.events.kinds import (
    Booting,
    BuildAdvised,
    BuildChanged,
    BuildRefused,
    Diagnosed,
    GrubConfigured,
    ManagementRefused,
    ScriptFailed,
    ScriptSent,
    TemplateFailed,
    TemplateFetched,
    TokenRefused,
)

_NO_ANSWER: Final = frozenset(
    (
        *("no-loader", "no-architecture", "malformed-architecture", "unknown-architecture"),
        *("bad-relay", "no-address"),
    )
)
"""Why a machine that is to be installed is not answered, and will not be the next time either."""
_BEFORE_THE_KERNEL: Final = ("dhcp.", "tftp.", "script.", "image.", "bootapi.")
"""Codes of troubles that are over once iPXE starts the kernel."""


class Troubles:
    """Keeps the last trouble of each machine; of ended builds too, as of a hook after one."""

    def __init__(self) -> None:
        self._last: dict[str, Event] = {}
        self._begun: dict[str, None] = {}
        """Machines whose build was seen to begin: what came before that is forgotten already."""

    def note(self, event: Event) -> None:
        """Take note of what happened."""
        if event.host is None:
            return
        if isinstance(event.what, BuildChanged) and event.what.state == "pending":
            remember(self._begun, event.host, None, TROUBLES.whole)
        if is_trouble(event.what):
            TROUBLES.reached(remember(self._last, event.host, event, TROUBLES.whole))
            return
        last = self._last.get(event.host)
        if last is not None and is_over(last.what, event.what):
            del self._last[event.host]

    def hosts(self) -> Collection[str]:
        """Return the machines that had one."""
        return self._last.keys()

    def of(self, host: str, since: float) -> Event | None:
        """Return the machine's last trouble, if that came after its build began, at ``since``.

        The order counts, as far as it is known: the clock may have been set back meanwhile.
        """
        found = self._last.get(host)
        if found is None or (host not in self._begun and found.at < since):
            return None
        return found


def is_trouble(what: Kind) -> bool:
    """Tell whether a machine that is being installed cannot go on by this.

    A call that was refused is its caller's trouble, and began nothing; advice is given before; a
    diagnosis is of what other events tell.
    """
    if isinstance(what, NotAnswered):
        return what.reason in _NO_ANSWER
    others = isinstance(
        what, BuildAdvised | BuildRefused | Diagnosed | ManagementRefused | TokenRefused
    )
    return what.step is Step.TROUBLE and not others


def is_over(trouble: Kind, later: Kind) -> bool:
    """Tell whether ``later`` shows that ``trouble`` is over."""
    match later:
        case BuildChanged(state="installing" | "stale"):
            return False
        case BuildChanged():
            return True
        case Booting():
            return trouble.code.startswith(_BEFORE_THE_KERNEL)
        case Offered():
            return trouble.code.startswith("dhcp.")
        case ScriptSent() | GrubConfigured():
            return isinstance(trouble, ScriptFailed)
        case TemplateFetched():
            return isinstance(trouble, TemplateFailed) and trouble.name == later.name
        case _:
            return False
