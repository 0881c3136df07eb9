"""What has changed on one screen, for all pages that show it. Pure: told the time.

It keeps no list of changes but what each region looks like now, with the number of its last change.
So a page that is slow is given what differs since the change that it has, whatever came between,
and costs nothing while it waits. One that is behind what is kept has the whole screen anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from pyxie.bounds import PAGE_KEPT, PAGE_REGIONS, PAGE_SAID
from pyxie.http.page.serverevents import Place, message, update

_SHARE: Final = 10.0
"""Once what is shown takes time, so many times as long passes until the next."""
_MORE: Final = "{} (and {} more)"


class Numbers:
    """Numbers changes, of all hubs of one start of the daemon.

    Attributes:
        epoch: Of that start.
        last: The newest.
    """

    def __init__(self, epoch: str) -> None:
        self.epoch = epoch
        self.last = 0

    def take(self) -> int:
        """Return the next one."""
        self.last += 1
        return self.last

    @property
    def place(self) -> Place:
        """Where a page stands that is made of what there is now."""
        return Place(self.epoch, self.last)


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be rendered now.

    Attributes:
        regions: Those that were touched.
        whole: All of the screen is, too, for pages that have nothing to go on from.
    """

    regions: frozenset[str]
    whole: bool


@dataclass(frozen=True, slots=True)
class _Shown:
    number: int
    html: str


class Hub:
    """Gathers what is touched, says when to render it, and keeps what came of it.

    Args:
        numbers: Of which it takes those of its changes; it knows what came after its first.
        every: Seconds from one rendering to the next, at least.
        regions: As many are kept, of those that have changed.
        kept: Letters of them, but for the last change, which is kept whole.
    """

    def __init__(
        self,
        numbers: Numbers,
        every: float,
        *,
        regions: int = PAGE_REGIONS.whole,
        kept: int = PAGE_KEPT.whole,
    ) -> None:
        self._numbers = numbers
        self._every = every
        self._most = regions
        self._kept = kept
        self._number = self._floor = numbers.take()
        self._next = 0.0
        self._touched: set[str] = set()
        self._wants_whole = False
        self._in_hand = False
        self._regions: dict[str, _Shown] = {}
        self._letters = 0
        self._whole: bytes | None = None
        self._payloads: dict[int, bytes] = {}
        self._said = _Said()

    def touch(self, regions: Iterable[str]) -> None:
        """Note that these are to be rendered."""
        self._touched.update(regions)
        if len(self._touched) > self._most:
            PAGE_REGIONS.reached()
            self.lose()

    def lose(self) -> None:
        """Note that nobody knows what has changed: every page is to have the whole screen."""
        self._touched.clear()
        self._regions.clear()
        self._letters = 0
        self._floor = self._number = self._numbers.take()
        self._payloads.clear()
        self._whole = None
        self._wants_whole = True

    def ask_whole(self) -> None:
        """Note that a page has nothing to go on from."""
        self._wants_whole = self._wants_whole or not self._in_hand

    def say(self, text: str, now: float) -> None:
        """Have something told to who does not see the screen: one sentence in a while."""
        self._said.add(text, now)

    @property
    def due(self) -> float | None:
        """When to go on, by the clock of ``now``; None while there is nothing to be done."""
        times = [] if self._said.due is None else [self._said.due]
        if self._touched or self._wants_whole:
            times.append(self._next)
        return min(times, default=None)

    def take(self, now: float) -> Work | None:
        """Return what to render, which counts as done; None if it is not the time, or nothing."""
        if now < self._next or not (self._touched or self._wants_whole):
            return None
        self._next = now + self._every
        found = Work(frozenset(self._touched), self._wants_whole)
        self._touched.clear()
        self._wants_whole, self._in_hand = False, found.whole
        return found

    def again(self, work: Work, at: float) -> None:
        """Note that nothing came of it, and that it is to be tried again, at ``at``."""
        self.touch(work.regions)
        self._wants_whole = self._wants_whole or work.whole
        self._in_hand = False
        self._next = at

    def made(
        self,
        regions: Mapping[str, str],
        whole: Mapping[str, str] | None = None,
    ) -> bool:
        """Keep what was rendered.

        Args:
            regions: The HTML of those that were touched; the later ones are put in place later.
            whole: That of the whole screen, if it was asked for.

        Returns:
            Whether any of them looks different from before.
        """
        self._in_hand = self._in_hand and whole is None
        differ = {
            name: html
            for name, html in regions.items()
            if name not in self._regions or self._regions[name].html != html
        }
        if differ:
            self._advance()
        for name, html in differ.items():
            self._keep(name, _Shown(self._number, html))
        self._forget()
        if whole is not None:
            self._whole = update(self._place, whole)
        return bool(differ)

    def took(self, seconds: float, now: float) -> None:
        """Note how long it took to render and to send: the longer, the later is the next."""
        self._next = max(self._next, now + seconds * _SHARE)

    def speak(self, now: float) -> bool:
        """Let what was said be heard, if it is the time; tell whether there is anything."""
        if self._said.due is None or now < self._said.due:
            return False
        self._advance()
        self._said.speak(self._number, now)
        return True

    def since(self, number: int) -> bytes | None:
        """Return what a page lacks that has ``number``; None if it has to have the screen anew."""
        if number < self._floor:
            return None
        if number >= self._number:
            return b""
        found = self._payloads.get(number)
        if found is None:
            found = self._payloads[number] = self._payload(number)
        return found

    @property
    def number(self) -> int:
        """Of the last change."""
        return self._number

    @property
    def whole(self) -> bytes | None:
        """What puts the whole screen in place, up to `number`; None while it is not rendered."""
        return self._whole

    @property
    def _place(self) -> Place:
        return Place(self._numbers.epoch, self._number)

    def _payload(self, number: int) -> bytes:
        newer = {name: each.html for name, each in self._regions.items() if each.number > number}
        found = update(self._place, newer) if newer else b""
        if self._said.number > number:
            found += message(self._said.text, self._place, event="said")
        return found

    def _advance(self) -> None:
        self._number = self._numbers.take()
        self._payloads.clear()
        self._whole = None

    def _keep(self, name: str, shown: _Shown) -> None:
        """Put it last: who comes later is put in place later."""
        before = self._regions.pop(name, None)
        self._letters += len(shown.html) - (len(before.html) if before else 0)
        self._regions[name] = shown

    def _forget(self) -> None:
        while len(self._regions) > self._most or self._letters > self._kept:
            name, oldest = next(iter(self._regions.items()))
            if oldest.number == self._number:
                return
            if len(self._regions) > self._most:
                PAGE_REGIONS.reached()
            else:
                PAGE_KEPT.reached()
            del self._regions[name]
            self._letters -= len(oldest.html)
            self._floor = max(self._floor, oldest.number)


class _Said:
    """What is told to who does not see the screen."""

    def __init__(self) -> None:
        self.number = -1
        self.text = ""
        self.due: float | None = None
        self._waiting = ""
        self._more = 0
        self._next = 0.0

    def add(self, text: str, now: float) -> None:
        if self.due is None:
            self.due = max(now, self._next)
            self._more = 0
        else:
            PAGE_SAID.reached()
            self._more += 1
        self._waiting = text

    def speak(self, number: int, now: float) -> None:
        self.number = number
        self.text = _MORE.format(self._waiting, self._more) if self._more else self._waiting
        self.due = None
        self._next = now + PAGE_SAID.most
