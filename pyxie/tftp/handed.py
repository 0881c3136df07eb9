"""The contents that were handed over to the process for big transfers, each once."""

from __future__ import annotations

from collections.abc import Callable

from pyxie.bounds import TFTP_FILES_APART
from pyxie.tftp.files import Content


class _File:
    """A content that is open there, too, and has one use more here.

    Attributes:
        number: By which it is known there.
        users: Transfers.
    """

    __slots__ = ("_rests", "number", "users")

    def __init__(self, number: int) -> None:
        self.number = number
        self.users = 0
        self._rests = False

    def begins(self) -> None:
        """Have one user more."""
        self.users += 1
        self._rests = False

    def ends(self) -> None:
        """Have one less."""
        self.users -= 1

    def rests(self) -> bool:
        """Tell whether nobody has used it since this was asked last."""
        before, self._rests = self._rests, not self.users
        return before and self._rests


class Handed:
    """Those, until nobody has asked for one for a second or two.

    Args:
        number: Returns one that no other has.
    """

    def __init__(self, number: Callable[[], int]) -> None:
        self._number = number
        self._files: dict[Content, _File] = {}

    def __len__(self) -> int:
        """How many there are."""
        return len(self._files)

    def __contains__(self, content: object) -> bool:
        return content in self._files

    def has_room(self, content: Content) -> bool:
        """Tell whether there may be one more transfer of it."""
        if content in self._files or len(self._files) < TFTP_FILES_APART.whole:
            return True
        TFTP_FILES_APART.reached()
        return False

    def number(self, content: Content) -> int:
        """Return by what number it is known there, or is to be."""
        known = self._files.get(content)
        return self._number() if known is None else known.number

    def begins(self, content: Content, number: int) -> None:
        """Note that a transfer of it has begun.

        Args:
            content: What is sent.
            number: Its own, as it was told.
        """
        if content not in self._files:
            content.share()
            self._files[content] = _File(number)
        self._files[content].begins()

    def ends(self, content: Content) -> None:
        """Note that one has ended."""
        self._files[content].ends()

    def unused(self) -> list[int]:
        """Close those that were not used since this was asked last; return their numbers."""
        found = [content for content, file in self._files.items() if file.rests()]
        return [self._close(content) for content in found]

    def clear(self) -> None:
        """Close all."""
        for content in list(self._files):
            self._close(content)

    def _close(self, content: Content) -> int:
        file = self._files.pop(content)
        content.close()
        return file.number
