"""Who looks at the page, and what they may do there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from pyxie.access.scope import Scope
from pyxie.http.edge import judged


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody with a browser.

    Attributes:
        name: By what they are known: ``this host``, ``token ci``.
        scope: What they may do; None for nothing.
        signed_in: Whether they have signed in with a token, and so can sign out.
    """

    name: str
    scope: Scope | None
    signed_in: bool = False

    def may(self, needed: Scope) -> bool:
        """Tell whether they may do what needs ``needed``."""
        return self.scope is not None and self.scope.covers(needed)


NOBODY: Final = Viewer("not signed in", None)
"""Who may not look."""


def viewer(request: web.Request) -> Viewer:
    """Return who asks."""
    verdict = judged(request, Scope.READ)
    if verdict.refusal is not None:
        return NOBODY
    return Viewer(verdict.who, verdict.scope, verdict.signed_in)
