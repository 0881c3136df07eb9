"""API tokens: what they may do, until when; stored hashed, looked up in memory."""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import Callable

import sqlalchemy as sa

from pyxie.access.scope import Scope, Token, key
from pyxie.clock import steady
from pyxie.errors import PyxieError
from pyxie.store.database import Database
from pyxie.store.tables import TOKENS

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PREFIX = "pyxie_"
"""So that scanners for lost secrets can find them."""


class TokenError(PyxieError):
    """A token cannot be made so, or is not there; the text says why."""


class Tokens:
    """All tokens; changes raise StoreError where they cannot be stored.

    Args:
        database: Entered before this is used.
        clock: Seconds since the epoch, for dates.
        steady: Seconds, by a clock that is never set, for how long a token is good.
    """

    def __init__(
        self,
        database: Database,
        *,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = steady,
    ) -> None:
        self._database = database
        self._clock = clock
        self._steady = steady
        self._by_hash: dict[str, Token] | None = None
        self._until: dict[str, float] = {}
        """By hash, when those that expire do, by the steady clock."""
        self._changing = asyncio.Lock()
        """Held from looking at what there is to having changed it, in the table and here."""
        self._doubtful = False
        """Whether a change failed, of which the table may have something all the same."""

    async def load(self) -> None:
        """Read them, the first time."""
        if self._by_hash is None:
            async with self._changing:
                await self._catch_up()

    async def _catch_up(self) -> dict[str, Token]:
        """Return what the table has, by hash."""
        if self._by_hash is not None and not self._doubtful:
            return self._by_hash
        rows = await self._database.shown(sa.select(TOKENS))
        found = {
            row["hash"]: Token(row["name"], Scope(row["scope"]), row["created"], row["expires"])
            for row in rows
        }
        self._until = {
            each: self._until.get(each, self._steady() + self._left(token.created, token.expires))
            for each, token in found.items()
            if token.expires is not None
        }
        self._by_hash, self._doubtful = found, False
        return found

    async def _store(self, change: sa.Executable) -> None:
        """Store a change; where that fails, the table is read again before the next."""
        self._doubtful = True
        await self._database.write(lambda connection: connection.execute(change).close())
        self._doubtful = False

    def _left(self, created: float, expires: float) -> float:
        """Return for how long a token of an earlier run is good; no longer than it ever was.

        By a clock that was set back meanwhile it would be.
        """
        return min(expires - self._clock(), expires - created)

    def find(self, hashed: str) -> Token | None:
        """Return the token with that `key`; None if there is none, or it has expired."""
        until = self._until.get(hashed)
        expired = until is not None and until <= self._steady()
        return None if expired else (self._by_hash or {}).get(hashed)

    def all(self) -> list[Token]:
        """Return them by name, expired ones too."""
        return sorted((self._by_hash or {}).values(), key=lambda token: token.name)

    async def create(self, name: str, scope: Scope, seconds: float | None) -> tuple[Token, str]:
        """Make a token.

        Args:
            name: A new one.
            scope: What it may do.
            seconds: How long it is good; None for ever.

        Returns:
            The token, and its secret, which is nowhere stored.

        Raises:
            TokenError: The name is taken, or is none.
        """
        if not _NAME.fullmatch(name):
            raise TokenError(f"{name[:80]!r} is not a name like ci.example")
        async with self._changing:
            known = await self._catch_up()
            if any(token.name == name for token in known.values()):
                raise TokenError(f"there is a token {name!r} already")
            now = self._clock()
            secret = _PREFIX + secrets.token_urlsafe(32)
            token = Token(name, scope, now, now + seconds if seconds else None)
            hashed = key(secret.encode())
            await self._store(sa.insert(TOKENS).values(**token.as_json(), hash=hashed))
            if seconds:
                self._until[hashed] = self._steady() + seconds
            self._by_hash = {**known, hashed: token}
        return token, secret

    async def revoke(self, name: str) -> None:
        """Revoke a token; it is invalid at once.

        Raises:
            TokenError: There is none of that name.
        """
        async with self._changing:
            known = await self._catch_up()
            kept = {hashed: token for hashed, token in known.items() if token.name != name}
            if len(kept) == len(known):
                raise TokenError(f"there is no token {name[:80]!r}")
            await self._store(sa.delete(TOKENS).where(TOKENS.c.name == name))
            self._by_hash = kept
            self._until = {each: at for each, at in self._until.items() if each in kept}
