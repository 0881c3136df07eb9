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
        judged: list[tuple[str, str]] = []

        async def judge(digest: str, sha512: str) -> None:
            judged.append((digest, sha512))

        for long in (False, True):
            held = HeldBack(judge, long=long)
            assert await passed(held, b"a", b"b", b"c") == [b"", b"a", b"b", b"c"]
        digest, sha512 = (each(b"abc").hexdigest() for each in (hashlib.sha256, hashlib.sha512))
        assert judged == [(digest, ""), (digest, sha512)]

    async def test_is_never_given_where_it_is_wrong(self) -> None:
        async def judge(_digest: str, _sha512: str) -> None:
            raise WrongError

        held = HeldBack(judge)
        assert held.after(b"a") == b""
        with pytest.raises(WrongError):
            await held.end()
