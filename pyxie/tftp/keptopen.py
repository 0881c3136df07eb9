"""Files that were opened lately, kept open for a moment: who asks next needs no thread for one."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pyxie.bounds import TFTP_KEPT
from pyxie.render.uses import State, state_by
from pyxie.tftp.files import Content, Opened
from pyxie.tftp.source import Found

_FOR: Final = 1.0
"""Seconds: who holds a file longer keeps its disk from being unmounted."""


@dataclass(frozen=True, slots=True)
class _Kept:
    state: State
    content: Content


class KeptOpen:
    """Contents by their files, each with one use more until nobody has asked for a second or two.

    For the event loop.
    """

    def __init__(self) -> None:
        self._kept: dict[Path, _Kept] = {}
        self._used: set[Path] = set()
        self._sweeping: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        """How many files are kept open."""
        return len(self._kept)

    def get(self, found: Found) -> Content | None:
        """Return the content of a file whose state is known, if that is the one that is open."""
        if found.path is None:
            return None
        kept = self._kept.get(found.path)
        if kept is None or found.state is None or kept.state != found.state:
            return None
        self._used.add(found.path)
        return kept.content

    def renew(self, found: Found, opened: Opened) -> None:
        """Close what is kept of a file that has changed; before its new content is lent."""
        if found.path is None:
            return
        kept = self._kept.get(found.path)
        if kept is not None and kept.state != _state(opened):
            self._kept.pop(found.path).content.close()

    def keep(self, found: Found, opened: Opened, content: Content) -> None:
        """Keep a file open that was just lent."""
        state = _state(opened)
        if found.path is None or state is None or found.path in self._kept:
            return
        self._kept[found.path] = _Kept(state, content.share())
        self._used.add(found.path)
        if len(self._kept) > TFTP_KEPT.whole:
            TFTP_KEPT.reached()
            self._kept.pop(next(iter(self._kept))).content.close()
        if self._sweeping is None:
            self._sweeping = asyncio.get_running_loop().call_later(_FOR, self._sweep)

    def clear(self) -> None:
        """Close all."""
        if self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None
        while self._kept:
            self._kept.popitem()[1].content.close()

    def _sweep(self) -> None:
        self._sweeping = None
        for path in self._kept.keys() - self._used:
            self._kept.pop(path).content.close()
        self._used.clear()
        if self._kept:
            self._sweeping = asyncio.get_running_loop().call_later(_FOR, self._sweep)


def _state(opened: Opened) -> State:
    """Return the state of a file that is open as it is; None of what was made of one."""
    return None if opened.file is None else state_by(opened.file.about)
