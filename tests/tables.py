"""The tables of the documents that are made of the code: ``python -m tests.tables`` writes them."""

from __future__ import annotations

from pathlib import Path

from pyxie.architectures import ARCHITECTURES, Architecture
from pyxie.bounds import ALL, Bound

TOP = Path(__file__).parents[1]


def limit(bound: Bound) -> list[str]:
    """Return the cells of a bound."""
    setting = f"`{bound.setting}`" if bound.setting else ""
    return [f"`{bound.name}`", f"{bound.most:,} {bound.unit}", setting, bound.beyond]


def architecture(row: Architecture) -> list[str]:
    """Return the cells of a client architecture."""
    loaders = f"`{row.loaders[0]}` …" if row.loaders else "not served"
    return [f"{row.code:#04x}", row.name, row.family, row.transport, loaders]


TABLES = {
    ("docs/operate.md", "| bound | at most |"): [limit(each) for each in ALL],
    ("docs/firmware.md", "| code | client |"): [
        architecture(each) for each in ARCHITECTURES.values()
    ],
}
"""Rows by document and by what the table's head begins with."""


def lines(rows: list[list[str]]) -> list[str]:
    """Return rows as a document has them."""
    return [f"| {' | '.join(row)} |" for row in rows]


def parts(document: str, head: str) -> tuple[str, str, str]:
    """Return what stands before a table's rows, these, and what stands after them."""
    start = document.index("\n", document.index("\n", document.index(head)) + 1) + 1
    stop = document.find("\n\n", start)
    stop = len(document) if stop < 0 else stop + 1
    return document[:start], document[start:stop], document[stop:]


if __name__ == "__main__":
    for (name, head), rows in TABLES.items():
        page = TOP / name
        before, _, after = parts(page.read_text(encoding="utf-8"), head)
        page.write_text(before + "".join(f"{line}\n" for line in lines(rows)) + after, "utf-8")
