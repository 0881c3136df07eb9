"""A machine's file, line by line: mistakes beside their lines, and how two texts differ. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from itertools import islice
from typing import Final

from pyxie.errors import Problem
from pyxie.http.page.longtext import printable

MOST_LINES: Final = 1000
"""Lines of a file that are listed, beside those with a mistake."""
_AROUND: Final = 3
"""Lines before and after one with a mistake, of a file that is longer."""
_LONGEST: Final = 500
"""Letters of a line that are listed."""
_DIFFERENT: Final = 400
"""Lines that are shown of how two texts differ."""
_COMPARED: Final = 5000
"""Lines that two texts may have to be compared: it takes the product of both, at worst."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake in a file.

    Attributes:
        line: Counted from 1; 0 for the file as a whole.
        column: Counted from 1; 0 for the file as a whole.
        sentence: What is wrong, with the key.
    """

    line: int
    column: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a listing.

    Attributes:
        number: Counted from 1.
        text: Cut where it is long.
        mistakes: In the order of their columns.
        skipped: How many lines are left out before it.
    """

    number: int
    text: str
    mistakes: tuple[Mistake, ...] = ()
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Listing:
    """A file with what is wrong with it.

    Attributes:
        lines: Those that are shown.
        whole: Mistakes of the file as a whole, or behind its end.
        more: How many lines are left out at the end.
    """

    lines: tuple[Line, ...]
    whole: tuple[Mistake, ...] = ()
    more: int = 0


def split(problems: Iterable[Problem], file: object) -> tuple[list[Mistake], list[str]]:
    """Part what is wrong with a file from what is wrong elsewhere, each once and in order.

    Args:
        problems: As they were found.
        file: How they name that file.
    """
    here: list[Mistake] = []
    elsewhere: list[str] = []
    for each in sorted(set(problems)):
        if each.file == file:
            sentence = f"{each.key}: {each.sentence}" if each.key else each.sentence
            here.append(Mistake(each.line, each.column, sentence))
        else:
            elsewhere.append(str(each))
    return here, elsewhere


def listing(text: str, mistakes: Iterable[Mistake] = (), most: int = MOST_LINES) -> Listing:
    """Return a file's lines with the mistakes beside them.

    Of a long one, those at its beginning and those around mistakes.
    """
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    beside: dict[int, list[Mistake]] = {}
    whole = []
    for each in sorted(mistakes, key=lambda each: (each.line, each.column)):
        if 1 <= each.line <= len(lines):
            beside.setdefault(each.line, []).append(each)
        else:
            whole.append(each)
    wanted = range(1, len(lines) + 1) if len(lines) <= most else _around(beside, len(lines), most)
    found: list[Line] = []
    last = 0
    for number in wanted:
        shown = printable(lines[number - 1].rstrip("\r"))
        shown = shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"
        found.append(Line(number, shown, tuple(beside.get(number, ())), number - last - 1))
        last = number
    return Listing(tuple(found), tuple(whole), len(lines) - last)


def _around(lines: Iterable[int], end: int, most: int) -> Sequence[int]:
    near = {
        number
        for line in islice(sorted(lines), most)
        for number in range(line - _AROUND, line + _AROUND + 1)
        if 1 <= number <= end
    }
    return sorted(near | set(range(1, most + 1)))


@dataclass(frozen=True, slots=True)
class Changed:
    """One line of how two texts differ.

    Attributes:
        sign: ``+`` for what the second has alone, ``-`` for the first; empty for what both have.
        text: The line.
    """

    sign: str
    text: str


def changed(theirs: str, mine: str) -> tuple[Changed, ...] | None:
    """Return how two texts differ, with some lines around; None where they are too long for it."""
    first, second = theirs.splitlines(), mine.splitlines()
    if max(len(first), len(second)) > _COMPARED:
        return None
    found = list(islice(_lines(unified_diff(first, second, lineterm="", n=2)), _DIFFERENT + 1))
    if len(found) > _DIFFERENT:
        found[-1] = Changed("", "…")
    return tuple(found)


def _lines(diff: Iterator[str]) -> Iterator[Changed]:
    for each in islice(diff, 2, None):  # behind the names of both
        if each.startswith("@@"):
            yield Changed("", "…")
        else:
            yield Changed(each[0].strip(), each[1 : _LONGEST + 1])


def taken(typed: str, before: str) -> str:
    """Return a text as a browser sends it with the line ends of the file as it was.

    A browser sends CR LF for each (HTML, section 4.10.21.6: "normalize newlines").
    """
    plain = typed.replace("\r\n", "\n").replace("\r", "\n")
    crlf = before.count("\r\n")
    return plain.replace("\n", "\r\n") if crlf > before.count("\n") - crlf else plain
