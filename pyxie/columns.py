"""Tables on a terminal, however narrow: nothing is cut, and names and states stay whole.

Where the columns do not fit, the longest is folded; where that is not enough the first stays,
and the others stand below each other beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import Final

from rich.cells import cell_len
from rich.console import Console
from rich.containers import Lines
from rich.text import Text

_GAP: Final = 2
"""Spaces between two columns."""
_LEAST: Final = 24
"""As narrow as a column may be folded."""
_INDENT: Final = 4


def fitted(natural: Sequence[int], room: int) -> list[int] | None:
    """Return the widths of a table's columns: whole, but for the widest one.

    Args:
        natural: How wide each would be.
        room: How wide the terminal is.

    Returns:
        None if that one would be too narrow to read.
    """
    widest = max(range(len(natural)), key=natural.__getitem__)
    left = room - sum(natural) - _GAP * (len(natural) - 1) + natural[widest]
    if left < min(natural[widest], _LEAST):
        return None
    return [min(width, left) if at == widest else width for at, width in enumerate(natural)]


def draw(rows: Sequence[Sequence[str]]) -> None:
    """Print a table to standard output.

    Args:
        rows: The first is the head. What a terminal would act upon is not in them.
    """
    console = Console(highlight=False, markup=False, emoji=False)
    natural = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    widths = fitted(natural, console.width)
    for at, row in enumerate(rows):
        if widths is None:
            indents, columns = _below(row, natural[0], console)
        else:
            indents = [sum(widths[:column]) + _GAP * column for column in range(len(widths))]
            columns = [
                _folded(cell, width, console) for cell, width in zip(row, widths, strict=True)
            ]
        for pieces in zip_longest(*columns, fillvalue=Text()):
            text = Text(style="bold" if at == 0 else "")
            for indent, piece in zip(indents, pieces, strict=True):
                text.append(" " * (indent - text.cell_len) if piece else "").append_text(piece)
            console.print(text, soft_wrap=True)


def _below(row: Sequence[str], first: int, console: Console) -> tuple[list[int], list[Lines]]:
    """Return two columns and where they begin: the first cell, and all others below each other."""
    beside = first + _GAP + _LEAST <= console.width
    indent = first + _GAP if beside else _INDENT
    room = max(1, console.width - indent)
    short = "  ".join(filter(None, row[2:]))
    more = [short] if cell_len(short) <= room else row[2:]
    names = _folded(row[0], first if beside else console.width, console)
    others = Lines() if beside else Lines([Text()] * len(names))
    for cell in (row[1], *filter(None, more)):
        others.extend(_folded(cell, room, console))
    return [0, indent], [names, others]


def _folded(cell: str, width: int, console: Console) -> Lines:
    lines = Text(cell).wrap(console, width, overflow="fold")
    for line in lines:
        line.rstrip()
    return lines
