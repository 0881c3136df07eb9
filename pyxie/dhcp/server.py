"""The DHCP service: sockets on one side, `decide` on the other, nothing awaited between."""

from __future__ import annotations

import asyncio
import errno
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from ipaddress import IPv4Address
from types import TracebackType
from typing import Final, Self

from prometheus_client import Counter

from pyxie.dhcp.chain import ChainMemory
from pyxie.dhcp.decide import (
    Boot,
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
from pyxie.errors import WireError
from pyxie.events.datagrams import AnswerNotSent, NotAnswered
from pyxie.events.english import sentence
from pyxie.events.event import Recorder
from pyxie.metrics import Metrics
from pyxie.net.interfaces import Interfaces
from pyxie.rate import Once, TokenBuckets
from pyxie.recognition.recognise import Policy, Recognised, Unknown, host_of, settled
from pyxie.registry.identity import Identity

log = logging.getLogger(__name__)

BATCH: Final = 64
"""Datagrams handled before the event loop gets its turn again."""

_MALFORMED_TOLD: Final = 20
"""Lines a minute on malformed datagrams, whoever sent them."""

_PASSING: Final = frozenset(
    {errno.ENETDOWN, errno.ENETUNREACH, errno.ENOBUFS, errno.ENOMEM, errno.ENODEV, errno.EINTR}
)
"""What a socket may report while interfaces come and go, or memory is short."""


class DhcpServer:
    """Answers network-boot clients as a proxyDHCP; a service.

    Every answer comes from memory, within the callback that read the request: a slow
    disk, database or peer cannot hold up another client, and iPXE waits two seconds.
    """

    name = "dhcp"

    def __init__(
        self,
        *,
        interfaces: Callable[[], Interfaces],
        recognise: Callable[[str, Callable[[], Identity]], Recognised],
        loaders: Callable[[], Mapping[int, str]],
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
    ) -> None:
        """Take what it asks, each time anew.

        Args:
            interfaces: The present interfaces.
            recognise: Tells who asks, by ``aa:bb:cc:dd:ee:ff`` and, if it wants to know
                more, by what it tells; from memory.
            loaders: The boot loader's file name by client architecture; from memory.
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
        """
        self._interfaces = interfaces
        self._recognise = recognise
        self._loaders = loaders
        self._http_port = http_port
        self._recorder = recorder
        self._metrics = metrics
        self._bind = bind
        self._observes = observes
        self._clock = clock
        self._opener = opener
        self._discovered = discovered
        self._limit = limit
        self._chains = chains
        self._once = Once()
        self._malformed_told = TokenBuckets(_MALFORMED_TOLD / 60, burst=_MALFORMED_TOLD)
        self._counters: dict[tuple[int, str, str], Counter] = {}
        self._open: tuple[DhcpSocket, ...] = ()
        self._broken: asyncio.Future[None] | None = None

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
                # The one boundary: a bug met by one client must not end the others' boot.
                self._count(on, "bug")
                log.exception("DHCP port %d: a bug, met with %s", on.port, received.data.hex())

    def _receiving_failed(self, on: DhcpSocket, error: OSError) -> None:
        if error.errno in _PASSING:
            self._count(on, "failed")
            if self._once.news((on.port, error.errno), self._clock()):
                log.warning("DHCP port %d: receiving: %s", on.port, error)
        elif self._broken is not None and not self._broken.done():
            self._broken.set_exception(error)

    def _handle(self, on: DhcpSocket, received: Received | Unreadable) -> None:
        began = time.perf_counter()
        interfaces = self._interfaces()
        if not interfaces.served(received.interface):
            self._count(on, "silent", Reason.OTHER_INTERFACE)
            return
        if isinstance(received, Unreadable):
            self._malformed(on, received.interface, received.error, received.data)
            return
        try:
            request = parse(received.data)
        except WireError as error:
            self._malformed(on, received.interface, error, received.data, received.source)
            return
        now = self._clock()
        if not self._limit().allow(request.chaddr, now):
            self._count(on, "silent", Reason.LIMITED)
            if self._once.news((Reason.LIMITED, request.chaddr), now):
                log.info("DHCP from %s: more than its share of requests", request.mac)
            return
        if self._answer(on, received, request, interfaces, now):
            self._metrics.dhcp_seconds.observe(time.perf_counter() - began)

    def _answer(
        self,
        on: DhcpSocket,
        received: Received,
        request: DhcpMessage,
        interfaces: Interfaces,
        now: float,
    ) -> bool:
        """Answer or be silent; True if something was sent."""
        source = address(received.source)
        mac = request.mac or ""  # decide() is silent to those without
        server = interfaces.address(received.interface, _towards(request, source))
        client: Recognised = _NOBODY
        netboots = bool(mac) and is_netboot(request)
        if netboots:
            client = self._recognise(mac, partial(identify, request, server))
        host = host_of(client)
        boot = Boot(
            server=server or UNSPECIFIED,
            http_port=self._http_port,
            loaders=self._loaders(),
            client=client,
            chained=self._chains.chained(mac, request.xid, now),
        )
        if netboots and isinstance(settled(client), Unknown):
            self._discovered(mac, client_fields(request.options))
        outcome = decide(request, on.port, boot)
        if isinstance(outcome, Silence):
            self._silent(on, request, outcome, host, source, now)
            return False
        if server is None:
            name = interfaces.name(received.interface)
            why = Silence(Reason.NO_ADDRESS, f"{name} has no IPv4 address to answer from")
            self._silent(on, request, why, host, source, now)
            return False
        to = destination(request, on.port, source, received.source_port)
        if isinstance(to, Silence):
            self._silent(on, request, to, host, source, now)
            return False
        peer = None if source is UNSPECIFIED else str(source)
        if self._observes():
            self._count(on, "observed")
            would = replace(outcome.what, observed=True)
            self._recorder.record(would, mac=mac, host=host, peer=peer)
            return False
        try:
            on.send(build(outcome.message), to, server, received.interface)
        except OSError as error:
            self._count(on, "failed")
            unsent = AnswerNotSent(to=str(to.address), error=str(error.strerror))
            if self._once.news((mac, unsent), now):
                log.warning("DHCP from %s: %s", mac, sentence(unsent))
                self._recorder.record(unsent, mac=mac, host=host, peer=peer)
            return False
        if outcome.chain:
            self._chains.remember(mac, request.xid, now)
        self._count(on, "answered")
        self._recorder.record(outcome.what, mac=mac, host=host, peer=peer)
        return True

    def _silent(
        self,
        on: DhcpSocket,
        request: DhcpMessage,
        silence: Silence,
        host: str | None,
        source: IPv4Address,
        now: float,
    ) -> None:
        self._count(on, "silent", silence.reason)
        who = host or request.mac or request.chaddr.hex(":")
        log.debug("DHCP port %d, from %s: %s", on.port, who, silence.detail)
        # The LAN's other DHCP traffic is counted, and no more said of it; nor is the
        # REQUEST of a booting machine, which is for the LAN's DHCP server.
        if silence.reason in _ORDINARY or not is_netboot(request):
            return
        if self._once.news((request.chaddr, silence), now):
            self._recorder.record(
                NotAnswered(reason=silence.reason, detail=silence.detail),
                mac=request.mac,
                host=host,
                peer=None if source is UNSPECIFIED else str(source),
            )

    def _malformed(
        self, on: DhcpSocket, index: int, error: WireError, data: bytes, source: bytes = b""
    ) -> None:
        self._count(on, "malformed")
        now = self._clock()
        # As near to a client's name as such a datagram gets. What is in it is the sender's
        # to make up, so all of them together have a bound as well.
        client = (on.port, index, source if any(source) else data[28:34])
        if self._once.news(client, now) and self._malformed_told.allow("", now):
            sender = str(IPv4Address(source)) if source else "an unreadable packet"
            name = self._interfaces().name(index)
            log.info("DHCP port %d, from %s on %s: %s", on.port, sender, name, error)

    def _count(self, on: DhcpSocket, outcome: str, reason: str = "") -> None:
        key = (on.port, outcome, reason)
        counter = self._counters.get(key)
        if counter is None:
            counter = self._metrics.dhcp.labels(str(on.port), outcome, reason)
            self._counters[key] = counter
        counter.inc()


_NOBODY: Final = Unknown(Policy.IGNORE)
"""One that does not netboot, and is not asked about."""

_ORDINARY: Final = frozenset(
    {Reason.NOT_A_REQUEST, Reason.NOT_A_DISCOVER, Reason.NOT_A_BOOT_REQUEST, Reason.NOT_NETBOOT}
)


def _towards(request: DhcpMessage, source: IPv4Address) -> IPv4Address | None:
    for each in (request.giaddr, request.ciaddr, source):
        if each is not UNSPECIFIED:  # so parse() gives it
            return each
    return None
