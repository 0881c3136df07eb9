"""The TFTP service: receives requests and decides which become transfers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from ipaddress import IPv4Address
from types import TracebackType
from typing import Self

from pyxie.bounds import TFTP_TOTAL
from pyxie.errors import WireError
from pyxie.events.event import Recorder
from pyxie.events.meter import EVERY, Meter
from pyxie.metrics import Metrics
from pyxie.openfile import EXHAUSTED
from pyxie.tftp.accounting import Accounting
from pyxie.tftp.apart import Apart, Starts
from pyxie.tftp.askers import Askers
from pyxie.tftp.away import Away
from pyxie.tftp.batches import UdpLine, line_of, name_of
from pyxie.tftp.beginning import Fits
from pyxie.tftp.carriers import Carriers, Going
from pyxie.tftp.clients import Client, Clients
from pyxie.tftp.denials import Denials
from pyxie.tftp.driver import Driver
from pyxie.tftp.files import Content
from pyxie.tftp.handover import Ending
from pyxie.tftp.limits import Limits
from pyxie.tftp.opening import Asked, Finds, Openings, Ready
from pyxie.tftp.packet import ErrorCode, ReadRequest, WriteRequest, error, is_request, parse
from pyxie.tftp.report import one_line
from pyxie.tftp.sockets import OF_ANOTHER, RequestSocket, arrival, fitting, listen, reply
from pyxie.tftp.source import Found, Source
from pyxie.tftp.transfer import Completed
from pyxie.tftp.transferports import Line
from pyxie.threads import Pool

_REQUESTS_A_TURN = 256
_SLICE = 0.002
"""Seconds for which requests are dealt with before the event loop gets its turn again."""


class TftpServer:
    """Answers read requests with what a `Source` finds; a `pyxie.service.Service`.

    A client that asks again while its transfer is in progress, with the same words from the
    same port, is not answered twice. One that asks for something else from that port, as
    ROMs with a fixed port do, has left the old transfer behind.
    """

    name = "tftp"

    def __init__(
        self,
        source: Source,
        recorder: Recorder,
        metrics: Metrics,
        *,
        host: str = "0.0.0.0",
        port: int = 69,
        single_port: bool = False,
        limits: Callable[[], Limits] = Limits,
        serves: Callable[[int], bool] = lambda _: True,
        listener: Callable[[str, int, bool], RequestSocket] = listen,
        opener: Callable[[IPv4Address], Line] = line_of,
        fits: Fits = fitting,
        pool: Pool | None = None,
        first: Finds | None = None,
        ready: Ready = lambda _name, _peer: None,
        forks: Starts | None = None,
    ) -> None:
        """Set up; nothing is bound yet.

        Args:
            source: Finds files by name.
            recorder: Takes an event for each loader sent and each failure.
            metrics: The ``tftp`` ones are kept.
            host: The IPv4 address to listen on.
            port: The UDP port to listen on; 0 for any that is free.
            single_port: Answer from that port too, instead of from one for each transfer.
            limits: Those of now, asked at each request.
            serves: Whether requests that arrive on this interface, by its index, are
                answered.
            listener: Opens the socket that requests are heard on; see `sockets.listen`.
            opener: Opens a socket for transfers, bound to an address of ours.
            fits: Returns the block size for the way from an address to a client; see
                `sockets.fitting`.
            pool: Whose threads read files; some of its own, if None.
            first: Is asked before ``source``; see `pyxie.tftp.opening.Openings`.
            ready: Returns at once what both would find; as above.
            forks: Starts a process for big transfers, unless all are to go by a single port.
        """
        self._accounting = Accounting(recorder, metrics)
        self._host = host
        self._port = port
        self._single_port = single_port
        self._limits = limits
        self._serves = serves
        self._listener = listener
        self._opener = opener
        self._fits = fits
        pool = pool or Pool("the folder 'ipxe'")
        self._openings = Openings(source, pool, self._opened, self._not_opened, first, ready)
        self._forks = None if single_port else forks
        self._clients = Clients()
        self._askers = Askers()
        self._draining = False
        self._telling: asyncio.TimerHandle | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def port(self) -> int:
        """The UDP port that is listened on; valid once bound."""
        return int(self._sock.getsockname()[1])

    async def __aenter__(self) -> Self:
        """Bind the port.

        Raises:
            StartError: It cannot be had.
        """
        self._loop = asyncio.get_running_loop()
        self._denials = Denials(self._accounting, self._reply, self._loop.time)
        self._failed: asyncio.Future[None] = self._loop.create_future()
        self._sock = self._listener(self._host, self._port, self._single_port)
        shared = UdpLine(self._sock) if self._single_port else None
        count, no_offload = self._accounting.count, self._accounting.no_offload
        ended, stray = self._on_end, partial(count, "stray")
        self._driver = Driver(self._opener, ended, stray, self._guarded, shared)
        told = ended, self._not_begun, count, no_offload
        apart = Apart(self._forks, *told) if self._forks is not None else None
        self._carriers = Carriers(self._driver, self._openings, self._fits, no_offload, apart)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Tell clients whose transfers are still in progress, and close all."""
        if self._telling is not None:
            self._telling.cancel()
        self._openings.close()
        await self._carriers.close()
        self._sock.close()

    async def serve(self) -> None:
        """Answer until cancelled."""
        self._loop.add_reader(self._sock.fileno(), self._guarded, self._on_requests)
        self._carriers.run(self._loop)
        try:
            await self._failed
        finally:
            self._loop.remove_reader(self._sock.fileno())
            self._carriers.pause()

    async def drain(self) -> None:
        """Hear no new request; return when the transfers in progress are over.

        Requests are left unanswered, not refused: the client asks again and, if this is a
        restart, finds the next server, where a refusal would end its boot.
        """
        self._draining = True
        if not self._single_port:
            self._loop.remove_reader(self._sock.fileno())
        await self._idle.wait()

    def _guarded(self, work: Callable[[], None]) -> None:
        # What is raised here concerns no single client: serve() passes it on.
        try:
            work()
        except Exception as exc:  # noqa: BLE001
            if not self._failed.done():
                self._failed.set_exception(exc)

    def _on_requests(self) -> None:
        single = self._single_port
        until = self._loop.time() + _SLICE
        for at in range(_REQUESTS_A_TURN):
            if self._loop.time() > until:
                break
            try:
                datagram, ancillary, _flags, peer = self._sock.recvmsg(2048, 64)
            except BlockingIOError:
                if single and at == 0:
                    self._driver.hear_errors()  # or what was it woken for?
                break
            except OSError as exc:
                if exc.errno in EXHAUSTED:
                    break
                if single and exc.errno in OF_ANOTHER:
                    self._driver.hear_errors()
                    continue
                raise
            if single and not is_request(datagram):
                self._driver.hear(name_of(peer), datagram)
                continue
            came = arrival(ancillary)
            # Silence for requests to a broadcast address: RFC 1123 section 4.2.3.5.
            if came is None or came.broadcast or not self._serves(came.interface):
                continue
            if not self._draining and self._is_wanted(peer):
                self._try(Asked(datagram, peer, came.local))
        if single:
            self._driver.settle()

    def _is_wanted(self, peer: tuple[str, int]) -> bool:
        """Tell whether there is to be an answer to ``peer``; most of a flood gets none."""
        if peer[1] == 0:
            return False  # forged: no port to answer to
        if self._askers.hears(peer, self._loop.time(), served=peer in self._clients):
            return True
        self._accounting.count("busy")
        return False

    def _try(self, asked: Asked) -> None:
        try:
            self._on_request(asked)
        except Exception as exc:  # noqa: BLE001 - logged
            self._denials.failed_by_bug(asked, exc)

    def _on_request(self, asked: Asked) -> None:
        try:
            packet = parse(asked.datagram)
        except WireError as exc:
            self._accounting.malformed(asked.peer[0], exc, self._loop.time())
            # An answer to anything but a request could go on for ever; one to a client that is
            # being served would end that.
            if is_request(asked.datagram) and asked.peer not in self._clients:
                said = one_line(f"malformed request: {exc}")
                self._reply(asked, error(ErrorCode.ILLEGAL_OPERATION, said))
            return
        match packet:
            case ReadRequest():
                self._on_read(packet, asked)
            case WriteRequest():
                why = "this server takes no files"
                self._denials.illegal(asked, packet.filename, why)
            case _:
                # A late answer to an ERROR of ours, say. To answer could go on for ever.
                self._accounting.count("stray")

    def _on_read(self, request: ReadRequest, asked: Asked) -> None:
        known = self._clients.get(asked.peer)
        if known is not None:
            if known.asked.datagram == asked.datagram and not known.session.transfer.stalled:
                if not self._carriers.again(known.session, asked):
                    self._accounting.count("repeated")
                return
            # No farewell: from this port the client would take it for our answer.
            self._end(known.session, Ending.ASKED_ANEW)
        if self._openings.has(asked):
            self._accounting.count("repeated")
            return
        name = request.filename
        limits = self._limits()
        host = asked.peer[0]
        full = self._openings.full(len(self._clients), self._clients.of_host(host), host, limits)
        if full is not None and not (full is TFTP_TOTAL and self._displaces()):
            self._denials.busy(asked, name, "too many transfers")
            return
        if request.mode not in {"octet", "netascii"}:
            why = f"mode {request.mode} is not served; ask for octet"
            self._denials.illegal(asked, name, why)
            return
        self._idle.clear()
        self._openings.begin(request, asked)

    def _not_opened(self, request: ReadRequest, asked: Asked, exc: Exception) -> None:
        self._denials.not_opened(asked, request.filename, exc)
        self._rest()

    def _opened(self, request: ReadRequest, asked: Asked, found: Found, content: Content) -> None:
        try:
            self._begin(request, asked, found, content)
        except Exception as exc:  # noqa: BLE001 - logged
            self._denials.failed_by_bug(asked, exc)
        self._rest()

    def _rest(self) -> None:
        if self._clients.none and not self._openings:
            self._idle.set()

    def _begin(self, request: ReadRequest, asked: Asked, found: Found, content: Content) -> None:
        self._forsake(self._clients.silent())
        limits, others = self._limits(), len(self._clients)
        try:
            going = self._carriers.begin(request, asked, content, limits, others)
        except OSError as exc:
            self._denials.failed(asked, request.filename, exc)
            return
        now = self._loop.time()
        self._clients.add(Client(going, asked, found, now, Meter(now)))
        self._accounting.serving(len(self._clients))
        self._idle.clear()
        if self._telling is None:
            self._telling = self._loop.call_later(EVERY, self._guarded, self._tell_progress)
        self._carriers.start(going, now)

    def _not_begun(self, away: Away, exc: OSError) -> None:
        client = self._clients.remove(away)
        self._accounting.serving(len(self._clients))
        self._denials.failed(client.asked, away.name, exc)
        self._rest()

    def _displaces(self) -> bool:
        """End a slow transfer, so that there is room for another; False if none is slow."""
        displaced = self._clients.slow(self._loop.time())
        self._forsake([] if displaced is None else [displaced])
        return displaced is not None

    def _forsake(self, goings: Iterable[Going]) -> None:
        # No farewell: who is not there, or loses what is sent to it, asks anew.
        for going in goings:
            self._end(going, Ending.FORSAKEN)

    def _end(self, going: Going, why: Ending) -> None:
        self._clients.leave(going)
        self._carriers.end(going, why)

    def _tell_progress(self) -> None:
        # One timer for all, and no work for a block: who is done within a second costs nothing.
        self._telling = None
        now = self._loop.time()
        for client in self._clients:
            transfer = client.session.transfer
            if client.meter.due(transfer.received, now):
                self._accounting.progress(client.found, transfer, client.session.peer[0])
        if self._clients:
            self._telling = self._loop.call_later(EVERY, self._guarded, self._tell_progress)

    def _on_end(self, session: Going) -> None:
        client = self._clients.remove(session)
        host = session.peer[0]
        if session.transfer.heard:
            self._askers.know(host)
        self._rest()
        self._accounting.serving(len(self._clients))
        trouble = str(session.trouble.strerror) if session.trouble is not None else ""
        now = self._loop.time()
        self._accounting.over(client.found, session.transfer, host, trouble, client.began, now)
        if client.found.given is not None and isinstance(session.transfer.outcome, Completed):
            client.found.given()
        if isinstance(session, Away) and session.again is not None and not self._draining:
            self._try(session.again)

    def _reply(self, asked: Asked, datagram: bytes) -> None:
        reply(self._sock, datagram, asked.local, asked.peer)
