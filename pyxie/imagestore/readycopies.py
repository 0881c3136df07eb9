"""Copies that were given a moment ago, open still: who wants the same needs no thread for it.

What is asked before a copy is given was asked for the one before, a second ago at most: whether it
is the newest that is to be had, and what it should be. After that second who comes first has it
asked anew, and those behind are given the copy meanwhile, for a second more at most. For the event
loop alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from pyxie.bounds import IMAGE_READY
from pyxie.config.imagestore import ImageStore as StoreSettings
from pyxie.images.spec import Upstream
from pyxie.imagestore.entry import Entry
from pyxie.openfile import OpenFile

_FOR: Final = 1.0
"""Seconds for which what was found counts, and a file is kept open."""


@dataclass(frozen=True, slots=True)
class _Given:
    """A copy, open with a number of its own.

    Attributes:
        until: When that is over, in seconds by the event loop's clock.
        settings: Of the store, by which it was given.
        entry: Of the copy, as it was then.
        file: It.
        is_asked: Somebody has it asked anew.
    """

    until: float
    settings: StoreSettings
    entry: Entry
    file: OpenFile
    is_asked: bool = False

    @property
    def closes(self) -> float:
        """When it is of no more use, by that clock."""
        return self.until if self.is_asked else self.until + _FOR


class ReadyCopies:
    """Those of a store, by what was asked for: URL, mirrors, and what it is to be.

    Args:
        settings: Those of now.
        entry: Gives what is known of a copy now, by its key.
    """

    def __init__(
        self, settings: Callable[[], StoreSettings], entry: Callable[[str], Entry | None]
    ) -> None:
        self._settings = settings
        self._entry = entry
        self._given: dict[Upstream, _Given] = {}
        self._sweeping: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        """How many are kept open."""
        return len(self._given)

    def get(self, source: Upstream) -> tuple[Entry, OpenFile] | None:
        """Return what is known of a copy, and the file; None where it is to be opened anew."""
        given = self._given.get(source)
        if given is None:
            return None
        now, time = self._entry(given.entry.key), asyncio.get_running_loop().time()
        is_late = time >= given.until
        if (
            time >= given.closes
            or self._settings() is not given.settings
            or now is None
            or (now.digest, now.checked) != (given.entry.digest, given.entry.checked)
        ):
            del self._given[source]
            given.file.close()
            return None
        if is_late:
            self._given[source] = replace(given, until=given.until + _FOR, is_asked=True)
            return None
        return now, given.file

    def keep(self, source: Upstream, entry: Entry, file: OpenFile) -> None:
        """Keep a copy open that has just been opened, and found to be what was asked for."""
        if (before := self._given.pop(source, None)) is not None:
            before.file.close()
        elif len(self._given) >= IMAGE_READY.whole:
            IMAGE_READY.reached()
            self._given.pop(next(iter(self._given))).file.close()
        loop = asyncio.get_running_loop()
        try:
            own = file.again()
        except OSError:  # the host has no descriptor left
            return
        self._given[source] = _Given(loop.time() + _FOR, self._settings(), entry, own)
        if self._sweeping is None:
            self._sweeping = loop.call_later(_FOR, self._sweep)

    def clear(self) -> None:
        """Close all."""
        if self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None
        while self._given:
            self._given.popitem()[1].file.close()

    def _sweep(self) -> None:
        """Close what is of no more use, however long nobody asks."""
        loop = asyncio.get_running_loop()
        self._sweeping, now = None, loop.time()
        ended = [each for each, given in self._given.items() if given.closes <= now]
        for source in ended:
            self._given.pop(source).file.close()
        if self._given:
            self._sweeping = loop.call_later(_FOR, self._sweep)
