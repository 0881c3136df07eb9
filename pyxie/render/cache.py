"""What was rendered, kept for as long as it would be the same; bounded, for several threads."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from dataclasses import dataclass, field

from pyxie.bounds import RENDER_KEPT, RENDER_LETTERS, RENDER_LONGEST
from pyxie.registry.machine import Machine
from pyxie.render.lastseen import LastSeen
from pyxie.render.uses import Uses
from pyxie.wiping.forecast import Forecast


@dataclass(frozen=True, slots=True)
class Rendered:
    """A text.

    Attributes:
        text: As it is sent.
        forecast: What it wipes, where that was asked.
        derived: What was made of it since, and of nothing that changes while it is kept, by name.
    """

    text: str
    forecast: Forecast | None = None
    derived: dict[str, bytes] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class _Kept:
    machine: Machine
    rendered: Rendered
    uses: Uses


class RenderCache:
    """Texts by what they are and of whom; the one that was kept first is forgotten first.

    Args:
        most_texts: How many are kept; `RENDER_KEPT` if None.
        most_letters: Of all together; `RENDER_LETTERS` if None.
    """

    def __init__(self, most_texts: int | None = None, most_letters: int | None = None) -> None:
        self._most_texts = RENDER_KEPT.whole if most_texts is None else most_texts
        self._most_letters = RENDER_LETTERS.whole if most_letters is None else most_letters
        self._kept: dict[Hashable, _Kept] = {}
        self._letters = 0
        self._lock = threading.Lock()
        self._seen = LastSeen()

    def ready(self, key: Hashable, machine: Machine) -> Rendered | None:
        """Return what `get` would, where that is known without a look at a file.

        For the event loop.
        """
        kept = self._kept.get(key)
        if kept is None or kept.machine is not machine or not self._seen.still(kept.uses.files):
            return None
        return kept.rendered

    def mark(self) -> object | None:
        """Return what is another once what `ready` gave may be; None where that is not known.

        For the event loop.
        """
        return self._seen.mark()

    @property
    def is_due(self) -> bool:
        """Whether it is time for `look_again`."""
        return self._seen.is_due

    def look_again(self) -> None:
        """Look at all files once more, so that `ready` goes on to know of them; for threads."""
        self._seen.look_again()

    def get(self, key: Hashable, machine: Machine) -> Rendered | None:
        """Return a text, if it was made of that very machine, and of files that have not changed.

        They are looked at: for threads.

        Args:
            key: What it is, with all that it depends on beside the machine.
            machine: What it was made of; another object is another machine.
        """
        kept = self._kept.get(key)
        if kept is None or kept.machine is not machine or not self._seen.look(kept.uses.files):
            return None
        return kept.rendered

    def put(self, key: Hashable, machine: Machine, rendered: Rendered, uses: Uses) -> None:
        """Keep a text, unless it would not be the same once more."""
        with self._lock:
            self._drop(key)
            if not uses.lasting:
                return
            if len(rendered.text) > RENDER_LONGEST.most:
                RENDER_LONGEST.reached()
                return
            self._kept[key] = _Kept(machine, rendered, uses)
            self._letters += len(rendered.text)
            while len(self._kept) > self._most_texts or self._letters > self._most_letters:
                if self._letters > self._most_letters:
                    RENDER_LETTERS.reached()
                else:
                    RENDER_KEPT.reached()
                self._drop(next(iter(self._kept)))

    def _drop(self, key: Hashable) -> None:
        gone = self._kept.pop(key, None)
        if gone is not None:
            self._letters -= len(gone.rendered.text)

    def __len__(self) -> int:
        return len(self._kept)
