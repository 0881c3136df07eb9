"""The end of a stream waits until all of it is known to be right."""

from __future__ import annotations

import hashlib

import pytest

from pyxie.images.heldback import HeldBack


class WrongError(Exception):
    pass


async def passed(held: HeldBack, *pieces: bytes) -> list[bytes]:
    return [*(held.after(piece) for piece in pieces), await held.end()]


class TestHeldBack:
    async def test_is_nothing_where_nobody_judges(self) -> None:
        assert await passed(HeldBack(None), b"a", b"b") == [b"a", b"b", b""]

    async def test_is_the_last_piece_until_it_is_judged(self) -> None:
        judged: list[str] = []

        async def judge(digest: str) -> None:
            judged.append(digest)

        assert await passed(HeldBack(judge), b"a", b"b", b"c") == [b"", b"a", b"b", b"c"]
        assert judged == [hashlib.sha256(b"abc").hexdigest()]

    async def test_is_never_given_where_it_is_wrong(self) -> None:
        async def judge(_digest: str) -> None:
            raise WrongError

        held = HeldBack(judge)
        assert held.after(b"a") == b""
        with pytest.raises(WrongError):
            await held.end()
