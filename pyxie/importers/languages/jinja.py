"""Jinja2 expressions as they are put together: text, kind, and how tightly it binds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

# As Jinja2's parser descends (jinja2/parser.py): a higher one binds tighter.
CONDITIONAL: Final = 0
OR: Final = 1
AND: Final = 2
NOT: Final = 3
COMPARE: Final = 4
ADD: Final = 5
CONCAT: Final = 6
MULTIPLY: Final = 7
POWER: Final = 8
UNARY: Final = 9
FILTER: Final = 10
ATOM: Final = 11


@dataclass(frozen=True, slots=True)
class Jinja:
    """An expression.

    Attributes:
        text: What is written.
        kind: See `pyxie.importers.languages.pongo2.variables`; ``truth`` for what Jinja2 does not
            make a bool of.
        defined: It is never undefined.
        level: How tightly its outermost operator binds.
        literal: The text that it is, if it is a literal.
    """

    text: str
    kind: str = ""
    defined: bool = False
    level: int = ATOM
    literal: str | None = None

    def at(self, level: int) -> str:
        """Return the text, in parentheses if it binds less tightly than ``level``."""
        return self.text if self.level >= level else f"({self.text})"


def quoted(text: str) -> str:
    """Return a string literal. Jinja2 reads Python's escapes in one."""
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n")
    if '"' in escaped and "'" not in escaped:
        return f"'{escaped}'"
    return '"' + escaped.replace('"', '\\"') + '"'


def string(text: str) -> Jinja:
    """Return a string literal."""
    return Jinja(quoted(text), "text", defined=True, literal=text)


def value(found: Jinja) -> Jinja:
    """Return what ``and``, ``or`` and ``not`` of pongo2 are as a value: true or false."""
    if found.kind != "truth":
        return found
    return Jinja(f"true if {found.text} else false", "bool", defined=True, level=CONDITIONAL)


def with_default(found: Jinja, otherwise: str = '""') -> Jinja:
    """Return ``found``, or ``otherwise`` where it may be undefined: pongo2 prints nothing."""
    found = value(found)
    if found.defined:
        return found
    text = f"{found.at(FILTER)} | default({otherwise})"
    return replace(found, text=text, defined=True, level=FILTER)


def piped(found: Jinja, filters: str, kind: str = "text") -> Jinja:
    """Return ``found`` with Jinja2 filters after it, which must not meet what is undefined."""
    return Jinja(f"{with_default(found).at(FILTER)} | {filters}", kind, defined=True, level=FILTER)


def number(found: Jinja) -> Jinja:
    """Return ``found`` as pongo2 calculates with it: a text is read as a number."""
    if found.kind in ("int", "float"):
        return found
    return Jinja(f"{with_default(found, '0').at(FILTER)} | int", "int", defined=True, level=FILTER)


def printed(found: Jinja) -> Jinja:
    """Return ``found`` as pongo2 prints it."""
    found = with_default(found)
    if found.kind == "float":
        return Jinja(f'"%f" | format({found.text})', "text", defined=True, level=FILTER)
    if found.kind == "[text]":
        return piped(found, 'join(" ")')
    return found
