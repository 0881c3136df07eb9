"""What nobody waits for is done while pyxie is not busy, or when it has waited long enough."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pyxie.workers.quiet import Quiet


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have it watched again at once."""
    monkeypatch.setattr("pyxie.workers.quiet._LATER", 0)


def spending(*seconds: float) -> tuple[Callable[[], float], list[float]]:
    """Return what says each of these, and the last one ever after; and what is left of them."""
    left = list(seconds)
    return lambda: left.pop(0) if len(left) > 1 else left[0], left


async def test_idle_is_quiet() -> None:
    spent, _ = spending(7.0)

    await Quiet(spent).wait()


async def test_who_works_all_the_time_is_waited_for() -> None:
    spent, left = spending(*map(float, range(9)))

    await Quiet(spent).wait()

    assert left == [8.0]


async def test_but_not_for_longer_than_is_said() -> None:
    spent, left = spending(*map(float, range(9)))

    await Quiet(spent).wait(0.0)

    assert len(left) == 7


async def test_a_little_work_is_none() -> None:
    spent, left = spending(0.0, 0.0001, 0.0002)

    await Quiet(spent).wait()

    assert len(left) == 1
