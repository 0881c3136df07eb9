"""Go's text/template in actions, and its pipelines in tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pyxie.syntax.tokenizer import Token, tokenize

_SCAN = re.compile(r"\"(?:\\.|[^\"\\\n])*+\"?|`[^`]*+`?|/\*.*?(?:\*/|\Z)|\}\}", re.DOTALL)
"""What has no end goes on for as long as it can: else each such beginning were read to the end."""
_TOKEN = re.compile(
    r"(?P<string>\"(?:\\.|[^\"\\\n])*\"|`[^`]*`)|(?P<number>-?[0-9]+(?:\.[0-9]+)?)"
    r"|(?P<field>\.[A-Za-z_][A-Za-z0-9_]*)|(?P<variable>\$[A-Za-z0-9_]*)|(?P<dot>\.)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<symbol>:=|[=|(),])|(?P<space>\s+)",
)
_ESCAPES: Final = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}


@dataclass(frozen=True, slots=True)
class Action:
    """What is between ``{{`` and ``}}``."""

    source: str
    at: int
    inner: str
    inner_at: int
    left: str
    right: str


def actions(text: str) -> Iterator[Action]:
    """Walk the actions of a template, up to one that has no end."""
    at = 0
    while (start := text.find("{{", at)) >= 0:
        ends = (found for found in _SCAN.finditer(text, start + 2) if found[0] == "}}")
        end = next(ends, None)
        if end is None:
            return
        at = end.end()
        inner, inner_at = text[start + 2 : end.start()], start + 2
        left, right = re.match(r"-\s", inner), re.search(r"\s-\Z", inner)
        if left:
            inner, inner_at = inner[1:], inner_at + 1
        if right:
            inner = inner[:-1]
        yield Action(
            text[start:at], start, inner, inner_at, "-" if left else "", "-" if right else ""
        )


def tokens(text: str, at: int) -> list[Token]:
    """Return the tokens of an action's inside, which begins at the offset ``at``.

    Raises:
        UnreadableError: There is no such token.
    """
    return tokenize(text, at, _TOKEN, _inside, "{} is not understood here")


def _inside(written: str) -> str:
    inner = written[1:-1]
    if written[0] == '"':
        inner = re.sub(r"\\(.)", lambda c: _ESCAPES.get(c[1], c[0]), inner)
    return inner
