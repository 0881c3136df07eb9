"""What is said where a button is refused."""

from __future__ import annotations

import pytest
from aiohttp import web

from pyxie.errors import BusyError, NotServedError, PyxieError
from pyxie.http.page.trying import Outcome, tried
from pyxie.imagestore.imagecache import HeldError


async def test_what_was_done_is_said() -> None:
    async def act() -> str:
        return "It is removed."

    assert await tried(act) == Outcome(said="It is removed.")


@pytest.mark.parametrize(
    ("error", "why", "status"),
    [
        (web.HTTPConflict(text="is taken"), "is taken", 409),
        (NotServedError("a", "is not there"), "a: is not there", 404),
        (BusyError("images", "try again"), "images: try again", 503),
        (HeldError("it is pinned"), "it is pinned", 409),
        (PyxieError("is wrong"), "is wrong", 409),
        (OSError(28, "No space left on device"), "cannot be written: No space left on device", 503),
    ],
)
async def test_what_refuses_it_is_said_with_a_status(
    error: Exception, why: str, status: int
) -> None:
    async def act() -> str:
        raise error

    assert await tried(act) == Outcome(why=why, status=status)
