"""The DHCP service: sockets on one side, `decide` on the other, nothing awaited between."""

from __future__ import annotations

import asyncio
import errno
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from ipaddress import IPv4Address
from types import TracebackType
from typing import Final, Self

from pyxie.dhcp.account import Account, peer_of
from pyxie.dhcp.chain import ChainMemory
from pyxie.dhcp.closedport import ClosedPort
from pyxie.dhcp.decide import (
    Answer,
    Boot,
    Destination,
    Reason,
    Silence,
    decide,
    destination,
    is_netboot,
)
from pyxie.dhcp.firmware import client_fields
from pyxie.dhcp.identify import identify
from pyxie.dhcp.message import UNSPECIFIED, DhcpMessage, address, build, parse
from pyxie.dhcp.sockets import DhcpSocket, Received, Unreadable, open_sockets
from pyxie.dhcp.unanswered import Unanswered, listens
from pyxie.errors import WireError
from pyxie.events.datagrams import AnswerNotSent
from pyxie.events.event import Recorder
from pyxie.loaders.catalogue import Choice
from pyxie.metrics import Metrics
from pyxie.net.interfaces import Interfaces
from pyxie.rate import TokenBuckets
from pyxie.recognition.news import News
from pyxie.recognition.recognise import Policy, Recognised, Unknown, concerns, settled
from pyxie.registry.identity import Identity

log = logging.getLogger(__name__)

BATCH: Final = 64
"""Datagrams handled before the event loop gets its turn again."""

_GATHER: Final = 0.05
"""Seconds for which news of machines, builds and settings gather: a thousand come in a row."""

_WAITS: Final = frozenset({Reason.UNKNOWN_MACHINE, Reason.NOT_IN_BUILD})
"""Silences that may be broken while the client still listens."""

_PASSING: Final = frozenset(
    {errno.ENETDOWN, errno.ENETUNREACH, errno.ENOBUFS, errno.ENOMEM, errno.ENODEV, errno.EINTR}
)
"""What a socket may report while interfaces come and go, or memory is short."""


@dataclass(frozen=True, slots=True)
class _Heard:
    """A request, and where and when it was heard."""

    on: DhcpSocket
    received: Received
    request: DhcpMessage
    at: float


