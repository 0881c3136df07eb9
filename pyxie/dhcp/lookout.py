"""The lookout for other DHCP and PXE servers: it overhears what they tell machines."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from pyxie.bounds import DHCP_LINES, DHCP_REPLIES
from pyxie.clock import steady
from pyxie.dhcp.boundports import BoundPorts
from pyxie.dhcp.closedport import is_bound
from pyxie.dhcp.message import parse
from pyxie.dhcp.others import HOUR, Others
from pyxie.dhcp.overheard import Other, read
from pyxie.dhcp.taken import elsewhere
from pyxie.dhcp.tap import ReplyTap, Tap, Tapped
from pyxie.errors import BusyError, WireError
from pyxie.events.datagrams import RivalOffered
from pyxie.events.event import Recorder
from pyxie.net.interfaces import Interfaces
from pyxie.rate import Once, TokenBuckets
from pyxie.service import next_tick
from pyxie.threads import Pool

log = logging.getLogger(__name__)

BATCH: Final = 32
"""Replies that are read before the event loop gets its turn again: a millisecond."""
_PAUSE: Final = 0.05
"""Seconds for which a flood of replies is left to the kernel, which drops them."""
_LOOK: Final = 10.0
"""Seconds between two looks whether there is a DHCP server on this host."""


class Lookout:
    """Overhears them; a service, without which everything else goes on.

    Args:
        others: What is known of them.
        interfaces: The present ones.
        recorder: Takes the events.
        bind: Port 67 is ours, so that no DHCP server can be on this host.
        opener: Opens what is listened to.
        at_once: Tells whether a program on this host has bound a UDP port, without waiting; None
            if it cannot.
        is_bound: Tells it then; called in a thread.
        clock: Seconds, by a clock that is never set.
        look: Seconds between two calls of it.
    """

    name = "lookout"

    def __init__(
        self,
        others: Others,
        interfaces: Callable[[], Interfaces],
        recorder: Recorder,
        *,
        bind: bool = False,
        opener: Callable[[], ReplyTap] = Tap,
        at_once: Callable[[int], bool | None] | None = None,
        is_bound: Callable[[int], bool] = is_bound,
        clock: Callable[[], float] = steady,
        look: float = _LOOK,
    ) -> None:
        self._others = others
        self._interfaces = interfaces
        self._recorder = recorder
        self._bind = bind
        self._opener = opener
        self._at_once = at_once or BoundPorts()
        self._is_bound = is_bound
        self._clock = clock
        self._look = look
        self._pool = Pool("other DHCP servers")
        self._tap: ReplyTap | None = None
        self._pause: asyncio.TimerHandle | None = None
        self._rate = TokenBuckets(DHCP_REPLIES.most, burst=2 * DHCP_REPLIES.most)
        self._lines = TokenBuckets(DHCP_LINES.most / 60, burst=DHCP_LINES.most)
        self._once = Once(HOUR)
        self._offered = Once()

    async def __aenter__(self) -> Self:
        try:
            self._tap = self._opener()
        except OSError as error:
            log.info(
                "DHCP: what other servers tell machines is not overheard (%s): that takes"
                " CAP_NET_RAW, and AF_PACKET in the systemd unit's RestrictAddressFamilies=",
                error.strerror,
            )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()
        if self._tap is not None:
            self._tap.close()
            self._tap = None

    async def serve(self) -> None:
        """Listen until cancelled."""
        if self._tap is None:
            await asyncio.Event().wait()
            return
        asyncio.get_running_loop().add_reader(self._tap.fileno(), self._readable, self._tap)
        here = False
        try:
            while True:
                if not self._bind:
                    here = await self._listen(self._tap, here)
                await next_tick(self._look)
        finally:
            self._stop()

    async def drain(self) -> None:
        """Nothing is ever in hand."""

    async def _listen(self, tap: ReplyTap, before: bool) -> bool:
        """Hear what this host sends while a DHCP server is on it; tell whether one is."""
        try:
            here = self._at_once(67)
            if here is None:
                here = await self._pool.run(self._is_bound, 67)
            if here != before:
                tap.hear(outgoing=here)
        except BusyError:
            return before
        except OSError as error:
            log.warning("DHCP: this host's own server is not overheard: %s", error.strerror)
            return before
        return here

    def _stop(self) -> None:
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None
        if self._tap is not None:
            asyncio.get_running_loop().remove_reader(self._tap.fileno())

    def _readable(self, tap: ReplyTap) -> None:
        for _ in range(BATCH):
            if not self._rate.allow("", self._clock()):
                DHCP_REPLIES.reached()
                loop = asyncio.get_running_loop()
                loop.remove_reader(tap.fileno())
                self._pause = loop.call_later(_PAUSE, self._resume, tap)
                return
            try:
                tapped = tap.receive()
            except BlockingIOError:
                return
            except OSError as error:
                log.debug("DHCP: overhearing other servers: %s", error)
                return
            if tapped is not None:
                self._hear(tapped)

    def _resume(self, tap: ReplyTap) -> None:
        self._pause = None
        asyncio.get_running_loop().add_reader(tap.fileno(), self._readable, tap)

    def _hear(self, tapped: Tapped) -> None:
        interfaces = self._interfaces()
        index = tapped.interface
        try:
            message = parse(tapped.data)
        except WireError as error:
            log.debug("DHCP: a reply from %s: %s", tapped.source, error)
            return
        reply = read(
            message,
            source=tapped.source,
            interface=index,
            name=interfaces.name(index),
            here=tapped.here or interfaces.is_own(tapped.source),
            moment=self._clock(),
        )
        # What comes back from ourselves, by another interface, gives no address.
        if reply is None or (reply.here and not reply.addresses):
            return
        ours = interfaces.served(index) and interfaces.address(index) is not None
        answer = self._others.replied(reply, ours=ours)
        if answer is not None and answer.is_pxe and not answer.addresses:
            self._rival(answer)
        if answer is not None:
            self._taken(answer)
        if ours or answer is not None:
            self._introduce(reply)

    def _taken(self, reply: Other) -> None:
        """Tell of a machine that has taken a server's offer before we had read that."""
        took = self._others.chosen(reply.mac or "")
        if took is not None and took.late and took.reply == reply and reply.boots:
            self._recorder.record(elsewhere(reply), mac=reply.mac)

    def _rival(self, reply: Other) -> None:
        what = RivalOffered(
            server=str(reply.server),
            siaddr=str(reply.siaddr),
            file=reply.file or reply.bootfile,
            vendor_class=reply.vendor_class,
        )
        if self._offered.news((reply.mac, what), self._clock()):
            self._recorder.record(what, mac=reply.mac)

    def _introduce(self, reply: Other) -> None:
        """Say once an hour in the log that a server is there."""
        now, rival = self._clock(), reply.is_pxe and not reply.addresses
        if not (reply.addresses or rival) or not self._once.news((reply.server, rival), now):
            return
        if not self._lines.allow(rival, now):
            DHCP_LINES.reached()
        elif rival:
            log.warning("DHCP: %s on %s is another PXE server", reply.server, reply.interface)
        else:
            log.info("DHCP: %s on %s gives addresses", reply.server, reply.interface)
