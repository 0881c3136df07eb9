"""How often somebody may try a token that is none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pyxie.access.attempts import Attempts
from pyxie.bounds import WRONG_TOKENS, WRONG_TOKENS_EACH


@pytest.fixture(autouse=True)
def counted() -> Iterator[None]:
    """Put back what was counted."""
    kept = [(each, each.times) for each in (WRONG_TOKENS, WRONG_TOKENS_EACH)]
    yield
    for each, times in kept:
        each.times = times


def failed(attempts: Attempts, whose: str, times: float, group: str = "others") -> None:
    for _ in range(int(times)):
        attempts.failed(whose, group, 0.0)


class TestWrongTokens:
    def test_are_looked_at_up_to_a_bound_of_each_address(self) -> None:
        attempts = Attempts()
        failed(attempts, "192.0.2.66", WRONG_TOKENS_EACH.most - 1)
        before = attempts.wait("192.0.2.66", "others", 0.0)
        failed(attempts, "192.0.2.66", 1)

        assert before == 0.0
        assert attempts.wait("192.0.2.66", "others", 0.0) == 60 / WRONG_TOKENS_EACH.most
        assert attempts.wait("192.0.2.7", "others", 0.0) == 0.0
        assert WRONG_TOKENS_EACH.times == 1

    def test_are_looked_at_again_after_a_while(self) -> None:
        attempts = Attempts()
        failed(attempts, "192.0.2.66", WRONG_TOKENS_EACH.most)

        assert attempts.wait("192.0.2.66", "others", 59.9 / WRONG_TOKENS_EACH.most) > 0.0
        assert attempts.wait("192.0.2.66", "others", 60.1 / WRONG_TOKENS_EACH.most) == 0.0

    def test_of_many_addresses_are_looked_at_up_to_a_bound_in_all(self) -> None:
        attempts = Attempts()
        for number in range(int(WRONG_TOKENS.most)):
            attempts.failed(f"host {number}", "others", 0.0)

        assert attempts.wait("a new one", "others", 0.0) > 0.0
        assert WRONG_TOKENS.times == 1

    def test_of_strangers_keep_nobody_else_out(self) -> None:
        attempts = Attempts()
        for number in range(int(WRONG_TOKENS.most)):
            attempts.failed(f"host {number}", "others", 0.0)

        assert attempts.wait("127.0.0.1", "this host", 0.0) == 0.0

    def test_right_ones_are_not_counted(self) -> None:
        attempts = Attempts()

        assert [attempts.wait("192.0.2.7", "others", 0.0) for _ in range(1000)] == [0.0] * 1000
