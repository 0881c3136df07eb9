"""The lookout for other servers, on a tap in memory."""

from __future__ import annotations

import asyncio
import logging
import os
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Interface

import pytest

from pyxie.bounds import DHCP_REPLIES
from pyxie.dhcp.lookout import Lookout
from pyxie.dhcp.message import UNSPECIFIED, DhcpMessage, MessageType, build
from pyxie.dhcp.others import Others
from pyxie.dhcp.tap import ReplyTap, Tapped
from pyxie.events.datagrams import RivalOffered, TookElsewhere
from pyxie.events.kind import Kind
from pyxie.net.interfaces import Interface, Interfaces
from tests.dhcp.packets import MAC, SERVER, discover
from tests.dhcp.recorder import Recorder
from tests.dhcp.replies import ROUTER, reply, taking
from tests.support import eventually

INTERFACES = Interfaces(
    [
        Interface("eth0", 2, (IPv4Interface("192.168.7.1/24"),)),
        Interface("eth1", 3, (IPv4Interface("10.1.0.1/16"),)),
        Interface("port", 4),
    ]
)
RIVAL = IPv4Address("192.168.7.66")
OFFER = reply(discover(7), server=RIVAL, leased=UNSPECIFIED, o60=b"PXEClient", file=b"x.efi")


class FakeTap:
    """Replies in memory."""

    def __init__(self) -> None:
        self.outgoing: list[bool] = []
        self.fails: OSError | None = None
        self._waiting: deque[Tapped | OSError | None] = deque()
        self._count = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_SEMAPHORE | os.EFD_CLOEXEC)

    def hear(self, *, outgoing: bool) -> None:
        if self.fails is not None:
            raise self.fails
        self.outgoing.append(outgoing)

    def put(self, tapped: Tapped | OSError | None) -> None:
        self._waiting.append(tapped)
        os.eventfd_write(self._count, 1)

    def sees(
        self,
        message: DhcpMessage | bytes,
        *,
        source: IPv4Address = ROUTER,
        interface: int = 2,
        here: bool = False,
    ) -> None:
        data = message if isinstance(message, bytes) else build(message)
        self.put(Tapped(data, source, interface, here))

    @property
    def left(self) -> int:
        return len(self._waiting)

    def fileno(self) -> int:
        return self._count

    def receive(self) -> Tapped | None:
        os.eventfd_read(self._count)
        tapped = self._waiting.popleft()
        if isinstance(tapped, OSError):
            raise tapped
        return tapped

    def close(self) -> None:
        os.close(self._count)


@dataclass
class Lab:
    tap: FakeTap
    others: Others
    events: list[tuple[Kind, str | None]]

    async def settled(self) -> None:
        await eventually(lambda: not self.tap.left)
        await asyncio.sleep(0)

    def servers(self) -> list[IPv4Address]:
        return [each.server for each in self.others.servers()]


@asynccontextmanager
async def looking(
    *,
    bind: bool = False,
    at_once: Callable[[int], bool | None] = lambda _: None,
    is_bound: Callable[[int], bool] = lambda _: False,
    opener: Callable[[], ReplyTap] | None = None,
) -> AsyncIterator[Lab]:
    tap, recorder, others = FakeTap(), Recorder(), Others(lambda: 0.0)
    lookout = Lookout(
        others,
        lambda: INTERFACES,
        recorder,
        bind=bind,
        opener=opener or (lambda: tap),
        at_once=at_once,
        is_bound=is_bound,
        clock=lambda: 0.0,
        look=0.001,
    )
    async with lookout:
        serving = asyncio.create_task(lookout.serve())
        try:
            yield Lab(tap, others, recorder.events)
            await lookout.drain()
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)


