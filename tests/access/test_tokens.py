"""API tokens, changed by several at once."""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import closing

import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from pyxie.access.scope import Scope, key
from pyxie.access.tokens import TokenError, Tokens
from pyxie.store.pools import StoreError, UnsureError
from pyxie.store.tables import TOKENS
from tests.interleaving import FAILURES, ORDERS, TurningDatabase, Turns, kept, several

CHANGES = st.tuples(st.sampled_from(("create", "revoke", "load")), st.sampled_from("abc"))


class Ward:
    """Tokens of which a daemon before made ``a`` and ``b``; nothing of them was read yet."""

    def __init__(self, database: TurningDatabase) -> None:
        self.database = database
        self.tokens = Tokens(database)
        self.secrets: list[str] = []

    async def prepare(self) -> None:
        earlier = Tokens(self.database)
        for name in "ab":
            _, secret = await earlier.create(name, Scope.READ, None)
            self.secrets.append(secret)

    async def do(self, what: str, name: str) -> None:
        if what == "create":
            _, secret = await self.tokens.create(name, Scope.READ, 60)
            self.secrets.append(secret)
        elif what == "revoke":
            await self.tokens.revoke(name)
        else:
            await self.tokens.load()

    def good(self) -> list[str]:
        """Return the secrets that open something."""
        return [each for each in self.secrets if self.tokens.find(key(each.encode()))]

    def stored(self) -> list[str]:
        """Return the secrets that would after a restart."""
        hashes = {row["hash"] for row in kept(self.database, sa.select(TOKENS))}
        return [s for s in self.secrets if hashlib.sha256(s.encode()).hexdigest() in hashes]

    def names(self) -> tuple[list[str], list[str]]:
        """Return the names in memory, and those that are stored."""
        rows = kept(self.database, sa.select(TOKENS).order_by(TOKENS.c.name))
        return [each.name for each in self.tokens.all()], [row["name"] for row in rows]


def scene(wanted: list[tuple[str, str]], order: list[int], failures: list[str]) -> list[object]:
    """Have all that is wanted happen at once; return what came of each.

    What could not be stored for sure is looked at again with the next change.
    """

    async def play() -> list[object]:
        turns = Turns(order)
        with closing(TurningDatabase(turns)) as database:
            ward = Ward(database)
            await turns.run(ward.prepare())
            database.fail(failures)
            ended = await turns.run(*(ward.do(*each) for each in wanted))
            database.fail(())
            if any(isinstance(each, StoreError) for each in ended):
                await turns.run(ward.do("revoke", "nobody"))
            memory, stored = ward.names()
            assert memory == stored
            assert ward.good() == ward.stored()
            return ended

    return asyncio.run(play())


class TestChangesAtOnce:
    @given(several(CHANGES), ORDERS, FAILURES)
    def test_leave_in_memory_what_is_stored(
        self, wanted: list[tuple[str, str]], order: list[int], failures: list[str]
    ) -> None:
        ended = scene([("load", ""), *wanted], order, failures)

        assert {type(each) for each in ended} <= {type(None), TokenError, StoreError, UnsureError}

    @given(ORDERS)
    def test_revoke_all_that_they_say_are_revoked(self, order: list[int]) -> None:
        assert scene([("revoke", "a"), ("revoke", "b")], order, []) == [None, None]

    @given(ORDERS)
    def test_of_two_of_one_name_one_is_told_so(self, order: list[int]) -> None:
        ended = scene([("create", "c"), ("create", "c")], order, [])

        assert sorted(str(each) for each in ended) == ["None", "there is a token 'c' already"]
