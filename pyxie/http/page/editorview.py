"""A machine's file as it is edited: what was typed, what is wrong, what others wrote. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from pyxie.http.page.commandline import command
from pyxie.http.page.filelines import Changed, Listing, Mistake, changed, listing
from pyxie.http.page.longtext import printable

_ROWS: Final = (12, 40)
"""Lines of the field, at least and at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Theirs:
    """What somebody else has made of the file meanwhile.

    Attributes:
        file: It.
        changes: How what was typed differs from it; None where both are too long for it.
    """

    file: Listing
    changes: tuple[Changed, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EditorView:
    """The screen on which a file is edited.

    Attributes:
        host: The machine's hostname.
        path: Of its screen.
        place: Where the file is.
        etag: Of the file as it is; what is written goes over that one alone.
        text: What stands in the field.
        rows: How many lines the field has.
        mistakes: What is wrong with it, in the order of lines.
        listed: The same text line by line, mistakes beside their lines; None without any.
        elsewhere: What of other files keeps the machine from being built.
        advice: What is no mistake, and will hardly be wanted.
        refused: Why it was not written, where that is no mistake in it; empty otherwise.
        theirs: What somebody else wrote meanwhile; None where nobody did.
        checked: It was looked at, and nothing of it is wrong.
        written: It was written just now.
        hides: There are secrets in it that are not shown.
        notes: What is to be known of the file before it is edited.
    """

    host: str
    path: str
    place: str
    etag: str
    text: str
    rows: int
    mistakes: tuple[Mistake, ...] = ()
    listed: Listing | None = None
    elsewhere: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    refused: str = ""
    theirs: Theirs | None = None
    checked: bool = False
    written: bool = False
    hides: bool = False
    notes: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """The command that does the same."""
        return command("edit", self.host)


def editor(
    host: str,
    path: str,
    place: str,
    etag: str,
    text: str,
    *,
    mistakes: Sequence[Mistake] = (),
    elsewhere: Iterable[str] = (),
    advice: Iterable[str] = (),
    refused: str = "",
    theirs: str | None = None,
    checked: bool = False,
    written: bool = False,
    hides: bool = False,
    notes: Iterable[str] = (),
) -> EditorView:
    """Return the screen; the arguments are as of `EditorView`.

    But ``theirs`` is the file as somebody else wrote it, without its secrets.
    """
    least, most = _ROWS
    return EditorView(
        host=host,
        path=path,
        place=place,
        etag=etag,
        text=text,
        rows=min(most, max(least, text.count("\n") + 2)),
        mistakes=tuple(mistakes),
        listed=listing(text, mistakes) if mistakes else None,
        elsewhere=tuple(map(printable, elsewhere)),
        advice=tuple(map(printable, advice)),
        refused=printable(refused),
        theirs=_theirs(theirs, text) if theirs is not None else None,
        checked=checked and not mistakes,
        written=written,
        hides=hides,
        notes=tuple(notes),
    )


def _theirs(text: str, mine: str) -> Theirs:
    return Theirs(file=listing(text), changes=changed(text, mine))