class TestAReply:
    async def test_makes_its_server_known(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO)
        async with looking() as lab:
            lab.tap.sees(reply())
            lab.tap.sees(reply())
            await lab.settled()

            assert lab.servers() == [ROUTER]
        assert caplog.messages == [f"DHCP: {ROUTER} on eth0 gives addresses"]

    async def test_of_another_pxe_server_is_told_of_its_machine(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with looking() as lab:
            lab.others.asked(discover(7), 2, known=True)
            lab.tap.sees(OFFER, source=RIVAL)
            lab.tap.sees(OFFER, source=RIVAL)
            await lab.settled()

            assert lab.events == [
                (
                    RivalOffered(
                        server="192.168.7.66",
                        siaddr="0.0.0.0",
                        file="x.efi",
                        vendor_class="PXEClient",
                    ),
                    MAC,
                )
            ]
        assert caplog.messages == ["DHCP: 192.168.7.66 on eth0 is another PXE server"]

    @pytest.mark.parametrize("kind", [MessageType.OFFER, MessageType.ACK])
    async def test_that_is_read_after_its_machine_has_taken_it_is_told_of_it_once(
        self, kind: MessageType
    ) -> None:
        boots = reply(kind=kind, file=b"pxelinux.0")
        async with looking() as lab:
            lab.others.asked(discover(7), 2, known=True)
            lab.others.requested(taking(boots))
            lab.tap.sees(boots)
            lab.tap.sees(reply(kind=MessageType.ACK, file=b"pxelinux.0"))
            await lab.settled()

            assert [(type(what), mac) for what, mac in lab.events] == [(TookElsewhere, MAC)]

    async def test_of_our_own_is_nobodys_though_it_comes_back(self) -> None:
        ours = reply(server=SERVER, leased=UNSPECIFIED, o60=b"PXEClient")
        async with looking() as lab:
            lab.tap.sees(ours, source=SERVER, interface=3)
            lab.tap.sees(ours, source=SERVER, here=True)
            await lab.settled()

            assert lab.servers() == []

    async def test_of_this_hosts_dhcp_server_is_heard(self) -> None:
        async with looking() as lab:
            lab.tap.sees(reply(server=SERVER, siaddr=SERVER), source=SERVER, here=True)
            await lab.settled()

            assert [(each.server, each.here) for each in lab.others.servers()] == [(SERVER, True)]

    async def test_on_a_bridges_port_counts_for_a_machine_that_has_asked_us(self) -> None:
        async with looking() as lab:
            lab.tap.sees(reply(), interface=4)
            await lab.settled()
            assert lab.servers() == []

            lab.others.asked(discover(7), 2, known=True)
            lab.tap.sees(reply(), interface=4)
            await lab.settled()
            assert lab.servers() == [ROUTER]

    async def test_that_is_none_is_dropped(self) -> None:
        async with looking() as lab:
            lab.tap.sees(b"no DHCP")
            lab.tap.sees(reply(kind=MessageType.NAK))
            lab.tap.put(None)
            lab.tap.put(OSError("the interface went away"))
            lab.tap.sees(reply())
            await lab.settled()

            assert lab.servers() == [ROUTER]


class TestAFlood:
    async def test_is_read_within_bounds(self, caplog: pytest.LogCaptureFixture) -> None:
        before = DHCP_REPLIES.times
        forged = build(OFFER)
        async with looking() as lab:
            for at in range(2 * DHCP_REPLIES.whole + 50):
                lab.tap.sees(forged, source=IPv4Address(0x0A000000 + at))
            await eventually(lambda: DHCP_REPLIES.times > before)

            assert lab.tap.left == 50

    async def test_of_servers_is_told_within_bounds(self, caplog: pytest.LogCaptureFixture) -> None:
        async with looking() as lab:
            for at in range(100):
                lab.tap.sees(reply(server=IPv4Address(0x0A000000 + at)))
            await lab.settled()
        assert len(caplog.messages) <= 20


class TestThisHost:
    async def test_is_listened_to_while_a_dhcp_server_is_on_it(self) -> None:
        bound: list[bool] = [True]
        async with looking(is_bound=lambda _: bound[0]) as lab:
            await eventually(lambda: lab.tap.outgoing == [True])

            bound[0] = False
            await eventually(lambda: lab.tap.outgoing == [True, False])

    async def test_is_asked_for_without_a_thread_where_the_kernel_tells(self) -> None:
        bound: list[bool] = [True]
        asked: list[int] = []

        def look(port: int) -> bool:
            asked.append(port)
            return False

        async with looking(at_once=lambda _: bound[0], is_bound=look) as lab:
            await eventually(lambda: lab.tap.outgoing == [True])

            bound[0] = False
            await eventually(lambda: lab.tap.outgoing == [True, False])
        assert asked == []

    async def test_is_not_where_port_67_is_ours(self) -> None:
        async with looking(bind=True, is_bound=lambda _: True) as lab:
            await asyncio.sleep(0.01)

            assert lab.tap.outgoing == []

    async def test_that_cannot_be_listened_to_is_said(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with looking(is_bound=lambda _: bool(caplog.messages) is False) as lab:
            lab.tap.fails = OSError(1, "Operation not permitted")
            await eventually(lambda: len(caplog.messages) > 0)

        assert caplog.messages[0] == (
            "DHCP: this host's own server is not overheard: Operation not permitted"
        )

    async def test_without_the_capability_nothing_is_heard_and_all_else_goes_on(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        def forbidden() -> ReplyTap:
            raise PermissionError(1, "Operation not permitted")

        caplog.set_level(logging.INFO)
        async with looking(opener=forbidden) as lab:
            await asyncio.sleep(0)

            assert lab.servers() == []
        assert caplog.messages == [
            (
                "DHCP: what other servers tell machines is not overheard (Operation not permitted):"
                " that takes CAP_NET_RAW, and AF_PACKET in the systemd unit's"
                " RestrictAddressFamilies="
            )
        ]


def test_a_pause_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood that is over is not the end of listening."""

    async def scenario() -> None:
        now = [0.0]
        tap, others = FakeTap(), Others(lambda: now[0])
        lookout = Lookout(
            others, lambda: INTERFACES, Recorder(), opener=lambda: tap, clock=lambda: now[0]
        )
        async with lookout:
            serving = asyncio.create_task(lookout.serve())
            for _ in range(2 * DHCP_REPLIES.whole + 1):
                tap.sees(b"")
            await eventually(lambda: tap.left == 1)

            now[0] = 1.0
            tap.sees(replace(reply()))
            await eventually(lambda: not tap.left)

            assert [each.server for each in others.servers()] == [ROUTER]
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)

    asyncio.run(scenario())
