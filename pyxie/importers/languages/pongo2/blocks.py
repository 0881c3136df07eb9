"""The blocks of a template that are open, and the names that came with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from pyxie.importers.languages.pongo2.expression import AddNote, ExpressionParser, Scope
from pyxie.syntax.tokenizer import UnreadableError

Names: TypeAlias = dict[str, tuple[str, bool]]
"""By name the kind, as in `pongo2.variables`, and whether it is always defined."""

_CONDITIONAL = frozenset(("if", "for", "ifequal", "ifnotequal", "ifchanged"))


@dataclass(frozen=True, slots=True)
class Block:
    """A tag that waits for its end.

    Attributes:
        name: Its name.
        end: What ends it in Jinja2; empty for nothing, None to leave the end as it is.
        at: Its offset.
        framed: Names came with it.
    """

    name: str
    end: str | None
    at: int
    framed: bool = False


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag's arguments, and its offset."""

    parser: ExpressionParser
    at: int


@dataclass(slots=True)
class Blocks:
    """What is open at one place of a template, and what is known there.

    Attributes:
        add_note: Takes what means something else in Jinja2.
        roots: Where waitron's templates were.
        scope: What is known at this place.
        stack: The blocks that are open.
    """

    add_note: AddNote
    roots: Sequence[str] = ()
    scope: Scope = field(default_factory=Scope)
    stack: list[Block] = field(default_factory=list)

    def begin(self, name: str, end: str | None, at: int, names: Names | None = None) -> None:
        """Open a block."""
        self.stack.append(Block(name, end, at, names is not None))
        self.scope.loops += name == "for"
        if names is not None:
            self.scope.frames.append(names)

    def end(self, name: str, at: int) -> str | None:
        """Close a block; returns its `Block.end`."""
        if not self.stack or self.stack[-1].name != name:
            raise UnreadableError(at, f"'end{name}' ends nothing here")
        block = self.stack.pop()
        if block.framed:
            self.scope.frames.pop()
        self.scope.loops -= name == "for"
        return block.end

    @property
    def doubtful(self) -> bool:
        """Whether it may not come to this place."""
        return any(block.name in _CONDITIONAL for block in self.stack)

    def path(self, text: str, at: int) -> str:
        """Return the path of a template as pyxie finds it."""
        for root in self.roots:
            if text.startswith(root):
                return text.removeprefix(root)
        if text.startswith("/"):
            self.add_note(
                f"{text!r} is outside of 'templatepath', where pyxie includes nothing", at
            )
        return text
