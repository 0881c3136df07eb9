"""A shell script as commands of words, as far as it takes to see which programs it runs. Pure.

Not a shell: it knows quotes, comments, redirections and what parts commands, and takes the
branches of an ``if`` and the body of a function for commands like any other. So it sees
too much rather than too little.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

_DEEPEST: Final = 4
_ASSIGNED: Final = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_VARIABLE: Final = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_TOKEN: Final = re.compile(
    r"""
    (?P<plain>[^\s\\'"\#;&|()`<>]+ | (?<=[^\s;&|()`])\#)(?P<last>[^\S\n]+)?
    | (?P<end>[\n;&|()`][\s;&|()`]*) | (?P<space>[^\S\n]+|<) | (?P<out>>[>|&]?)
    | '(?P<single>[^']*)'? | "(?P<double>(?:\\.|[^"\\])*)"? | (?P<escape>\\(?:.|$))
    | (?P<comment>\#[^\n]*)
    """,
    re.DOTALL | re.VERBOSE,
)
"""A script has thousands: as much as can be is one, such as a word with the space after it."""
_CHUNK: Final = r"""
    (?: [^\s\\'"\#;&|()`<>]++ | (?<=[^\s;&|()`])\# | [^\S\n]++ | < | >[>|&]?
    | '[^']*+'? | "(?:\\.|[^"\\])*+"? | \\(?:.|\Z) | \#[^\n]*+ )*+
    (?: [\n;&|()`][\s;&|()`]*+ )?
    """
"""The same tokens up to one that parts commands: what follows is read as if it stood alone."""
_CHUNKS: Final = re.compile(_CHUNK, re.DOTALL | re.VERBOSE)
_PIECES: Final = re.compile(f"(?:{_CHUNK}){{1,12}}", re.DOTALL | re.VERBOSE)
_QUOTED: Final = frozenset(("escape", "single", "double"))
_INNER: Final = re.compile(r"\$\(([^()]*)\)|`([^`]*)`")
_ESCAPED: Final = re.compile(r'\\(["\\$`\n])')
REDIRECTED: Final = ">"
"""The word that stands before a file that is written to."""


def chunks(text: str) -> Iterator[str]:
    """Walk a script in pieces, of which each has the commands that it has alone."""
    return (found[0] for found in _CHUNKS.finditer(text))


def pieces(text: str) -> Iterator[str]:
    """Walk the same, several at a time."""
    return (found[0] for found in _PIECES.finditer(text))


def commands(text: str, depth: int = 0) -> Iterator[list[str]]:
    """Walk the commands of a script, each with its words; a redirection is `REDIRECTED`.

    Args:
        text: The script, or one line of it.
        depth: How often quoted text was opened to get here.
    """
    words: list[str] = []
    word: str | None = None
    for found in _TOKEN.finditer(text):
        kind = found.lastgroup
        if kind == "last":
            words.append(found["plain"] if word is None else word + found["plain"])
            word = None
            continue
        part = found[kind or 0]
        if kind == "plain":
            word = part if word is None else word + part
            continue
        if part == "\\\n":
            continue
        if kind in _QUOTED:
            word = (word or "") + _unquoted(kind, part)
            if kind == "double" and depth < _DEEPEST and ("$(" in part or "`" in part):
                for inner in _INNER.finditer(part):
                    yield from commands(inner[1] or inner[2] or "", depth + 1)
            continue
        if word is not None:
            words.append(word)
            word = None
        if kind == "out":
            words.append(REDIRECTED)
        elif kind == "end" and words:
            yield words
            words = []
    words += [word] if word is not None else []
    if words:
        yield words


def _unquoted(kind: str, part: str) -> str:
    if kind == "escape":
        return part[1:]
    return _ESCAPED.sub(r"\1", part) if kind == "double" and "\\" in part else part


def assigned(word: str) -> tuple[str, str] | None:
    """Return the name and the value of a word that is an assignment."""
    found = _ASSIGNED.fullmatch(word) if "=" in word else None
    return (found[1], found[2]) if found else None


def variables(words: Iterable[str]) -> frozenset[str]:
    """Return the names of the variables in words."""
    found = (_VARIABLE.findall(word) for word in words if "$" in word)
    return frozenset(one or other for each in found for one, other in each)


def expanded(word: str, values: Mapping[str, str]) -> str:
    """Return a word with the variables in it that are known."""
    if "$" not in word:
        return word
    return _VARIABLE.sub(lambda found: values.get(found[1] or found[2], found[0]), word)
