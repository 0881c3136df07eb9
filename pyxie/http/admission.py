"""Bounds on connections: so many an address, a network and in all, and none that stands still.

aiohttp has none of these; each connection passes here on its way to it.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol, cast

from aiohttp import HttpVersion11, web

from pyxie.bounds import (
    HTTP_AHEAD,
    HTTP_BODY_PACE,
    HTTP_FIRST_REQUEST,
    HTTP_HEAD,
    HTTP_IDLE,
    HTTP_REFUSALS,
    HTTP_STILL,
    HTTP_UNREAD,
)
from pyxie.http.caller import Client, client_of
from pyxie.http.crowd import ConnectionLimits, Crowd, Full, Origin, of_peer
from pyxie.http.gate import Side
from pyxie.http.heads import Heads
from pyxie.http.knownheads import KnownHeads
from pyxie.http.outright import Answer, Begins
from pyxie.http.pace import ENOUGH, TCP_INFO_SIZE, Line, Pace, Turn, line, turn
from pyxie.net.address import Address, address
from pyxie.rate import Once, Spacing, first_slow

log = logging.getLogger(__name__)

_LOOK: Final = 5.0
"""Seconds between two looks at a connection, at most."""
_LOOKED_AT: Final = 32
"""How many are looked at for one that makes room: a flood of newcomers costs little each."""
_READ: Final = 65_536
"""Bytes that are read at once."""
_RESET: Final = struct.pack("ii", 1, 0)
"""SO_LINGER: what was not sent is thrown away, not kept for whoever does not take it."""


@dataclass(frozen=True, slots=True)
class Patience:
    """For how long a client is waited for, in seconds.

    Attributes:
        first_request: From connecting to the end of the first request's head; aiohttp's own
            timeouts begin after that.
        still: For the next byte, sent or taken, where it is the client's turn.
        body: Bytes a second, not a time: at least so many of a request's body have to come, after
            the first ``still`` seconds.
    """

    first_request: float = HTTP_FIRST_REQUEST.most
    still: float = HTTP_STILL.most
    body: float = HTTP_BODY_PACE.most


class Answers(Protocol):
    """What is asked of `pyxie.http.atonce.AnswersAtOnce`."""

    known: KnownHeads

    def answer(self, data: bytes, client: Client) -> Answer | Begins | None:
        """Return a whole answer, or one to be begun, or None."""
        ...


class Admission:
    """Counts connections; `wrap` makes the protocol factory for the listening socket.

    Args:
        limits: Those of now.
        side: Tells whose a connection is, by the client's address and ours.
        patience: With clients.
    """

    def __init__(
        self,
        limits: Callable[[], ConnectionLimits],
        side: Callable[[Address, Address], Side] = lambda _peer, _local: Side.OTHERS,
        patience: Patience = Patience(),
    ) -> None:
        self.patience = patience
        self._limits = limits
        self._side = side
        self._crowd: Crowd[_Connection] = Crowd()
        self._by_transport: dict[asyncio.BaseTransport, _Connection] = {}
        self._said = Once()
        self._refusals = Spacing(HTTP_REFUSALS.most, burst=HTTP_REFUSALS.most)

    def wrap(
        self, factory: Callable[[], web.RequestHandler], answers: Answers | None = None
    ) -> Callable[[], asyncio.Protocol]:
        """Return a factory whose protocols count before they hand over to ``factory``'s.

        Args:
            factory: Makes aiohttp's.
            answers: What is answered at once.
        """
        return lambda: _Connection(self, factory, answers)

    def begun(self, request: web.BaseRequest) -> None:
        """Note that a request's head came in whole."""
        connection = self._by_transport.get(request.transport) if request.transport else None
        if connection is not None:
            connection.begun(request)

    def answered(self, transport: asyncio.BaseTransport | None) -> None:
        """Note that a request is in hand no more; its answer may be under way."""
        connection = self._by_transport.get(transport) if transport else None
        if connection is not None:
            connection.answered()

    def refused(self, request: web.BaseRequest) -> float:
        """Return for how many seconds an error has to wait, since its client makes too many.

        A browser or a boot loader makes some; who asks for names that are not there over and over
        takes the time of those who boot. Who manages, or is a proxy on this host, is not slowed.
        """
        connection = self._by_transport.get(request.transport) if request.transport else None
        if connection is None or connection.who.side is not Side.OTHERS:
            return 0.0
        waits = self._refusals.wait(connection.who.whose, asyncio.get_running_loop().time())
        if waits:
            HTTP_REFUSALS.reached()
        return waits

    def enter(self, connection: _Connection, transport: asyncio.BaseTransport) -> Origin | None:
        """Count a new connection, and tell whose it is; None if it is one too many."""
        who = self._origin(transport)
        full = self._crowd.full(who, self._limits())
        if full is not None and not self._makes_room(full):
            return None
        self._crowd.enter(connection, who)
        self._by_transport[transport] = connection
        return who

    def leave(self, connection: _Connection) -> None:
        """Count a connection no more."""
        self._crowd.leave(connection)
        self._by_transport.pop(connection.transport, None)

    def given_up(self, connection: _Connection, why: str) -> None:
        """Say that a connection is ended, since its client does not do its part."""
        peer = connection.transport.get_extra_info("peername")
        client = str(peer[0]) if peer else "a client"
        if self._said.news(("still", client), asyncio.get_running_loop().time()):
            log.info("HTTP: a connection of %s is closed: %s", client, why)

    def _origin(self, transport: asyncio.BaseTransport) -> Origin:
        peer, local = (transport.get_extra_info(name) for name in ("peername", "sockname"))
        if not peer:
            return Origin(Side.OTHERS, "")
        client = address(peer[0])
        side = self._side(client, address(local[0]) if local else client)
        return of_peer(side, peer)

    def _makes_room(self, full: Full) -> bool:
        displaced = None
        if full.group is not None:
            found = self._crowd.in_turn(full.group, _LOOKED_AT)
            displaced = first_slow((each, each.look()) for each in found)
        now = asyncio.get_running_loop().time()
        if self._said.news((full.bound.name, displaced is None), now):
            what = "are refused" if displaced is None else "make room, the slow ones first"
            log.warning("HTTP connections %s; too many: %s", what, full)
        if displaced is None:
            return False
        displaced.end()
        return True


