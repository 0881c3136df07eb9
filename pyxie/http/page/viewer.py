"""Who looks at the page, and what they may do there."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from pyxie.access.scope import Scope
from pyxie.http.edge import judged


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody with a browser.

    Attributes:
        name: By what they are known: ``this host``, ``token ci``.
        scope: What they may do; None for nothing.
        signed_in: Whether they have shown a token, so that they can sign out.
    """

    name: str
    scope: Scope | None
    signed_in: bool = False

    def may(self, needed: Scope) -> bool:
        """Tell whether they may do what needs ``needed``."""
        return self.scope is not None and self.scope.covers(needed)


def viewer(request: web.Request) -> Viewer:
    """Return who asks, by what the gate says to each scope."""
    verdicts = {scope: judged(request, scope) for scope in Scope}
    allowed = [scope for scope, verdict in verdicts.items() if verdict.refusal is None]
    return Viewer(verdicts[Scope.READ].who, allowed[-1] if allowed else None)
