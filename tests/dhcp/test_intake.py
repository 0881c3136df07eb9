"""What is read of the sockets under a flood, and that neither loop nor known machine waits."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from pyxie.bounds import DHCP_DESTINATIONS, DHCP_STRANGERS
from pyxie.dhcp.message import DhcpMessage, MessageType, build
from pyxie.dhcp.received import Received
from pyxie.dhcp.sorting import Macs
from pyxie.recognition.news import News
from pyxie.recognition.recognise import Policy, Recognised, Unknown
from tests.dhcp.packets import MAC, as_request, discover, ipxe
from tests.dhcp.test_server import Lab, Somebody, serving
from tests.recognised import IGNORED, IN_BUILD
from tests.support import eventually

DISCOVERED = Unknown(Policy.DISCOVER)


def stranger(number: int, message: DhcpMessage | None = None) -> DhcpMessage:
    return replace(message or discover(0), chaddr=b"\2\xff" + number.to_bytes(4))


def known_alone(mac: str) -> bool:
    return mac == MAC


def recognise(mac: str, _identity: object) -> Recognised:
    return IN_BUILD if mac == MAC else DISCOVERED


def lab(
    recognise: Callable[..., Recognised] = recognise,
    news: News | None = None,
    macs: Callable[[], Macs] = lambda: tuple,
) -> Lab:
    return Lab(recognise=recognise, knows=known_alone, news=news, macs=macs)


class TestAFlood:
    async def test_of_strangers_is_looked_at_within_bounds_and_known_machines_are_answered(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with serving(lab()) as site:
            caplog.clear()
            for number in range(20_000):
                site.dhcp.deliver(stranger(number))
                if number % 1000 == 0:
                    site.now += 0.05
                    site.dhcp.deliver(replace(discover(0), xid=number))
                    await site.settle()
            await site.settle()

        answered = [each.message for each in site.dhcp.sent]
        assert [each.xid for each in answered if each.chaddr.hex(":") == MAC] == [
            *range(0, 20_000, 1000)
        ]
        crowded = site.counted()["67", "silent", "crowded"]
        assert len(answered) + crowded == 20_000 + 20
        assert len(answered) <= 20 + 500 + DHCP_STRANGERS.most
        assert len(site.heard) <= 500 + DHCP_STRANGERS.most
        assert caplog.messages == [
            (
                "DHCP on eth0: unknown machines ask more than 100 times a second; known ones come"
                " first, and of the others some are not answered"
            )
        ]

    async def test_costs_what_a_glance_costs_and_no_parsing(self) -> None:
        asked = Somebody(IGNORED)
        async with serving(lab(recognise=asked)) as site:
            for number in range(3000):
                site.dhcp.deliver(stranger(number))
            await site.settle()

        assert asked.asked == 500

    async def test_that_is_longer_than_a_turn_lets_others_have_theirs(self) -> None:
        """TFTP and HTTP are callbacks of the same loop."""
        turns = 0

        def turn() -> None:
            nonlocal turns
            turns += 1
            asyncio.get_running_loop().call_soon(turn)

        async with serving(Lab(limit=0)) as site:
            for _ in range(3000):
                site.dhcp.deliver(discover(0))
            turn()
            await site.settle()

        assert len(site.dhcp.sent) + site.counted().get(("67", "silent", "late"), 0) <= 3000
        assert turns > 20

    async def test_of_forged_relays_is_answered_to_so_many_addresses_only(self) -> None:
        """What is sent to who is not there fills the send buffer, and the kernel's neighbours."""
        before = DHCP_DESTINATIONS.times
        async with serving(Lab(limit=0)) as site:
            for number in range(400):
                relay = IPv4Address(0x0A010000 + number)
                site.dhcp.deliver(replace(discover(0), giaddr=relay))
                await site.settle()
            site.dhcp.deliver(discover(0))
            site.dhcp.deliver(replace(discover(0), giaddr=IPv4Address(0x0A010000)))
            await site.settle()

        assert len(site.dhcp.sent) == 150 + 2
        assert site.counted()["67", "silent", "crowded"] == 250
        assert DHCP_DESTINATIONS.times == before + 250

    async def test_of_forged_relays_takes_no_turn_of_known_machines_relays(self) -> None:
        async with serving(lab()) as site:
            for number in range(400):
                relay = IPv4Address(0x0A010000 + number)
                site.dhcp.deliver(replace(stranger(number), giaddr=relay))
                await site.settle()
            site.dhcp.deliver(replace(discover(0), giaddr=IPv4Address("10.2.0.1")))
            await site.settle()

        assert len(site.dhcp.sent) == 150 + 1

    async def test_of_port_4011_from_forged_addresses_likewise(self) -> None:
        async with serving(Lab(limit=0)) as site:
            for number in range(400):
                source = IPv4Address(0x0A010000 + number)
                site.pxe.deliver(as_request(discover(0)), source=source)
                await site.settle()

        assert len(site.pxe.sent) == 150

    async def test_of_one_address_is_told_of_within_bounds(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO, "pyxie.dhcp")
        async with serving(Lab(limit=1)) as site:
            caplog.clear()
            for number in range(200):
                for _ in range(2):
                    site.dhcp.deliver(stranger(number))
                await site.settle()

        assert site.counted()["67", "silent", "limited"] == 200
        assert len(caplog.messages) == 20


