"""The table of what was measured, as text that is Markdown too."""

from __future__ import annotations

from collections.abc import Sequence

from bench.figures import Row, Side, Spread

HEAD = ("work", "unit", "pyxie", "peer", "ratio", "wanted", "reached", "processors")


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a table, its columns aligned."""
    cells = [HEAD, *map(_cells, rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in cells]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]]) + "\n"


def number(value: float) -> str:
    """Return a figure in three digits, or as many as it has before the point."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def figure(seen: Spread) -> str:
    """Return a median and its noise."""
    return f"{number(seen.median)} ±{seen.noise:.0%}"


def wanted(row: Row) -> str:
    """Return what is to be reached."""
    sign = "≥" if row.wanted.more else "≤"
    return f"{sign} {row.wanted.bound:g}" + (" times" if row.wanted.peers else f" {row.unit}")


def verdict(row: Row) -> str:
    """Return whether it was reached, and in how many rounds."""
    if row.reached is None:
        return "no peer here"
    return f"{'yes' if row.reached else 'no'}, {row.held} of {row.rounds}"


def _cells(row: Row) -> tuple[str, ...]:
    sides = [row.ours, *row.peers[:1]]
    return (
        row.work,
        row.unit,
        figure(row.ours.figure),
        ", ".join(map(_peer, row.peers)) or "-",
        _ratio(row.ratio),
        wanted(row),
        verdict(row),
        ", ".join(f"{side.processors:.2f}" for side in sides),
    )


def _peer(side: Side) -> str:
    return f"{side.name} {figure(side.figure)}"


def _ratio(ratio: Spread | None) -> str:
    if ratio is None:
        return "-"
    return f"{ratio.median:.2f} ({ratio.least:.2f} to {ratio.most:.2f})"
