from __future__ import annotations

import pytest

from pyxie.bounds import DESCRIPTORS
from pyxie.config.settings import Limits
from pyxie.descriptors import Held, held, lowered, wanted

USUAL = Limits()


class TestHeld:
    def test_is_as_set_where_there_are_enough(self) -> None:
        assert held(USUAL, DESCRIPTORS.whole) == Held(4096, 4096, 1024, 4096, 2048)
        assert wanted(USUAL) <= DESCRIPTORS.whole

    @pytest.mark.parametrize("files", [16, 64, 100, 120, 256, 1024, 4096, 20_000])
    def test_leaves_some_for_whoever_manages_and_for_the_database(self, files: int) -> None:
        found = held(USUAL, files)

        assert found.host >= 4
        assert found.http >= 1
        assert found.tftp >= 1
        if files >= 100:
            taken = 3 * (found.http + found.allowed + found.host) + 2 * found.tftp
            taken += 2 * found.arrivals
            assert taken + 60 <= files

    def test_is_no_more_than_is_set(self) -> None:
        few = Limits(http_total=3, tftp_total=2)

        assert held(few, 120) == Held(3, 3, 4, 2, 2)

    def test_of_a_usual_container_without_a_limit_of_its_own(self) -> None:
        assert held(USUAL, 1024) == Held(119, 59, 29, 89, 44)


class TestLowered:
    def test_is_said_with_what_it_would_take(self) -> None:
        assert lowered(USUAL, 120) == (
            "the host allows 120 open files: at once at most 7 HTTP connections of machines "
            "('limits.http_total' is 4096), 3 of 'api.allow', 4 of this host and 5 TFTP transfers "
            "('limits.tftp_total' is 4096); for all of them allow 40064, by LimitNOFILE= of the "
            "unit or `ulimit -n`"
        )

    def test_is_nothing_where_there_are_enough(self) -> None:
        assert lowered(USUAL, DESCRIPTORS.whole) is None
