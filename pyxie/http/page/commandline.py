"""The command that does the same as a button, as people paste it into a shell. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import TypeAlias

Value: TypeAlias = "str | bool | Sequence[str]"
"""Of an option: its text, whether it is set, or a text for each time that it is said."""


def command(name: str, /, *words: str, **options: Value) -> str:
    """Return a call of pyxie's command line, fit for a POSIX shell.

    Args:
        name: The command, as ``build``; with one below it, as ``token create``.
        words: Its arguments, in order; their text may be anybody's.
        options: Without dashes, ``_`` for ``-``; one that is empty or False is left out.
    """
    given = [
        piece
        for option, value in options.items()
        for piece in _option(f"--{option.replace('_', '-')}", value)
    ]
    # What begins with a dash would be read as an option.
    parted = ["--"] if any(word.startswith("-") for word in words) else []
    return " ".join(map(_quoted, ["pyxie", *name.split(), *given, *parted, *words]))


def _option(name: str, value: Value) -> Iterator[str]:
    match value:
        case bool():
            yield from (name,) * value
        case str():
            if value.startswith("-"):
                yield f"{name}={value}"
            elif value:
                yield from (name, value)
        case _:
            for each in value:
                yield from _option(name, each)


def _quoted(word: str) -> str:
    """Return a word that a shell takes for one, without what a terminal would act upon.

    ``$'…'`` is of POSIX.1-2024, section 2.2.4; bash, zsh, ksh and busybox have it.
    """
    if word.isprintable():
        return shlex.quote(word)
    escaped = (
        each if each.isprintable() and each not in "\\'" else _escaped(each) for each in word
    )
    return f"$'{''.join(escaped)}'"


def _escaped(letter: str) -> str:
    return "".join(f"\\{byte:03o}" for byte in letter.encode(errors="replace"))
