"""Patterns with ``*`` and ``?``: what they match, and whether two have a text in common."""

from __future__ import annotations


def is_exact(pattern: str) -> bool:
    """Tell whether ``pattern`` matches one text only."""
    return "*" not in pattern and "?" not in pattern


def matches(pattern: str, text: str) -> bool:
    """Tell whether ``pattern`` is ``text``; letter case does not matter.

    Only the last star is ever tried again, so a hostile text takes no more than the
    product of both lengths; a regular expression could take its power.
    """
    pattern, text = pattern.lower(), text.lower()
    if len(pattern) - pattern.count("*") > len(text):
        return False
    at = star = mark = 0
    here, starred = 0, False
    while at < len(text):
        if here < len(pattern) and pattern[here] == "*":
            starred, star, mark = True, here, at
            here += 1
        elif here < len(pattern) and pattern[here] in ("?", text[at]):
            here, at = here + 1, at + 1
        elif starred:
            mark += 1
            here, at = star + 1, mark
        else:
            return False
    return not pattern[here:].strip("*")


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