class TestTwoSockets:
    """Known machines' requests, and all others'."""

    async def test_are_answered_alike(self) -> None:
        async with serving(lab()) as site:
            site.dhcp.deliver(discover(0))
            site.others.deliver(stranger(1))
            await site.settle()

        assert len(site.dhcp.sent) == len(site.others.sent) == 1

    async def test_a_flood_by_the_second_is_looked_at_now_and_then(self) -> None:
        async with serving(lab()) as site:
            for number in range(20_000):
                site.others.deliver(stranger(number))
            for _ in range(50):
                site.dhcp.deliver(discover(0))
                await asyncio.sleep(0.001)
            left = site.others.left
            await eventually(lambda: site.others.left < left)

        assert len(site.dhcp.sent) == 50
        assert left > 10_000

    async def test_a_known_machine_by_the_second_is_answered_and_has_the_kernel_told(self) -> None:
        known: list[str] = []
        async with serving(lab(macs=lambda: lambda: known)) as site:
            await eventually(lambda: site.others.programs)
            known.append(MAC)

            site.others.deliver(discover(0))
            await site.settle()

            assert len(site.others.sent) == 1
            await eventually(lambda: site.others.programs[-1] != site.others.programs[0])

    async def test_a_machine_whose_mac_is_made_a_flood_of_comes_by_the_second(self) -> None:
        """Who is on the link sees its MAC, and may send with it as often as with any other."""
        other = "52:54:00:00:00:77"
        site = Lab(limit=20, macs=lambda: lambda: [MAC, other])
        async with serving(site):
            await eventually(lambda: site.dhcp.programs)
            both = site.dhcp.programs[-1]

            for _ in range(1000):
                site.dhcp.deliver(discover(0))
            await site.settle()

            await eventually(lambda: site.dhcp.programs[-1] != both)
            alone = site.dhcp.programs[-1]
            site.others.deliver(discover(0))
            await site.settle()
            assert site.dhcp.programs[-1] == alone

        assert len(site.dhcp.sent) == 20

    async def test_end_while_a_flood_has_a_pause(self) -> None:
        async with serving(lab()) as site:
            for number in range(5000):
                site.others.deliver(stranger(number))
            await eventually(lambda: site.others.left < 5000)
        left = site.others.left

        await asyncio.sleep(0.05)

        assert site.others.left == left


class TestAHostThatIsTooBusy:
    async def test_answers_known_machines_and_strangers_once_it_has_read_all(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pyxie.dhcp.intake.BATCH", 10)
        async with serving(lab()) as site:
            for number in range(45):
                site.dhcp.deliver(stranger(number))
                if number % 10 == 9:
                    site.dhcp.deliver(replace(discover(0), xid=number))
            await site.settle()

        order = [each.message.chaddr.hex(":") == MAC for each in site.dhcp.sent]
        assert order == [True] * 4 + [False] * 45

    async def test_leaves_none_where_the_last_was_read_in_time(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pyxie.dhcp.intake.BATCH", 10)
        async with serving(lab()) as site:
            for number in range(10):
                site.dhcp.deliver(stranger(number))
            await site.settle()

        assert len(site.dhcp.sent) == 10


class TestFreshBeforeStale:
    async def test_who_has_waited_for_longer_than_its_client_listens_is_not_answered(self) -> None:
        async with serving(Lab()) as site:
            for message, waited in ((discover(0), 3.4), (discover(0), 3.5), (ipxe(0), 2.5)):
                site.dhcp.put(Received(build(message), bytes(4), 68, 2, waited))
            await site.settle()

        assert len(site.dhcp.sent) == 1
        assert site.counted()["67", "silent", "late"] == 2

    async def test_news_are_acted_upon_known_machines_first(self) -> None:
        who, news = Somebody(), News()
        async with serving(lab(recognise=who, news=news)) as site:
            for number in range(300):
                site.dhcp.deliver(stranger(number))
            site.dhcp.deliver(discover(0))
            await site.settle()
            who.found = IN_BUILD
            news.of(MAC)
            await site.hears_news()
            await site.settle()

        assert [each.message.chaddr.hex(":") for each in site.dhcp.sent] == [MAC]


class TestAnyBytes:
    @pytest.mark.parametrize("seed", range(3))
    async def test_harm_nobody(self, seed: int) -> None:
        """Mutated, cut and made up, by way of all that a datagram meets."""
        rng = random.Random(seed)
        whole = [
            build(each)
            for each in (discover(0), ipxe(7), as_request(discover(0)), discover(9, o82=b"\1\2ab"))
        ]
        async with serving(Lab(limit=0, recognise=lambda *_: IN_BUILD)) as site:
            for number in range(2000):
                data = bytearray(rng.choice(whole))
                for _ in range(rng.randrange(1, 8)):
                    data[rng.randrange(240, len(data))] = rng.randrange(256)
                if number % 3 == 0:
                    data = bytearray(rng.randbytes(rng.randrange(600)))
                elif number % 3 == 1:
                    data[rng.randrange(240)] = rng.randrange(256)
                on = site.pxe if number % 2 else site.dhcp
                on.deliver(bytes(data[: rng.choice([len(data), 240, rng.randrange(300)])]))
                if number % 200 == 0:
                    site.now += 1
                    await site.settle()
            await site.settle()
            site.dhcp.sent.clear()
            site.now += 10
            site.dhcp.deliver(as_request(replace(discover(0), xid=77), MessageType.DISCOVER))
            await site.settle()

        counted = site.counted()
        assert {outcome for _, outcome, _ in counted} <= {"answered", "silent", "malformed"}
        assert [each.message.xid for each in site.dhcp.sent] == [77]
