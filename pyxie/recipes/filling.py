"""What stands in single braces in a recipe: ``{mirror}/dists/{release}/…``.

Double braces, ``{%`` and ``${`` are Jinja2's and iPXE's, and are left to them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from pyxie.config.simple import Plain

_WORD: Final = re.compile(r"(?<![{$])\{([a-z][a-z0-9_]*(?:[.:][a-z0-9_.-]+)?)\}(?!\})")
_DEEPEST: Final = 4
"""How often a value may lead to others."""
_LONGEST: Final = 8192
"""Letters of one text."""


class FillingError(Exception):
    """What is in braces means nothing, or has no end.

    Attributes:
        word: What is in them; empty where it is not the word's fault.
    """

    def __init__(self, word: str, problem: str) -> None:
        super().__init__(word, problem)
        self.word = word
        self.problem = problem

    def __str__(self) -> str:
        return self.problem


def filled(data: Plain, words: Mapping[str, str]) -> Plain:
    """Return ``data`` with what ``words`` have for each that is in braces.

    Args:
        data: Plain data; keys are left as they are.
        words: What may be in braces; their values may have others in them.

    Raises:
        FillingError: A word is unknown, or leads to itself, or too much comes of it.
    """
    if isinstance(data, str):
        return _text(data, words, 0, {})
    if isinstance(data, dict):
        return {key: filled(each, words) for key, each in data.items()}
    if isinstance(data, list):
        return [filled(each, words) for each in data]
    return data


def _text(
    text: str, words: Mapping[str, str], depth: int, known: dict[tuple[str, int], str]
) -> str:
    # Each word is filled once for each depth: a text may name it thousands of times.
    def value(found: re.Match[str]) -> str:
        word = found[1]
        if word not in words:
            raise FillingError(word, f"{{{word[:80]}}} is none of the recipe's values")
        if depth >= _DEEPEST:
            raise FillingError(word, f"{{{word[:80]}}} leads from value to value without end")
        if (word, depth) not in known:
            known[word, depth] = _text(words[word], words, depth + 1, known)
        return known[word, depth]

    made = _WORD.sub(value, text)
    if len(made) > _LONGEST:
        raise FillingError("", f"comes to more than {_LONGEST} letters")
    return made
