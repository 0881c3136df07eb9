"""What is read of the sockets, and what of it is worth an answer's time; most of a flood is not.

To read and to glance at a datagram takes microseconds, to answer it a fraction of a millisecond.
So all that has come is read first: what is nobody's makes room in the kernel's queue, and who is
answered first is ours to say.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from pyxie.bounds import DHCP_BEYOND
from pyxie.dhcp.account import Account
from pyxie.dhcp.backlog import Backlog
from pyxie.dhcp.decide import Reason
from pyxie.dhcp.glance import client, nothing_asked
from pyxie.dhcp.message import DhcpMessage, MessageType, parse
from pyxie.dhcp.prompt import Prompt
from pyxie.dhcp.received import Received, Unreadable
from pyxie.dhcp.sightings import Sightings
from pyxie.dhcp.sockets import DhcpSocket
from pyxie.dhcp.strangers import Strangers
from pyxie.errors import WireError
from pyxie.net.interfaces import Interfaces
from pyxie.rate import TokenBuckets

BATCH: Final = 4096
"""Datagrams that are read before the event loop gets its turn again."""
SLICE: Final = 0.002
"""Seconds for which answers are made before it does: TFTP and HTTP have their turn, whatever is in
the queue. Datagrams are read for as long, or for half of the time that others have had since: the
kernel's queue filled meanwhile, and what it has no room for it drops, known machine or not."""
LONGEST: Final = 0.02
"""Seconds for which they are read at most."""
STRANGERS: Final = 0.001
"""Seconds for which those are read of which the kernel knows that they are nobody's. What it has no
room for meanwhile is nobody's either."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A request.

    Attributes:
        on: Where it was heard.
        received: As it came.
        request: What it says.
        at: When it came, by the server's clock.
        read: When it was read, by `time.perf_counter`.
        known: It is of a machine that is known, as far as its MAC tells.
        again: It was not answered at first.
    """

    on: DhcpSocket
    received: Received
    request: DhcpMessage
    at: float
    read: float
    known: bool
    again: bool = False