class _Connection(asyncio.Protocol):
    """Stands between a transport and aiohttp's protocol, which is made only on admission."""

    transport: asyncio.BaseTransport
    who: Origin
    """Once it is admitted."""

    def __init__(
        self,
        admission: Admission,
        factory: Callable[[], web.RequestHandler],
        answers: Answers | None,
    ) -> None:
        self.request: web.BaseRequest | None = None
        self._admission = admission
        self._factory = factory
        self._answers = answers
        self._client: Client | None = None
        self._head = b""
        """Of the request that aiohttp was handed last, where nothing else came with it."""
        self._inner: web.RequestHandler | None = None
        self._heads: Heads
        self._ended = False
        self._socket: socket.socket | None = None
        self._loop = asyncio.get_running_loop()
        self._pace = Pace(self._loop.time())
        self._asked = self._answered = 0.0
        self._at_once = False
        """The last request was answered at once: aiohttp knows of none, and ends nothing."""
        self._sending = False
        """A file, at once."""
        self._next = b""
        """What came meanwhile."""
        self._given = 0
        self._patience: asyncio.TimerHandle | None = None
        self._looking: asyncio.TimerHandle | None = None
        self._looks = iter((ENOUGH, ENOUGH))  # the first ones say how fast it is

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        # asyncio makes room for 256 KiB each time, which costs more than what is read.
        vars(transport)["max_size"] = _READ
        self._socket = transport.get_extra_info("socket")
        who = self._admission.enter(self, transport)
        if who is None:
            cast("asyncio.Transport", transport).abort()
            return
        self.who = who
        patience = self._admission.patience
        self._patience = self._loop.call_later(patience.first_request, self._asks_nothing)
        self._look_later()
        self._inner = self._factory()
        self._heads = Heads(self._inner)
        self._inner.connection_made(transport)

    def begun(self, request: web.BaseRequest) -> None:
        """Note a request; after the first, aiohttp keeps the time between two."""
        self.request = request
        self._asked = self._loop.time()
        self._answered = 0.0
        self._at_once = False
        if self._answers is not None and self._head and self._heads.clean:
            if request.version == HttpVersion11:
                closes = not request.keep_alive
                self._answers.known.learn(
                    self._head, request.raw_path, request.headers, closes=closes
                )
            self._head = b""
        if not request.content.is_eof():
            self.look()
            self._given = self._pace.given
        self._has_asked()

    def _has_asked(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def answered(self) -> None:
        """Note that there is no request in hand."""
        self.request = None
        self._answered = self._loop.time()

    def data_received(self, data: bytes) -> None:
        if self._sending:
            self._next += data
            cast("asyncio.Transport", self.transport).pause_reading()
        elif self._inner is not None and not self._ended:
            if self._answers is not None and self._heads.clean and self._is_still():
                if self._is_answered_at_once(self._answers, data):
                    return
                self._head = data
            else:
                self._head = b""
            if len(data) >= HTTP_UNREAD.whole:
                HTTP_UNREAD.reached()  # more of it waits in the kernel
            if self.request is not None and self.request.content.is_eof():
                HTTP_AHEAD.reached()
            if not self._heads.feed(data):
                HTTP_HEAD.reached()
                self._give_up(f"the head of its request is over {HTTP_HEAD.whole} bytes")

    def _is_still(self) -> bool:
        """Tell whether nothing is asked, and nothing under way."""
        under_way = cast("asyncio.Transport", self.transport).get_write_buffer_size()
        return self.request is None and not under_way and self._heads.waits()

    def _is_answered_at_once(self, answers: Answers, data: bytes) -> bool:
        if self._client is None:
            self._client = client_of(self.transport)
        answer = answers.answer(data, self._client)
        if answer is None:
            return False
        self._has_asked()
        self._heads.passed_by()
        if isinstance(answer, Answer):
            cast("asyncio.Transport", self.transport).write(answer.data)
            self._over(answer.closes)
            return True
        self._sending, self._answered, self._at_once = True, 0.0, False
        self._sending = answer.begin(self.transport, self._sent)
        return self._sending

    def _over(self, closes: bool) -> None:
        """Note that a request was answered at once."""
        self._answered = self._loop.time()
        self._at_once = True
        if closes:
            cast("asyncio.Transport", self.transport).close()

    def _sent(self, closes: bool) -> None:
        """Go on after a file."""
        self._sending = False
        data, self._next = self._next, b""
        self._over(closes)
        transport = cast("asyncio.Transport", self.transport)
        if data and not transport.is_closing():
            transport.resume_reading()
            self.data_received(data)

    def eof_received(self) -> bool | None:
        if self._inner is not None:
            self._inner.eof_received()
        return None

    def pause_writing(self) -> None:
        if self._inner is not None:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        if self._inner is not None:
            self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._patience, self._looking):
            if timer is not None:
                timer.cancel()
        idle = self._loop.time() - self._answered if self._answered else 0.0
        if self.request is None and exc is None and idle >= HTTP_IDLE.most:
            HTTP_IDLE.reached()  # by aiohttp's clock
        self.request = None
        if self._inner is not None:
            self._admission.leave(self)
            self._inner.connection_lost(exc)

    def look(self) -> float:
        """Look how it moves now, and return how fast: bytes a second."""
        known = self._line()
        if known is not None:
            buffered = cast("asyncio.Transport", self.transport).get_write_buffer_size()
            asked, whole = self._sending or self.request is not None, True
            if self.request is not None:
                whole = self.request.content.is_eof()
            whose = turn(known.waiting or bool(buffered), asked, whole)
            self._pace.look(whose, known, self._loop.time())
        return self._pace.speed

    def end(self) -> None:
        """Cut it off."""
        self._ended = True
        self._admission.leave(self)
        if self._socket is None:
            cast("asyncio.Transport", self.transport).abort()
            return
        with suppress(OSError):  # the client has left
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self._socket.shutdown(socket.SHUT_RDWR)
        # Not at once: sendfile has to find out before its descriptor is gone, or it would
        # wait for ever. The loop hears of the shutdown in its next turn.
        abort = cast("asyncio.Transport", self.transport).abort
        self._loop.call_soon(self._loop.call_soon, abort)

    def _line(self) -> Line | None:
        if self._socket is None:
            return None
        try:
            info = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_SIZE)
        except OSError:  # closed, or it is no TCP
            return None
        return line(info)

    def _look(self) -> None:
        self.look()
        now, patience = self._loop.time(), self._admission.patience
        whose, still = self._pace.turn, self._pace.still(now)
        if whose is Turn.TO_READ and still >= patience.still:
            HTTP_STILL.reached()
            self._give_up(f"it took no byte for {still:.0f} s")
        elif whose is Turn.TO_WRITE and still >= patience.still:
            HTTP_STILL.reached()
            self._give_up(f"it sent no byte of a request's body for {still:.0f} s")
        elif whose is Turn.TO_WRITE and self._trickles(now - self._asked):
            HTTP_BODY_PACE.reached()
            self._give_up(f"the body of its request was not whole after {now - self._asked:.0f} s")
        elif self._at_once and now - self._answered >= HTTP_IDLE.most:
            cast("asyncio.Transport", self.transport).close()
        else:
            self._look_later()

    def _look_later(self) -> None:
        wait = next(self._looks, min(_LOOK, self._admission.patience.still / 4))
        self._looking = self._loop.call_later(wait, self._look)

    def _trickles(self, asked: float) -> bool:
        patience = self._admission.patience
        came = self._pace.given - self._given
        return asked >= patience.still and came < patience.body * asked

    def _give_up(self, why: str) -> None:
        self._admission.given_up(self, why)
        self.end()

    def _asks_nothing(self) -> None:
        HTTP_FIRST_REQUEST.reached()
        cast("asyncio.Transport", self.transport).abort()
