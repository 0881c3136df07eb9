from __future__ import annotations

import pytest

from pyxie.tftp.limits import Limits, Ration


@pytest.mark.parametrize(
    "wrong",
    [
        {"timeout": 0},
        {"max_timeout": 0},
        {"max_timeout": 256},
        {"attempts": 0},
        {"max_blksize": 7},
        {"max_blksize": 65465},
        {"max_windowsize": 0},
        {"max_windowsize": 32768},
        {"per_client": 0},
        {"total": 0},
    ],
)
def test_limits_outside_the_rfcs_or_of_no_use_are_bugs(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="out of range"):
        Limits(**wrong)


def test_the_widest_limits_are_taken() -> None:
    Limits(max_timeout=255, max_blksize=65464, max_windowsize=32767)


class TestRation:
    def test_gives_so_many_in_a_period(self) -> None:
        ration = Ration(2, 60)

        assert [ration.allows("a", now) for now in (0, 1, 2, 59)] == [True, True, False, False]

    def test_begins_anew_after_the_period(self) -> None:
        ration = Ration(1, 60)
        ration.allows("a", 0)

        assert not ration.allows("a", 59.9)
        assert ration.allows("a", 60)
        assert not ration.allows("a", 61)

    def test_is_each_keys_own(self) -> None:
        ration = Ration(1, 60)
        ration.allows("a", 0)

        assert ration.allows("b", 0)

    def test_knows_so_many_keys_and_new_ones_get_nothing(self) -> None:
        ration = Ration(1, 60, keys=2)
        ration.allows("a", 0)
        ration.allows("b", 1)

        assert not ration.allows("c", 59)
        assert ration.allows("c", 60)
        assert len(ration._used) == 2
