"""The filters that put a text into a format that gives some characters a meaning."""

from __future__ import annotations

import re
import shlex
from typing import Any

from pyxie.render.arguments import SHOWN, FilterError, as_text

_NO_LINE = re.compile(r"[\0-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")


def sh_quote(value: Any) -> str:
    """Return ``value`` as one word for a POSIX shell."""
    text = as_text("sh_quote", value)
    if "\0" in text:
        raise FilterError("sh_quote: a shell's word cannot hold NUL")
    return shlex.quote(text)


def line(value: Any, never_first: str = "") -> str:
    """Return ``value``, for a format in which a line's end begins something else.

    Args:
        value: A text.
        never_first: Characters that mean something to the format where they stand first.
    """
    text = _one_line("line", value)
    if never_first and text.startswith(tuple(never_first)):
        raise FilterError(
            f"line: {text[:SHOWN]!r} begins with {text[0]!r}, which has a meaning here"
        )
    return text


def _one_line(name: str, value: Any) -> str:
    text = as_text(name, value)
    if found := _NO_LINE.search(text):
        why = f"{text[:SHOWN]!r} has {found[0]!r}, which ends a line or is no text"
        raise FilterError(f"{name}: {why}")
    if text.endswith("\\"):
        why = f"{text[-SHOWN:]!r} ends in a backslash, which takes in the next line"
        raise FilterError(f"{name}: {why}")
    return text


def kickstart(value: Any) -> str:
    """Return ``value`` as one word of a kickstart's command, whatever is in it."""
    return shlex.quote(_one_line("kickstart", value))
