"""Texts of any length as they are shown: cut, and without what a terminal acts upon. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

VALUE: Final = 1000
"""Letters of a value."""
LINES_SHOWN: Final = 2000
"""Lines of an output, a log or what was rendered."""
_LETTERS: Final = 256 << 10
"""Letters of one."""


def cut(text: str, most: int) -> str:
    """Return a text, at most so long."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


@dataclass(frozen=True, slots=True)
class Text:
    """A long text, bounded.

    Attributes:
        text: What is shown of it.
        left_out: How many lines before it are not; of one that is cut within a line at least one.
    """

    text: str
    left_out: int = 0


def end_of(text: str) -> Text:
    """Return the end of a log or an output: there stands why it failed."""
    kept = text[-_LETTERS:]
    lines = kept.split("\n")
    last = "\n".join(lines[-LINES_SHOWN:])
    return Text(printable(last), text.count("\n") - last.count("\n") or int(last != text))


def beginning_of(text: str) -> Text:
    """Return the beginning of what was rendered; how many lines behind it are left out."""
    kept = "\n".join(text[:_LETTERS].split("\n")[:LINES_SHOWN])
    return Text(printable(kept), text.count("\n") - kept.count("\n") or int(kept != text))


def printable(text: str) -> str:
    """Return a text without what a browser, or whoever copies it to a terminal, acts upon."""
    if text.isprintable():
        return text
    text = text.replace("\r\n", "\n")
    return "".join(each if each.isprintable() or each in "\n\t" else "\ufffd" for each in text)
