"""Answers at once what is like something that was answered before.

What `pyxie.dhcp.decide` says of a machine in build mode rests on few things, and they hardly ever
change between two requests: while they are the same, the answer is the same bytes, but for the
transaction. And machines that ask alike (`pyxie.dhcp.alike`) are answered alike. All that is noted
of a request that is answered in full is noted of these as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from itertools import islice
from typing import Any, Final, TypeAlias

from pyxie.bounded import note
from pyxie.bounds import DHCP_READY, DHCP_SHAPES
from pyxie.config.values import dashed
from pyxie.dhcp.account import Account
from pyxie.dhcp.alike import Layout, Own, Shape, form, is_special, layout
from pyxie.dhcp.decide import Answer
from pyxie.dhcp.firmware import Ipxe, ipxe
from pyxie.dhcp.message import UNSPECIFIED, DhcpMessage
from pyxie.dhcp.others import Others, sort_of
from pyxie.dhcp.prepared import Prepared
from pyxie.dhcp.ready import AGAIN, Alike, Expected, Offer, Ready, Standing, expected
from pyxie.dhcp.received import Received, Unreadable
from pyxie.dhcp.sightings import Sightings
from pyxie.dhcp.sockets import DhcpSocket
from pyxie.dhcp.unanswered import Unanswered, listens
from pyxie.events.datagrams import Offered
from pyxie.events.kind import Kind
from pyxie.loaders.catalogue import Choice
from pyxie.loaders.choosing import Leaning
from pyxie.rate import TokenBuckets
from pyxie.recognition.recognise import Recognised

_LAYOUTS: Final = 4
"""Of one length, on one interface."""
_NO_ADDRESS: Final = bytes(4)
_LONGEST: Final = 1500
"""Bytes of a request that is kept, to be known again."""


Gathers: TypeAlias = Callable[[Kind, str, str], None]


@dataclass(slots=True)
class _Interface:
    layouts: dict[int, tuple[Layout, ...]] = field(default_factory=dict)
    alike: dict[Shape, Alike] = field(default_factory=dict)


class Prompt:
    """Keeps such answers, and gives them.

    Args:
        standing: On what they rest.
        account: Told of what is answered.
        gather: Takes what events are made of, with a MAC and a hostname; they may be made later.
        others: Told who asks.
        sightings: Told of what is answered.
        unanswered: Told of machines that need no later answer.
        unsorted: Told of those whose request came by way of strangers.
    """

    def __init__(
        self,
        standing: Standing,
        account: Account,
        gather: Gathers,
        others: Others,
        sightings: Sightings,
        unanswered: Unanswered[Any],
        unsorted: Callable[[bytes], None],
    ) -> None:
        self._standing = standing
        self._account = account
        self._gather = gather
        self._others = others
        self._sightings = sightings
        self._unanswered = unanswered
        self._unsorted = unsorted
        self._basis: tuple[object, ...] = ()
        self._put: list[tuple[Ready, Received, int]] = []
        self._whole: list[Received] = []
        self._interfaces: dict[int, _Interface] = {}
        self._expected: dict[bytes, Expected] = {}
        self._latest: dict[bytes, Ready] = {}
        """By MAC: what a machine was answered last, if it would be again."""
        self._shapes = 0
        self._readies = 0

    def begin(self, interfaces: object) -> None:
        """Forget all, if what all rests on has changed; before requests are looked at.

        Args:
            interfaces: The present ones.
        """
        basis = (interfaces, *self._standing.basis())
        if len(basis) != len(self._basis) or any(
            now is not before for now, before in zip(basis, self._basis, strict=True)
        ):
            self._forget()
            self._basis = basis

    def expect(self, interfaces: Callable[[], object]) -> Iterator[None]:
        """Look up what machines in build mode will be answered by, each before it asks.

        Args:
            interfaces: The present ones.

        Yields:
            After each, so that others may have their turn.
        """
        active, found = self._standing.active, self._expected
        for mac in tuple(islice(self._standing.building(), DHCP_READY.whole)):
            self.begin(interfaces())
            who = bytes.fromhex(mac.replace(":", ""))
            known = found.get(who)
            if known is not None and active(known.client.host) is known.client.build:
                continue
            known = expected(self._standing, mac)
            if known is None:
                found.pop(who, None)
            elif note(found, who, known, DHCP_READY.whole):
                DHCP_READY.reached()
            yield

    def take(
        self,
        on: DhcpSocket,
        come: Sequence[Received | Unreadable],
        limit: TokenBuckets,
        now: float,
        waiting: set[bytes],
    ) -> tuple[Sequence[Received | Unreadable], Sequence[Received]]:
        """Answer what is ready for it; `send` sends the answers.

        Args:
            on: Where they came.
            come: They.
            limit: How often one MAC address may ask.
            now: The time, seconds, monotonic.
            waiting: MACs whose requests wait to be looked at whole: what they ask next waits, too.
                Those that are returned are added.

        Returns:
            Those for which nothing is ready, and those beyond their machine's share.
        """
        left, beyond = list[Received | Unreadable](), list[Received]()
        if on.port != 67 or not self._interfaces:
            return come, beyond
        active, allow, strays = self._standing.active, limit.allow, on.strangers
        latest, moment, again = self._latest, self._moment(now), list[tuple[str, int]]()
        for received in come:
            try:
                data = received.data
                who = data[28:34]
                if who in waiting:
                    left.append(received)
                    continue
                ready = latest.get(who)
                fresh = (
                    ready is not None
                    and ready.moment == moment
                    and ready.on is on
                    and data[10:] == ready.rest
                    and data[:4] == ready.head
                    and received.interface == ready.alike.interface
                )
                if not fresh:
                    ready = self._find(received)
                if ready is None or isinstance(received, Unreadable):
                    left.append(received)
                    waiting.add(who)
                elif active(ready.host) is not ready.build:
                    self._drop(ready)
                    left.append(received)
                    waiting.add(who)
                elif not allow(who, now):
                    beyond.append(received)
                elif fresh and received.waited < ready.alike.listens and ready.prepared is not None:
                    xid = int.from_bytes(data[4:8])
                    ready.prepared.put(xid)
                    self._put.append((ready, received, xid))
                    again.append((ready.mac, xid))
                else:
                    self._others.ask_again(again)
                    again.clear()
                    if not self._answer(ready, on, received, moment):
                        self._whole.append(received)
                        waiting.add(who)
                if strays and ready is not None:
                    self._unsorted(ready.own[0])
            except Exception:  # noqa: BLE001
                # The boundary: a bug met by one client must not end the others' boot.
                self._account.bug(67, received.data)
        self._others.ask_again(again)
        return left, beyond

    def _moment(self, now: float) -> int:
        """Return what is another number when more was learnt, and each second: some goes by time.

        Both only grow, so that their sum does not come again.
        """
        return self._standing.learnt() + int(now)

    def _find(self, received: Received | Unreadable) -> Ready | None:
        there = self._interfaces.get(received.interface)
        if there is None or isinstance(received, Unreadable) or received.source != _NO_ADDRESS:
            return None
        data = received.data
        for each in there.layouts.get(len(data), ()):
            alike = there.alike.get(each.shape(data))
            if alike is not None:
                own = each.own(data)
                return alike.ready.get(own) or self._new(alike, Own(*own))
        return None

    def _answer(self, ready: Ready, on: DhcpSocket, received: Received, moment: int) -> bool:
        """Have a request answered by what is ready for it; False if it is to be looked at whole."""
        alike, mac, data = ready.alike, ready.mac, received.data
        if received.waited >= alike.listens:
            return False
        xid = int.from_bytes(data[4:8])
        self._others.asks(mac, alike.sort, xid, alike.interface, known=True)
        leaning = self._standing.leaning(mac, alike.ipxe, xid)
        prepared = ready.prepared
        if prepared is None or ready.on is not on or leaning != ready.leaning:
            prepared = self._made(ready, on, leaning)
        who = ready.own[0]
        if prepared is None or not leaning.lasts or len(data) > _LONGEST:
            self._latest.pop(who, None)
        else:
            ready.asked(data, moment)
            self._latest[who] = ready
        if prepared is None:
            return False
        prepared.put(xid)
        self._put.append((ready, received, xid))
        return True

    def once(self, on: DhcpSocket, received: Received, now: float) -> bool:
        """Answer a request by what was made ready since it was read, and its share was counted."""
        if on.port != 67:
            return False
        # If it is looked at whole, others hear of it; then all is looked up again.
        self._latest.pop(received.data[28:34], None)
        ready = self._find(received)
        if ready is None or self._standing.active(ready.host) is not ready.build:
            return False
        return self._answer(ready, on, received, self._moment(now)) and not self.send(on, now)

    @property
    def waiting(self) -> int:
        """How many answers are to be sent."""
        return len(self._put)

    @property
    def idle(self) -> bool:
        """Whether there is nothing for `send` to do."""
        return not (self._put or self._whole)

    def send(self, on: DhcpSocket, now: float) -> list[Received]:
        """Send all answers; return the requests that are to be looked at whole after all.

        For another iPXE, say, or since the answer could not be sent: that is tried once more.
        """
        put, whole, self._put, self._whole = self._put, self._whole, [], []
        if not put:
            return whole
        failed = on.flush()
        if failed:
            whole += (received for at, (_, received, _) in enumerate(put) if at in failed)
            put = [each for at, each in enumerate(put) if at not in failed]
        self._sightings.all_answered([(ready.mac, xid) for ready, _, xid in put])
        keeps = bool(self._unanswered)
        for ready, _, _ in put:
            if keeps:
                self._unanswered.answered(ready.mac, 67)
            if now - ready.recorded >= AGAIN and (what := ready.news(now)) is not None:
                self._gather(what, ready.mac, ready.host)
        self._account.count(67, "answered", times=len(put))
        return whole

    def keep(
        self,
        received: Received,
        request: DhcpMessage,
        client: Recognised,
        choice: Choice,
        answer: Answer,
        server: IPv4Address,
    ) -> None:
        """Keep an answer that was sent to all on port 67, for who asks alike.

        Args:
            received: The request.
            request: The same, as it was parsed.
            client: Who asks.
            choice: The loaders for it.
            answer: It.
            server: Our address there.
        """
        mac, what = request.mac, answer.what
        # An iPXE that lacks something is handed a better one once in a boot: which time is this?
        if not isinstance(what, Offered) or what.lacking or mac is None:
            return
        near = request.giaddr is UNSPECIFIED and request.ciaddr is UNSPECIFIED
        if not near or received.source != _NO_ADDRESS or client != self._standing.in_build(mac):
            return
        found = self._alike(received, request, server)
        if found is None:
            return
        alike, own = found
        made = form(answer.message, own)
        if made is not None:
            alike.offers[id(choice)] = Offer(made, what, dashed(mac), choice)

    def _alike(
        self, received: Received, request: DhcpMessage, server: IPv4Address
    ) -> tuple[Alike, Own] | None:
        data = received.data
        there = self._interfaces.setdefault(received.interface, _Interface())
        mine, known = layout(data), there.layouts.get(len(data), ())
        if mine is None:
            return None
        if all(each.cuts != mine.cuts for each in known):
            if len(known) >= _LAYOUTS:
                return None
            there.layouts[len(data)] = (*known, mine)
        shape = mine.shape(data)
        alike = there.alike.get(shape)
        if alike is None:
            if self._shapes >= DHCP_SHAPES.whole:
                DHCP_SHAPES.reached()
                self._forget()
                return None
            self._shapes += 1
            kind = ipxe(request.options.get(77))
            alike = there.alike[shape] = Alike(
                *(kind is not Ipxe.NO, sort_of(request), listens(request)),
                *(server, received.interface),
            )
        return alike, Own(*mine.own(data))

    def _new(self, alike: Alike, own: Own) -> Ready | None:
        if is_special(own.uuid):
            return None
        known = self._expected.get(own.mac)
        if known is None or self._standing.active(known.client.host) is not known.client.build:
            known = expected(self._standing, own.mac.hex(":"))
        if known is None:
            return None
        if self._readies >= DHCP_READY.whole:
            DHCP_READY.reached()
            self._forget()
            return None
        self._readies += 1
        client = known.client
        ready = alike.ready[own] = Ready(*(alike, own, known, known.mac, client.host, client.build))
        return ready

    def _drop(self, ready: Ready) -> None:
        del ready.alike.ready[ready.own]
        self._latest.pop(ready.own[0], None)
        self._readies -= 1

    def _made(self, ready: Ready, on: DhcpSocket, leaning: Leaning) -> Prepared | None:
        """Fill in the answer to a machine, if there is one to others with its loaders."""
        known = ready.known
        choice = known.choice(leaning) or self._standing.loaders(known.client, leaning)
        offer = ready.alike.offers.get(id(choice))
        return ready.prepare(on, offer, leaning) if offer is not None else None

    def _forget(self) -> None:
        self._interfaces.clear()
        self._latest.clear()
        self._expected.clear()
        self._shapes = self._readies = 0
