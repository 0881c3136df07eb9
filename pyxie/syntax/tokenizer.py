"""An expression in tokens, and a cursor that takes them one by one."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from pyxie.errors import PyxieError


class UnreadableError(PyxieError):
    """A construct that cannot be converted.

    Attributes:
        at: Where, as an offset into the template.
        sentence: Why.
    """

    def __init__(self, at: int, sentence: str) -> None:
        super().__init__(at, sentence)
        self.at = at
        self.sentence = sentence

    def __str__(self) -> str:
        return self.sentence


@dataclass(frozen=True, slots=True)
class Token:
    """A word of an expression: its kind is string, number, name or symbol."""

    kind: str
    value: str
    at: int


def tokenize(
    text: str, at: int, pattern: re.Pattern[str], inside: Callable[[str], str], complaint: str
) -> list[Token]:
    """Return the tokens of ``text``, without those of the kind ``space``.

    Args:
        text: Of one action or tag.
        at: Where it begins in its file.
        pattern: Its groups name the kinds of token.
        inside: Returns what a ``string`` says, given how it is written.
        complaint: What is wrong where nothing fits; ``{}`` is the letter.

    Raises:
        UnreadableError: Nothing fits.
    """
    found, here = [], 0
    while here < len(text):
        match = pattern.match(text, here)
        if match is None:
            raise UnreadableError(at + here, complaint.format(repr(text[here])))
        kind, written = match.lastgroup or "", match[0]
        if kind == "string":
            written = inside(written)
        if kind != "space":
            found.append(Token(kind, written, at + here))
        here = match.end()
    return found


class Cursor:
    """Takes tokens one by one.

    Args:
        found: The tokens.
        end: The offset after the last of them.
    """

    def __init__(self, found: list[Token], end: int) -> None:
        self._tokens = found
        self._next = 0
        self._end = end

    @property
    def at(self) -> int:
        """The offset of the next token."""
        return self._tokens[self._next].at if self else self._end

    def __bool__(self) -> bool:
        return self._next < len(self._tokens)

    def peek(self, kind: str, *values: str, ahead: int = 0) -> Token | None:
        """Return the next token if it is of that kind, and one of those values."""
        place = self._next + ahead
        if place >= len(self._tokens):
            return None
        token = self._tokens[place]
        return token if token.kind == kind and (not values or token.value in values) else None

    def has(self, kind: str, *values: str) -> bool:
        """Tell whether there is such a token further on."""
        rest = self._tokens[self._next :]
        return any(token.kind == kind and token.value in values for token in rest)

    def match(self, kind: str, *values: str) -> Token | None:
        """As `peek`, and take it."""
        token = self.peek(kind, *values)
        self._next += token is not None
        return token

    def expect(self, kind: str, *values: str) -> Token:
        """As `match`; raises `UnreadableError` if something else is there."""
        token = self.match(kind, *values)
        if token is None:
            wanted = " or ".join(map(repr, values)) or f"a {kind}"
            raise UnreadableError(self.at, f"{wanted} is missing here")
        return token

    def skip(self) -> None:
        """Take all that is left."""
        self._next = len(self._tokens)

    def expect_end(self) -> None:
        """Raise `UnreadableError` if there are tokens left."""
        if self:
            token = self._tokens[self._next]
            raise UnreadableError(token.at, f"{token.value!r} is not understood here")
