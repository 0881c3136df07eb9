"""The recent events, in memory: a short ring for each machine, one for all unknown ones."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager
from heapq import merge
from itertools import islice
from operator import attrgetter
from typing import NamedTuple

from pyxie.bounded import note as remember
from pyxie.bounds import (
    EVENTS_GATHERED,
    EVENTS_MACHINES,
    EVENTS_OF_MACHINE,
    EVENTS_RECENT,
    EVENTS_UNKNOWN,
    EVENTS_UNREAD,
    STRANGERS_EVENTS,
)
from pyxie.clock import steady
from pyxie.events.event import Event, Told, spoken
from pyxie.events.kind import Kind, Step
from pyxie.events.lastboots import LastBoots
from pyxie.events.trouble import Troubles
from pyxie.lines import Sort
from pyxie.logs import say
from pyxie.rate import TokenBuckets

log = logging.getLogger("pyxie.boot")

_AGAIN = 10.0
"""Seconds within which a client that repeats itself is not recorded again."""
_LOOK_BACK = 50
_LATER = 0.05
"""Seconds after which what was gathered is worked on, """
_SLICE = 0.0005
"""for so many at once,"""
_PAUSE = 0.005
"""after each of which others have their turn."""
_OF_DHCP = (Step.OFFER, Step.SILENCE)
"""Steps that tell that some client was heard."""
_AT_ONCE = 200
"""Events of unknown machines: a hall of new ones that is powered on."""


class _Kept(NamedTuple):
    """An event with its number and its moment: its time is by a clock that may be set back."""

    number: int
    moment: float
    event: Event


class Trace:
    """Keeps events and hands them to those who follow; bounded in every direction.

    Attributes:
        troubles: The last of each machine, of all that was recorded.
        boots: When each machine booted last.
        heard: When a network-boot client was heard last, whichever, seconds since the epoch.

    Args:
        host_of: Gives the hostname for a MAC, for events whose sender does not know it.
        clock: Seconds since the epoch, for dates.
        steady: Seconds, by a clock that is never set, for what repeats itself.
    """

    def __init__(
        self,
        host_of: Callable[[str], str | None] = lambda _mac: None,
        *,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = steady,
    ) -> None:
        self._host_of = host_of
        self._clock = clock
        self._steady = steady
        self._number = 0
        self._hosts: OrderedDict[str, deque[_Kept]] = OrderedDict()
        self._known: deque[_Kept] = deque(maxlen=EVENTS_RECENT.whole)
        self._unknown: deque[_Kept] = deque(maxlen=EVENTS_UNKNOWN.whole)
        self._followers: dict[asyncio.Queue[Event], bool] = {}
        self._strangers = TokenBuckets(STRANGERS_EVENTS.most, burst=_AT_ONCE)
        self._moving: dict[str, Event] = {}
        self._moving_unknown: dict[str, Event] = {}
        self._gathered: dict[str, list[tuple[float, Kind, str, str | None]]] = {}
        self._told = deque[tuple[float, Sequence[Told]]]()
        self._untold = 0
        self.troubles = Troubles()
        self.boots = LastBoots()
        self.heard: float | None = None

    def record(
        self,
        what: Kind,
        *,
        mac: str | None = None,
        host: str | None = None,
        peer: str | None = None,
    ) -> None:
        """Note that ``what`` happened now; see `pyxie.events.event.Recorder`."""
        if host is None and mac is not None:
            host = self._host_of(mac)
        self._take_all()
        if host in self._gathered:
            self._make(host)
        if what.repeats and host is not None and self._is_known(what, mac, host, peer):
            if what.step in _OF_DHCP:
                self.heard = self._clock()
            return
        self._note(Event(at=self._clock(), what=what, mac=mac, host=host, peer=peer))

    def gather(self, what: Kind, mac: str, host: str, peer: str | None = None) -> None:
        """Note that ``what`` happened now; what that makes beside is done a moment later.

        A hall of machines asks at once, and its answers come first. Nobody sees a difference:
        whatever is recorded or asked meanwhile finds it done.
        """
        self._take_all()
        at = self._clock()
        if what.step in _OF_DHCP:
            self.heard = at
        if not self._gathered:
            asyncio.get_running_loop().call_later(_LATER, self._make_some)
        self._gather(at, what, mac, host, peer)

    def gather_all(self, told: Sequence[Told]) -> None:
        """Note that machines were answered over DHCP now, as by `gather`; see `Told`.

        Args:
            told: What they were told.
        """
        at = self.heard = self._clock()
        if not self._gathered and not self._told:
            asyncio.get_running_loop().call_later(_LATER, self._make_some)
        self._told.append((at, told))
        self._untold += len(told)
        while self._untold > EVENTS_GATHERED.whole:
            EVENTS_GATHERED.reached()
            self._take_first()

    def _take_first(self) -> None:
        at, told = self._told.popleft()
        self._untold -= len(told)
        for each in told:
            self._gather(at, each.what(), each.mac, each.host)

    def _take_all(self) -> None:
        while self._told:
            self._take_first()

    def _gather(self, at: float, what: Kind, mac: str, host: str, peer: str | None = None) -> None:
        if what.repeats and self._is_known(what, mac, host, peer):
            return
        if len(self._gathered) >= EVENTS_GATHERED.whole and host not in self._gathered:
            EVENTS_GATHERED.reached()
            self._make(next(iter(self._gathered)))
        self._gathered.setdefault(host, []).append((at, what, mac, peer))

    @property
    def is_behind(self) -> bool:
        """Whether something was gathered that is still to be worked on."""
        return bool(self._told or self._gathered)

    def settle(self) -> None:
        """Do now what is to be done of all that was gathered."""
        self._take_all()
        while self._gathered:
            self._make(next(iter(self._gathered)))

    def _make(self, host: str) -> None:
        for at, what, mac, peer in self._gathered.pop(host):
            self._note(Event(at=at, what=what, mac=mac, host=host, peer=peer))

    def _make_some(self) -> None:
        until = time.perf_counter() + _SLICE
        while self._told or self._gathered:
            if self._told:
                self._take_first()
            else:
                self._make(next(iter(self._gathered)))
            if (self._told or self._gathered) and time.perf_counter() > until:
                asyncio.get_running_loop().call_later(_PAUSE, self._make_some)
                return

    def _is_known(self, what: Kind, mac: str | None, host: str, peer: str | None) -> bool:
        """Tell whether the very same was noted a moment ago."""
        gathered = self._gathered.get(host, ())
        if any(each[1] is what and each[2:] == (mac, peer) for each in gathered):
            return True
        ring, now = self._hosts.get(host, ()), self._steady()
        for _, moment, earlier in islice(reversed(ring), _LOOK_BACK):
            if now - moment > _AGAIN:
                return False
            if earlier.what is what and earlier.mac == mac and earlier.peer == peer:
                return True
        return False

    def _note(self, event: Event) -> None:
        what, mac, host, peer = event.what, event.mac, event.host, event.peer
        if what.step in _OF_DHCP:
            self.heard = event.at
        if what.passing:
            if host is not None:
                EVENTS_MACHINES.reached(remember(self._moving, host, event, EVENTS_MACHINES.whole))
            elif mac is not None:
                most = EVENTS_UNKNOWN.whole
                EVENTS_UNKNOWN.reached(remember(self._moving_unknown, mac, event, most))
            if log.isEnabledFor(logging.DEBUG):
                log.debug("%s", spoken(event))
            self._pass_on(event)
            return
        if what.repeats and self._repeats(event):
            return
        if self._is_one_too_many(event):
            STRANGERS_EVENTS.reached()
            return
        self._keep(event)
        # That an unknown machine is not answered is the LAN's everyday; a known one's is news.
        quiet = what.step is Step.SILENCE and host is None
        level = logging.DEBUG if quiet else logging.INFO
        sort = Sort.STRANGERS if host is None else Sort.MACHINES
        say(log, level, sort, host or mac or peer or "", "%s", spoken(event))
        for queue in self._followers:
            if queue.full():
                EVENTS_UNREAD.reached()
                queue.get_nowait()  # a follower that does not read loses the oldest
            queue.put_nowait(event)

    def restore(self, event: Event) -> None:
        """Keep an event of before the start; those who follow have it, and the log, from then."""
        self._keep(event)

    def recent(self, *, host: str | None = None, mac: str | None = None) -> list[Event]:
        """Return events that are kept, oldest first: of one machine all, or the newest of all."""
        owner = self._host_of(mac) if host is None and mac is not None else host
        self._take_all()
        if owner is None:
            self.settle()
        elif owner in self._gathered:
            self._make(owner)
        known = self._known if owner is None else self._hosts.get(owner, ())
        # A machine may have been unknown before.
        unknown = self._unknown if host is None else ()
        found = merge(unknown, known, key=attrgetter("number"))
        return [each.event for each in found if mac is None or each.event.mac == mac]

    def of_machine(self, host: str, macs: Container[str]) -> list[Event]:
        """Return a machine's events, with those of before its file was written, oldest first.

        Args:
            host: Its hostname.
            macs: Its NICs, by which it was heard while it was unknown.
        """
        before = (each for each in self._unknown if each.event.mac in macs)
        found = merge(before, self._hosts.get(host, ()), key=attrgetter("number"))
        return [each.event for each in found]

    def of_unknown(self) -> list[Event]:
        """Return those that are no machine's, the oldest first."""
        return [each.event for each in self._unknown]

    def moving(self, host: str) -> Event | None:
        """Return the last sign of a machine's long transfer, which is kept nowhere else."""
        return self._moving.get(host)

    def moving_unknown(self, mac: str) -> Event | None:
        """Return the same of an unknown machine."""
        return self._moving_unknown.get(mac)

    @property
    def last_unknown(self) -> int:
        """The number of the last event that is no machine's; 0 if none is kept."""
        return self._unknown[-1].number if self._unknown else 0

    def last(self, host: str) -> int:
        """Return the number of a machine's last event; 0 if none is kept."""
        self._take_all()
        if host in self._gathered:
            self._make(host)
        ring = self._hosts.get(host)
        return ring[-1].number if ring else 0

    @property
    def followed(self) -> int:
        """By how many it is followed."""
        return len(self._followers)

    @contextmanager
    def follow(self, *, progress: bool = False) -> Iterator[asyncio.Queue[Event]]:
        """Yield a queue that receives every event from now on.

        Args:
            progress: Also those that are kept nowhere, see `pyxie.events.kind.Kind`.
        """
        self.settle()
        queue: asyncio.Queue[Event] = asyncio.Queue(EVENTS_UNREAD.whole)
        self._followers[queue] = progress
        try:
            yield queue
        finally:
            del self._followers[queue]

    def _pass_on(self, event: Event) -> None:
        for queue, progress in self._followers.items():
            if progress and not queue.full():  # what is kept is worth more
                queue.put_nowait(event)

    def _repeats(self, event: Event) -> bool:
        """Tell whether the client said the same a moment ago: a DISCOVER that is resent."""
        ring = self._unknown if event.host is None else self._hosts.get(event.host, ())
        now = self._steady()
        for _, moment, earlier in islice(reversed(ring), _LOOK_BACK):
            if now - moment > _AGAIN:
                return False
            same = earlier.mac == event.mac and earlier.peer == event.peer
            if same and earlier.step is event.step and earlier.text == event.text:
                return True
        return False

    def _is_one_too_many(self, event: Event) -> bool:
        """Tell whether a client made an event that is no machine's, as anybody can make many."""
        made_up = event.host is None and (event.mac is not None or event.peer is not None)
        return made_up and not self._strangers.allow("", self._steady())

    def _keep(self, event: Event) -> None:
        self.troubles.note(event)
        self.boots.note(event)
        self._number += 1
        kept = _Kept(self._number, self._steady(), event)
        if event.host is None:
            EVENTS_UNKNOWN.reached(_append(self._unknown, kept))
            return
        ring = self._hosts.get(event.host)
        if ring is None:
            ring = self._hosts[event.host] = deque(maxlen=EVENTS_OF_MACHINE.whole)
            if len(self._hosts) > EVENTS_MACHINES.whole:
                EVENTS_MACHINES.reached()
                self._hosts.popitem(last=False)
        self._hosts.move_to_end(event.host)
        EVENTS_OF_MACHINE.reached(_append(ring, kept))
        EVENTS_RECENT.reached(_append(self._known, kept))


def _append(ring: deque[_Kept], kept: _Kept) -> int:
    """Return how many were forgotten for it."""
    forgotten = len(ring) == ring.maxlen
    ring.append(kept)
    return int(forgotten)
