"""What a token may do."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Scope(StrEnum):
    """What a token may do; each scope includes those before it."""

    READ = "read"
    """Look at everything that is not a secret."""
    BUILD = "build"
    """Begin and end builds."""
    ADMIN = "admin"
    """Change machines and tokens."""

    def covers(self, needed: Scope) -> bool:
        """Tell whether this is enough for what needs ``needed``."""
        order = list(Scope)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True)
class Token:
    """One token, without its secret.

    Attributes:
        name: The operator's own for it.
        scope: What it may do.
        created: Seconds since the epoch.
        expires: When it expires; None for never.
    """

    name: str
    scope: Scope
    created: float
    expires: float | None

    def as_json(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "name": self.name,
            "scope": str(self.scope),
            "created": self.created,
            "expires": self.expires,
        }


def key(secret: bytes) -> str:
    """Return what a secret is stored and sought by: its hash, which tells nothing of it.

    It has so much chance in it that it needs no salt and no slow hash: nobody can try them all.
    And where it is sought by its hash, how long that takes tells nothing of the others.
    """
    return hashlib.sha256(secret).hexdigest()
