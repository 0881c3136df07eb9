"""The recent events, in memory: a short ring for each machine, one for all unknown ones."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice

from pyxie.events.event import Event, spoken
from pyxie.events.kind import Kind, Step

log = logging.getLogger("pyxie.boot")

_PER_HOST = 200
_HOSTS = 2_000
_RECENT = 4_000
_UNKNOWN = 2_000
_BACKLOG = 1_000
_AGAIN = 10.0
"""Seconds within which a client that repeats itself is not recorded again."""
_LOOK_BACK = 50


class Trace:
    """Keeps events and hands them to those who follow; bounded in every direction.

    Args:
        host_of: Gives the hostname for a MAC, for events whose sender does not know it.
        clock: Seconds since the epoch.
    """

    def __init__(
        self,
        host_of: Callable[[str], str | None] = lambda _mac: None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._host_of = host_of
        self._clock = clock
        self._hosts: OrderedDict[str, deque[Event]] = OrderedDict()
        self._known: deque[Event] = deque(maxlen=_RECENT)
        self._unknown: deque[Event] = deque(maxlen=_UNKNOWN)
        self._followers: dict[asyncio.Queue[Event], bool] = {}

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
        event = Event(at=self._clock(), what=what, mac=mac, host=host, peer=peer)
        if what.passing:
            log.debug("%s", spoken(event))
            self._pass_on(event)
            return
        if what.repeats and self._repeats(event):
            return
        self._keep(event)
        # That an unknown machine is not answered is the LAN's everyday; a known one's is news.
        quiet = what.step is Step.SILENCE and host is None
        log.log(logging.DEBUG if quiet else logging.INFO, "%s", spoken(event))
        for queue in self._followers:
            if queue.full():
                queue.get_nowait()  # a follower that does not read loses the oldest
            queue.put_nowait(event)

    def recent(self, *, host: str | None = None, mac: str | None = None) -> list[Event]:
        """Return events that are kept, oldest first: of one machine all, or the newest of all."""
        owner = self._host_of(mac) if host is None and mac is not None else host
        known = self._known if owner is None else self._hosts.get(owner, ())
        # A machine may have been unknown before.
        unknown = self._unknown if host is None else ()
        found = [each for each in (*unknown, *known) if mac is None or each.mac == mac]
        return sorted(found, key=lambda event: event.at)

    @contextmanager
    def follow(self, *, progress: bool = False) -> Iterator[asyncio.Queue[Event]]:
        """Yield a queue that receives every event from now on.

        Args:
            progress: Also those that are kept nowhere, see `pyxie.events.kind.Kind`.
        """
        queue: asyncio.Queue[Event] = asyncio.Queue(_BACKLOG)
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
        for earlier in islice(reversed(ring), _LOOK_BACK):
            if event.at - earlier.at > _AGAIN:
                return False
            same = earlier.mac == event.mac and earlier.peer == event.peer
            if same and earlier.step is event.step and earlier.text == event.text:
                return True
        return False

    def _keep(self, event: Event) -> None:
        if event.host is None:
            self._unknown.append(event)
            return
        ring = self._hosts.get(event.host)
        if ring is None:
            ring = self._hosts[event.host] = deque(maxlen=_PER_HOST)
            if len(self._hosts) > _HOSTS:
                self._hosts.popitem(last=False)
        self._hosts.move_to_end(event.host)
        ring.append(event)
        self._known.append(event)
