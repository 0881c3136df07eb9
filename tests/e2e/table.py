"""The table of `make e2e`: how long each scenario took to each step, and how it ended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.lab.record import Times

_HEAD = ("scenario", "firmware", "script", "kernel", "done", "whole", "result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One scenario.

    Attributes:
        scenario: Its name.
        times: Of its machine; None where none was switched on.
        whole: Seconds that the whole test took.
        result: In a word or a sentence.
    """

    scenario: str
    times: Times | None
    whole: float
    result: str


def table(rows: Iterable[Row]) -> str:
    """Return the table, as Markdown that reads well as it is; times are in seconds."""
    cells = [_HEAD, *(_cells(row) for row in sorted(rows, key=lambda row: row.scenario))]
    widths = [max(len(row[at]) for row in cells) for at in range(len(_HEAD))]
    rule = tuple("-" * width for width in widths)
    return "".join(_line(row, widths) for row in (cells[0], rule, *cells[1:]))


def _cells(row: Row) -> tuple[str, ...]:
    times = row.times or Times(firmware="")
    steps = (_seconds(each) for each in (times.script, times.kernel, times.done))
    return row.scenario, times.firmware, *steps, _seconds(row.whole), row.result


def _seconds(taken: float | None) -> str:
    return "" if taken is None else f"{taken:.0f}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (f"{cell:{width}}" for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |\n"
