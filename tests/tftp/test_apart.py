"""Big transfers by a process of their own; what is so of all transfers is in test_server.py."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import resource
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

import pyxie.tftp.apart
from pyxie.bounds import TFTP_FILES_APART, TFTP_STARTS
from pyxie.openfile import OpenFile, opened
from pyxie.tftp.limits import Limits
from pyxie.tftp.packet import ack
from pyxie.tftp.source import Found
from tests.procfs import open_files
from tests.support import Passing, eventually
from tests.tftp.conftest import Forks
from tests.tftp.lab import Client, Lab, all_apart, serving

BIG = random.Random("big").randbytes(100_000)
WINDOWS = b"\0\1big\0octet\0blksize\x001400\0windowsize\x004\0"
RRQ = b"\0\1big\0octet\0"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "big").write_bytes(BIG)
    (tmp_path / "small").write_bytes(BIG[:5000])
    return tmp_path


@pytest.fixture
async def lab(root: Path, forks: Forks) -> AsyncIterator[Lab]:
    async with serving(root, forks=forks) as lab:
        yield lab


@pytest.fixture
async def apart(lab: Lab) -> Lab:
    await lab.is_apart()
    return lab


@pytest.fixture
def client(lab: Lab) -> Iterator[Client]:
    with contextlib.closing(Client(lab.server)) as client:
        yield client


async def begun(client: Client, request: bytes = RRQ) -> tuple[str, int]:
    """Have a client have the first block of a file; return where that came from."""
    client.say(request)
    return (await client.hear())[1]


@contextlib.asynccontextmanager
async def going(lab: Lab, many: int) -> AsyncIterator[list[Client]]:
    """Have clients that have begun, and wait."""
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(contextlib.closing(Client(lab.server))) for _ in range(many)]
        for each in clients:
            await begun(each)
        yield clients


class TestAProcess:
    async def test_is_started_by_more_than_a_few_transfers_for_those_that_follow(
        self, lab: Lab, client: Client, forks: Forks
    ) -> None:
        async with going(lab, pyxie.tftp.apart.FEW):
            assert (lab.server._carriers._apart, forks.there()) == (lab.apart, [])

            assert await client.fetch(WINDOWS, 1400, 4) == BIG
            await eventually(lambda: lab.apart._ready)
            client.say(RRQ)
            await client.hear()

            assert (len(lab.apart), len(forks.there())) == (1, 1)

    async def test_sends_what_is_big_and_a_file(self, apart: Lab, client: Client) -> None:
        apart.folder.made = {"made": BIG}

        for name in (b"small", b"made"):
            await begun(client, b"\0\1" + name + b"\0octet\0")
            assert len(apart.apart) == 0
        await begun(client, b"\0\1big\0netascii\0")
        assert len(apart.apart) == 0
        await begun(client)
        assert len(apart.apart) == 1

    async def test_sends_no_parts_of_a_file(self, root: Path, forks: Forks) -> None:
        class Image:
            def open(self, name: str, local: object, peer: object) -> Found:
                def part() -> OpenFile:
                    whole = opened(root / "big")
                    return OpenFile(whole.path, whole.descriptor, whole.about, ((1, 70_000),))

                return Found(open=part, what=name)

        async with serving(root, source=Image(), forks=forks) as lab:
            await lab.is_apart()
            with contextlib.closing(Client(lab.server)) as client:
                assert await client.fetch(WINDOWS, 1400, 4) == BIG[1:70_001]
            assert next(lab.apart._numbers) == 1  # none was handed over

    async def test_has_nothing_but_its_line_the_files_and_its_ports(
        self, apart: Lab, client: Client, forks: Forks
    ) -> None:
        await begun(client)
        (pid,) = forks.there()

        held = open_files(pid)[3:]

        status = Path(f"/proc/{pid}/status").read_text()  # noqa: ASYNC240 - it is in memory
        file = str(apart.folder.root / "big")
        known = (file, "anon_inode:[eventpoll]", "anon_inode:[eventfd]")
        others = [each for each in held if each not in known]
        assert len(held) == len(known) + len(others)
        assert [each.partition(":")[0] for each in others] == ["socket", "socket"]  # line and port
        assert "CapEff:\t0000000000000000" in status
        assert "CapPrm:\t0000000000000000" in status
        assert "NoNewPrivs:\t1" in status
        assert os.getpriority(os.PRIO_PROCESS, pid) == os.getpriority(os.PRIO_PROCESS, 0)

    async def test_ends_after_a_while_without_work_and_comes_again(
        self, apart: Lab, client: Client, forks: Forks, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert await client.fetch(WINDOWS, 1400, 4) == BIG
        monkeypatch.setattr(pyxie.tftp.apart, "IDLE", 0.0)

        await eventually(lambda: not forks.there())
        monkeypatch.undo()
        await apart.is_apart()

        assert await client.fetch(WINDOWS, 1400, 4) == BIG

    async def test_is_closed_with_the_server_and_tells_its_clients(
        self, root: Path, forks: Forks
    ) -> None:
        async with serving(root, forks=forks) as lab:
            await lab.is_apart()
            client = Client(lab.server)
            await begun(client)
        with contextlib.closing(client):
            said, _ = await client.hear()

        assert said == b"\0\5\0\0the server is stopping\0"
        assert lab.counted("aborted") == 1
        assert len(lab.server._openings._library) == 0
        await eventually(lambda: not forks.there())

    async def test_does_not_keep_who_drains_from_ending(self, apart: Lab, client: Client) -> None:
        place = await begun(client)
        draining = asyncio.create_task(apart.server.drain())
        await asyncio.sleep(0.05)
        assert not draining.done()

        client.say(b"\0\5\0\0enough\0", place)

        async with asyncio.timeout(60):
            await draining
        assert apart.counted("aborted") == 1


class TestAFile:
    async def test_of_more_blocks_than_have_numbers_comes_whole(
        self, root: Path, forks: Forks
    ) -> None:
        large = random.Random("large").randbytes(8 * 65_600 + 3)
        (root / "large").write_bytes(large)

        async with all_apart(root, forks) as lab:
            with contextlib.closing(Client(lab.server)) as client:
                request = b"\0\1large\0octet\0blksize\x008\0windowsize\x0064\0"
                assert await client.fetch(request, 8, 64) == large

    async def test_is_closed_there_once_nobody_asks_for_it(
        self, apart: Lab, client: Client, forks: Forks
    ) -> None:
        assert await client.fetch(WINDOWS, 1400, 4) == BIG
        (pid,) = forks.there()
        file = str(apart.folder.root / "big")

        assert file in open_files(pid)
        await eventually(lambda: file not in open_files(pid))
        assert len(apart.server._openings._library) == 0
        assert await client.fetch(WINDOWS, 1400, 4) == BIG

    async def test_that_was_replaced_is_another(
        self, apart: Lab, client: Client, root: Path
    ) -> None:
        assert await client.fetch(WINDOWS, 1400, 4) == BIG
        (root / "new").write_bytes(BIG[::-1])
        (root / "new").replace(root / "big")

        assert await client.fetch(WINDOWS, 1400, 4) == BIG[::-1]

    async def test_that_became_shorter_ends_its_transfer(self, root: Path, forks: Forks) -> None:
        (root / "large").write_bytes(bytes(1_000_000))
        async with all_apart(root, forks) as lab:
            with contextlib.closing(Client(lab.server)) as client:
                place = await begun(client, b"\0\1large\0octet\0blksize\x001024\0")
                os.truncate(root / "large", 10)
                client.say(ack(0), place)
                said, _ = await client.hear()

        assert said == b"\0\5\0\0the file became shorter while it was sent\0"

    async def test_beyond_so_many_goes_by_the_event_loop(
        self, apart: Lab, client: Client, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(TFTP_FILES_APART, "most", 1)
        (root / "other").write_bytes(BIG[::-1])
        await begun(client)

        with contextlib.closing(Client(apart.server)) as another:
            request = b"\0\1other\0octet\0blksize\x001400\0windowsize\x004\0"
            assert await another.fetch(request, 1400, 4) == BIG[::-1]

        assert len(apart.apart._handed) == 1


class TestAProcessThatDies:
    async def test_ends_its_transfers_and_who_asks_again_is_served(
        self, apart: Lab, client: Client, forks: Forks, caplog: pytest.LogCaptureFixture
    ) -> None:
        place = await begun(client)
        client.say(ack(1), place)
        await client.hear()
        (pid,) = forks.there()

        os.kill(pid, signal.SIGKILL)
        await apart.quiet()

        assert apart.counted("failed") == 1
        assert apart.sample("pyxie_tftp_active_transfers") == 0
        assert "the process for big TFTP transfers had 1, and is gone" in caplog.text
        assert await client.fetch(RRQ) == BIG  # by the event loop, from the same port
        await apart.is_apart()
        assert await client.fetch(WINDOWS, 1400, 4) == BIG

    async def test_is_started_anew_so_often_only(
        self, lab: Lab, client: Client, forks: Forks
    ) -> None:
        before = TFTP_STARTS.times
        for _ in range(TFTP_STARTS.whole):
            await lab.is_apart()
            os.kill(forks.there()[0], signal.SIGKILL)
            await eventually(lambda: lab.apart._line is None)

        async with going(lab, pyxie.tftp.apart.FEW):
            assert await client.fetch(WINDOWS, 1400, 4) == BIG

        assert TFTP_STARTS.times == before + 1
        assert forks.there() == []

    async def test_is_taken_for_dead_where_it_says_nothing(
        self, apart: Lab, client: Client, forks: Forks, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pyxie.tftp.apart, "PATIENCE", 0.5)
        await begun(client)
        (pid,) = forks.there()

        os.kill(pid, signal.SIGSTOP)
        await apart.quiet()

        assert apart.counted("failed") == 1
        await eventually(lambda: not forks.there())

    async def test_is_not_where_all_of_us_stood_still(
        self, apart: Lab, client: Client, forks: Forks
    ) -> None:
        await begun(client)
        there = forks.there()

        await Passing().on(3600)

        assert forks.there() == there
        assert apart.counted("failed") == 0

    async def test_says_what_is_none_of_its_words(
        self, apart: Lab, client: Client, caplog: pytest.LogCaptureFixture
    ) -> None:
        await begun(client)
        line, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with other, contextlib.closing(apart.apart._line):  # type: ignore[type-var]
            line.setblocking(False)
            asyncio.get_running_loop().remove_reader(apart.apart._line.fileno())  # type: ignore[union-attr]
            apart.apart._line = line
            other.send(b"junk")
            apart.apart._on_told()

        assert apart.counted("failed") == 1
        assert "nothing that is told begins with b'j'" in caplog.text

    async def test_cannot_be_started(self, root: Path, caplog: pytest.LogCaptureFixture) -> None:
        class Nobody:
            def start_carrier(self) -> tuple[int, socket.socket]:
                raise OSError(24, "Too many open files")

            def kill(self, number: int) -> None:
                raise AssertionError(number)

        async with serving(root, forks=Nobody()) as lab, going(lab, pyxie.tftp.apart.FEW):
            with contextlib.closing(Client(lab.server)) as another:
                assert await another.fetch(WINDOWS, 1400, 4) == BIG

        assert "no process for TFTP can be started: Too many open files" in caplog.text


class TestATransfer:
    async def test_that_cannot_begin_is_refused(
        self, apart: Lab, client: Client, forks: Forks
    ) -> None:
        (pid,) = forks.there()
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (7, 7))

        answer = await client.ask(RRQ)

        assert answer == b"\0\5\0\0busy: Too many open files\0"
        assert (apart.counted("busy"), len(apart.apart)) == (1, 0)

    async def test_goes_by_the_event_loop_where_there_is_no_room_in_the_line(
        self, apart: Lab, client: Client, forks: Forks
    ) -> None:
        line = apart.apart._line
        assert line is not None
        line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4608)
        (pid,) = forks.there()
        os.kill(pid, signal.SIGSTOP)
        try:
            with contextlib.ExitStack() as stack:
                for _ in range(20):
                    another = stack.enter_context(contextlib.closing(Client(apart.server)))
                    another.say(RRQ)
                await eventually(lambda: len(apart.server._clients) == 20)
                there = len(apart.apart)

                assert await client.fetch(WINDOWS, 1400, 4) == BIG
                assert 0 < there < 20
                os.kill(pid, signal.SIGCONT)
        finally:
            os.kill(pid, signal.SIGCONT)

    async def test_whose_client_asks_for_something_else_has_its_own_outcome(
        self, apart: Lab, client: Client
    ) -> None:
        place = await begun(client)
        client.say(ack(1), place)
        await client.hear()

        assert await client.fetch(b"\0\1small\0octet\0") == BIG[:5000]
        await apart.quiet()

        assert (apart.counted("aborted"), apart.counted("completed")) == (1, 1)
        assert [said for _, said, _, _ in apart.trace.events if "asked anew" in said]

    async def test_that_is_asked_for_twice_is_begun_once(self, apart: Lab, client: Client) -> None:
        await begun(client)

        client.say(RRQ)
        client.say(RRQ)

        await eventually(lambda: apart.counted("repeated") == 2)
        assert len(apart.apart) == 1

    async def test_that_is_asked_for_in_the_moment_of_its_end_is_begun_anew(
        self, apart: Lab, client: Client
    ) -> None:
        for _ in range(5):
            assert await client.fetch(WINDOWS, 1400, 4) == BIG

        await apart.quiet()
        assert (apart.counted("completed"), apart.counted("repeated")) == (5, 0)

    async def test_of_a_prober_is_no_news(self, apart: Lab, client: Client) -> None:
        request = b"\0\1big\0octet\0tsize\x000\0"
        said = await client.ask(request)
        assert said == b"\0\6tsize\x00100000\0"

        assert await client.fetch(WINDOWS, 1400, 4) == BIG
        await apart.quiet()

        assert (apart.counted("probed"), apart.counted("completed")) == (1, 1)

    async def test_tells_how_far_it_is(self, apart: Lab, client: Client) -> None:
        place = await begun(client)
        client.say(ack(1), place)

        (known,) = apart.server._clients
        await eventually(lambda: known.session.transfer.received == 512)

        assert known.session.transfer.heard

    async def test_that_stalls_is_begun_anew_by_the_same_words(
        self, root: Path, forks: Forks
    ) -> None:
        async with all_apart(root, forks, Limits(timeout=0.2)) as lab:
            with contextlib.closing(Client(lab.server)) as client:
                place = await begun(client)
                client.say(ack(1), place)
                (known,) = lab.server._clients
                await eventually(lambda: known.session.transfer.stalled)
                while not client.hears_nothing():
                    pass

                assert await client.fetch(RRQ) == BIG


async def test_strangers_are_counted(apart: Lab, client: Client) -> None:
    place = await begun(client)
    rest = random.Random("junk")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for _ in range(50):
            stranger.sendto(rest.randbytes(rest.randrange(1, 600)), place)

        await eventually(lambda: apart.counted("stray") == 50)

    client.say(b"\0\5\0\0enough\0", place)
    await apart.quiet()
    assert await client.fetch(WINDOWS, 1400, 4) == BIG
