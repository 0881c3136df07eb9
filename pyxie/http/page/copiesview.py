"""What the screen Images shows of the copies in the store: a page of them, or one alone. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pyxie.events.english import amount
from pyxie.http.page.commandline import command
from pyxie.http.page.imagesview import System
from pyxie.http.page.spokentimes import Moment, ago
from pyxie.imagestore.entry import Entry

ROWS: Final = 100
"""Copies on one page of the list."""
ORDERS: Final = ("url", "size", "used")
"""By what they may be sorted: as they are called, the largest first, the longest unused first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyRow:
    """A copy in the list.

    Attributes:
        copy: It.
        named: Which systems boot it, and as what.
        fetched: When it was fetched, and checked for the first time.
        checked: When its server was last asked about it.
        used: When it was last wanted.
        pin: The command that pins it, or lets it go.
        remove: The command that removes it.
        verify: The command that reads it again.
    """

    copy: Entry
    named: tuple[str, ...]
    fetched: Moment
    checked: Moment
    used: Moment
    pin: str
    remove: str
    verify: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which copies somebody wants to see.

    Attributes:
        text: A part of their URL, in whatever case.
        order: One of `ORDERS`; anything else is the first of them.
        page: Counted from 1.
    """

    text: str = ""
    order: str = ORDERS[0]
    page: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Copies:
    """A page of the list.

    Attributes:
        chosen: Which; its page is one that there is.
        rows: Those on it.
        found: How many there are on all pages.
        pages: How many of these.
    """

    chosen: Chosen
    rows: tuple[CopyRow, ...]
    found: int
    pages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class One:
    """One copy, and what it is to be without it.

    Attributes:
        row: It.
        lost: What is lost with it, a sentence each.
        held: Why it is not to be removed; empty if it may.
    """

    row: CopyRow
    lost: tuple[str, ...]
    held: str


def copies(
    kept: Collection[Entry], systems: Iterable[System], chosen: Chosen, now: float
) -> Copies:
    """Return a page of copies.

    Args:
        kept: All of them.
        systems: Those that may name them.
        chosen: Which are wanted; of a page that there is not, the nearest that there is.
        now: Seconds since the epoch.
    """
    text = chosen.text.casefold()
    order = chosen.order if chosen.order in ORDERS else ORDERS[0]
    found = sorted(
        (each for each in kept if text in each.url.casefold()),
        key=lambda each: _rank(each, order),
    )
    pages = max(1, -(-len(found) // ROWS))
    page = min(max(1, chosen.page), pages)
    shown = found[(page - 1) * ROWS : page * ROWS]
    named = _named(systems, {each.key for each in shown})
    twins = _twins(kept)
    return Copies(
        chosen=Chosen(text=chosen.text, order=order, page=page),
        rows=tuple(_row(each, named, twins, now) for each in shown),
        found=len(found),
        pages=pages,
    )


def one(
    entry: Entry,
    kept: Collection[Entry],
    systems: Iterable[System],
    hosts: Sequence[str],
    now: float,
) -> One:
    """Return what is known of one copy, and what it is to be without it.

    Args:
        entry: It.
        kept: All copies.
        systems: Those that may name it.
        hosts: Machines in build mode that may boot it yet.
        now: Seconds since the epoch.
    """
    row = _row(entry, _named(systems, {entry.key}), _twins(kept), now)
    sharing = [each.url for each in kept if each.digest == entry.digest and each.key != entry.key]
    return One(row=row, lost=tuple(_lost(row, sharing)), held=_held(entry, hosts))


def _rank(entry: Entry, order: str) -> tuple[float, str, str]:
    by = {"size": -float(entry.size), "used": entry.used}
    return by.get(order, 0.0), entry.url, entry.key


def _named(systems: Iterable[System], keys: Collection[str]) -> dict[str, list[str]]:
    """Return which systems boot copies, by their keys."""
    found: dict[str, list[str]] = {}
    for system in systems:
        for file in system.files:
            if file.key in keys:
                found.setdefault(file.key, []).append(f"{system.name} {system.arch}: {file.part}")
    return found


def _twins(kept: Iterable[Entry]) -> frozenset[str]:
    """Return the URLs, as they may be shown, of which there is more than one copy."""
    return frozenset(url for url, count in Counter(each.url for each in kept).items() if count > 1)


def _row(
    entry: Entry, named: Mapping[str, Sequence[str]], twins: Collection[str], now: float
) -> CopyRow:
    word = entry.key if entry.url in twins else entry.url
    return CopyRow(
        copy=entry,
        named=tuple(named.get(entry.key, ())),
        fetched=ago(entry.fetched, now),
        checked=ago(entry.checked, now),
        used=ago(entry.used, now),
        pin=command("images unpin" if entry.pinned else "images pin", word),
        remove=command("images remove", word),
        verify=command("images verify", word),
    )


def _lost(row: CopyRow, sharing: Sequence[str]) -> Iterator[str]:
    size = amount(row.copy.size)
    if sharing:
        yield f"Nothing on disk: what was fetched from {min(sharing)} is the same {size}."
    else:
        yield f"{size}, fetched {row.fetched.said}, are gone from the disk."
    yield "The next machine that boots it has it fetched again, from a server that has to answer."
    if row.named:
        yield f"It is booted by {', '.join(row.named)}."


def _held(entry: Entry, hosts: Sequence[str]) -> str:
    if entry.pinned:
        return "It is pinned: unpin it first."
    if not hosts:
        return ""
    more = f" and {len(hosts) - 1} more" if len(hosts) > 1 else ""
    return f"{hosts[0]}{more} in build mode may boot it yet: cancel that first, or wait."
