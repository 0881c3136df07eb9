"""Files that were opened lately, kept open for a moment: who asks next needs no thread for one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pyxie.bounds import TFTP_KEPT
from pyxie.lingering import Lingering
from pyxie.render.uses import State, state_by
from pyxie.tftp.files import Content, Opened
from pyxie.tftp.source import Found


@dataclass(frozen=True, slots=True)
class _Kept:
    state: State
    content: Content


class KeptOpen:
    """Contents by their files, each with one use more until nobody has asked for a second or two.

    For the event loop.
    """

    def __init__(self) -> None:
        self._kept = Lingering[Path, _Kept](lambda kept: kept.content.close())

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
        self._kept.use(found.path)
        return kept.content

    def renew(self, found: Found, opened: Opened) -> None:
        """Close what is kept of a file that has changed; before its new content is lent."""
        if found.path is None:
            return
        kept = self._kept.get(found.path)
        if kept is not None and kept.state != _state(opened):
            self._kept.drop(found.path)

    def keep(self, found: Found, opened: Opened, content: Content) -> None:
        """Keep a file open that was just lent."""
        state = _state(opened)
        if found.path is None or state is None or found.path in self._kept:
            return
        kept = _Kept(state, content.share())
        TFTP_KEPT.reached(self._kept.keep(found.path, kept, TFTP_KEPT.whole))

    def clear(self) -> None:
        """Close all."""
        self._kept.clear()


def _state(opened: Opened) -> State:
    """Return the state of a file that is open as it is; None of what was made of one."""
    return None if opened.file is None else state_by(opened.file.about)
