"""A machine's file, line by line."""

from __future__ import annotations

from pathlib import Path

from pyxie.errors import Problem
from pyxie.http.page.filelines import (
    Changed,
    Line,
    Listing,
    Mistake,
    changed,
    listing,
    split,
    taken,
)

FILE = Path("machines/web01.yaml")


class TestProblems:
    def test_of_the_file_are_parted_from_those_elsewhere(self) -> None:
        wrong = Problem(FILE, 2, 5, "kernel", "is not there")
        other = Problem(Path("templates/a.j2"), 3, 1, "", "'disk' is undefined")
        whole = Problem(FILE, 0, 0, "", "is over 1 MiB")

        assert split([wrong, other, wrong, whole], FILE) == (
            [Mistake(0, 0, "is over 1 MiB"), Mistake(2, 5, "kernel: is not there")],
            ["templates/a.j2:3:1: 'disk' is undefined"],
        )


class TestAListing:
    def test_has_mistakes_beside_their_lines(self) -> None:
        second, first = Mistake(2, 9, "b"), Mistake(2, 1, "a")

        found = listing("x: 1\ny: 2\r\n", [second, first])

        assert found == Listing((Line(1, "x: 1"), Line(2, "y: 2", (first, second))))

    def test_tells_of_the_file_as_a_whole_and_of_what_is_behind_its_end(self) -> None:
        whole, behind = Mistake(0, 0, "is over 1 MiB"), Mistake(9, 1, "ends too early")

        assert listing("", [behind, whole]) == Listing((), (whole, behind))

    def test_of_a_long_file_is_its_beginning_and_what_is_around_mistakes(self) -> None:
        text = "".join(f"k{number}: v\n" for number in range(1, 101))

        found = listing(text, [Mistake(50, 1, "wrong")], most=5)

        numbers = [line.number for line in found.lines]
        assert numbers == [1, 2, 3, 4, 5, *range(47, 54)]
        assert [line.skipped for line in found.lines] == [0, 0, 0, 0, 0, 41, 0, 0, 0, 0, 0, 0]
        assert found.more == 47

    def test_cuts_a_line_that_is_long(self) -> None:
        (line,) = listing("x" * 600).lines

        assert line.text == "x" * 499 + "…"


class TestTwoTexts:
    def test_are_told_apart_line_by_line(self) -> None:
        theirs = "hostname: web01\nkernel: linux\n"

        assert changed(theirs, "hostname: web01\nkernel: vmlinuz\n") == (
            Changed("", "…"),
            Changed("", "hostname: web01"),
            Changed("-", "kernel: linux"),
            Changed("+", "kernel: vmlinuz"),
        )

    def test_that_are_the_same_differ_in_nothing(self) -> None:
        assert changed("a\n", "a\n") == ()

    def test_are_shown_no_farther_than_anybody_reads(self) -> None:
        found = changed("", "".join(f"{at}\n" for at in range(1000)))

        assert found is not None
        assert len(found) == 401
        assert found[-1] == Changed("", "…")

    def test_that_are_very_long_are_not_compared(self) -> None:
        assert changed("a\n" * 5001, "b\n") is None


class TestWhatWasTyped:
    def test_has_the_line_ends_of_the_file(self) -> None:
        assert taken("a\r\nb\rc\n", "x\ny\n") == "a\nb\nc\n"
        assert taken("a\r\nb\r\n", "x\r\ny\r\n") == "a\r\nb\r\n"
