"""What an import comes to: files to write, and what the operator has to look at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pyxie.errors import PyxieError


class NotFoundError(PyxieError):
    """What is to be imported is not there, or cannot be read; the text is one sentence."""


@dataclass(frozen=True, slots=True, order=True)
class Note:
    """Something that was not converted, or that means something else now.

    Attributes:
        file: The file it stands in, relative to what is imported.
        line: Counted from 1; 0 if it is about the whole file.
        column: Counted from 1; 0 as well.
        sentence: What it is, and what became of it.
    """

    file: str
    line: int
    column: int
    sentence: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class Converted:
    """A template in Jinja2, and what is to be looked at in the old one."""

    text: str
    notes: tuple[Note, ...]


@dataclass(slots=True)
class Result:
    """What is to be written, by path relative to the new ``config.yaml``, and the notes."""

    files: dict[str, str] = field(default_factory=dict)
    _notes: dict[Note, None] = field(default_factory=dict)

    @property
    def notes(self) -> tuple[Note, ...]:
        """All notes, each once, in the order of files and lines."""
        return tuple(sorted(self._notes))

    def add_note(self, file: str, sentence: str, line: int = 0, column: int = 0) -> None:
        """Add a note."""
        self._notes[Note(file, line, column, sentence)] = None

    def add_notes(self, notes: Iterable[Note]) -> None:
        """Add notes of a part."""
        self._notes.update(dict.fromkeys(notes))


Tree = Mapping[str, str]
"""The text files below a folder, by their path relative to it, with ``/`` in between."""


def place(text: str, at: int) -> tuple[int, int]:
    """Return line and column of an offset, each counted from 1."""
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
