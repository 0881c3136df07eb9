"""What of the documents is made of the code: ``python -m tests.tables`` writes it."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from pyxie.architectures import ARCHITECTURES, Architecture
from pyxie.bounds import ALL, Bound
from pyxie.diagnosis.remedies import remedies
from pyxie.diagnosis.remedy import Site, Wish

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

REMEDIES = "docs/dhcp-servers.md"
_WISHES = {
    Wish.SILENT: "Send no boot options",
    Wish.NEXT_SERVER: "Give pyxie's address, without a file name",
    Wish.RELAY: "Relay to pyxie",
    Wish.BOOT_FILE: "Name pyxie's boot files",
}
_SITE = Site(
    address=IPv4Address("192.0.2.10"),
    network=IPv4Network("192.0.2.0/24"),
    server=IPv4Address("192.0.2.1"),
    router=IPv4Address("198.51.100.1"),
)


def servers() -> Iterator[tuple[str, str]]:
    """Yield the headings of the page on other DHCP servers, and what stands at each section's end.

    Of each server, as `pyxie doctor` prints it.
    """
    for wish, heading in _WISHES.items():
        made = ("\n".join(each.text()) for each in remedies(wish, _SITE))
        yield heading, "\n".join(f"```text\n{text}\n```\n" for text in made)


def with_servers(page: str) -> str:
    """Return the page with the lines of all servers in the place of those that are there."""
    for heading, made in servers():
        start = page.index("```text", page.index(f"\n## {heading}\n"))
        stop = page.find("\n## ", start)
        page = page[:start] + made + (page[stop:] if stop >= 0 else "")
    return page


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
    page = TOP / REMEDIES
    page.write_text(with_servers(page.read_text(encoding="utf-8")), "utf-8")
