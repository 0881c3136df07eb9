"""The DHCP service, on sockets that remember: who is answered, counted, logged and traced."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv4Interface

import pytest

from pyxie.adhoc.boots import AdHocBoot
from pyxie.bootapi.memory import Nothing
from pyxie.dhcp.chain import ChainMemory
from pyxie.dhcp.decide import LIMITED_BROADCAST, Destination
from pyxie.dhcp.message import DhcpMessage, MessageType, build
from pyxie.dhcp.others import Others
from pyxie.dhcp.received import Unreadable
from pyxie.dhcp.server import DhcpServer
from pyxie.dhcp.sightings import Sightings
from pyxie.dhcp.sockets import DhcpSocket
from pyxie.dhcp.sorting import Macs
from pyxie.errors import WireError
from pyxie.events.english import sentence
from pyxie.events.kind import Kind, Step
from pyxie.loaders.catalogue import Choice
from pyxie.metrics import Metrics
from pyxie.net.interfaces import Interface, Interfaces
from pyxie.rate import TokenBuckets
from pyxie.recognition.discovered import Whereabouts
from pyxie.recognition.news import News
from pyxie.recognition.recognise import AdHoc, Policy, Recognised, Unknown
from pyxie.registry.machine import Machine
from tests.dhcp.packets import BIOS_FEATURES, LOADERS, MAC, as_request, discover, ipxe
from tests.dhcp.replies import ROUTER, overheard, reply, taking
from tests.dhcp.sockets import FakeSocket, SortedSocket
from tests.recognised import IGNORED, IN_BUILD, ended
from tests.support import eventually

ETH0 = IPv4Address("192.168.7.1")
ETH1 = IPv4Address("10.1.0.1")
INTERFACES = Interfaces(
    [
        Interface("lo", 1, (IPv4Interface("127.0.0.1/8"),)),
        Interface("eth0", 2, (IPv4Interface("192.168.7.1/24"),)),
        Interface("eth1", 3, (IPv4Interface("10.1.0.1/16"),)),
        Interface("eth2", 4),
    ]
)
CLIENT = IPv4Address("192.168.7.50")


@dataclass
class FakeRecorder:
    """Keeps the events."""

    events: list[tuple[Step, str, str | None, str | None]] = field(default_factory=list)

    def record(
        self,
        what: Kind,
        *,
        mac: str | None = None,
        host: str | None = None,
        peer: str | None = None,
    ) -> None:
        self.events.append((what.step, sentence(what), mac, host))


def any_loader(_client: Recognised, _mac: str, *, ipxe: bool, xid: int | None) -> Choice:
    return Choice(LOADERS)


class Lab:
    """A server, its sockets, and everything around it."""

    def __init__(
        self,
        *,
        observes: bool = False,
        limit: float = 100.0,
        recognise: Callable[..., Recognised] = lambda *_: IN_BUILD,
        knows: Callable[[str], bool] = lambda _mac: True,
        goes_on: Callable[[Recognised], bool] = lambda _client: False,
        macs: Callable[[], Macs] = lambda: tuple,
        news: News | None = None,
    ) -> None:
        self.dhcp = SortedSocket(67, strangers=False)
        self.others = SortedSocket(67, strangers=True)
        self.pxe = FakeSocket(4011)
        self.recorder = FakeRecorder()
        self.metrics = Metrics()
        self.now = 0.0
        self.interfaces = INTERFACES
        self.heard: list[tuple[str, dict[str, str], Whereabouts]] = []
        self.chains = ChainMemory()
        self.news = news or News()
        self.known_servers = Others(lambda: self.now)
        self.sightings = Sightings(lambda: self.now)
        buckets = TokenBuckets(limit)
        self.server = DhcpServer(
            interfaces=lambda: self.interfaces,
            recognise=recognise,
            loaders=any_loader,
            http_port=8080,
            recorder=self.recorder,
            metrics=self.metrics,
            chains=self.chains,
            observes=lambda: observes,
            limit=lambda: buckets,
            clock=lambda: self.now,
            opener=self.open,
            knows=knows,
            goes_on=goes_on,
            macs=macs,
            discovered=lambda mac, told, where: self.heard.append((mac, dict(told), where)),
            news=self.news,
            others=self.known_servers,
            sightings=self.sightings,
        )

    def open(self, bind: bool) -> tuple[DhcpSocket, ...]:
        return self.dhcp, self.others, self.pxe

    def counted(self) -> dict[tuple[str, str, str], float]:
        return {
            (sample.labels["port"], sample.labels["outcome"], sample.labels["reason"]): sample.value
            for metric in self.metrics.dhcp.collect()
            for sample in metric.samples
            if sample.name.endswith("_total")
        }

    async def settle(self) -> None:
        """Wait until everything delivered is handled."""
        async with asyncio.timeout(60):
            sockets = self.dhcp, self.others, self.pxe
            while not all(each.idle for each in sockets) or self.server.waiting:  # noqa: ASYNC110 - lets the loop run
                await asyncio.sleep(0)

    async def hears_news(self) -> None:
        """Wait until what was told is acted upon."""
        await asyncio.sleep(0)
        await asyncio.sleep(0)


class Somebody:
    """Who all clients are taken for; unknown ones at first."""

    def __init__(self, found: Recognised = IGNORED) -> None:
        self.found = found
        self.asked = 0

    def __call__(self, mac: str, _identity: object) -> Recognised:
        self.asked += 1
        return self.found


@asynccontextmanager
async def serving(lab: Lab) -> AsyncIterator[Lab]:
    async with lab.server:
        task = asyncio.create_task(lab.server.serve())
        await asyncio.sleep(0)
        yield lab
        task.cancel()
        await asyncio.wait([task])


class TestAnswers:
    async def test_a_discover_is_offered_to_by_broadcast(self) -> None:
        async with serving(Lab()) as lab:
            lab.dhcp.deliver(discover(0))
            await lab.settle()

        [sent] = lab.dhcp.sent
        assert sent.message.siaddr == ETH0
        assert (sent.to, sent.source, sent.interface) == (
            Destination(LIMITED_BROADCAST, 68),
            ETH0,
            2,
        )
        assert lab.counted() == {("67", "answered", ""): 1}
        assert lab.recorder.events == [
            (Step.OFFER, "offered: undionly.kpxe for a PXE client (BIOS)", MAC, "web01")
        ]

    async def test_what_nobody_knows_is_told_of_and_booted_if_that_is_wanted(self) -> None:
        wanted = Unknown(Policy.BUILD_TYPE, "rescue")
        async with serving(Lab(recognise=lambda *_: wanted)) as lab:
            lab.dhcp.deliver(discover(7))
            lab.dhcp.deliver(discover(7, o60=b"MSFT 5.0", o93=None))  # no network boot
            await lab.settle()

        assert [(mac, told["architecture"], where) for mac, told, where in lab.heard] == [
            (MAC, "x64 UEFI", Whereabouts(interface="eth0", network="192.168.7.0/24"))
        ]
        assert len(lab.dhcp.sent) == 1
        assert lab.recorder.events[0][2:] == (MAC, None)

    async def test_what_nobody_knows_is_told_of_while_somebody_boots_it_by_hand(self) -> None:
        boot = AdHocBoot(
            id="1", begun=0.0, macs=frozenset((MAC,)), machine=Machine(hostname="boot")
        )
        by_hand = AdHoc(boot, Unknown(Policy.IGNORE))
        async with serving(Lab(recognise=lambda *_: by_hand)) as lab:
            lab.dhcp.deliver(discover(7))
            await lab.settle()

        assert [mac for mac, _, _ in lab.heard] == [MAC]
        assert len(lab.dhcp.sent) == 1

    async def test_what_is_known_is_not_told_of(self) -> None:
        async with serving(Lab()) as lab:
            lab.dhcp.deliver(discover(7))
            await lab.settle()

        assert lab.heard == []

    async def test_port_4011_is_answered_where_it_came_from(self) -> None:
        async with serving(Lab()) as lab:
            lab.pxe.deliver(as_request(discover(7)), source=CLIENT)
            await lab.settle()

        [sent] = lab.pxe.sent
        assert (sent.to, sent.source) == (Destination(CLIENT, 68), ETH0)
        assert lab.counted() == {("4011", "answered", ""): 1}

    async def test_each_interface_answers_with_its_own_address(self) -> None:
        async with serving(Lab()) as lab:
            lab.dhcp.deliver(discover(0), interface=3)
            await lab.settle()

        [sent] = lab.dhcp.sent
        assert (sent.source, sent.message.siaddr, sent.interface) == (ETH1, ETH1, 3)

    async def test_a_relay_is_answered_from_the_interface_it_came_in_on(self) -> None:
        request = replace(discover(0), giaddr=IPv4Address("172.16.0.1"))
        async with serving(Lab()) as lab:
            lab.dhcp.deliver(request, source=IPv4Address("192.168.7.254"))
            await lab.settle()

        [sent] = lab.dhcp.sent
        assert (sent.to, sent.source) == (
            Destination(IPv4Address("172.16.0.1"), 67, routed=True),
            ETH0,
        )

    async def test_a_new_address_is_used_at_once(self) -> None:
        async with serving(Lab()) as lab:
            lab.interfaces = Interfaces([Interface("eth0", 2, (IPv4Interface("10.9.9.9/24"),))])
            lab.dhcp.deliver(discover(0))
            await lab.settle()

        assert lab.dhcp.sent[0].message.siaddr == IPv4Address("10.9.9.9")

    async def test_more_than_one_batch_is_handled(self) -> None:
        async with serving(Lab(limit=0)) as lab:
            for _ in range(200):
                lab.dhcp.deliver(discover(0))
            await lab.settle()

        assert len(lab.dhcp.sent) == 200

    async def test_observing_sends_nothing_and_says_what_it_would(self) -> None:
        async with serving(Lab(observes=True)) as lab:
            lab.dhcp.deliver(discover(0))
            await lab.settle()

        assert lab.dhcp.sent == []
        assert lab.counted() == {("67", "observed", ""): 1}
        assert lab.recorder.events[0][1] == (
            "observing only, else would have offered: undionly.kpxe for a PXE client (BIOS)"
        )


class TestChaining:
    async def test_an_ipxe_is_chained_once_and_then_sent_on(self) -> None:
        async with serving(Lab()) as lab:
            for xid in (1, 1, 2):
                lab.dhcp.deliver(replace(ipxe(0), xid=xid))
            await lab.settle()

        assert [sent.message.file for sent in lab.dhcp.sent] == [
            b"52-54-00-12-34-56/undionly.kpxe",
            b"52-54-00-12-34-56/undionly.kpxe",
            b"http://192.168.7.1:8080/ipxe/52-54-00-12-34-56",
        ]

    async def test_who_fetched_the_script_starts_anew(self) -> None:
        async with serving(Lab()) as lab:
            lab.dhcp.deliver(replace(ipxe(0), xid=1))
            await lab.settle()
            lab.chains.forget(MAC)
            lab.dhcp.deliver(replace(ipxe(0), xid=2))
            await lab.settle()

        assert lab.dhcp.sent[1].message.file == b"52-54-00-12-34-56/undionly.kpxe"

    async def test_a_capable_ipxe_is_never_chained(self) -> None:
        async with serving(Lab()) as lab:
            lab.dhcp.deliver(ipxe(0, o175=BIOS_FEATURES))
            await lab.settle()

        assert lab.dhcp.sent[0].message.file.startswith(b"http://192.168.7.1:8080/ipxe/")


class TestSilence:
    async def test_a_netboot_client_that_gets_nothing_is_traced_once_a_minute(self) -> None:
        async with serving(Lab(recognise=lambda *_: ended("web01"))) as lab:
            for now in (0.0, 1.0, 59.0, 60.0):
                lab.now = now
                lab.dhcp.deliver(discover(0))
                await lab.settle()

        assert lab.recorder.events == [(Step.SILENCE, "not answered: installed", MAC, "web01")] * 2
        assert lab.counted() == {("67", "silent", "not-in-build"): 4}

    async def test_the_lans_ordinary_dhcp_is_only_counted(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO, "pyxie.dhcp")
        async with serving(Lab()) as lab:
            caplog.clear()
            lab.dhcp.deliver(discover(0, o60=b"d-i", o93=None))
            lab.dhcp.deliver(as_request(discover(0)))
            await lab.settle()

        assert (lab.recorder.events, caplog.messages) == ([], [])
        assert lab.counted() == {
            ("67", "silent", "not-netboot"): 1,
            ("67", "silent", "not-a-discover"): 1,
        }

    async def test_other_interfaces_are_not_served(self) -> None:
        async with serving(Lab()) as lab:
            lab.dhcp.deliver(discover(0), interface=1)
            lab.dhcp.deliver(discover(0), interface=99)
            await lab.settle()

        assert lab.counted() == {("67", "silent", "other-interface"): 2}

    async def test_an_interface_without_an_address_cannot_answer(self) -> None:
        async with serving(Lab()) as lab:
            lab.dhcp.deliver(discover(0), interface=4)
            await lab.settle()

        assert lab.recorder.events == [
            (Step.SILENCE, "not answered: eth2 has no IPv4 address to answer from", MAC, "web01")
        ]

    async def test_a_forged_relay_is_refused(self) -> None:
        async with serving(Lab()) as lab:
            lab.dhcp.deliver(replace(discover(0), giaddr=LIMITED_BROADCAST))
            await lab.settle()

        assert (lab.dhcp.sent, lab.counted()) == ([], {("67", "silent", "bad-relay"): 1})

    async def test_a_hardware_address_that_is_no_mac_is_not_looked_up(self) -> None:
        def never(mac: str, _who: object) -> Recognised:
            raise AssertionError(mac)

        async with serving(Lab(recognise=never)) as lab:
            lab.dhcp.deliver(replace(discover(0), chaddr=b""))
            await lab.settle()

        assert lab.counted() == {("67", "silent", "not-ethernet"): 1}

    async def test_more_than_its_share_is_dropped(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO, "pyxie.dhcp")
        async with serving(Lab(limit=2)) as lab:
            caplog.clear()
            for _ in range(5):
                lab.dhcp.deliver(discover(0))
            await lab.settle()

        assert lab.counted() == {("67", "answered", ""): 2, ("67", "silent", "limited"): 3}
        assert caplog.messages == [f"DHCP from {MAC}: more than its share of requests"]


class TestALateWord:
    """What is not known when a client asks may be known while it still listens."""

    async def test_has_the_newest_of_a_clients_discovers_answered(self) -> None:
        """IPXE sends one at 0 and at 1 s, and goes on without an offer at 3 s."""
        who = Somebody()
        async with serving(Lab(recognise=who)) as lab:
            for lab.now in (0.0, 1.0):
                lab.dhcp.deliver(ipxe(0, o175=BIOS_FEATURES))
                await lab.settle()
            lab.now, who.found = 1.5, IN_BUILD
            lab.news.of(MAC)
            await lab.hears_news()
            lab.news.of(MAC)
            await lab.hears_news()

        [sent] = lab.dhcp.sent
        assert (sent.to, sent.source, sent.interface) == (
            Destination(LIMITED_BROADCAST, 68),
            ETH0,
            2,
        )
        url = "http://192.168.7.1:8080/ipxe/52-54-00-12-34-56"
        assert lab.recorder.events == [
            (Step.SILENCE, "not answered: not in the registry", MAC, None),
            (Step.OFFER, f"offered: {url} for iPXE (BIOS), 0.5 s after it asked", MAC, "web01"),
        ]
        assert lab.counted() == {
            ("67", "silent", "unknown-machine"): 2,
            ("67", "answered", ""): 1,
        }

    @pytest.mark.parametrize(("request_", "still"), [(ipxe(0), 2.5), (discover(0), 3.5)])
    async def test_comes_too_late_for_one_that_has_gone_on(
        self, request_: DhcpMessage, still: float
    ) -> None:
        who = Somebody()
        async with serving(Lab(recognise=who)) as lab:
            lab.dhcp.deliver(request_)
            await lab.settle()
            lab.now, who.found = still, IN_BUILD
            lab.news.of(MAC)
            await lab.hears_news()

            assert lab.dhcp.sent == []

    async def test_has_a_request_on_port_4011_answered_where_it_came_from(self) -> None:
        who = Somebody()
        async with serving(Lab(recognise=who)) as lab:
            lab.pxe.deliver(as_request(discover(7)), source=CLIENT)
            await lab.settle()
            who.found = IN_BUILD
            lab.news.of(MAC)
            await lab.hears_news()

        [sent] = lab.pxe.sent
        assert (sent.to, sent.message.type) == (Destination(CLIENT, 68), MessageType.ACK)

    async def test_about_another_client_changes_nothing(self) -> None:
        who = Somebody()
        async with serving(Lab(recognise=who)) as lab:
            lab.dhcp.deliver(ipxe(0))
            await lab.settle()
            who.found = IN_BUILD
            lab.news.of("52:54:00:00:00:07")
            await lab.hears_news()

            assert lab.dhcp.sent == []

    async def test_about_anybody_has_all_looked_at_once(self) -> None:
        """As when machine files are read again, or a thousand builds begin in a row."""
        who = Somebody(ended("web01"))
        others = [bytes((2, 0, 0, 0, 0, number)) for number in range(5)]
        async with serving(Lab(recognise=who)) as lab:
            for chaddr in others:
                lab.dhcp.deliver(replace(ipxe(0, o175=BIOS_FEATURES), chaddr=chaddr))
            await lab.settle()
            who.asked, who.found = 0, IN_BUILD
            for _ in range(1000):
                lab.news.of_anybody()
            await eventually(lambda: len(lab.dhcp.sent) == len(others))

        assert [sent.message.chaddr for sent in lab.dhcp.sent] == others
        assert who.asked == len(others)

    async def test_that_is_a_refusal_is_traced_and_asks_nothing_anew(self) -> None:
        who = Somebody()
        async with serving(Lab(recognise=who)) as lab:
            lab.dhcp.deliver(ipxe(0))
            await lab.settle()
            who.found = Unknown(Policy.IGNORE, boot_api=Nothing("answers 404"), asks_api=True)
            lab.news.of(MAC)
            await lab.hears_news()

        assert lab.recorder.events[-1][1] == (
            "not answered: not in the registry, and the boot API answers 404"
        )
        assert lab.counted() == {("67", "silent", "unknown-machine"): 1}
        assert [mac for mac, _, _ in lab.heard] == [MAC]

    async def test_that_its_build_was_refused_sends_it_on(self) -> None:
        """While it was asked for, nobody knew."""
        expected = True
        who = Somebody(ended("web01"))
        async with serving(Lab(recognise=who, goes_on=lambda _client: not expected)) as lab:
            lab.dhcp.deliver(discover(7))
            await lab.settle()
            before = list(lab.dhcp.sent)
            expected, lab.now = False, 1.0
            lab.news.of(MAC)
            await lab.hears_news()

        assert before == []
        assert [sent.message.file for sent in lab.dhcp.sent] == [
            b"52-54-00-12-34-56/boot-from-disk"
        ]
        assert lab.recorder.events[-1][1] == (
            "sent on to its next boot device: installed (PXE, x64 UEFI), 1.0 s after it asked"
        )

    async def test_sends_nobody_on_while_it_observes(self) -> None:
        who = Somebody(ended("web01"))
        async with serving(Lab(observes=True, recognise=who, goes_on=lambda _client: True)) as lab:
            lab.dhcp.deliver(discover(0))
            await lab.settle()

        assert lab.dhcp.sent == []
        assert lab.recorder.events[-1][1] == (
            "observing only, else would have been sent on to its next boot device: installed"
            " (PXE, BIOS)"
        )

    async def test_sends_nothing_while_it_observes(self) -> None:
        who = Somebody()
        async with serving(Lab(observes=True, recognise=who)) as lab:
            lab.dhcp.deliver(ipxe(0))
            await lab.settle()
            who.found = IN_BUILD
            lab.news.of(MAC)
            await lab.hears_news()

        assert lab.dhcp.sent == []
        assert lab.recorder.events[-1][1].startswith("observing only, else would have offered")

    async def test_on_an_interface_that_is_served_no_more_is_not_sent(self) -> None:
        who = Somebody()
        async with serving(Lab(recognise=who)) as lab:
            lab.dhcp.deliver(ipxe(0))
            await lab.settle()
            who.found, lab.interfaces = IN_BUILD, Interfaces([])
            lab.news.of(MAC)
            await lab.hears_news()

            assert lab.dhcp.sent == []

    async def test_that_meets_a_bug_keeps_nobody_else_from_theirs(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        found: dict[str, Recognised] = {}

        def recognise(mac: str, _identity: object) -> Recognised:
            return found[mac] if found else IGNORED

        good = replace(ipxe(0), chaddr=bytes.fromhex("525400000001"))
        async with serving(Lab(recognise=recognise)) as lab:
            lab.dhcp.deliver(ipxe(0))
            lab.dhcp.deliver(good)
            await lab.settle()
            found["52:54:00:00:00:01"] = IN_BUILD
            lab.news.of_anybody()
            await eventually(lambda: lab.dhcp.sent)

        assert [sent.message.chaddr for sent in lab.dhcp.sent] == [good.chaddr]
        assert lab.counted()["67", "bug", ""] == 1
        assert [each.getMessage() for each in caplog.records if each.exc_info] == [
            f"DHCP port 67: a bug, met again with {build(ipxe(0)).hex()}"
        ]

    async def test_after_the_end_is_heard_by_nobody(self) -> None:
        who = Somebody()
        async with serving(Lab(recognise=who)) as lab:
            lab.dhcp.deliver(ipxe(0))
            await lab.settle()
            who.found = IN_BUILD
            lab.news.of_anybody()
        lab.news.of_anybody()
        await lab.hears_news()

        assert lab.dhcp.sent == []


class TestTrouble:
    async def test_malformed_datagrams_are_logged_once_a_client_and_minute(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO, "pyxie.dhcp")
        broken = build(discover(0))[:240] + b"\x35\x09\x01"
        async with serving(Lab()) as lab:
            caplog.clear()
            lab.dhcp.deliver(broken, source=CLIENT)
            lab.dhcp.deliver(broken, source=CLIENT)
            lab.dhcp.put(Unreadable(WireError(20, "UDP header", "is odd"), b"", 2))
            await lab.settle()

        assert caplog.messages == [
            (
                "DHCP port 67, from 192.168.7.50 on eth0: "
                "byte 242: option 53: needs 9 bytes, only 1 left"
            ),
            "DHCP port 67, from an unreadable packet on eth0: byte 20: UDP header: is odd",
        ]
        assert lab.counted() == {("67", "malformed", ""): 3}

    async def test_a_flood_of_malformed_datagrams_does_not_flood_the_log(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        """What tells clients apart in such datagrams is theirs to make up."""
        caplog.set_level(logging.INFO, "pyxie.dhcp")
        async with serving(Lab()) as lab:
            caplog.clear()
            for number in range(1, 201):
                lab.dhcp.deliver(number.to_bytes(2) * 60, source=CLIENT)
                lab.dhcp.deliver(number.to_bytes(2) * 60, source=IPv4Address(number << 8 | 10))
                await lab.settle()

        assert lab.counted() == {("67", "malformed", ""): 400}
        assert len(caplog.messages) == 20

    async def test_a_bug_met_by_one_client_does_not_end_the_others(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        def buggy(mac: str, _who: object) -> Recognised:
            if mac == MAC:
                raise KeyError(mac)
            return IN_BUILD

        bad, good = discover(0), replace(discover(0), chaddr=bytes.fromhex("525400000001"))
        async with serving(Lab(recognise=buggy)) as lab:
            lab.dhcp.deliver(bad)
            lab.dhcp.deliver(good)
            await lab.settle()

        assert [sent.message.chaddr for sent in lab.dhcp.sent] == [good.chaddr]
        assert lab.counted() == {("67", "bug", ""): 1, ("67", "answered", ""): 1}
        [bug] = [each for each in caplog.records if each.exc_info]
        assert bug.getMessage() == f"DHCP port 67: a bug, met with {build(bad).hex()}"

    async def test_an_answer_that_cannot_be_sent_is_traced(self) -> None:
        async with serving(Lab()) as lab:
            lab.dhcp.fails = OSError(101, "Network is unreachable")
            lab.dhcp.deliver(ipxe(0))
            await lab.settle()
            lab.dhcp.fails = None
            lab.dhcp.deliver(replace(ipxe(0), xid=2))
            await lab.settle()

        text = "the answer could not be sent to 255.255.255.255: Network is unreachable"
        assert lab.recorder.events[0] == (Step.TROUBLE, text, MAC, "web01")
        assert lab.counted() == {("67", "failed", ""): 1, ("67", "answered", ""): 1}
        assert lab.dhcp.sent[0].message.file == b"52-54-00-12-34-56/undionly.kpxe"

    async def test_an_interface_that_goes_down_does_not_end_it(self) -> None:
        async with serving(Lab()) as lab:
            lab.dhcp.put(OSError(100, "Network is down"))
            lab.dhcp.deliver(discover(0))
            await lab.settle()

        assert lab.counted() == {("67", "failed", ""): 1, ("67", "answered", ""): 1}

    async def test_a_socket_that_breaks_ends_the_service(self) -> None:
        lab = Lab()
        async with lab.server:
            task = asyncio.create_task(lab.server.serve())
            await asyncio.sleep(0)
            lab.dhcp.put(OSError(9, "Bad file descriptor"))

            with pytest.raises(OSError, match="Bad file descriptor"):
                await asyncio.wait_for(task, 60)

    async def test_drained_it_takes_no_more(self) -> None:
        async with serving(Lab()) as lab:
            await lab.server.drain()
            lab.dhcp.deliver(discover(0))
            for _ in range(5):
                await asyncio.sleep(0)

        assert lab.dhcp.sent == []


class TestInfiniBand:
    async def test_each_port_that_asks_is_in_the_trace_by_its_guid(self) -> None:
        """RFC 4390: none has a hardware address, and its relay or peer is all that tells more."""
        asked = [
            replace(discover(7, o61=bytes.fromhex(f"200002c9030009c6e{end}")), htype=32, chaddr=b"")
            for end in "112"
        ]
        async with serving(Lab()) as lab:
            for request in asked:
                lab.dhcp.deliver(request)
            await lab.settle()

        assert lab.dhcp.sent == []
        assert [text for _, text, _, _ in lab.recorder.events] == [
            (
                "not answered: an InfiniBand port (hardware type 32, GUID "
                f"00:02:c9:03:00:09:c6:{end}), by which pyxie boots no machine: let it boot by an"
                " Ethernet port"
            )
            for end in ("e1", "e2")
        ]


class TestOtherServers:
    async def test_are_known_to_give_an_address_by_the_request_for_it(self) -> None:
        lab = Lab()
        offer = reply(discover(7), siaddr=ETH0, o67=b"grub.efi")
        async with serving(lab):
            lab.dhcp.deliver(discover(7))
            await lab.settle()
            lab.known_servers.replied(overheard(offer))
            lab.dhcp.deliver(taking(offer))
            await lab.settle()

        assert lab.known_servers.boot_server(MAC) == ETH0
        assert [text for _, text, _, _ in lab.recorder.events][1:] == [
            (
                "took the address of the DHCP server 192.168.7.254, which has something to boot"
                " of its own: option 67 'grub.efi', next-server 192.168.7.1"
            )
        ]
        assert [sent.message.options[53] for sent in lab.dhcp.sent] == [b"\x02"]  # no ACK

    async def test_are_known_though_the_type_is_not_the_first_option(self) -> None:
        lab = Lab()
        request = build(taking(reply(), discover(7)))
        moved = request[:240] + b"\x0c\x01x" + request[240:]
        async with serving(lab):
            lab.dhcp.deliver(discover(7))
            await lab.settle()
            lab.dhcp.deliver(moved)
            await lab.settle()

        took = lab.known_servers.chosen(MAC)
        assert took is not None
        assert took.server == ROUTER

    async def test_behind_a_relay_agent_are_of_its_network(self) -> None:
        lab = Lab()
        relayed = replace(discover(7), giaddr=IPv4Address("10.1.0.7"))
        async with serving(lab):
            lab.dhcp.deliver(relayed, interface=3)
            await lab.settle()
            lab.known_servers.replied(overheard(reply(relayed)))

        assert [each.network for each in lab.known_servers.servers()] == [relayed.giaddr]
