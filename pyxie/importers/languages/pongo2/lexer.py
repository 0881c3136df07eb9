"""pongo2's templates in pieces, and its expressions in tokens.

pongo2 is a Django-like template language for Go. What is between the pieces is text; a
string inside a tag may hold what would otherwise end it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from pyxie.syntax.tokenizer import Token, tokenize


class Kind(Enum):
    """What a piece is."""

    TEXT = "text"
    PRINT = "{{"
    TAG = "{%"
    COMMENT = "{#"
    VERBATIM = "verbatim"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a template.

    Attributes:
        kind: What it is.
        source: All of it, as it was written.
        at: Its offset.
        inner: What is between its braces, or a comment's text.
        inner_at: The offset of that.
        left, right: ``-`` where white space is cut off on that side.
    """

    kind: Kind
    source: str
    at: int
    inner: str
    inner_at: int
    left: str = ""
    right: str = ""


_OPEN = re.compile(r"\{\{|\{%|\{#")
_STRING = r'"(?:\\.|[^"\\])*"' + r"|'(?:\\.|[^'\\])*'"
_QUOTED = re.compile(_STRING, re.DOTALL)
_SCAN = {
    Kind.PRINT: re.compile(r"[\"']|-?\}\}"),
    Kind.TAG: re.compile(r"[\"']|-?%\}"),
}
_WHOLE = re.compile(r"\s*(verbatim|comment)\s*")


def pieces(text: str) -> Iterator[Piece]:
    """Walk a template; together the sources of the pieces are ``text``."""
    at = 0
    while opened := _OPEN.search(text, at):
        if opened.start() > at:
            yield _text(text, at, opened.start())
        kind = Kind(opened[0])
        piece = _comment(text, opened.start()) if kind is Kind.COMMENT else None
        if kind is not Kind.COMMENT:
            piece = _braced(text, opened.start(), kind)
        if piece is None:
            yield Piece(Kind.BROKEN, text[opened.start() :], opened.start(), "", opened.end())
            return
        yield piece
        at = piece.at + len(piece.source)
    if at < len(text):
        yield _text(text, at, len(text))


def _text(text: str, at: int, end: int) -> Piece:
    return Piece(Kind.TEXT, text[at:end], at, text[at:end], at)


def _comment(text: str, at: int) -> Piece | None:
    end = text.find("#}", at + 2)
    if end < 0:
        return None
    return Piece(Kind.COMMENT, text[at : end + 2], at, text[at + 2 : end], at + 2)


def _braced(text: str, at: int, kind: Kind) -> Piece | None:
    start = at + 2
    left = "-" if text.startswith("-", start) else ""
    start += len(left)
    reached, endless = start, set[str]()
    while found := _SCAN[kind].search(text, reached):
        reached = found.end()
        if found[0] in "\"'":
            # One that has no end is a letter, and so are all behind it: they are not tried.
            string = None if found[0] in endless else _QUOTED.match(text, found.start())
            if string is None:
                endless.add(found[0])
            else:
                reached = string.end()
            continue
        right = "-" if found[0][0] == "-" else ""
        inner = text[start : found.start()]
        piece = Piece(kind, text[at : found.end()], at, inner, start, left, right)
        whole = _WHOLE.fullmatch(inner) if kind is Kind.TAG else None
        return _until_its_end(text, piece, whole[1]) if whole else piece
    return None


def _until_its_end(text: str, begun: Piece, name: str) -> Piece | None:
    """Return a tag whose content is no template of its own, with its content."""
    start = begun.at + len(begun.source)
    end = re.compile(rf"\{{%(-?)\s*end{name}\s*(-?)%\}}").search(text, start)
    if end is None:
        return None
    kind = Kind.VERBATIM if name == "verbatim" else Kind.COMMENT
    content = text[start : end.start()]
    source = text[begun.at : end.end()]
    return Piece(kind, source, begun.at, content, start, begun.left, end[2])


_TOKEN = re.compile(
    rf"(?P<string>{_STRING})|(?P<number>[0-9]+(?:\.[0-9]+)?)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<symbol>==|>=|<=|&&|\|\||!=|<>|[()+\-*<>/^,.!|:=%])|(?P<space>\s+)",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def tokens(text: str, at: int) -> list[Token]:
    """Return the tokens of what is between braces, which begins at the offset ``at``.

    Raises:
        UnreadableError: pongo2 has no such token.
    """
    return tokenize(text, at, _TOKEN, _inside, "pongo2 has no {} here")


def _inside(written: str) -> str:
    return _ESCAPE.sub(r"\1", written[1:-1])
