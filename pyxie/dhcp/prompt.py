"""Answers at once what is like something that was answered before.

What `pyxie.dhcp.decide` says of a machine in build mode rests on few things, and they hardly ever
change between two requests: while they are the same, the answer is the same bytes, but for the
transaction. And machines that ask alike (`pyxie.dhcp.alike`) are answered alike. All that is noted
of a request that is answered in full is noted of these as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from ipaddress import IPv4Address
from itertools import islice, repeat
from typing import Any, Final, TypeAlias

from pyxie.bounds import DHCP_READY
from pyxie.config.values import dashed
from pyxie.dhcp.account import Account
from pyxie.dhcp.alike import Own, form, is_special
from pyxie.dhcp.decide import Answer
from pyxie.dhcp.familiar import Familiar
from pyxie.dhcp.message import UNSPECIFIED, DhcpMessage
from pyxie.dhcp.others import Asking, Others
from pyxie.dhcp.packets import Packets
from pyxie.dhcp.prepared import Laid
from pyxie.dhcp.ready import Alike, Answered, Offer, Ready, Standing
from pyxie.dhcp.received import Received, Unreadable
from pyxie.dhcp.shapes import NO_ADDRESS
from pyxie.dhcp.sightings import Sightings
from pyxie.dhcp.sockets import DhcpSocket
from pyxie.dhcp.unanswered import Unanswered
from pyxie.events.datagrams import Offered
from pyxie.loaders.catalogue import Choice
from pyxie.rate import TokenBuckets
from pyxie.recognition.recognise import Recognised

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
        self._put: list[tuple[Sequence[Received | Unreadable], int]] = []
        """What is answered by the next `send`;"""
        self._asked: list[tuple[str, int]] = []
        """who asked so, and in which transaction;"""
        self._news: list[tuple[int, Ready]] = []
        """and which of them, by their order, may not have been told so a moment before."""
        self._whole: list[Received] = []
        self._first: list[tuple[str, int]] = []
        """Who has asked, perhaps otherwise than before, and in which transaction: for `Others`;"""
        self._asking: Asking | None = None
        """how all of them asked;"""
        self._again: list[tuple[str, int]] = []
        """and who has asked as before since."""
        self._familiar = Familiar(standing)

    def begin(self, interfaces: object) -> None:
        """Forget all, if what all rests on has changed; before requests are looked at.

        Args:
            interfaces: The present ones.
        """
        basis = (interfaces, *self._standing.basis())
        if len(basis) != len(self._basis) or any(
            now is not before for now, before in zip(basis, self._basis, strict=True)
        ):
            self._familiar.forget()
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
            machine = self._familiar.machines.get(who)
            if machine is None or active(machine.host) is not machine.build:
                self._familiar.look_up(who)
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
        if on.port != 67 or not self._familiar.shapes:
            return come, beyond
        familiar, allow = self._familiar, limit.allow
        moment, put, asked, again = self._moment(now), self._put, self._asked, self._again
        known = come.known(familiar.kinds) if isinstance(come, Packets) else repeat(None, len(come))
        for at, own in enumerate(known):
            try:
                found, late = own, False
                if found is None:
                    received = come[at]
                    if isinstance(received, Unreadable):
                        left.append(received)
                        continue
                    found = familiar.read(received)
                    if found is None:
                        left.append(received)
                        waiting.add(received.data[28:34])
                        continue
                    late = received.waited >= found[0].listens
                    familiar.learn(come, at, found[0])
                alike, who, xid, uuid = found
                machine = None if who in waiting else familiar.of(who)
                if machine is None or (uuid != machine.uuid and is_special(uuid)):
                    left.append(come[at])
                    waiting.add(who)
                    continue
                if on.strangers:
                    self._unsorted(who)
                if not allow(who, now):
                    beyond.append(self._datagram(come, at))
                    continue
                asks = machine.mac, xid
                if (
                    machine.moment == moment
                    and machine.alike is alike
                    and machine.uuid == uuid
                    and machine.on is on
                    and not late
                ):
                    (machine.by or machine.sends()).put(xid)
                    again.append(asks)
                else:
                    familiar.asked(alike)
                    laid = None if late else self._choose(machine, alike, uuid, on, xid, moment)
                    if laid is None:
                        self._whole.append(self._datagram(come, at))
                        waiting.add(who)
                        continue
                    laid.put(xid, machine.mine, uuid)
                    self._news.append((len(put), machine))
                put.append((come, at))
                asked.append(asks)
            except Exception:  # noqa: BLE001
                # The boundary: a bug met by one client must not end the others' boot.
                self._account.bug(67, come[at].data)
        self._note()
        return left, beyond

    @staticmethod
    def _datagram(come: Sequence[Received | Unreadable], at: int) -> Received:
        found = come[at]
        assert isinstance(found, Received)  # noqa: S101 - it was looked at
        return found

    def _moment(self, now: float) -> int:
        """Return what is another number when more was learnt, and each second: some goes by time.

        Both only grow, so that their sum does not come again.
        """
        return self._standing.learnt() + int(now)

    def _choose(
        self, machine: Ready, alike: Alike, uuid: bytes, on: DhcpSocket, xid: int, moment: int
    ) -> Laid | None:
        """Look up what a machine is answered; None if there is nothing for who asks alike."""
        mac = machine.mac
        machine.doubted()
        if self._again or self._asking is not alike.asking:
            self._note()
        novel = alike.ipxe or self._standing.novel(mac)
        if novel and alike.moment == moment and (leaning := alike.leaning) is not None:
            self._asking = alike.asking
            self._first.append((mac, xid))
            if alike.ipxe:
                self._standing.leaning(mac, True, xid)
        else:
            self._note()
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

    def _note(self) -> None:
        """Tell `Others` who has asked: in its order, as far as one machine's goes."""
        if self._first:
            assert self._asking is not None  # noqa: S101 - it came with the first of them
            self._others.ask_later(self._first, self._asking)
            self._first.clear()
        if self._again:
            self._others.ask_again(self._again)
            self._again.clear()

    def once(self, on: DhcpSocket, received: Received, now: float) -> bool:
        """Answer a request by what was made ready since it was read, and its share was counted."""
        if on.port != 67:
            return False
        who = received.data[28:34]
        # If it is looked at whole, others hear of it; then all is looked up again.
        if (machine := self._familiar.machines.get(who)) is not None:
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
            whole += (self._datagram(*put[at]) for at in sorted(failed))
            asked = [each for at, each in enumerate(asked) if at not in failed]
            news = [(at, machine) for at, machine in news if at not in failed]
        self._sightings.all_answered(asked)
        if self._unanswered:
            for mac, _ in asked:
                self._unanswered.answered(mac, 67)
        if news and (told := [each for _, of in news if (each := of.news(now)) is not None]):
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
        alike = self._familiar.shapes.of(received, request, server)
        if alike is None:
            if not self._familiar.shapes:  # there were too many
                self._familiar.forget()
            return
        made = form(answer.message, Own(*alike.own(received.data)))
        if made is not None:
            alike.offers[id(choice)] = Offer(made, what, dashed(mac), choice)
