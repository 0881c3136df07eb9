"""The DHCP service: sockets on one side, `decide` on the other, nothing awaited between."""

from __future__ import annotations

import asyncio
import errno
import logging
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from ipaddress import IPv4Address
from types import TracebackType
from typing import Final, Protocol, Self, TypeAlias

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
    is_netboot,
)
from pyxie.dhcp.destinations import Destinations
from pyxie.dhcp.expecting import Expecting
from pyxie.dhcp.firmware import Ipxe, client_fields, ipxe
from pyxie.dhcp.firstanswer import rehearse
from pyxie.dhcp.identify import identify, whereabouts
from pyxie.dhcp.intake import SLICE, Heard, Intake
from pyxie.dhcp.message import UNSPECIFIED, DhcpMessage, address, build
from pyxie.dhcp.others import Others
from pyxie.dhcp.overheard import Network
from pyxie.dhcp.prompt import Prompt, Tells
from pyxie.dhcp.ready import Answered, Standing
from pyxie.dhcp.sightings import Sightings
from pyxie.dhcp.sockets import DhcpSocket, open_sockets
from pyxie.dhcp.sorting import Macs, Sifted, Sorting
from pyxie.dhcp.taken import Taken
from pyxie.dhcp.unanswered import Unanswered, listens
from pyxie.events.datagrams import AnswerNotSent
from pyxie.events.event import Recorder
from pyxie.events.kind import Kind
from pyxie.loaders.catalogue import Choice
from pyxie.metrics import Metrics
from pyxie.net.interfaces import Interfaces
from pyxie.rate import TokenBuckets
from pyxie.recognition.discovered import Whereabouts
from pyxie.recognition.news import News
from pyxie.recognition.recognise import Policy, Recognised, Unknown, apart, concerns
from pyxie.registry.identity import Identity

log = logging.getLogger(__name__)

_GATHER: Final = 0.05
"""Seconds for which news of machines, builds and settings gather: a thousand come in a row."""

_PAUSE: Final = 0.02
"""Seconds between two looks at a flood of strangers: of a twentieth of the time at most."""

_WAITS: Final = frozenset({Reason.UNKNOWN_MACHINE, Reason.NOT_IN_BUILD})
"""Silences that may be broken while the client still listens."""

