"""Answers at once what is like something that was answered before.

What `pyxie.dhcp.decide` says of a machine in build mode rests on few things, and they hardly ever
change between two requests: while they are the same, the answer is the same bytes, but for the
transaction. And machines that ask alike (`pyxie.dhcp.alike`) are answered alike. All that is noted
of a request that is answered in full is noted of these as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from ipaddress import IPv4Address
from itertools import islice
from operator import itemgetter
from typing import Any, Final, TypeAlias

from pyxie.bounded import note
from pyxie.bounds import DHCP_READY
from pyxie.config.values import dashed
from pyxie.dhcp.account import Account
from pyxie.dhcp.alike import Own, form, is_special
from pyxie.dhcp.decide import Answer
from pyxie.dhcp.message import UNSPECIFIED, DhcpMessage
from pyxie.dhcp.others import Others
from pyxie.dhcp.prepared import Laid
from pyxie.dhcp.ready import Alike, Answered, Offer, Ready, Standing, expected, ready
from pyxie.dhcp.received import Received, Unreadable
from pyxie.dhcp.shapes import NO_ADDRESS, Shapes
from pyxie.dhcp.sightings import Sightings
from pyxie.dhcp.sockets import DhcpSocket
from pyxie.dhcp.unanswered import Unanswered
from pyxie.events.datagrams import Offered
from pyxie.loaders.catalogue import Choice
from pyxie.rate import TokenBuckets
from pyxie.recognition.recognise import Recognised

_PARTS: Final = itemgetter(0, 1, 3, 4)
"""Of a `Received`: the data, the source, the interface, and how long it has waited."""
_NO_LIMIT: Final = TokenBuckets(0)

Tells: TypeAlias = Callable[[Sequence[Answered]], None]


class Prompt:
    """Keeps such answers, and gives them.

    Args:
        standing: On what they rest.
        account: Told of what is answered.
        tell: Takes what events are made of; they may be made later.
        others: Told who asks.
        sightings: Told of what is answered.
        unanswered: Told of machines that need no later answer.
        unsorted: Told of those whose request came by way of strangers.
    """

    def __init__(
        self,
        standing: Standing,
        account: Account,
        tell: Tells,
        others: Others,
        sightings: Sightings,
        unanswered: Unanswered[Any],
        unsorted: Callable[[bytes], None],
    ) -> None:
        self._standing = standing
        self._account = account
        self._tell = tell
        self._others = others
        self._sightings = sightings
        self._unanswered = unanswered
        self._unsorted = unsorted
        self._basis: tuple[object, ...] = ()
        self._put: list[Received] = []
        """What is answered by the next `send`;"""
        self._asked: list[tuple[str, int]] = []
        """who asked so, and in which transaction;"""
        self._news: list[tuple[int, Ready]] = []
        """and which of them, by their order, may not have been told so a moment before."""
        self._whole: list[Received] = []
        self._again: list[tuple[str, int]] = []
        """Who has asked as before, and in which transaction: for `Others`."""
        self._shapes = Shapes()
        self._last: Alike | None = None
        """What was asked last."""
        self._machines: dict[bytes, Ready] = {}

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
        active = self._standing.active
        for mac in tuple(islice(self._standing.building(), DHCP_READY.whole)):
            self.begin(interfaces())
            who = bytes.fromhex(mac.replace(":", ""))
            machine = self._machines.get(who)
            if machine is None or active(machine.host) is not machine.build:
                self._look_up(who)
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
        if on.port != 67 or not self._shapes:
            return come, beyond
        allow, active, machines = limit.allow, self._standing.active, self._machines
        moment, put, asked, again = self._moment(now), self._put, self._asked, self._again
        for received in come:
            try:
                if isinstance(received, Unreadable):
                    left.append(received)
                    continue
                data, source, index, waited = _PARTS(received)
                who = data[28:34]
                if who in waiting:
                    left.append(received)
                    continue
                machine = machines.get(who)
                alike = self._last if machine is None else machine.alike or self._last
                if (
                    machine is None
                    or alike is None
                    or alike.cut(data) != alike.shape
                    or index != alike.interface
                    or source != NO_ADDRESS
                    or active(machine.host) is not machine.build
                ):
                    machine, alike = self._find(who, received)
                if (
                    machine is None
                    or alike is None
                    or ((uuid := data[alike.uuid]) != machine.uuid and is_special(uuid))
                ):
                    left.append(received)
                    waiting.add(who)
                    continue
                if on.strangers:
                    self._unsorted(who)
                if not allow(who, now):
                    beyond.append(received)
                    continue
                xid = int.from_bytes(data[4:8])
                asks = machine.mac, xid
                if (
                    machine.moment == moment
                    and machine.alike is alike
                    and machine.uuid == uuid
                    and machine.on is on
                    and waited < alike.listens
                ):
                    machine.sends().put(xid)
                    again.append(asks)
                else:
                    self._last = alike
                    late = waited >= alike.listens
                    laid = None if late else self._choose(machine, alike, uuid, on, xid, moment)
                    if laid is None:
                        self._whole.append(received)
                        waiting.add(who)
                        continue
                    laid.put(xid, machine.mine, uuid)
                    self._news.append((len(put), machine))
                put.append(received)
                asked.append(asks)
            except Exception:  # noqa: BLE001
                # The boundary: a bug met by one client must not end the others' boot.
                self._account.bug(67, received.data)
        self._note_again()
        return left, beyond

    def _moment(self, now: float) -> int:
        """Return what is another number when more was learnt, and each second: some goes by time.

        Both only grow, so that their sum does not come again.
        """
        return self._standing.learnt() + int(now)

    def _find(self, who: bytes, received: Received) -> tuple[Ready | None, Alike | None]:
        """Return whose request this is and what it is one of, each None where it is none."""
        machine = self._machines.get(who)
        if machine is not None and self._standing.active(machine.host) is not machine.build:
            del self._machines[who]
            machine = None
        alike = self._shapes.find(received)
        if alike is not None and machine is None:
            machine = self._look_up(who)
        return machine, alike

    def _look_up(self, who: bytes) -> Ready | None:
        """Look up what a machine will be answered by; None if it is not in build mode, say."""
        known = expected(self._standing, who.hex(":"))
        if known is None:
            self._machines.pop(who, None)
            return None
        machine = ready(known)
        if note(self._machines, who, machine, DHCP_READY.whole):
            DHCP_READY.reached()
        return machine

    def _choose(
        self, machine: Ready, alike: Alike, uuid: bytes, on: DhcpSocket, xid: int, moment: int
    ) -> Laid | None:
        """Look up what a machine is answered; None if there is nothing for who asks alike."""
        mac = machine.mac
        machine.doubted()
        self._note_again()
        novel = alike.ipxe or self._standing.novel(mac)
        if novel and alike.moment == moment and (leaning := alike.leaning) is not None:
            self._others.ask_later(mac, xid, alike.asking)
            if alike.ipxe:
                self._standing.leaning(mac, True, xid)
        else:
            sort, network = alike.asking
            self._others.asks(mac, sort, xid, network, known=True)
            leaning = self._standing.leaning(mac, alike.ipxe, xid)
            if novel:
                alike.usual(leaning, moment)
        if not machine.has(alike, uuid, on, leaning):
            known = machine.known
            choice = known.choice(leaning) or self._standing.loaders(known.client, leaning)
            offer = alike.offers.get(id(choice))
            if offer is None:
                return None
            machine.answered(alike, uuid, on, leaning, offer)
        if leaning.lasts:
            machine.settled(moment)
        return machine.laid

    def _note_again(self) -> None:
        if self._again:
            self._others.ask_again(self._again)
            self._again.clear()

    def once(self, on: DhcpSocket, received: Received, now: float) -> bool:
        """Answer a request by what was made ready since it was read, and its share was counted."""
        if on.port != 67:
            return False
        who = received.data[28:34]
        # If it is looked at whole, others hear of it; then all is looked up again.
        if (machine := self._machines.get(who)) is not None:
            machine.doubted()
        self.take(on, [received], _NO_LIMIT, now, set())
        if not self._put:
            self._whole.clear()  # it is about to be looked at
            return False
        return not self.send(on, now)

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
        put, asked, news, whole = self._put, self._asked, self._news, self._whole
        self._put, self._asked, self._news, self._whole = [], [], [], []
        if not put:
            return whole
        failed = on.flush()
        if failed:
            whole += (put[at] for at in sorted(failed))
            asked = [each for at, each in enumerate(asked) if at not in failed]
            news = [(at, machine) for at, machine in news if at not in failed]
        self._sightings.all_answered(asked)
        if self._unanswered:
            for mac, _ in asked:
                self._unanswered.answered(mac, 67)
        said = (machine.news(now) for _, machine in news)
        if told := [each for each in said if each is not None]:
            self._tell(told)
        self._account.count(67, "answered", times=len(asked))
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
        if not near or received.source != NO_ADDRESS or client != self._standing.in_build(mac):
            return
        alike = self._shapes.of(received, request, server)
        if alike is None:
            if not self._shapes:  # there were too many
                self._forget()
            return
        made = form(answer.message, Own(*alike.own(received.data)))
        if made is not None:
            alike.offers[id(choice)] = Offer(made, what, dashed(mac), choice)

    def _forget(self) -> None:
        self._shapes.clear()
        self._machines.clear()
        self._last = None
