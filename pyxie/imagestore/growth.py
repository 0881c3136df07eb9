"""A file that is on its way, for all who want it meanwhile. For the event loop alone."""

from __future__ import annotations

import asyncio
from typing import Final

from pyxie.errors import PyxieError
from pyxie.imagestore.entry import Head
from pyxie.openfile import OpenFile

HELD: Final = 1
"""Bytes that nobody gets before all of the file is known to be right: whoever has all but these
has no file, and knows it."""


_OFTEN: Final = 0.1
"""Seconds after which those who wait are told that there is more. Each of them begins anew then,
and a hall of machines waits for what comes in hundreds of pieces a second."""


class UncachedError(PyxieError):
    """The store keeps no copy of it; the text says why. It can be streamed past the store.

    Args:
        why: In plain words, after the file's name.
        is_meant: It is as somebody wants it, and nobody need be told.
    """

    def __init__(self, why: str, *, is_meant: bool = False) -> None:
        super().__init__(why)
        self.is_meant = is_meant


class CancelledFetchError(UncachedError):
    """Somebody wants it no more: nothing of it is kept."""

    def __init__(self) -> None:
        super().__init__("was cancelled", is_meant=True)


class Growth:
    """One fetch, and how far it has come.

    Args:
        url: What is fetched, as it may be shown.
        began: When, in seconds by the event loop's clock.
        key: Of the file.

    Attributes:
        head: What its server says of the file; None before it has said so.
        file: Where it is written to; None before.
        written: Bytes that are there.
        reserved: Bytes that it will have, as far as is known.
        digest: SHA-256 of all of it, once that is known to be right; empty before.
        unchanged: There is nothing new to be fetched: the copy from before is right still.
        error: Why there will not be more.
        readers: How many use it.
        given_by: The URL that it comes from; empty before that is known.
        passed: Why mirrors before that one do not give it, a sentence each.
    """

    def __init__(self, url: str, began: float = 0.0, key: str = "") -> None:
        self.url = url
        self.key = key
        self.began = began
        self._fetched_by: asyncio.Task[None] | None = None
        self.head: Head | None = None
        self.file: OpenFile | None = None
        self.written = 0
        self.reserved = 0
        self.digest = ""
        self.unchanged = False
        self.error: PyxieError | None = None
        self.readers = 0
        self.given_by = ""
        self.passed: list[str] = []
        self._over = False
        self._telling: asyncio.TimerHandle | None = None
        self._changed = asyncio.Event()

    @property
    def there(self) -> int:
        """How many bytes may be passed on."""
        if self.digest:
            return self.written
        size = self.head.size if self.head is not None else None
        return min(self.written, size - HELD) if size else max(0, self.written - HELD)

    @property
    def has_begun(self) -> bool:
        """Whether something of the file is there, or it is known that nothing will be."""
        begun = self.head is not None and (self.written > 0 or bool(self.digest))
        return begun or self.unchanged or self.error is not None

    async def begun(self) -> None:
        """Wait until something of the file is there, or it is known to be unchanged.

        Raises:
            PyxieError: There will be nothing.
        """
        while not self.has_begun:
            await self._changed.wait()
        if self.error is not None and not self.there:
            raise self.error.with_traceback(None)

    async def beyond(self, at: int) -> int:
        """Wait until there is more than ``at``, or all; return how much may be passed on.

        Raises:
            PyxieError: There will not be more.
        """
        while not self.digest and self.there <= at:
            if self.error is not None:
                raise self.error.with_traceback(None)
            await self._changed.wait()
        return self.there

    def reserve(self, size: int) -> None:
        """Say that there is room for so many bytes of it."""
        self.reserved = size

    def begin(self, head: Head, file: OpenFile, given_by: str = "") -> None:
        """Say what it is and where it is from, before the first byte."""
        self.head, self.file, self.given_by = head, file, given_by

    def pass_over(self, why: PyxieError) -> None:
        """Say that a mirror does not give it."""
        self.passed.append(str(why))

    def grown(self, written: int) -> None:
        """Say that so many bytes are there."""
        begins, self.written = not self.written, written
        if begins:
            self._tell()
        elif self._telling is None:
            self._telling = asyncio.get_running_loop().call_later(_OFTEN, self._tell)

    def finish(self, digest: str) -> None:
        """Say that all of it is there, and right."""
        self.digest = digest
        self._tell()

    def same(self) -> None:
        """Say that there is nothing new."""
        self.unchanged = True
        self._tell()

    def fail(self, error: PyxieError) -> None:
        """Say that there will not be more."""
        self.error = error
        self._tell()

    def fetched_by(self, task: asyncio.Task[None]) -> None:
        """Say who fetches it."""
        self._fetched_by = task

    def end(self, error: PyxieError) -> None:
        """Have it be fetched no further."""
        self.fail(error)
        if self._fetched_by is not None:
            self._fetched_by.cancel()

    def enter(self) -> None:
        """Have one more who reads it."""
        self.readers += 1

    def leave(self) -> None:
        """Have one less; the last closes the file, if the fetch is over."""
        self.readers -= 1
        self._close()

    def over(self) -> None:
        """Say that nothing is written to it any more, and that it is kept if it ever will be."""
        self._over = True
        self._close()
        self._tell()

    async def ended(self) -> None:
        """Wait until it is over."""
        while not self._over:
            await self._changed.wait()

    def _close(self) -> None:
        if self._over and not self.readers and self.file is not None:
            self.file.close()

    def _tell(self) -> None:
        if self._telling is not None:
            self._telling.cancel()
            self._telling = None
        self._changed.set()
        self._changed = asyncio.Event()
