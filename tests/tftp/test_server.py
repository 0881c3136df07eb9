"""The service over real sockets on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import itertools
import logging
import os
import random
import resource
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from pyxie.bounds import TFTP_NEWCOMERS, TFTP_REQUESTS, TFTP_TOTAL, TFTP_UNHEARD, THREADS_PATIENCE
from pyxie.errors import StartError
from pyxie.events.kind import Kind, Step
from pyxie.metrics import Metrics
from pyxie.tftp.batches import UdpLine
from pyxie.tftp.files import Content
from pyxie.tftp.limits import Limits
from pyxie.tftp.packet import ack
from pyxie.tftp.server import TftpServer
from pyxie.tftp.transferports import Line
from tests.procfs import open_files
from tests.support import eventually, hung
from tests.tftp.fake import failure
from tests.tftp.lab import MAC, Client, Folder, Lab, Trace, all_apart, serving

LOADER = bytes(n * 31 % 256 for n in range(5000))
RRQ = b"\0\1loader\0octet\0"
SLOW = b"\0\1loader\0octet\0timeout\x0060\0"
LOOPBACK = socket.if_nametoindex("lo")

NewClient = Callable[..., Client]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "loader").write_bytes(LOADER)
    return tmp_path


@pytest.fixture(params=["ports", "one-port", "apart"])
async def lab(root: Path, request: pytest.FixtureRequest) -> AsyncIterator[Lab]:
    if request.param == "apart":
        async with all_apart(root, request.getfixturevalue("forks")) as lab:
            yield lab
    else:
        async with serving(root, single_port=request.param == "one-port") as lab:
            yield lab


@pytest.fixture
def client(lab: Lab) -> Iterator[Client]:
    with contextlib.closing(Client(lab.server)) as client:
        yield client


@pytest.fixture
def another(lab: Lab) -> Iterator[Client]:
    with contextlib.closing(Client(lab.server)) as client:
        yield client


def at(number: int, lab: Lab) -> Client:
    """Return a client with an address of its own."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((f"127.9.{number >> 8}.{number & 255}", 0))
    return Client(lab.server, sock=sock)


class TestReading:
    async def test_a_client_gets_the_file(self, lab: Lab, client: Client) -> None:
        assert await client.fetch(RRQ) == LOADER

    async def test_the_source_is_told_who_asks_whom_for_what(
        self, lab: Lab, client: Client
    ) -> None:
        await client.fetch(b"\0\1\\\\LOADER\0octet\0")

        here = IPv4Address("127.0.0.1")
        assert lab.folder.asked == [("\\\\LOADER", here, here)]

    async def test_what_is_made_on_demand_is_sent_as_well(self, lab: Lab, client: Client) -> None:
        lab.folder.made = {"grub.cfg": b"x" * 1024, "empty.lst": b""}

        assert await client.fetch(b"\0\1grub.cfg\0octet\0") == b"x" * 1024
        assert await client.fetch(b"\0\1empty.lst\0octet\0") == b""

    async def test_text_may_be_fetched_as_netascii(
        self, lab: Lab, client: Client, root: Path
    ) -> None:
        (root / "text").write_bytes(b"a\nb\n")
        lab.folder.made = {"made": b"c\n"}

        assert await client.fetch(b"\0\1text\0NetASCII\0tsize\x000\0") == b"a\r\nb\r\n"
        assert await client.fetch(b"\0\1made\0netascii\0") == b"c\r\n"

    @pytest.mark.parametrize("single", [False, True])
    async def test_the_answer_comes_from_a_port_of_its_own_unless_there_is_to_be_one(
        self, root: Path, single: bool
    ) -> None:
        """RFC 1350 section 4."""
        async with serving(root, single_port=single) as lab:
            with contextlib.closing(Client(lab.server)) as client:
                client.say(RRQ)
                _, (address, port) = await client.hear()

                assert address == "127.0.0.1"
                assert (port == lab.server.port) is single

    async def test_the_answer_comes_from_the_address_that_was_asked(self, root: Path) -> None:
        async with serving(root, host="0.0.0.0") as lab:
            with contextlib.closing(Client(lab.server, "127.0.0.2")) as client:
                client.say(RRQ)
                _, (first, _) = await client.hear()
                client.say(b"\0\1missing\0octet\0")
                _, refusal_from = await client.hear()

        assert first == "127.0.0.2"
        assert refusal_from == ("127.0.0.2", client.to[1])
        assert lab.folder.asked[0][1] == IPv4Address("127.0.0.2")

    async def test_block_numbers_wrap(self, lab: Lab, client: Client) -> None:
        content = bytes(n % 253 for n in range(8 * 65_600 + 3))
        lab.folder.made = {"long": content}

        request = b"\0\1long\0octet\0blksize\x008\0windowsize\x0064\0"

        assert await client.fetch(request, blksize=8, window=64) == content

    async def test_blocks_fit_the_networks_mtu(self, root: Path) -> None:
        """Loopback's is 65535; 20 bytes of IP's, 8 of UDP's and 4 of TFTP's go off."""
        limits = Limits(max_blksize=65464)
        async with serving(root, limits) as lab:
            with contextlib.closing(Client(lab.server)) as client:
                answer = await client.ask(b"\0\1loader\0octet\0blksize\x0065464\0")

        assert answer == b"\0\6blksize\x0065464\0"

    async def test_many_clients_at_once_get_it(self, lab: Lab) -> None:
        clients = [Client(lab.server) for _ in range(100)]

        got = await asyncio.gather(*(client.fetch(RRQ) for client in clients))

        assert got == [LOADER] * 100
        await lab.quiet()
        assert lab.counted("completed") == 100
        for client in clients:
            client.close()


