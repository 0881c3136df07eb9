"""Patterns with ``*`` and ``?``: what they match, and whether two have a text in common."""

from __future__ import annotations

from collections.abc import Callable


def is_exact(pattern: str) -> bool:
    """Tell whether ``pattern`` matches one text only."""
    return "*" not in pattern and "?" not in pattern


def matches(pattern: str, text: str) -> bool:
    """Tell whether ``pattern`` is ``text``; letter case does not matter."""
    return matcher(pattern)(text)


def matcher(pattern: str) -> Callable[[str], bool]:
    """Return what tells whether ``pattern`` is a text, for many texts; as `matches`.

    What stands between two stars is searched for once, from the left, so a hostile text takes no
    more than the product of both lengths; a regular expression could take its power.
    """
    pattern = pattern.lower()
    if "*" not in pattern:
        return lambda text: len(pattern) == len(text) and _at(pattern, text.lower(), 0)
    first, *pieces, last = pattern.split("*")
    pieces = [piece for piece in pieces if piece]

    def fits(text: str) -> bool:
        text = text.lower()
        at, end = len(first), len(text) - len(last)
        if at > end or not _at(first, text, 0) or not _at(last, text, end):
            return False
        for piece in pieces:
            found = _find(piece, text, at, end)
            if found < 0:
                return False
            at = found + len(piece)
        return True

    return fits


def _at(piece: str, text: str, at: int) -> bool:
    """Tell whether a piece without stars stands there."""
    if "?" not in piece:
        return text.startswith(piece, at)
    return all(each in ("?", text[at + here]) for here, each in enumerate(piece))


def _find(piece: str, text: str, at: int, end: int) -> int:
    """Return where a piece without stars stands first between two places; -1 if nowhere."""
    if "?" not in piece:
        return text.find(piece, at, end)
    return next((here for here in range(at, end - len(piece) + 1) if _at(piece, text, here)), -1)


def overlap(one: str, other: str) -> bool:
    """Tell whether some text matches both patterns.

    Works through both at once: ``reached[j]`` says that what was read of ``one`` can be
    the same text as the first ``j`` characters of ``other``.
    """
    one, other = one.lower(), other.lower()
    reached = [True]
    for d in other:
        reached.append(reached[-1] and d == "*")
    for c in one:
        after = [reached[0] and c == "*"]
        for j, d in enumerate(other):
            if "*" in (c, d):
                after.append(reached[j + 1] or after[j])
            else:
                after.append(reached[j] and (c == d or "?" in (c, d)))
        reached = after
    return reached[-1]