class DhcpServer:
    """Answers network-boot clients as a proxyDHCP; a service.

    Every answer comes from memory, within the callback that read the request: a slow
    disk, database or peer cannot hold up another client, and iPXE waits two seconds.
    Where memory has no answer yet, the request is kept for as long as its client listens,
    and looked at again when there is news.
    """

    name = "dhcp"

    def __init__(
        self,
        *,
        interfaces: Callable[[], Interfaces],
        recognise: Callable[[str, Callable[[], Identity]], Recognised],
        loaders: Callable[[Recognised], Choice],
        http_port: int,
        recorder: Recorder,
        metrics: Metrics,
        chains: ChainMemory,
        bind: bool = False,
        observes: Callable[[], bool] = lambda: False,
        limit: Callable[[], TokenBuckets],
        clock: Callable[[], float] = time.monotonic,
        opener: Callable[[bool], tuple[DhcpSocket, ...]] = open_sockets,
        discovered: Callable[[str, Mapping[str, str]], None] = lambda _mac, _fields: None,
        news: News,
    ) -> None:
        """Take what it asks, each time anew.

        Args:
            interfaces: The present interfaces.
            recognise: Tells who asks, by ``aa:bb:cc:dd:ee:ff`` and, if it wants to know
                more, by what it tells; from memory.
            loaders: What a client may be handed, by who it is; from memory.
            http_port: Where our HTTP server listens.
            recorder: Takes the events of the boots.
            metrics: Counts.
            chains: Which iPXE was handed the better one; who serves scripts forgets them.
            bind: Bind port 67, rather than listen beside who has bound it.
            observes: Whether now it only says what it would answer, and sends nothing.
            limit: As of now: the requests that one MAC address may make a second.
            clock: Seconds, monotonic.
            opener: Opens the sockets, told ``bind``.
            discovered: Called with the MAC of an unknown machine, and what it reported.
            news: Tells of which clients something else may be known than a moment before.
        """
        self._interfaces = interfaces
        self._recognise = recognise
        self._loaders = loaders
        self._http_port = http_port
        self._recorder = recorder
        self._seconds = metrics.dhcp_seconds
        self._account = Account(recorder, metrics)
        self._bind = bind
        self._closed_port = None if bind else ClosedPort()
        self._observes = observes
        self._clock = clock
        self._opener = opener
        self._discovered = discovered
        self._limit = limit
        self._chains = chains
        self._unanswered = Unanswered[_Heard]()
        self._gathering: asyncio.TimerHandle | None = None
        self._open: tuple[DhcpSocket, ...] = ()
        self._broken: asyncio.Future[None] | None = None
        news.follow(self._hear_news)

    async def __aenter__(self) -> Self:
        self._open = self._opener(self._bind)
        self._broken = asyncio.get_running_loop().create_future()
        how = "bound to port 67" if self._bind else "beside any server on port 67"
        what = "observing only" if self._observes() else "answering"
        log.info("DHCP: %s, %s, and on port 4011", what, how)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop_reading()
        for each in self._open:
            each.close()
        self._open = ()

    async def serve(self) -> None:
        """Answer until cancelled.

        Raises:
            OSError: A socket broke.
        """
        assert self._broken is not None, "serve() is for after entering"  # noqa: S101
        loop = asyncio.get_running_loop()
        for each in self._open:
            loop.add_reader(each.fileno(), self._readable, each)
        try:
            await self._broken
        finally:
            self._stop_reading()

    async def drain(self) -> None:
        """Take no further request; none is ever in hand for longer than a callback."""
        self._stop_reading()

    def _stop_reading(self) -> None:
        loop = asyncio.get_running_loop()
        for each in self._open:
            loop.remove_reader(each.fileno())
        self._unanswered.clear()
        if self._gathering is not None:
            self._gathering.cancel()
            self._gathering = None

    def _readable(self, on: DhcpSocket) -> None:
        for _ in range(BATCH):
            try:
                received = on.receive()
            except BlockingIOError:
                return
            except OSError as error:
                self._receiving_failed(on, error)
                return
            try:
                self._handle(on, received)
            except Exception:
                # The boundary: a bug met by one client must not end the others' boot.
                self._account.count(on.port, "bug")
                log.exception("DHCP port %d: a bug, met with %s", on.port, received.data.hex())

    def _receiving_failed(self, on: DhcpSocket, error: OSError) -> None:
        if error.errno in _PASSING:
            self._account.receiving_failed(on.port, error, self._clock())
        elif self._broken is not None and not self._broken.done():
            self._broken.set_exception(error)

    def _handle(self, on: DhcpSocket, received: Received | Unreadable) -> None:
        began = time.perf_counter()
        interfaces = self._interfaces()
        if not interfaces.served(received.interface):
            self._account.count(on.port, "silent", Reason.OTHER_INTERFACE)
            return
        now = self._clock()
        name = partial(interfaces.name, received.interface)
        if isinstance(received, Unreadable):
            self._account.malformed(on.port, name(), received.error, received.data, b"", now)
            return
        try:
            request = parse(received.data)
        except WireError as error:
            source, data = received.source, received.data
            self._account.malformed(on.port, name(), error, data, source, now)
            return
        if not self._limit().allow(request.chaddr, now):
            self._account.limited(on.port, request, now)
            return
        if self._answer(_Heard(on, received, request, now), interfaces, now):
            self._seconds.observe(time.perf_counter() - began)

    def _hear_news(self, mac: str | None) -> None:
        """Look again at what was not answered, once who tells the news is done with it."""
        if not self._unanswered:
            return
        loop = asyncio.get_running_loop()
        if mac is not None:
            loop.call_soon(self._look_again, mac)
        elif self._gathering is None:
            self._gathering = loop.call_later(_GATHER, self._look_again_at_all)

    def _look_again_at_all(self) -> None:
        self._gathering = None
        self._look_again(None)

    def _look_again(self, mac: str | None) -> None:
        now, interfaces = self._clock(), self._interfaces()
        for heard in self._unanswered.of(mac, now):
            try:
                if interfaces.served(heard.received.interface):
                    self._answer(heard, interfaces, now, again=True)
            except Exception:
                # The same boundary, of those that wait.
                self._account.count(heard.on.port, "bug")
                data = heard.received.data.hex()
                log.exception("DHCP port %d: a bug, met again with %s", heard.on.port, data)

    def _answer(
        self, heard: _Heard, interfaces: Interfaces, now: float, *, again: bool = False
    ) -> bool:
        """Answer or be silent; True if something was sent. ``again`` if it was silent before."""
        on, received, request = heard.on, heard.received, heard.request
        source = address(received.source)
        mac = request.mac or ""  # decide() is silent to those without
        server = interfaces.address(received.interface, _towards(request, source))
        client: Recognised = _NOBODY
        netboots = bool(mac) and is_netboot(request)
        if netboots:
            client = self._recognise(mac, partial(identify, request, server))
        host = concerns(client)
        loaders = self._loaders(client) if netboots else _NO_LOADERS
        boot = Boot(
            server=server or UNSPECIFIED,
            http_port=self._http_port,
            loaders=loaders.by_architecture,
            absent=loaders.absent,
            client=client,
            chained=self._chains.chained(mac, request.xid, now),
        )
        if netboots and not again and isinstance(settled(client), Unknown):
            self._discovered(mac, client_fields(request.options))
        outcome = decide(request, on.port, boot)
        if isinstance(outcome, Answer):
            if server is None:
                name = interfaces.name(received.interface)
                why = f"{name} has no IPv4 address to answer from"
                outcome = Silence(Reason.NO_ADDRESS, why)
            else:
                to = destination(request, on.port, source, received.source_port)
                if isinstance(to, Destination):
                    return self._send(heard, outcome, to, server, host, source, now)
                outcome = to
        if not again:
            self._account.count(on.port, "silent", outcome.reason)
            if outcome.reason in _WAITS:
                self._unanswered.keep(mac, on.port, heard, now + listens(request))
        self._account.silent(on.port, request, outcome, host, source, now)
        return False

    def _send(
        self,
        heard: _Heard,
        answer: Answer,
        to: Destination,
        server: IPv4Address,
        host: str | None,
        source: IPv4Address,
        now: float,
    ) -> bool:
        """Send an answer, or say what would be sent; True if it was sent."""
        on, request, interface = heard.on, heard.request, heard.received.interface
        mac = request.mac or ""
        self._unanswered.answered(mac, on.port)
        what = replace(answer.what, late=now - heard.at) if now > heard.at else answer.what
        if self._observes():
            self._account.count(on.port, "observed")
            would = replace(what, observed=True)
            self._recorder.record(would, mac=mac, host=host, peer=peer_of(source))
            return False
        try:
            on.send(build(answer.message), to, server, interface)
        except OSError as error:
            unsent = AnswerNotSent(to=str(to.address), error=str(error.strerror))
            self._account.unsent(on.port, request, unsent, host, source, now)
            return False
        if answer.chain:
            self._chains.remember(mac, request.xid, now)
        if self._closed_port is not None:
            self._closed_port.answered(to, on.port)
        self._account.count(on.port, "answered")
        self._recorder.record(what, mac=mac, host=host, peer=peer_of(source))
        return True


_NOBODY: Final = Unknown(Policy.IGNORE)
"""One that does not netboot, and is not asked about."""

_NO_LOADERS: Final = Choice({})


def _towards(request: DhcpMessage, source: IPv4Address) -> IPv4Address | None:
    for each in (request.giaddr, request.ciaddr, source):
        if each is not UNSPECIFIED:  # so parse() gives it
            return each
    return None
