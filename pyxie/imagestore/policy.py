"""Which copies are asked about again, and which make room. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import Final, Literal

from pyxie.imagestore.entry import Entry

Revalidate = Literal["always", "daily", "never"]

_DAY: Final = 86_400.0
AGAIN: Final = 60.0
"""Seconds until a server that did not answer is asked again, while there is a copy."""


def is_fresh(entry: Entry, policy: Revalidate, now: float, failed: float | None = None) -> bool:
    """Tell whether a copy may be served without asking its server.

    Args:
        entry: Of the copy.
        policy: How often it is asked.
        now: Seconds since the epoch.
        failed: When it was asked last and did not answer, if that is newer.
    """
    if failed is not None and 0 <= now - failed < AGAIN:
        return True
    match policy:
        case "never":
            return True
        case "daily":
            # What is of the future was written before the clock was set right.
            return 0 <= now - entry.checked < _DAY
        case "always":  # pragma: no branch  (there is no other)
            return False


def leaving(
    entries: Collection[Entry], kept: Collection[str], most: int, count: int
) -> Iterator[Entry]:
    """Walk the entries that have to go until no more than so many bytes, and entries, are left.

    The least recently used go first. Several may have one content, which goes with the last.

    Args:
        entries: All of them.
        kept: Digests of what is served or needed, and so never goes.
        most: Bytes that all together may take.
        count: Entries that there may be.
    """
    held = {*kept, *(each.digest for each in entries if each.pinned)}
    sharing = Counter(each.digest for each in entries)
    taken, left = taken_by(entries), len(entries)
    for each in sorted(entries, key=lambda entry: entry.used):
        if taken <= most and left <= count:
            return
        if each.digest in held:
            continue
        yield each
        left -= 1
        sharing[each.digest] -= 1
        if not sharing[each.digest]:
            taken -= each.size


def taken_by(entries: Iterable[Entry]) -> int:
    """Return how many bytes entries take on disk, each content once."""
    return sum({each.digest: each.size for each in entries}.values())
