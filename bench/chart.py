"""The figures as a picture: SVG, a group of bars for each row, each group to its own scale."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from bench.figures import Row, Side
from bench.table import figure, verdict, wanted

WIDTH, MARGIN, NAMES, FIGURES = 860, 16, 130, 130
"""Pixels: of the picture, around it, of the names before the bars and of the figures behind."""
HEAD, BAR, GAP, TITLE = 64, 18, 22, 22
ROOM = WIDTH - 2 * MARGIN - NAMES - FIGURES
"""Of the longest bar."""
OURS, PEER, OTHER, GOAL, INK = "#1f6feb", "#8c959f", "#d0d7de", "#cf222e", "#1f2328"


def chart(rows: Sequence[Row], caption: str) -> str:
    """Return the picture.

    Args:
        rows: What was measured.
        caption: Where and when; a line below the title.
    """
    height = HEAD + sum(map(_height, rows)) + MARGIN
    body = "\n".join(_drawn(rows))
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"\
 font-family="sans-serif" font-size="12" fill="{INK}">
<title>pyxie beside its peers</title>
<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>
{_text(MARGIN, 26, "pyxie beside its peers", size=16, weight="bold")}
{_text(MARGIN, 46, caption)}
{body}
</svg>
"""


def _height(row: Row) -> int:
    return TITLE + BAR * len(_sides(row)) + GAP


def _sides(row: Row) -> list[Side]:
    return [row.ours, *row.peers, *row.others]


def _drawn(rows: Sequence[Row]) -> Iterator[str]:
    top = HEAD
    for row in rows:
        yield from _group(row, top)
        top += _height(row)


def _group(row: Row, top: int) -> Iterator[str]:
    better = "more" if row.wanted.more else "less"
    yield _text(MARGIN, top + 14, f"{row.work}: {row.unit}, {better} is better", weight="bold")
    said = f"wanted {wanted(row)}; {verdict(row)}"
    yield _text(WIDTH - MARGIN, top + 14, said, anchor="end")
    sides = _sides(row)
    longest = max([row.goal or 0.0, *(side.figure.most for side in sides)]) or 1.0
    left, first = MARGIN + NAMES, top + TITLE
    for at, side in enumerate(sides):
        colour = OURS if side is row.ours else PEER if side in row.peers else OTHER
        yield from _bar(side, colour, first + at * BAR, ROOM / longest)
    if row.goal is not None:
        x = left + row.goal / longest * ROOM
        bottom = first + BAR * len(sides)
        yield f'<path d="M{x:.1f} {first}V{bottom}" stroke="{GOAL}" stroke-width="2"/>'


def _bar(side: Side, colour: str, top: int, scale: float) -> Iterator[str]:
    left, middle = MARGIN + NAMES, top + BAR / 2
    seen = side.figure
    yield _text(left - 8, top + 13, side.name, anchor="end")
    width = seen.median * scale
    yield (
        f'<rect x="{left}" y="{top + 2}" width="{width:.1f}" height="{BAR - 4}" fill="{colour}"/>'
    )
    least, most = (left + each * scale for each in (seen.least, seen.most))
    yield f'<path d="M{least:.1f} {middle:g}H{most:.1f}" stroke="{INK}"/>'
    yield _text(left + ROOM + 8, top + 13, figure(seen))


def _text(
    x: float, y: float, text: str, *, anchor: str = "start", size: int = 12, weight: str = "normal"
) -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" font-size="{size}"'
        f' font-weight="{weight}">{escape(text)}</text>'
    )