class TestProgress:
    async def test_of_a_long_transfer_is_told_while_it_moves(
        self, lab: Lab, client: Client, another: Client
    ) -> None:
        client.say(SLOW)
        another.say(SLOW)
        for acknowledged in range(4):
            _, tid = await client.hear()
            client.say(ack(acknowledged), tid)

        await asyncio.sleep(2.2)

        step, text, mac, peer = lab.trace.events[0]
        assert (step, text) == (Step.LOADER, "loader over TFTP: 2 kB of 5 kB")
        assert (mac, peer) == (MAC, "127.0.0.1")
        assert len(lab.trace.events) == 1

    async def test_of_a_short_one_is_not(self, lab: Lab, client: Client) -> None:
        await client.fetch(RRQ)
        await lab.quiet()
        await asyncio.sleep(1.1)

        assert [text[:4] for _, text, *_ in lab.trace.events] == ["sent"]
        assert lab.server._telling is None


class TestTelling:
    async def test_a_file_sent_is_traced_and_counted(self, lab: Lab, client: Client) -> None:
        await client.fetch(RRQ)
        await lab.quiet()

        text = "sent loader, 5 kB, over TFTP in 0.0 s"
        assert lab.trace.events == [(Step.LOADER, text, MAC, "127.0.0.1")]
        assert lab.counted("completed") == 1
        assert lab.sample("pyxie_tftp_sent_bytes_total") == 5000
        assert lab.sample("pyxie_tftp_transfer_seconds_count") == 1
        assert lab.sample("pyxie_tftp_active_transfers") == 0

    async def test_a_probe_for_the_size_is_no_trouble(
        self, lab: Lab, client: Client, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        client.say(b"\0\1loader\0octet\0tsize\x000\0")
        answer, tid = await client.hear()
        client.say(b"\0\5\0\x08User aborted the transfer\0", tid)
        await lab.quiet()

        assert answer == b"\0\6tsize\x005000\0"
        assert lab.trace.events == []
        assert caplog.messages == []
        assert lab.counted("probed") == 1

    async def test_a_transfer_that_the_client_breaks_off_is(self, lab: Lab, client: Client) -> None:
        client.say(RRQ)
        _, tid = await client.hear()
        client.say(b"\0\5\0\3disk full\0", tid)
        await lab.quiet()

        text = "loader over TFTP: the client broke off after 0 bytes of 5 kB: disk full (error 3)"
        assert lab.trace.events == [(Step.TROUBLE, text, MAC, "127.0.0.1")]
        assert lab.counted("aborted") == 1

    async def test_a_client_that_falls_silent_is(self, root: Path) -> None:
        async with serving(root, Limits(timeout=0.01, attempts=3)) as lab:
            with contextlib.closing(Client(lab.server)) as client:
                client.say(RRQ)
                heard = [(await client.hear())[0] for _ in range(4)]
                await lab.quiet()

        block = b"\0\3\0\1" + LOADER[:512]
        assert heard == [block, block, block, b"\0\5\0\0timed out\0"]
        text = "loader over TFTP: the client fell silent after 0 bytes of 5 kB"
        assert lab.trace.events == [(Step.TROUBLE, text, MAC, "127.0.0.1")]
        assert lab.counted("timed out") == 1
        assert lab.sample("pyxie_tftp_resent_total") == 2

    @pytest.mark.parametrize("single", [False, True])
    async def test_a_client_whose_port_is_closed_is_not_sent_on(
        self, root: Path, single: bool
    ) -> None:
        async with serving(root, Limits(timeout=0.01, attempts=20), single_port=single) as lab:
            client = Client(lab.server)
            client.say(RRQ)
            await client.hear()
            client.close()
            await lab.quiet()

        text = "loader over TFTP: the client broke off after 0 bytes of 5 kB: closed its port"
        assert lab.trace.events == [(Step.TROUBLE, text, MAC, "127.0.0.1")]

    async def test_a_file_cut_short_is_told_to_the_client(
        self, lab: Lab, client: Client, root: Path
    ) -> None:
        (root / "long").write_bytes(bytes(200_000))
        client.say(b"\0\1long\0octet\0blksize\x001468\0windowsize\x0064\0")
        _, tid = await client.hear()
        client.say(ack(0), tid)
        for _ in range(64):
            await client.hear()
        os.truncate(root / "long", 700)
        client.say(ack(64), tid)
        answer = b""
        while answer[:2] != b"\0\5":
            answer, _ = await client.hear()
        await lab.quiet()

        assert answer == b"\0\5\0\0the file became shorter while it was sent\0"
        assert lab.counted("aborted") == 1


class TestRefusal:
    @pytest.mark.parametrize(
        ("request_", "answer", "outcome"),
        [
            (b"\0\1missing\0octet\0", b"\0\5\0\1no such file\0", "missing"),
            (b"\0\1gone\0octet\0", b"\0\5\0\1no such file\0", "missing"),
            (b"\0\1/\0octet\0", b"\0\5\0\1a folder\0", "missing"),
            (
                b"\0\1../secret\0octet\0",
                b"\0\5\0\2leads out of the folder that is served\0",
                "missing",
            ),
            (b"\0\1forbidden\0octet\0", b"\0\5\0\2the server may not read it\0", "missing"),
            (b"\0\1broken\0octet\0", b"\0\5\0\0Input/output error\0", "failed"),
            (b"\0\1many\0octet\0", b"\0\5\0\0busy: Too many open files\0", "busy"),
            (b"\0\2loader\0octet\0", b"\0\5\0\4this server takes no files\0", "refused"),
            (
                b"\0\1loader\0mail\0",
                b"\0\5\0\4mode mail is not served; ask for octet\0",
                "refused",
            ),
        ],
    )
    async def test_says_why(
        self, lab: Lab, client: Client, request_: bytes, answer: bytes, outcome: str
    ) -> None:
        assert await client.ask(request_) == answer
        name = request_[2:].split(b"\0")[0].decode()
        why = answer[4:-1].decode()
        # Loaders ask for files that need not be there: no trouble.
        step = Step.SILENCE if answer[3] == 1 else Step.TROUBLE
        assert lab.trace.events == [(step, f"TFTP: {name}: {why}", None, "127.0.0.1")]
        assert lab.counted(outcome) == 1

    async def test_of_what_a_loader_goes_on_without_is_told_nobody(
        self, lab: Lab, client: Client, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)

        assert await client.ask(b"\0\1probe\0octet\0") == b"\0\5\0\1no such file\0"

        assert lab.trace.events == []
        assert caplog.messages == []
        assert lab.counted("missing") == 1

    async def test_of_an_endless_search_is_told_twenty_times_a_minute(
        self, lab: Lab, client: Client
    ) -> None:
        for number in range(30):
            await client.ask(b"\0\1missing%d\0octet\0" % number)

        assert len(lab.trace.events) == 20
        assert lab.counted("missing") == 30

    @pytest.mark.parametrize(
        ("request_", "said"),
        [
            (b"\0\1loader\0octet", b"byte 9: mode: is not ended by a zero byte"),
            (
                b"\0\1loader\0octet\0tsize\0000\0blksize\0",
                b"byte 31: option 'blksize': is not ended by a zero byte",
            ),
            (
                b"\0\1loader\0octet\0blksize\x001468",
                b"byte 23: option 'blksize': is not ended by a zero byte",
            ),
            (b"\0\2loader", b"byte 2: filename: is not ended by a zero byte"),
            (b"\0\1", b"byte 2: filename: is not ended by a zero byte"),
        ],
    )
    async def test_of_a_request_that_is_cut_short_says_where(
        self, lab: Lab, client: Client, request_: bytes, said: bytes
    ) -> None:
        assert await client.ask(request_) == b"\0\5\0\4malformed request: " + said + b"\0"
        assert lab.counted("malformed") == 1

    async def test_of_a_request_that_is_cut_short_does_not_end_a_transfer(
        self, lab: Lab, client: Client
    ) -> None:
        client.say(RRQ)
        _, tid = await client.hear()
        client.say(b"\0\1loader\0octet")
        client.say(ack(1), tid)

        assert (await client.hear())[0][:4] == b"\0\3\0\2"

    async def test_of_what_nobody_understands_is_silent_and_told_once(
        self, lab: Lab, client: Client, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        for _ in range(3):
            client.say(b"\0\1loader")
        for _ in range(3):
            assert (await client.hear())[0][:4] == b"\0\5\0\4"
        client.say(b"\0\7loader")
        client.say(b"\0\5\0")
        client.say(b"\0\5\0\0hello\0")
        client.say(ack(1))

        assert await client.fetch(RRQ) == LOADER
        assert caplog.messages[:1] == [
            "malformed TFTP request from 127.0.0.1: byte 2: filename: is not ended by a zero byte"
        ]
        malformed, strays = lab.counted("malformed"), lab.counted("stray")
        assert malformed + strays == 7  # with one port, all but requests are strays at once
        assert malformed in (3, 5)

    async def test_on_an_interface_not_served_is_silence(self, root: Path) -> None:
        arrived: asyncio.Queue[int] = asyncio.Queue()

        def none(interface: int) -> bool:
            arrived.put_nowait(interface)
            return False

        async with serving(root, serves=none) as lab:
            with contextlib.closing(Client(lab.server)) as client:
                client.say(RRQ)
                interface = await arrived.get()

                assert client.hears_nothing()
        assert interface == LOOPBACK
        assert lab.folder.asked == []

    async def test_to_a_broadcast_address_is_silence(self, root: Path) -> None:
        """RFC 1123 section 4.2.3.5."""
        async with serving(root, host="0.0.0.0") as lab:
            with contextlib.closing(Client(lab.server)) as client:
                client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
                client.say(RRQ, ("127.255.255.255", lab.server.port))
                answer = await client.ask(b"\0\1missing\0octet\0")

        assert answer == b"\0\5\0\1no such file\0"
        assert [name for name, *_ in lab.folder.asked] == ["missing"]


class TestCaps:
    async def test_a_client_has_so_many_transfers(self, root: Path) -> None:
        async with serving(root, Limits(per_client=2)) as lab, contextlib.AsyncExitStack() as stack:
            clients = [
                stack.enter_context(contextlib.closing(Client(lab.server))) for _ in range(3)
            ]
            answers = [await client.ask(RRQ) for client in clients]

            assert [answer[:4] for answer in answers] == [
                b"\0\3\0\1",
                b"\0\3\0\1",
                b"\0\5\0\0",
            ]
            assert answers[2] == b"\0\5\0\0busy: too many transfers\0"
            assert lab.counted("busy") == 1
            assert lab.sample("pyxie_tftp_active_transfers") == 2

    async def test_addresses_that_are_never_heard_again_get_so_many_answers(
        self, root: Path
    ) -> None:
        """A source can be forged: each would have the kernel look for a neighbour."""
        before = TFTP_NEWCOMERS.times
        async with serving(root, host="0.0.0.0") as lab, contextlib.AsyncExitStack() as stack:
            for number in range(600):
                client = stack.enter_context(contextlib.closing(at(number, lab)))
                client.say(b"\0\1missing\0octet\0")
                if number % 50 == 0:
                    await asyncio.sleep(0.01)
            async with asyncio.timeout(60):
                while lab.counted("missing") + lab.counted("busy") < 600:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)

            assert 200 <= lab.counted("missing") < 500
            assert TFTP_NEWCOMERS.times == before + lab.counted("busy")

    async def test_who_has_fetched_a_file_is_answered_in_a_flood(self, root: Path) -> None:
        async with serving(root, host="0.0.0.0") as lab, contextlib.AsyncExitStack() as stack:
            known = stack.enter_context(contextlib.closing(at(1, lab)))
            await known.fetch(RRQ)
            for number in range(2, 600):
                stack.enter_context(contextlib.closing(at(number, lab))).say(RRQ)
            async with asyncio.timeout(60):
                while lab.counted("busy") < 50:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)

            assert await known.fetch(RRQ) == LOADER

    async def test_one_address_asks_so_often(self, root: Path) -> None:
        """It is there, for it was heard, and so takes a session, a socket and a file each time."""
        before = TFTP_REQUESTS.times
        async with serving(root) as lab, contextlib.AsyncExitStack() as stack:
            asking = stack.enter_context(contextlib.closing(Client(lab.server)))
            await asking.fetch(RRQ)
            for number in range(1500):
                asking.say(RRQ)
                if number % 50 == 0:
                    await asyncio.sleep(0.005)
            await eventually(lambda: lab.counted("busy") >= 100)

            assert TFTP_REQUESTS.times >= before + 100

    async def test_of_those_that_say_nothing_the_oldest_is_given_up(
        self, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(TFTP_UNHEARD, "most", 100)
        limits = Limits(per_client=1000)
        before = TFTP_UNHEARD.times
        async with serving(root, limits) as lab, contextlib.AsyncExitStack() as stack:
            talking, *silent = [
                stack.enter_context(contextlib.closing(Client(lab.server)))
                for _ in range(TFTP_UNHEARD.whole + 6)
            ]
            await talking.fetch(RRQ)  # its address is known to be there
            talking.say(b"\0\1loader\0octet\0windowsize\x002\0")
            first, tid = await talking.hear()
            talking.say(ack(0), tid)
            await talking.hear()
            for client in silent:
                await client.ask(RRQ)

            assert first.startswith(b"\0\6")
            assert TFTP_UNHEARD.times == before + 5
            assert lab.counted("timed out") == 5
            assert lab.sample("pyxie_tftp_active_transfers") == TFTP_UNHEARD.whole + 1

    @pytest.mark.parametrize("lab", ["ports", "one-port"], indirect=True)
    async def test_the_system_has_so_many_open_files(self, lab: Lab, client: Client) -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        free = os.dup(0)
        os.close(free)

        # One more may be opened: the file, but not the transfer's socket.
        resource.setrlimit(resource.RLIMIT_NOFILE, (free + 1, hard))
        try:
            answer = await client.ask(RRQ)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

        assert answer == b"\0\5\0\0busy: Too many open files\0"
        assert len(lab.server._openings._library) == 0
        assert await client.fetch(RRQ) == LOADER

    async def test_of_all_together_a_slow_one_makes_room(
        self, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """One that acknowledges a block now and then could hold its place for hours."""
        monkeypatch.setattr("pyxie.tftp.clients._ENOUGH", 0.05)
        before = TFTP_TOTAL.times
        async with serving(root, Limits(total=2)) as lab, contextlib.AsyncExitStack() as stack:
            first, second, third = (
                stack.enter_context(contextlib.closing(Client(lab.server))) for _ in range(3)
            )
            for client in (first, second):
                client.say(RRQ)
                _, tid = await client.hear()
            second.say(b"\0\4\0\1", tid)
            await second.hear()
            await asyncio.sleep(0.1)

            assert await third.fetch(RRQ) == LOADER
            assert lab.counted("timed out") == 1
            assert second.sock.getsockname() in lab.server._clients

        assert TFTP_TOTAL.times == before + 1

    async def test_so_have_all_together_and_room_is_made_by_the_end_of_one(
        self, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """And nobody is slow who loads."""
        monkeypatch.setattr("pyxie.rate.SLOW", 1.0)
        async with serving(root, Limits(total=1)) as lab:
            first, second = Client(lab.server), Client(lab.server)
            first.say(RRQ)
            _, tid = await first.hear()
            first.say(b"\0\4\0\1", tid)
            await first.hear()

            assert await second.ask(RRQ) == b"\0\5\0\0busy: too many transfers\0"
            first.say(b"\0\5\0\0enough\0", tid)
            await lab.quiet()
            assert await second.fetch(RRQ) == LOADER
            first.close()
            second.close()


class TestRepeatedRequests:
    async def test_begin_no_second_transfer(
        self, lab: Lab, client: Client, another: Client
    ) -> None:
        client.say(RRQ)
        client.say(RRQ)
        _, tid = await client.hear()
        await another.ask(b"\0\1missing\0octet\0")

        assert client.hears_nothing()
        assert lab.counted("repeated") == 1
        client.say(ack(1), tid)
        assert (await client.hear())[1] == tid

    async def test_for_something_else_leave_the_old_transfer_behind(
        self, lab: Lab, client: Client
    ) -> None:
        """ROMs use one port for all requests, and some do not end a probe with an ERROR."""
        lab.folder.made = {"other": b"other"}
        client.say(b"\0\1loader\0octet\0tsize\x000\0")
        await client.hear()

        assert await client.fetch(b"\0\1other\0octet\0") == b"other"
        await lab.quiet()
        assert lab.counted("probed") == 1
        assert lab.counted("completed") == 1

    async def test_after_a_reset_are_served_anew(self, root: Path) -> None:
        """The machine was switched off in mid-transfer, and asks from the same port."""
        async with serving(root, Limits(timeout=0.05)) as lab:
            with contextlib.closing(Client(lab.server)) as client:
                client.say(RRQ)
                _, old = await client.hear()
                client.say(ack(1), old)
                second = (await client.hear())[0]
                assert (await client.hear())[0] == second

                client.say(RRQ)
                while (heard := await client.hear())[0] == second:
                    pass

        assert heard[0] == b"\0\3\0\1" + LOADER[:512]
        assert heard[1] != old


class TestTheWayOut:
    """By which all clients of an address of ours are sent what they load."""

    async def test_goes_on_however_often_it_is_full(
        self, lab: Lab, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Four times in a row for each block; who waits is not forgotten after the first."""
        send, calls = UdpLine.send, itertools.count(1)

        def rarely(line: UdpLine) -> OSError | None:
            return failure(errno.EAGAIN) if next(calls) % 5 else send(line)

        monkeypatch.setattr(UdpLine, "send", rarely)
        with contextlib.ExitStack() as stack:
            first, second = (
                stack.enter_context(contextlib.closing(Client(lab.server))) for _ in range(2)
            )
            both = await asyncio.gather(first.fetch(RRQ), second.fetch(RRQ))

        assert list(both) == [LOADER, LOADER]
        assert lab.sample("pyxie_tftp_resent_total") == 0

    @pytest.mark.parametrize("lab", ["ports", "one-port"], indirect=True)
    async def test_fills_windows_although_it_is_short(
        self, lab: Lab, client: Client, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        large = bytes(n % 251 for n in range(3_000_000))
        (root / "large").write_bytes(large)
        request = b"\0\1large\0octet\0blksize\x001400\0windowsize\x0064\0"
        lab.server._sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4608)  # type: ignore[attr-defined]
        opener = lab.server._driver._ports._opening

        def short(local: IPv4Address) -> Line:
            line = opener(local)
            with socket.socket(fileno=os.dup(line.fileno())) as sock:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4608)
            return line

        monkeypatch.setattr(lab.server._driver._ports, "_opening", short)
        # However busy this machine is: nothing is to be sent again for the clock's sake.
        monkeypatch.setattr("pyxie.tftp.roundtrip.SOONEST", 30.0)
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)

        assert await client.fetch(request, 1400, 64) == large
        await lab.quiet()
        assert lab.sample("pyxie_tftp_resent_total") == 0

    async def test_is_one_for_all_and_another_for_who_asks_from_the_same_port(
        self, root: Path
    ) -> None:
        """RFC 1350 section 4: what is late of the old transfer is nothing to the new one."""
        async with serving(root) as lab, contextlib.AsyncExitStack() as stack:
            one, other = (
                stack.enter_context(contextlib.closing(Client(lab.server))) for _ in range(2)
            )
            one.say(SLOW)
            other.say(SLOW)
            (_, tid), (_, of_other) = await one.hear(), await other.hear()

            one.say(RRQ)
            _, next_tid = await one.hear()
            one.say(ack(1), tid)
            one.say(ack(1), next_tid)

            assert tid == of_other
            assert next_tid != tid
            assert (await one.hear())[0] == b"\0\3\0\2" + LOADER[512:1024]
            assert one.hears_nothing()


class TestHostility:
    async def test_a_stranger_cannot_disturb_a_transfer(
        self, lab: Lab, client: Client, another: Client
    ) -> None:
        """RFC 1350 section 4."""
        client.say(RRQ)
        _, tid = await client.hear()
        another.say(b"\0\5\0\0stop\0", tid)
        another.say(ack(1), tid)
        await another.ask(b"\0\1missing\0octet\0")

        assert client.hears_nothing()
        client.say(ack(1), tid)
        assert (await client.hear())[0] == b"\0\3\0\2" + LOADER[512:1024]

    async def test_a_bug_ends_one_request_only(
        self, lab: Lab, client: Client, caplog: pytest.LogCaptureFixture
    ) -> None:
        request = b"\0\1bug\0octet\0"
        client.say(request)
        await eventually(lambda: caplog.messages)

        assert await client.fetch(RRQ) == LOADER
        assert caplog.messages == [f"a TFTP request failed by a bug: {request.hex()}"]
        assert lab.counted("failed") == 1

    async def test_a_file_system_that_hangs_hurts_only_what_asks_it(
        self, lab: Lab, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whether in looking for the file or in the middle of it; a transfer goes on meanwhile."""
        client.say(b"\0\1loader\0octet\0")
        first, tid = await client.hear()
        with hung() as disk:
            monkeypatch.setattr(lab.folder, "open", lambda name, *_: disk.read(name))
            others = [Client(lab.server) for _ in range(6)]
            for other in others:
                other.say(RRQ)
                other.say(RRQ)
            await eventually(lambda: disk.asked)

            client.say(ack(1), tid)
            second = (await client.hear())[0]
            await eventually(lambda: lab.counted("repeated") == 6)

            assert first[4:] + second[4:] == LOADER[:1024]
            assert all(other.hears_nothing() for other in others)
            for other in others:
                other.close()

    async def test_a_read_that_hangs_ends_its_transfer_with_the_reason(
        self, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(THREADS_PATIENCE, "most", 0.2)
        with hung() as disk:
            monkeypatch.setattr(Content, "fetch", disk.read)
            monkeypatch.setattr(os, "RWF_NOWAIT", 1 << 30)  # which no file system knows
            async with serving(root) as lab:
                client = Client(lab.server)

                answer = await client.ask(RRQ)

                assert answer == (b"\0\5\0\0no answer within 0.2 s; does its file system hang?\0")
                disk.mend()
                await lab.quiet()
                client.close()

    async def test_what_the_kernel_cannot_tell_is_read_by_threads(
        self, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(os, "RWF_NOWAIT", 1 << 30)
        async with serving(root) as lab:
            clients = [Client(lab.server) for _ in range(20)]

            files = await asyncio.gather(*(each.fetch(RRQ) for each in clients))

            assert files == [LOADER] * 20
            for each in clients:
                each.close()

    async def test_what_is_no_single_clients_bug_ends_the_service(self, root: Path) -> None:
        class Broken(Trace):
            def record(self, what: Kind, **_: str | None) -> None:
                raise ZeroDivisionError

        server = TftpServer(Folder(root), Broken(), Metrics(), host="127.0.0.1", port=0)
        async with server:
            running = asyncio.create_task(server.serve())
            with contextlib.closing(Client(server)) as client:
                assert await client.fetch(RRQ) == LOADER
                with pytest.raises(ZeroDivisionError):
                    async with asyncio.timeout(60):
                        await running

    async def test_random_bytes_anywhere_harm_nobody(
        self, lab: Lab, client: Client, another: Client
    ) -> None:
        content = random.Random(1).randbytes(200_000)
        lab.folder.made = {"large": content}
        rubbish = random.Random(2)
        client.say(b"\0\1large\0octet\0blksize\x001000\0")
        _, tid = await client.hear()
        client.say(ack(0), tid)
        got = b""
        for block in range(1, 202):
            for _ in range(5):
                noise = bytes((0, rubbish.randrange(7))) + rubbish.randbytes(rubbish.randrange(60))
                another.say(noise)
                another.say(noise, tid)
                # From the client itself: all but what it may say, an ACK or an ERROR.
                if noise[1] not in {4, 5}:
                    client.say(noise, tid)
            datagram, _ = await client.hear()
            while block > 1 and datagram[:4] == b"\0\3" + (block - 1).to_bytes(2):
                datagram, _ = await client.hear()  # sent again, for this test is slow to answer
            assert datagram[:4] == b"\0\3" + block.to_bytes(2)
            got += datagram[4:]
            client.say(ack(block), tid)

        assert got == content
        with contextlib.closing(Client(lab.server)) as third:
            assert await third.fetch(RRQ) == LOADER


class TestLife:
    def test_is_called_tftp(self, root: Path) -> None:
        assert TftpServer(Folder(root), Trace(), Metrics()).name == "tftp"

    async def test_a_port_in_use_is_told_with_what_to_do(self, lab: Lab, root: Path) -> None:
        port = lab.server.port

        with pytest.raises(StartError) as caught:
            async with TftpServer(Folder(root), Trace(), Metrics(), host="127.0.0.1", port=port):
                pass

        assert str(caught.value) == (
            f"TFTP cannot listen on UDP port {port} of 127.0.0.1, because another program does:"
            f" find it with `ss -lunp sport = :{port}` and stop it, or change the port"
        )

    async def test_an_address_not_here_is_told_with_what_to_do(self, root: Path) -> None:
        with pytest.raises(StartError) as caught:
            async with TftpServer(Folder(root), Trace(), Metrics(), host="192.0.2.1", port=0):
                pass

        assert str(caught.value) == (
            "TFTP cannot listen on UDP port 0 of 192.0.2.1: this host has no such address;"
            " choose one that `ip -4 address` shows, or 0.0.0.0 for all"
        )

    async def test_nothing_is_answered_before_it_serves(self, root: Path) -> None:
        server = TftpServer(Folder(root), Trace(), Metrics(), host="127.0.0.1", port=0)
        async with server:
            with contextlib.closing(Client(server)) as client:
                client.say(RRQ)
                await asyncio.sleep(0)

                assert client.hears_nothing()
                running = asyncio.create_task(server.serve())
                assert (await client.hear())[0] == b"\0\3\0\1" + LOADER[:512]
                running.cancel()

    async def test_draining_ends_when_the_transfers_do(
        self, lab: Lab, client: Client, another: Client
    ) -> None:
        client.say(RRQ)
        _, tid = await client.hear()
        drained = asyncio.create_task(lab.server.drain())
        await asyncio.sleep(0)
        another.say(RRQ)
        client.say(ack(1), tid)

        assert (await client.hear())[0][:4] == b"\0\3\0\2"
        assert not drained.done()
        client.say(b"\0\5\0\0enough\0", tid)
        async with asyncio.timeout(60):
            await drained
        assert another.hears_nothing()

    async def test_closing_tells_those_in_progress(self, root: Path) -> None:
        async with serving(root) as lab:
            client = Client(lab.server)
            await client.ask(RRQ)

        assert (await client.hear())[0] == b"\0\5\0\0the server is stopping\0"
        client.close()

    async def test_closing_gives_every_file_back(self, root: Path) -> None:
        before = set(open_files())
        async with serving(root) as lab:
            client = Client(lab.server)
            await client.ask(RRQ)
        client.close()

        assert set(open_files()) <= before