_PASSING: Final = frozenset(
    {errno.ENETDOWN, errno.ENETUNREACH, errno.ENOBUFS, errno.ENOMEM, errno.ENODEV, errno.EINTR}
)
"""What a socket may report while interfaces come and go, or memory is short."""


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
        loaders: ChoosesLoader,
        http_port: int,
        recorder: Recorder,
        metrics: Metrics,
        chains: ChainMemory,
        bind: bool = False,
        observes: Callable[[], bool] = lambda: False,
        limit: Callable[[], TokenBuckets],
        clock: Callable[[], float] = time.monotonic,
        opener: Callable[[bool], tuple[DhcpSocket, ...]] = open_sockets,
        discovered: Discovers = lambda _mac, _fields, _where: None,
        goes_on: Callable[[Recognised], bool] = lambda _client: False,
        knows: Callable[[str], bool] = lambda _mac: True,
        macs: Callable[[], Macs] = lambda: tuple,
        news: News,
        others: Others,
        sightings: Sightings,
        standing: Standing | None = None,
        gather: Gathers | None = None,
        tell: Tells | None = None,
    ) -> None:
        """Take what it asks, each time anew.

        Args:
            interfaces: The present interfaces.
            recognise: Tells who asks, by ``aa:bb:cc:dd:ee:ff`` and, if it wants to know
                more, by what it tells; from memory.
            loaders: What a client may be handed, by who it is and how it asks; from memory.
            http_port: Where our HTTP server listens.
            recorder: Takes the events of the boots.
            metrics: Counts.
            chains: Which iPXE was handed the better one; who serves scripts forgets them.
            bind: Bind port 67, rather than listen beside who has bound it.
            observes: Whether now it only says what it would answer, and sends nothing.
            limit: As of now: the requests that one MAC address may make a second.
            clock: Seconds, monotonic.
            opener: Opens the sockets, told ``bind``.
            discovered: Called with the MAC of an unknown machine, what it reported, and where.
            goes_on: Tells whether a client that is not booted is to be sent on to its next boot
                device; from memory.
            knows: Tells by a MAC alone, and at once, whether a machine may be one of ours; those
                come first, and of others only so many are looked at.
            macs: Gives what lists, in a thread, whom it knows so.
            news: Tells of which clients something else may be known than a moment before.
            others: What is known of other DHCP servers; told who asks them.
            sightings: Told of what known machines do that makes no event.
            gather: Takes what an event is made of, with a MAC and a hostname; if None, the
                recorder has all at once.
            tell: As of `Prompt`; if None, the same.
            standing: By what an answer is known to be that of before; None if it is made anew
                each time.
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
        self._goes_on = goes_on
        self._chains = chains
        self._sorting = Sorting(macs, secrets.randbits(32))
        unsorted, loud = self._sorting.missed, self._sorting.loud
        self._others = others
        requested = Taken(others, knows, recorder, clock).heard
        self._sightings = sightings
        account = self._account
        self._unanswered = Unanswered[Heard]()
        self._gather = gather or self._record_at_once
        self._prompt: Prompt | None = None
        if standing is not None:
            self._prompt = Prompt(
                *(standing, account, tell or self._gather_each, others, sightings),
                *(self._unanswered, self._sorting.missed),
            )
        self._expecting = Expecting(self._prompt, interfaces) if self._prompt is not None else None
        self._intake = Intake(
            *(interfaces, knows, limit, account, clock, unsorted, loud, requested),
            sightings=sightings,
            prompt=self._prompt,
            observe=self._seconds.observe_alike,
            at_once=self._work_on_one,
        )
        self._destinations = Destinations()
        self._going_on: asyncio.Handle | None = None
        self._behind = False
        self._pauses: dict[DhcpSocket, asyncio.TimerHandle] = {}
        self._gathering: asyncio.TimerHandle | None = None
        self._open: tuple[DhcpSocket, ...] = ()
        self._broken: asyncio.Future[None] | None = None
        news.follow(self._hear_news)

    def _record_at_once(self, what: Kind, mac: str, host: str) -> None:
        self._recorder.record(what, mac=mac, host=host)

    def _gather_each(self, news: Sequence[Answered]) -> None:
        for each in news:
            self._gather(each.what(), each.mac, each.host)

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
        if self._prompt is not None:
            rehearse(self._open[0])
        for each in self._open:
            loop.add_reader(each.fileno(), self._readable, each)
        sorting = asyncio.create_task(
            self._sorting.keep([each for each in self._open if isinstance(each, Sifted)])
        )
        expecting = (
            asyncio.create_task(self._expecting.keep()) if self._expecting is not None else None
        )
        try:
            await self._broken
        finally:
            sorting.cancel()
            if expecting is not None:
                expecting.cancel()
            self._stop_reading()

    async def drain(self) -> None:
        """Take no further request; none is ever in hand for longer than a callback."""
        self._stop_reading()

    def _stop_reading(self) -> None:
        loop = asyncio.get_running_loop()
        for each in self._open:
            loop.remove_reader(each.fileno())
        for pause in self._pauses.values():
            pause.cancel()
        self._pauses.clear()
        self._unanswered.clear()
        self._intake.clear()
        if self._going_on is not None:
            self._going_on.cancel()
            self._going_on = None
        if self._gathering is not None:
            self._gathering.cancel()
            self._gathering = None

    @property
    def waiting(self) -> int:
        """How many requests were read and are not looked at yet."""
        return len(self._intake)

    def _readable(self, on: DhcpSocket) -> None:
        try:
            behind = not self._intake.read(on)
            if not on.strangers:
                self._behind = behind
            elif behind:
                self._pause(on)
        except OSError as error:
            self._receiving_failed(on, error)
        self._work()

    def _pause(self, on: DhcpSocket) -> None:
        """Leave strangers' requests where they are for a while: it is a flood."""
        loop = asyncio.get_running_loop()
        loop.remove_reader(on.fileno())
        self._pauses[on] = loop.call_later(_PAUSE, self._resume, on)

    def _resume(self, on: DhcpSocket) -> None:
        del self._pauses[on]
        asyncio.get_running_loop().add_reader(on.fileno(), self._readable, on)

    def _work(self) -> None:
        """Answer what waits for it, as far as there is time; the rest soon."""
        until = time.perf_counter() + SLICE
        while self._work_on_one() and time.perf_counter() <= until:
            pass
        if self._intake and self._going_on is None:
            self._going_on = asyncio.get_running_loop().call_soon(self._go_on)

    def _work_on_one(self) -> bool:
        """Look at the request whose turn it is; False if none waits."""
        heard = self._intake.take(strangers=not self._behind)
        if heard is None:
            return False
        try:
            self._look_at(heard)
        except Exception:  # noqa: BLE001
            # The boundary: a bug met by one client must not end the others' boot.
            self._account.bug(heard.on.port, heard.received.data, again=heard.again)
        return True

    def _go_on(self) -> None:
        self._going_on = None
        self._work()
        self._behind = False  # until there is more to read, which is seen after this

    def _receiving_failed(self, on: DhcpSocket, error: OSError) -> None:
        if error.errno in _PASSING:
            self._account.receiving_failed(on.port, error, self._clock())
        elif self._broken is not None and not self._broken.done():
            self._broken.set_exception(error)

    def _look_at(self, heard: Heard) -> None:
        now, interfaces = self._clock(), self._interfaces()
        port = heard.on.port
        if now - heard.at >= listens(heard.request):
            if not heard.again:
                self._account.count(port, "silent", Reason.LATE)
            return
        if heard.again and not interfaces.served(heard.received.interface):
            return
        sent = self._answer_promptly(heard, interfaces, now) or self._answer(heard, interfaces, now)
        if sent and not heard.again:
            self._seconds.observe(time.perf_counter() - heard.read)

    def _answer_promptly(self, heard: Heard, interfaces: Interfaces, now: float) -> bool:
        """Answer as somebody was who asked alike, and was read at the same time."""
        if self._prompt is None or heard.again or not heard.known:
            return False
        self._prompt.begin(interfaces)
        return self._prompt.once(heard.on, heard.received, now)

    def _hear_news(self, mac: str | None) -> None:
        """Look again at what was not answered, once who tells the news is done with it."""
        self._sorting.changed()
        if self._expecting is not None:
            self._expecting.changed()
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
        for heard in self._unanswered.of(mac, self._clock()):
            self._intake.put(heard if heard.again else replace(heard, again=True))
        self._work()

    def _answer(self, heard: Heard, interfaces: Interfaces, now: float) -> bool:
        """Answer or be silent; True if something was sent."""
        on, received, request = heard.on, heard.received, heard.request
        source = address(received.source)
        mac = request.mac or ""  # decide() is silent to those without
        server = interfaces.address(received.interface, _asker(request, source))
        client: Recognised = _NOBODY
        netboots = bool(mac) and is_netboot(request)
        if netboots:
            if on.port == 67 and not heard.again:
                self._others.asked(request, _network(heard), known=heard.known)
            client = self._recognise(mac, partial(identify, request, server))
        host = concerns(client)
        loaders = _NO_LOADERS
        if netboots:
            loaders = self._loaders(
                client,
                mac,
                ipxe=ipxe(request.options.get(77)) is not Ipxe.NO,
                xid=request.xid if on.port == 67 and not heard.again else None,
            )
        boot = Boot(
            server=server or UNSPECIFIED,
            http_port=self._http_port,
            loaders=loaders.by_architecture,
            absent=loaders.absent,
            chains=loaders.chains,
            client=client,
            chained=self._chains.chained(mac, request.xid, now),
            goes_on=netboots and self._goes_on(client),
        )
        if netboots and not heard.again and isinstance(apart(client), Unknown):
            on_it = interfaces.network(received.interface, server)
            where = whereabouts(request, interfaces.name(received.interface), on_it)
            self._discovered(mac, client_fields(request.options, request.chaddr), where)
        outcome = decide(request, on.port, boot)
        if isinstance(outcome, Answer):
            if server is None:
                name = interfaces.name(received.interface)
                why = f"{name} has no IPv4 address to answer from"
                outcome = Silence(Reason.NO_ADDRESS, why)
            else:
                to = self._destinations.towards(heard, source, now)
                if isinstance(to, Destination):
                    sent = self._send(heard, outcome, to, server, host, source, now)
                    if sent and on.port == 67 and self._prompt is not None:
                        self._prompt.keep(received, request, client, loaders, outcome, server)
                    return sent
                outcome = to
        if not heard.again:
            self._account.count(on.port, "silent", outcome.reason)
            if outcome.reason in _WAITS:
                until, known = heard.at + listens(request), heard.known
                self._unanswered.keep(mac, on.port, heard, until, known=known)
            if heard.known and outcome.reason is Reason.NOT_NETBOOT and mac:
                self._sightings.plain(mac)
        self._account.silent(on.port, request, outcome, host, source, now)
        return False

    def _send(
        self,
        heard: Heard,
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
        what = replace(answer.what, late=now - heard.at) if heard.again else answer.what
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
            self._chains.remember(mac, request.xid, now, known=heard.known)
        if self._closed_port is not None:
            self._closed_port.answered(to, on.port)
        self._account.count(on.port, "answered")
        if heard.known and on.port == 67:
            self._sightings.answered(mac, request.xid)
        if host is not None and source is UNSPECIFIED:
            self._gather(what, mac, host)
        else:
            self._recorder.record(what, mac=mac, host=host, peer=peer_of(source))
        return True


Gathers: TypeAlias = Callable[[Kind, str, str], None]
Discovers: TypeAlias = Callable[[str, Mapping[str, str], Whereabouts], None]


class ChoosesLoader(Protocol):
    """See `pyxie.loaders.choosing.LoaderChoice.over_dhcp`."""

    def __call__(self, client: Recognised, mac: str, /, *, ipxe: bool, xid: int | None) -> Choice:
        """Return what a client may be handed."""
        ...


_NOBODY: Final = Unknown(Policy.IGNORE)
"""One that does not netboot, and is not asked about."""

_NO_LOADERS: Final = Choice({})


def _network(heard: Heard) -> Network:
    """Tell where a client is."""
    relay = heard.request.giaddr
    return heard.received.interface if relay is UNSPECIFIED else relay


def _asker(request: DhcpMessage, source: IPv4Address) -> IPv4Address | None:
    for each in (request.giaddr, request.ciaddr, source):
        if each is not UNSPECIFIED:  # so parse() gives it
            return each
    return None
