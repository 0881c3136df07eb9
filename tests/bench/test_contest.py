"""Contests, of sides that do no work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from bench.contest import Contest, Run, Side, Taken, alternate, at_least
from tests.lab.needs import MissingError


@dataclass
class Hall:
    """Where sides run; what happens is written down."""

    happened: list[str] = field(default_factory=list)

    def side(self, name: str, *values: float) -> Side:
        left = iter(values)

        def run() -> Taken:
            self.happened.append(name)
            return Taken(next(left), 0.5, 1.0)

        @contextmanager
        def entered() -> Iterator[Run]:
            self.happened.append(f"{name} starts")
            yield run
            self.happened.append(f"{name} ends")

        return entered


def missing() -> Iterator[Run]:
    raise MissingError("atftpd", "fetch it")


def contest(together: bool = True, **sides: Side) -> Contest:
    return Contest("load", "files", "MB/s", [at_least(1, "one")], sides, together)


class TestSides:
    def test_run_in_turn_and_each_begins_every_second_time(self) -> None:
        hall = Hall()
        one, two = hall.side("one", 1, 2, 3), hall.side("two", 4, 5, 6)

        result = alternate(contest(one=one, two=two), 2, 1, say=lambda _: None)

        turns = [name for name in hall.happened if " " not in name]
        assert turns == ["one", "two", "two", "one", "one", "two"]
        assert [each.value for each in result.taken["one"]] == [2, 3]
        assert [each.value for each in result.taken["two"]] == [5, 6]

    def test_are_started_once_for_all_rounds_if_they_stay(self) -> None:
        hall = Hall()

        alternate(contest(one=hall.side("one", 1, 2)), 1, 1, say=lambda _: None)

        assert hall.happened == ["one starts", "one", "one", "one ends"]

    def test_are_started_for_each_turn_if_they_do_not(self) -> None:
        hall = Hall()

        alternate(contest(False, one=hall.side("one", 1, 2)), 1, 1, say=lambda _: None)

        assert hall.happened == ["one starts", "one", "one ends"] * 2

    @pytest.mark.parametrize("together", [True, False])
    def test_that_are_not_installed_are_left_out_and_said(self, together: bool) -> None:
        said: list[str] = []
        sides = {"atftpd": contextmanager(missing), "one": Hall().side("one", 1, 2)}

        result = alternate(contest(together, **sides), 2, 0, say=said.append)

        assert list(result.taken) == ["one"]
        assert result.absent == {"atftpd": "atftpd is missing: fetch it"}
        assert said[0] == "  atftpd is left out: atftpd is missing: fetch it"


class TestARun:
    def test_is_told_with_all_that_was_seen(self) -> None:
        def busy() -> Taken:
            return Taken(101.5, 1.25, 2, {"p99": 9.5})

        @contextmanager
        def side() -> Iterator[Run]:
            yield busy

        said: list[str] = []

        alternate(contest(one=side), 1, 1, say=said.append)

        line = "  one: 101.5 MB/s; 1.25 s of the processors in 2.00 s, p99 9.5"
        assert said == [f"{line} (warm-up)", line]


class TestAServerThatFails:
    def test_is_left_out_with_all_its_runs_if_it_is_a_peer(self) -> None:
        runs = iter([Taken(1, 0, 1)])

        def run() -> Taken:
            for each in runs:
                return each
            raise AssertionError("it fell silent")

        @contextmanager
        def peer() -> Iterator[Run]:
            yield run

        pyxie = Hall().side("pyxie", 1, 2, 3)

        result = alternate(contest(pyxie=pyxie, dnsmasq=peer), 3, 0, say=lambda _: None)

        assert {name: len(taken) for name, taken in result.taken.items()} == {"pyxie": 3}
        assert result.absent == {"dnsmasq": "it fell silent"}

    def test_ends_the_contest_if_it_is_pyxie(self) -> None:
        @contextmanager
        def broken() -> Iterator[Run]:
            raise OSError("no such port")
            yield

        with pytest.raises(OSError, match="no such port"):
            alternate(contest(pyxie=broken), 1, 0, say=lambda _: None)
