"""Server-sent events, as browsers read them: updates of regions, and where a page stands. Pure.

The format is the HTML standard's, section 9.2. A page stands at ``EPOCH-NUMBER``: the epoch is one
start of the daemon, the number that of the last change which the page has.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

BEAT: Final = b"event: beat\ndata:\n\n"
"""That the connection is alive: an event, since a page does not hear of comments."""

_LINES: Final = re.compile(r"\r\n|\r|\n")
_ROOT: Final = re.compile(r"\s*<([A-Za-z][A-Za-z0-9-]*)(?=[\s/>])([^>]*)")
_PLACE: Final = re.compile(r"([0-9a-z]{1,32})-([0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class Place:
    """Up to where a page has what has changed.

    Attributes:
        epoch: Of the daemon that it was of.
        number: Of the last change that it has.
    """

    epoch: str
    number: int

    def __str__(self) -> str:
        return f"{self.epoch}-{self.number}"


def place(text: str) -> Place | None:
    """Read what a browser says in ``Last-Event-ID``; None if it is none of ours."""
    found = _PLACE.fullmatch(text)
    return Place(found[1], int(found[2])) if found else None


def update(at: Place, fragments: Mapping[str, str]) -> bytes:
    """Return an event that has htmx put regions in place of those with their ``id``.

    Args:
        at: Where a page stands that has it.
        fragments: The regions' HTML, by their ``id``; the later ones are put in place later.
    """
    # Each in a template of its own: a <tr> beside a <div> would be dropped by HTML's parser.
    text = "".join(f"<template>{_put(each)}</template>" for each in fragments.values())
    return message(text, at)


def message(data: str, at: Place | None = None, *, event: str = "") -> bytes:
    """Return one event.

    Args:
        data: What it says.
        at: Where a page stands that has it; None where it stays where it is.
        event: Its type, for a listener of its own; empty for htmx.
    """
    lines = [f"id: {at}"] if at is not None else []
    lines += [f"event: {event}"] if event else []
    lines += [f"data: {line}" for line in _LINES.split(data)]
    # What a client sent may be no text: then it holds lone surrogates.
    return "\n".join((*lines, "", "")).encode(errors="backslashreplace")


def retry(seconds: float) -> bytes:
    """Return what a browser is to wait before it connects again."""
    return f"retry: {seconds * 1000:.0f}\n\n".encode()


def _put(html: str) -> str:
    """Say of a region's root element, if it does not itself, that it replaces the one there."""
    found = _ROOT.match(html)
    if found is None or "hx-swap-oob" in found[2]:
        return html
    return f'{html[: found.end(1)]} hx-swap-oob="true"{html[found.end(1) :]}'
