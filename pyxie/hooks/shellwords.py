"""A command's text as words, split before it is rendered: no value can become two words."""

from __future__ import annotations

import shlex

from pyxie.templateblocks import parted

_MARK = "\ue000"
"""Of the private use area; stands for a template's block while words are told apart."""


def words(text: str) -> list[str]:
    """Split ``text`` as a shell would, but for the blocks of a template, which stay whole.

    Nothing is expanded: ``*``, ``$x``, ``;`` and ``>`` are letters.

    Raises:
        ValueError: A quote is open at the end, or there is no word.
    """
    if _MARK in text:
        raise ValueError("the character U+E000 is not allowed in a command")
    outside, blocks = parted(text)
    try:
        found = shlex.split(_MARK.join(outside))
    except ValueError as exc:
        raise ValueError(f"cannot be split into words: {str(exc).lower()}") from exc
    if not found:
        raise ValueError("is empty")
    waiting = iter(blocks)
    return ["".join(next(waiting) if c == _MARK else c for c in word) for word in found]