class Intake:
    """Reads sockets, and keeps what is to be answered.

    Args:
        interfaces: The present interfaces.
        knows: Tells by a MAC alone, and at once, whether a machine may be one of ours.
        limit: As of now: the requests that one MAC address may make a second.
        account: Told of what is not kept.
        clock: Seconds, monotonic.
        unsorted: Called with the MAC of a known machine, whose request came by way of strangers.
        loud: Called with one of which a flood is made.
        requested: Called with what comes to port 67 and asks pyxie for nothing.
        sightings: Told of what known machines do that is not looked at.
        prompt: What answers at once, if anything does.
        at_once: Called to have the request answered whose turn it is.
        observe: Takes the seconds from reading to answering, of so many that it has answered.
    """

    def __init__(
        self,
        interfaces: Callable[[], Interfaces],
        knows: Callable[[str], bool],
        limit: Callable[[], TokenBuckets],
        account: Account,
        clock: Callable[[], float],
        unsorted: Callable[[bytes], None] = lambda _mac: None,
        loud: Callable[[bytes], None] = lambda _mac: None,
        requested: Callable[[bytes], None] = lambda _data: None,
        *,
        sightings: Sightings,
        prompt: Prompt | None = None,
        observe: Callable[[float, int], None] = lambda _seconds, _times: None,
        at_once: Callable[[], object] = lambda: None,
    ) -> None:
        self._interfaces = interfaces
        self._knows = knows
        self._limit = limit
        self._account = account
        self._clock = clock
        self._unsorted = unsorted
        self._loud = loud
        self._requested = requested
        self._sightings = sightings
        self._prompt = prompt
        self._observe = observe
        self._at_once = at_once
        self._beyond = TokenBuckets(DHCP_BEYOND.most, burst=2 * DHCP_BEYOND.most)
        self._strangers = Strangers()
        self._backlog = Backlog[Heard]()
        self._ended = time.perf_counter()

    def read(self, on: DhcpSocket) -> bool:
        """Take in what has come, as far as there is time.

        Returns:
            Whether that was all: if not, strangers have to wait, for to answer one takes as long as
            to drop fifty.

        Raises:
            OSError: The socket is broken, or its interface went away.
        """
        began = time.perf_counter()
        if self._prompt is not None:
            self._prompt.begin(self._interfaces())
        if on.strangers:
            return self._read(on, began + STRANGERS)
        until = began + min(max(SLICE, (began - self._ended) / 2), LONGEST)
        try:
            return self._read(on, until)
        finally:
            self._ended = time.perf_counter()

    def _read(self, on: DhcpSocket, until: float) -> bool:
        left, tried = BATCH, on.strangers or self._prompt is None
        while left > 0 and (began := time.perf_counter()) <= until:
            try:
                come = on.receive()
            except BlockingIOError:
                return True
            left -= len(come)
            if self._prompt is not None:
                come = self._promptly(self._prompt, on, come, began)
                if len(come) > 1 and not tried and not self._backlog:
                    # Once a turn: what is answered to the first may be ready for the others then.
                    tried = True
                    self._sort_all(on, come[:1])
                    self._at_once()
                    come = self._promptly(self._prompt, on, come[1:], began)
            self._sort_all(on, come)
        return False

    def _sort_all(self, on: DhcpSocket, come: Sequence[Received | Unreadable]) -> None:
        for received in come:
            try:
                self._sort(on, received)
            except Exception:  # noqa: BLE001
                # The boundary: a bug met by one client must not end the others' boot.
                self._account.bug(on.port, received.data)

    def _promptly(
        self, prompt: Prompt, on: DhcpSocket, come: Sequence[Received | Unreadable], began: float
    ) -> Sequence[Received | Unreadable]:
        """Answer what is ready for it; return the rest."""
        now = self._clock()
        # Who has asked before this is answered that first.
        waiting = {client(each.received.data) for each in self._backlog.known()}
        left, beyond = prompt.take(on, come, self._limit(), now, waiting)
        for received in beyond:
            self._beyond_its_share(on, client(received.data), now, known=True)
        if not prompt.idle:
            count = prompt.waiting
            for received in prompt.send(on, now):
                self._take_in(on, received, now, known=True)
            if count:
                self._observe(time.perf_counter() - began, count)
        return left

    def put(self, heard: Heard) -> None:
        """Have a request answered in its turn."""
        self._backlog.put(heard, known=heard.known)

    def take(self, *, strangers: bool) -> Heard | None:
        """Take out the request that is to be answered next; see `Backlog.take`."""
        return self._backlog.take(strangers=strangers)

    def clear(self) -> None:
        """Forget all that was read."""
        self._backlog.clear()

    def __len__(self) -> int:
        """How many requests wait for their answers."""
        return len(self._backlog)

    def _pass_over(self, on: DhcpSocket, data: bytes, reason: Reason) -> None:
        """Note what asks pyxie for nothing, and may tell something all the same."""
        self._account.passed_over(on.port, data, reason)
        if reason is Reason.NOT_A_DISCOVER:
            self._requested(data)
        elif reason is Reason.NOT_NETBOOT and self._knows(who := client(data).hex(":")):
            self._sightings.plain(who)

    def _sort(self, on: DhcpSocket, received: Received | Unreadable) -> None:
        interfaces, index = self._interfaces(), received.interface
        if not interfaces.served(index):
            self._account.count(on.port, "silent", Reason.OTHER_INTERFACE)
            return
        now, data = self._clock(), received.data
        if isinstance(received, Unreadable):
            name = interfaces.name(index)
            self._account.malformed(on.port, name, received.error, data, b"", now)
            return
        reason = nothing_asked(data, on.port)
        if reason is not None:
            self._pass_over(on, data, reason)
            return
        who = client(data)
        known = self._knows(who.hex(":"))
        if known and on.strangers:
            self._unsorted(who)
        if not known and not self._strangers.admits(who, index, now):
            self._account.crowded(on.port, interfaces.name(index), now)
            return
        if not self._limit().allow(who, now):
            self._beyond_its_share(on, who, now, known=known)
            return
        self._take_in(on, received, now, known=known)

    def _beyond_its_share(self, on: DhcpSocket, who: bytes, now: float, *, known: bool) -> None:
        self._account.limited(on.port, who, now)
        if known:
            self._sightings.limited(who.hex(":"))
        if known and not self._beyond.allow(who, now):
            DHCP_BEYOND.reached()
            self._loud(who)

    def _take_in(self, on: DhcpSocket, received: Received, now: float, *, known: bool) -> None:
        """Keep a request until it is its turn."""
        data = received.data
        try:
            request = parse(data)
        except WireError as error:
            name = self._interfaces().name(received.interface)
            self._account.malformed(on.port, name, error, data, received.source, now)
            return
        if on.port == 67 and request.type != MessageType.DISCOVER:
            self._requested(data)
        at = now - received.waited
        self.put(Heard(on, received, request, at, time.perf_counter(), known))
