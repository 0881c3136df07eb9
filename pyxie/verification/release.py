"""Debian's ``Release``: digests of an archive's indexes, and of its installer's lists. Pure.

``InRelease`` is the same, signed inline. It names ``SHA256SUMS`` of the installer's images by its
path below ``dists/SUITE/``, so that one signature holds for all of them (wiki.debian.org,
DebianRepository/Format).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from pyxie.verification.digests import Digests, plain
from pyxie.verification.faults import ListError, SignatureError

_ROW: Final = re.compile(r"[ \t]+([0-9a-fA-F]{64})[ \t]+[0-9]{1,18}[ \t]+(\S+)")
_MONTHS: Final = (
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
)
_DATE: Final = re.compile(
    r"(?:\w{3}, )?(\d{1,2}) (\w{3}) (\d{4}) (\d{1,2}):(\d{2}):(\d{2}) (?:UTC|GMT|Z|\+0000)"
)


def parse(data: bytes, where: str, now: float) -> Digests:
    """Read a ``Release``.

    Args:
        data: The text that was signed; any bytes are taken.
        where: For messages.
        now: Seconds since the epoch.

    Raises:
        ListError: It has no SHA-256 digests, or a date that is none.
        SignatureError: It was valid until a day that is past.
    """
    found: dict[str, str] = {}
    twice: dict[str, int] = {}
    inside = False
    for number, raw in enumerate(data.decode("utf-8", "surrogateescape").split("\n"), start=1):
        line = raw.rstrip("\r")
        if row := _ROW.fullmatch(line):
            name = plain(row[2])
            if inside and name and found.setdefault(name, row[1].lower()) != row[1].lower():
                twice.setdefault(name, number)
            continue
        # Not by a pattern, which would try each blank with each.
        key, _, until = line.partition(":")
        if key.lower() == "valid-until" and until:
            _check(until.strip(" \t"), where, number, now)
        if not line.startswith((" ", "\t")):
            inside = line.lower().rstrip() == "sha256:"
    if not found:
        raise ListError(where, 0, "has no list of SHA-256; name an InRelease of Debian's")
    return Digests(where, found, twice)


def _check(written: str, where: str, line: int, now: float) -> None:
    match = _DATE.fullmatch(written)
    try:
        if match is None:
            raise ValueError
        day, month, year, hour, minute, second = match.groups()
        until = datetime(
            int(year),
            _MONTHS.index(month) + 1,
            int(day),
            int(hour),
            int(minute),
            int(second),
            tzinfo=UTC,
        )
    except ValueError as exc:
        raise ListError(where, line, f"'Valid-Until' is no date: {written[:64]!r}") from exc
    if until.timestamp() < now:
        why = (
            f"was valid until {until:%Y-%m-%d %H:%M} UTC:"
            " its mirror is behind, or this host's clock is wrong"
        )
        raise SignatureError(where, why)
