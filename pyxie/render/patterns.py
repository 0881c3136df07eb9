"""The filters that take a regular expression. A pattern can neither fill the memory nor go on."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Any, Final

from pyxie.render.arguments import LONGEST, LONGEST_PATTERN, SHOWN, FilterError, as_text

PATIENCE: Final = 0.5
"""Seconds for a search. A pattern like ``(a+)+$`` would not end in years."""
_MOST_UNROLLED = 1 << 19
"""Of a pattern's length times all its counts: `regex` compiles ``(a{99}){99}`` to 9801 steps."""
_BRACES = re.compile(r"\{([^{}]*)\}")
_SHORT: Final = 1000
"""Characters of a text in which a search is remembered: what templates look for is mostly the
same of machine after machine."""


def regex_replace(
    value: Any, pattern: str, replacement: str = "", *, ignorecase: bool = False
) -> str:
    r"""Return ``value`` with each match of ``pattern`` replaced; ``\1`` is the first group."""
    text = as_text("regex_replace", value)
    put = as_text("regex_replace", replacement, LONGEST_PATTERN)
    size = 0

    def expanded(match: Any) -> str:
        nonlocal size
        try:
            found = str(match.expand(put))
        except (IndexError, ValueError) as exc:
            raise FilterError(f"regex_replace: {put[:SHOWN]!r}: {exc}") from exc
        size += len(found)
        if size > LONGEST:
            raise FilterError(f"regex_replace: what comes out is over {LONGEST} characters")
        return found

    return str(_sought("regex_replace", pattern, "sub", (expanded, text), ignorecase))


def regex_search(
    value: Any, pattern: str, group: int | str = 0, *, ignorecase: bool = False
) -> str:
    """Return the first match of ``pattern``, or a group of it; the empty text if there is none."""
    text = as_text("regex_search", value)
    written = as_text("regex_search", pattern, LONGEST_PATTERN)
    search = _found if len(text) <= _SHORT else _search
    match = search(written, text, bool(ignorecase))
    try:
        return str(match[group] or "") if match else ""
    except IndexError as exc:
        raise FilterError(f"regex_search: {pattern[:SHOWN]!r} has no group {group!r}") from exc


def _search(written: str, text: str, ignorecase: bool) -> Any:
    return _sought("regex_search", written, "search", (text,), ignorecase)


_found = lru_cache(64)(_search)


def _sought(name: str, pattern: Any, how: str, arguments: tuple[Any, ...], ignorecase: bool) -> Any:
    # Not the standard library's `re`: that can be neither stopped nor does it let go of the
    # interpreter's lock, so that one pattern would hold up the whole daemon.
    import regex

    written = as_text(name, pattern, LONGEST_PATTERN)
    braces = " ".join(_BRACES.findall(written))
    counts = (int(each) for each in re.findall("[0-9]+", braces))
    if len(written) * math.prod(count for count in counts if count) > _MOST_UNROLLED:
        raise FilterError(f"{name}: {written[:SHOWN]!r} repeats too much to be compiled")
    try:
        compiled = regex.compile(written, regex.IGNORECASE if ignorecase else 0)
        return getattr(compiled, how)(*arguments, timeout=PATIENCE, concurrent=True)
    except regex.error as exc:
        told_so = f"{written[:SHOWN]!r} is no regular expression: {exc}"
        raise FilterError(f"{name}: {told_so}") from exc
    except RecursionError as exc:
        raise FilterError(f"{name}: {written[:SHOWN]!r} is nested too deeply") from exc
    except TimeoutError as exc:
        told_so = f"{written[:SHOWN]!r} was still searching after {PATIENCE} s"
        raise FilterError(f"{name}: {told_so}") from exc
