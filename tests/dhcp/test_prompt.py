"""What is answered at once is answered, counted and noted as if it were made anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyxie.bounds import DHCP_READY, DHCP_SHAPES
from pyxie.builds.life import Build, State
from pyxie.dhcp import expecting, intake, server
from pyxie.dhcp.chain import ChainMemory
from pyxie.dhcp.message import DhcpMessage, MessageType
from pyxie.dhcp.others import Others
from pyxie.dhcp.ready import Standing
from pyxie.dhcp.server import DhcpServer
from pyxie.dhcp.sightings import Sightings
from pyxie.dhcp.sockets import DhcpSocket
from pyxie.events.datagrams import Offered
from pyxie.loaders.catalogue import Choice
from pyxie.loaders.choosing import Leaning
from pyxie.loaders.lanes import SecureBoot
from pyxie.metrics import Metrics
from pyxie.net.interfaces import Interface, Interfaces
from pyxie.rate import TokenBuckets
from pyxie.recognition.news import News
from pyxie.recognition.recognise import Known, Mode, Recognised
from tests.dhcp.packets import BIOS_FEATURES, UEFI_FEATURES, discover, ipxe
from tests.dhcp.recorder import Recorder
from tests.dhcp.replies import ROUTER, overheard, reply, taking
from tests.dhcp.sockets import FakeSocket, SortedSocket

USUAL = Choice({0: "undionly.kpxe", 7: "ipxe.efi"})
SIGNED = Choice({0: "undionly.kpxe", 7: "shimx64.efi"})
OTHER = Choice({0: "own.kpxe"})
NEXT = IPv4Address("192.168.7.77")
ADDRESSES = ("192.168.7.1/24", "192.168.7.9/24")


def interfaces(address: str) -> Interfaces:
    return Interfaces([Interface("eth0", 2, (IPv4Interface(address),))])


def mac_of(machine: int) -> str:
    return f"52:54:00:00:00:{machine:02x}"


def asking(kind: DhcpMessage, machine: int, xid: int) -> DhcpMessage:
    options = {code: value for code, value in kind.options.items() if code != 97}
    if 97 in kind.options:
        options[97] = b"\0" + bytes([machine]) * 16
    chaddr = bytes.fromhex(mac_of(machine).replace(":", ""))
    return replace(kind, chaddr=chaddr, xid=xid, secs=xid, options=options)


class Site:
    """A server, and what it goes by."""

    def __init__(self, *, prompt: bool) -> None:
        self.dhcp, self.strange = FakeSocket(67), SortedSocket(67, strangers=True)
        self.recorder, self.metrics = Recorder(), Metrics()
        self.now = 0.0
        self.builds: dict[str, Build] = {}
        self.signed: set[str] = set()
        self.doubted: set[str] = set()
        self.learnt = 0
        self.usual = USUAL
        self.interfaces = interfaces(ADDRESSES[0])
        self.seen: list[tuple[str, bool, int]] = []
        self.others, self.sightings = Others(lambda: self.now), Sightings(lambda: self.now)
        self.limit = TokenBuckets(20)
        self.recognised, self.chosen = 0, 0
        self.news = News()
        standing = Standing(
            *(self.basis, self.in_build, self.active, self.leaning, self.choice, self.novel),
            *(lambda: tuple(self.builds), lambda: self.learnt + self.others.learnt),
        )
        self.server = DhcpServer(
            interfaces=lambda: self.interfaces,
            recognise=self.recognise,
            loaders=self.loaders,
            http_port=8080,
            recorder=self.recorder,
            metrics=self.metrics,
            chains=ChainMemory(),
            limit=lambda: self.limit,
            clock=lambda: self.now,
            opener=self.open,
            news=self.news,
            others=self.others,
            sightings=self.sightings,
            standing=standing if prompt else None,
        )

    def open(self, bind: bool) -> tuple[DhcpSocket, ...]:
        return self.dhcp, self.strange

    def basis(self) -> tuple[object, ...]:
        return (self.usual,)

    def in_build(self, mac: str) -> Known | None:
        build = self.builds.get(mac)
        return Known(build.host, Mode.IN_BUILD, build) if build is not None else None

    def active(self, host: str) -> Build | None:
        return next((each for each in self.builds.values() if each.host == host), None)

    def leaning(self, mac: str, ipxe: bool, xid: int) -> Leaning:
        self.seen.append((mac, ipxe, xid))
        state = SecureBoot.OFF if mac in self.doubted else SecureBoot.UNKNOWN
        given = None if ipxe else self.others.boot_server(mac)
        return Leaning(ipxe, SecureBoot.ON if mac in self.signed else state, given)

    def novel(self, mac: str) -> bool:
        return mac not in self.signed | self.doubted and self.others.is_new(mac)

    def choice(self, client: Recognised, leaning: Leaning) -> Choice:
        self.chosen += 1
        by_grub = leaning.state is SecureBoot.ON or leaning.server == NEXT
        return SIGNED if by_grub and not leaning.ipxe else self.usual

    def recognise(self, mac: str, _identity: object) -> Recognised:
        self.recognised += 1
        return self.in_build(mac) or Known("idle", Mode.IDLE)

    def loaders(self, client: Recognised, mac: str, *, ipxe: bool, xid: int | None) -> Choice:
        return self.choice(client, self.leaning(mac, ipxe, xid or 0))

    def begin(self, machine: int) -> None:
        mac = mac_of(machine)
        self.builds[mac] = Build(
            host=f"web{machine}", token="", state=State.PENDING, begun=0.0, changed=0.0,
            macs=(mac,), definition="{}",
        )  # fmt: skip
        self.news.of_anybody()

    def learn(self, machine: int, what: str) -> None:
        mac = mac_of(machine)
        (self.doubted if what == "doubted" else self.signed).add(mac)
        if what == "unsigned":
            self.signed.discard(mac)
        self.learnt += 1

    async def hear(self, *requests: DhcpMessage) -> None:
        """Take requests that come together, and answer them."""
        for request in requests:
            self.dhcp.deliver(request)
        async with asyncio.timeout(60):
            while not self.dhcp.idle or self.server.waiting:  # noqa: ASYNC110 - lets the loop run
                await asyncio.sleep(0)

    def noted(self) -> object:
        """Return all that can be seen of what it did."""
        counted = {
            (sample.name, *sample.labels.values()): sample.value
            for metric in self.metrics.dhcp.collect()
            for sample in metric.samples
            if sample.name.endswith("_total")
        }
        macs = [mac_of(each) for each in range(4)]
        # Each in its order; who is answered before whom goes by what is ready.
        sent = sorted(self.dhcp.sent, key=lambda each: each.message.chaddr)
        return (
            [(each.message, each.to, each.source, each.interface) for each in sent],
            counted,
            [self.sightings.of(mac) for mac in macs],
            [self.others.chosen(mac) for mac in macs],
            [self.others.told(mac) for mac in macs],
            [self.others.boot_server(mac) for mac in macs],
        )


@asynccontextmanager
async def serving(*, prompt: bool = True) -> AsyncIterator[Site]:
    site = Site(prompt=prompt)
    async with site.server:
        task = asyncio.create_task(site.server.serve())
        await asyncio.sleep(0)
        yield site
        task.cancel()
        await asyncio.wait([task])


KINDS = (
    discover(0), discover(7), discover(11), discover(7, o97=None),
    ipxe(0, o175=BIOS_FEATURES), ipxe(7, o175=UEFI_FEATURES), ipxe(7),
    replace(discover(7), giaddr=IPv4Address("192.168.7.254")),
)  # fmt: skip
_WHAT = (
    *("begins", "ends", "signed", "unsigned", "doubted", "loaders", "address", "later"),
    *("offered", "takes"),
)
_MACHINES = st.integers(0, 3)
_ASKS = st.tuples(st.just("asks"), _MACHINES, st.sampled_from(KINDS))
_CHANGES = st.tuples(
    st.sampled_from(_WHAT),
    _MACHINES,
    st.none(),
)


def overhear(site: Site, asked: DhcpMessage, siaddr: IPv4Address, *, takes: bool) -> None:
    """Have another server tell a client something, and the client take it."""
    said = reply(asked, MessageType.ACK if takes else MessageType.OFFER, siaddr=siaddr)
    if takes:
        site.others.requested(taking(said, asked))
    site.others.replied(overheard(said, at=site.now))


async def live(
    site: Site, steps: list[tuple[str, int, DhcpMessage | None]], *, together: bool
) -> None:
    """Have it happen, step by step; requests come one by one, or together with the next ones."""
    waiting, last = list[DhcpMessage](), dict[int, DhcpMessage]()
    for at, (what, machine, kind) in enumerate([*steps, ("later", 0, None)]):
        if waiting and not (together and what == "asks"):
            await site.hear(*waiting)
            waiting.clear()
        match what:
            case "asks":
                assert kind is not None
                last[machine] = asking(kind, machine, at // 2 + 1)
                waiting.append(last[machine])
            case "offered" | "takes" if machine in last:
                overhear(site, last[machine], NEXT if at % 3 else ROUTER, takes=what == "takes")
            case "begins":
                site.begin(machine)
            case "ends":
                site.builds.pop(mac_of(machine), None)
            case "signed" | "unsigned" | "doubted":
                site.learn(machine, what)
            case "loaders":
                site.usual = OTHER if site.usual is USUAL else USUAL
                site.news.of_anybody()
            case "address":
                site.interfaces = interfaces(ADDRESSES[at % 2])
            case _:
                site.now += 0.7


class TestWhateverHappens:
    @settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=100)
    @given(
        st.lists(st.one_of(_ASKS, _ASKS, _CHANGES), max_size=25),
        st.booleans(),
        st.sampled_from((1, 4)),
        st.booleans(),
    )
    def test_all_is_as_if_each_answer_were_made_anew(
        self, steps: list[tuple[str, int, DhcpMessage | None]], together: bool, many: int, raw: bool
    ) -> None:
        async def run(*, prompt: bool) -> object:
            with pytest.MonkeyPatch.context() as patched:
                for module, name in ((server, "SLICE"), (intake, "SLICE"), (intake, "LONGEST")):
                    patched.setattr(module, name, 60.0)  # or their order goes by the time they took
                patched.setattr(expecting, "_GATHER", 0.0)
                return await lived(prompt=prompt)

        async def lived(*, prompt: bool) -> object:
            async with serving(prompt=prompt) as site:
                site.dhcp.together, site.dhcp.raw = many, raw and prompt
                for machine in (0, 1):
                    site.begin(machine)
                await live(site, steps, together=together)
                return site.noted()

        assert asyncio.run(run(prompt=True)) == asyncio.run(run(prompt=False))


class TestAnAnswerThatIsReady:
    async def test_is_sent_without_another_thought(self) -> None:
        async with serving() as site:
            site.begin(0)
            for xid in range(1, 6):
                await site.hear(asking(discover(7), 0, xid))

        assert site.recognised == 1
        assert [each.message.xid for each in site.dhcp.sent] == [1, 2, 3, 4, 5]

    async def test_is_looked_up_anew_after_a_second_and_when_more_was_learnt(self) -> None:
        async with serving() as site:
            site.begin(0)
            xids = iter(range(1, 20))
            for _ in range(4):
                await site.hear(asking(discover(7), 0, next(xids)))
            often = len(site.seen)
            site.now += 1.0
            await site.hear(asking(discover(7), 0, next(xids)))
            later = len(site.seen)
            site.learnt += 1
            await site.hear(asking(discover(7), 0, next(xids)))

        assert (often, later, len(site.seen)) == (2, 3, 4)
        assert len(site.dhcp.sent) == 6

    async def test_is_looked_up_each_time_where_each_request_counts(self) -> None:
        """What is known of Secure Boot is doubted by another request of firmware."""
        async with serving() as site:
            site.begin(0)
            site.doubted.add(mac_of(0))
            for xid in range(1, 5):
                await site.hear(asking(discover(7), 0, xid))

        assert [xid for _, _, xid in site.seen] == [1, 2, 3, 4]

    async def test_is_another_machines_too_that_asks_alike(self) -> None:
        async with serving() as site:
            for machine in range(3):
                site.begin(machine)
                await site.hear(asking(discover(7), machine, machine + 1))

        assert site.recognised == 1
        assert [each.message.file for each in site.dhcp.sent] == [
            f"52-54-00-00-00-0{machine}/ipxe.efi".encode() for machine in range(3)
        ]
        assert [each.message.options[97][1:] for each in site.dhcp.sent] == [
            bytes([machine]) * 16 for machine in range(3)
        ]

    async def test_is_theirs_too_who_were_read_at_the_same_time(self) -> None:
        async with serving() as site:
            for machine in range(3):
                site.begin(machine)
            await site.hear(*(asking(discover(7), machine, machine + 1) for machine in range(3)))

        assert site.recognised == 1
        assert len(site.dhcp.sent) == 3

    async def test_goes_out_by_the_socket_that_was_asked(self) -> None:
        """The kernel learns which machines are known a moment after they are."""
        async with serving() as site:
            site.begin(0)
            for xid, by in enumerate((site.strange, site.strange, site.dhcp, site.strange), 1):
                by.deliver(asking(discover(7), 0, xid))
                async with asyncio.timeout(60):
                    while not by.idle or site.server.waiting:  # noqa: ASYNC110
                        await asyncio.sleep(0)

        assert [each.message.xid for each in site.strange.sent] == [1, 2, 4]
        assert [each.message.xid for each in site.dhcp.sent] == [3]
        assert site.recognised == 1

    async def test_is_an_event_of_that_machine(self) -> None:
        async with serving() as site:
            for machine in range(2):
                site.begin(machine)
                await site.hear(asking(ipxe(7, o175=UEFI_FEATURES), machine, machine + 1))

        urls = [what.what for what, _ in site.recorder.events if isinstance(what, Offered)]
        assert urls == [
            f"http://192.168.7.1:8080/ipxe/52-54-00-00-00-0{machine}" for machine in range(2)
        ]

    async def test_is_one_event_a_second(self) -> None:
        async with serving() as site:
            site.begin(0)
            for xid in range(1, 10):
                await site.hear(asking(discover(7), 0, xid))
                site.now += 0.25

        assert len(site.recorder.events) == 3  # the first of which was made in full

    async def test_is_bounded_by_a_machines_share(self) -> None:
        async with serving() as site:
            site.begin(0)
            for xid in range(1, 31):
                await site.hear(asking(discover(7), 0, xid))

        assert len(site.dhcp.sent) == 20
        assert site.sightings.of(mac_of(0)).limited is not None

    async def test_is_not_given_to_who_has_stopped_listening(self) -> None:
        async with serving() as site:
            site.begin(0)
            await site.hear(asking(discover(7), 0, 1))
            [sent] = site.dhcp.sent
            ready = site.dhcp
            ready.deliver(asking(discover(7), 0, 2), waited=4.0)
            await asyncio.sleep(0.01)

        assert site.dhcp.sent == [sent]

    async def test_is_made_anew_where_it_cannot_be_sent(self) -> None:
        async with serving() as site:
            site.begin(0)
            await site.hear(asking(discover(7), 0, 1))
            site.dhcp.fails = OSError(101, "Network is unreachable")
            await site.hear(asking(discover(7), 0, 2))

        assert [what.code for what, _ in site.recorder.events] == ["dhcp.offer", "dhcp.unsent"]

    async def test_is_not_taken_for_a_raspberry_pis(self) -> None:
        async with serving() as site:
            for machine in range(2):
                site.begin(machine)
            await site.hear(asking(discover(0), 0, 1))
            pi = asking(discover(0), 1, 2)
            await site.hear(replace(pi, options={**pi.options, 97: b"\0RPi" + bytes(13)}))

        assert site.recognised == 2


class TestWhatIsLookedUpBefore:
    """What a machine in build mode will be answered by, before it asks."""

    @pytest.fixture(autouse=True)
    def _at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(expecting, "_GATHER", 0.0)

    async def looked_up(self, site: Site) -> int:
        """Return how often loaders were chosen, once all is looked up."""
        site.news.of_anybody()
        for _ in range(20):
            await asyncio.sleep(0)
        return site.chosen

    async def test_need_not_be_looked_up_when_it_asks(self) -> None:
        async with serving() as site:
            for machine in range(3):
                site.begin(machine)
            await site.hear(asking(discover(7), 0, 1))
            await site.hear(asking(ipxe(7, o175=UEFI_FEATURES), 0, 2))
            before = await self.looked_up(site)
            for machine in (1, 2):
                await site.hear(asking(discover(7), machine, 10 + machine))
                await site.hear(asking(ipxe(7, o175=UEFI_FEATURES), machine, 20 + machine))

        assert site.chosen == before
        assert len(site.dhcp.sent) == 6

    async def test_is_looked_up_once(self) -> None:
        async with serving() as site:
            for machine in range(3):
                site.begin(machine)
            once = await self.looked_up(site)

            assert (once, await self.looked_up(site)) == (6, 6)

    async def test_is_of_its_build_alone(self) -> None:
        async with serving() as site:
            site.begin(0)
            site.begin(1)
            await site.hear(asking(discover(7), 0, 1))
            before = await self.looked_up(site)
            site.begin(1)
            await site.hear(asking(discover(7), 1, 2))

        assert site.chosen > before

    async def test_is_of_the_files_and_settings_of_now(self) -> None:
        async with serving() as site:
            site.begin(0)
            await self.looked_up(site)
            site.usual = OTHER
            await site.hear(asking(discover(0), 0, 1))

        assert [each.message.file for each in site.dhcp.sent] == [b"52-54-00-00-00-00/own.kpxe"]

    async def test_is_of_another_kind_where_more_is_known(self) -> None:
        async with serving() as site:
            site.begin(0)
            await site.hear(asking(discover(7), 0, 1))
            site.begin(1)
            await self.looked_up(site)
            site.learn(1, "signed")
            await site.hear(asking(discover(7), 1, 2))

        assert [each.message.file[-11:] for each in site.dhcp.sent] == [
            *(b"00/ipxe.efi", b"shimx64.efi")
        ]


class TestMachinesThatAskTogether:
    async def test_are_answered_by_what_the_first_of_them_was(self) -> None:
        async with serving() as site:
            site.dhcp.together = 32
            for machine in range(4):
                site.begin(machine)
            await site.hear(*(asking(discover(7), machine, machine + 1) for machine in range(4)))

        assert site.recognised == 1
        assert [each.message.xid for each in site.dhcp.sent] == [1, 2, 3, 4]

    async def test_are_looked_at_each_where_they_are_not_alike(self) -> None:
        async with serving() as site:
            site.dhcp.together = 32
            for machine in range(3):
                site.begin(machine)
            kinds = (discover(7), discover(0), ipxe(7, o175=UEFI_FEATURES))
            await site.hear(*(asking(kind, at, at + 1) for at, kind in enumerate(kinds)))

        assert site.recognised == 3
        assert sorted(each.message.xid for each in site.dhcp.sent) == [1, 2, 3]


class TestKeptAnswers:
    @pytest.mark.parametrize("bound", [DHCP_SHAPES, DHCP_READY])
    async def test_are_forgotten_when_there_are_too_many(
        self, bound: object, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bound, "most", 2)
        async with serving() as site:
            for machine in range(4):
                site.begin(machine)
            xid = 0
            for kind in (discover(0), discover(7), ipxe(0, o175=BIOS_FEATURES), discover(0)):
                for machine in range(4):
                    xid += 1
                    await site.hear(asking(kind, machine, xid))

        assert len(site.dhcp.sent) == 16

    async def test_are_of_few_layouts_of_a_length(self) -> None:
        async with serving() as site:
            site.begin(0)
            for at in range(8):
                before, after = bytes(at + 1), bytes(20 - at)
                kind = discover(7, o12=before, o200=after, o61=bytes(7))
                await site.hear(asking(kind, 0, at + 1))

        assert len(site.dhcp.sent) == 8
