"""What is not in memory, in the process for big transfers: read by threads; a disk may hang."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pyxie.bounds import THREADS_PATIENCE
from pyxie.tftp.carrying import carry
from pyxie.tftp.files import AHEAD, Content, Library
from pyxie.tftp.packet import ack
from pyxie.tftp.readahead import ReadAhead
from pyxie.tftp.turning import PollLoop
from tests.support import eventually
from tests.tftp.conftest import Forks
from tests.tftp.lab import Client, all_apart

BIG = random.Random("big").randbytes(300_000)
OTHER = BIG[::-1]
WINDOWS = b"\0\1%b\0octet\0blksize\x001400\0windowsize\x004\0"
PATIENCE = 0.3


class Disk(Content):
    """Gives its bytes once it is told to, or an error."""

    def __init__(self, answer: bytes | OSError) -> None:
        super().__init__(1000, data=b"")
        self.answer = answer
        self.asked: list[int] = []
        self.turns = threading.Event()

    def fetch(self, offset: int) -> bytes:
        self.asked.append(offset)
        self.turns.wait(10)
        if isinstance(self.answer, OSError):
            raise self.answer
        return self.answer


class Waiting:
    """As much of a session as is needed."""

    def __init__(self, content: Content) -> None:
        self.content = content


class Heard:
    """As much of a driver: what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, str]] = []

    def arrived(self, session: Any) -> None:
        self.told.append((session, "arrived"))

    def give_up(self, session: Any, why: str) -> None:
        self.told.append((session, why))


class Lab:
    """The threads, in a loop that is turned by hand."""

    def __init__(self) -> None:
        self.loop = PollLoop()
        self.heard = Heard()
        self.ahead = ReadAhead(self.loop, self.heard, Library())  # type: ignore[arg-type]

    def begin(self, content: Content, offset: int = 0) -> Waiting:
        session = Waiting(content)
        self.ahead.begin(session, offset)  # type: ignore[arg-type]
        return session

    def until(self, done: Callable[[], bool]) -> None:
        """Turn the loop until something is so, for five seconds at most."""
        end = time.monotonic() + 5
        while not done():
            assert time.monotonic() < end
            self.loop.call_at(time.monotonic() + 0.01, lambda: None)
            self.loop.turn()


@pytest.fixture
def lab() -> Iterator[Lab]:
    lab = Lab()
    yield lab
    lab.loop.close()


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(THREADS_PATIENCE, "most", PATIENCE)


class TestThreads:
    def test_read_what_a_session_waits_for(self, lab: Lab) -> None:
        disk = Disk(b"bytes")
        session = lab.begin(disk, 512)
        disk.turns.set()

        lab.until(lambda: bool(lab.heard.told))

        assert lab.heard.told == [(session, "arrived")]
        assert (disk.asked, disk._ahead[0]) == ([512], (512, b"bytes"))

    def test_tell_what_a_disk_says(self, lab: Lab) -> None:
        disk = Disk(OSError(5, "Input/output error"))
        session = lab.begin(disk)
        disk.turns.set()

        lab.until(lambda: bool(lab.heard.told))

        assert lab.heard.told == [(session, "Input/output error")]

    @pytest.mark.usefixtures("short")
    def test_are_not_waited_for_longer_than_that_and_come_back(self, lab: Lab) -> None:
        """More hang than there are threads; what they read at last is nobody's any more."""
        disk, well = Disk(b"late"), Disk(b"bytes")
        well.turns.set()
        before = THREADS_PATIENCE.times
        hanging = [lab.begin(disk) for _ in range(6)]
        behind = lab.begin(well)

        lab.until(lambda: len(lab.heard.told) == 7)
        why = f"no answer within {PATIENCE:g} s; does its file system hang?"
        assert lab.heard.told == [(each, why) for each in (*hanging, behind)]
        assert THREADS_PATIENCE.times == before + 7
        assert len(disk.asked) == 4  # as many as there are threads

        disk.turns.set()
        again = lab.begin(well)
        lab.until(lambda: len(lab.heard.told) == 8)
        assert lab.heard.told[-1] == (again, "arrived")
        assert not disk._ahead

    @pytest.mark.usefixtures("short")
    def test_do_not_hold_up_others(self, lab: Lab) -> None:
        disk, well = Disk(b""), Disk(b"bytes")
        well.turns.set()
        lab.begin(disk)

        for _ in range(20):
            seen = len(lab.heard.told)
            session = lab.begin(well)
            lab.until(lambda seen=seen: len(lab.heard.told) > seen)  # type: ignore[misc]
            assert lab.heard.told[-1] == (session, "arrived")
        disk.turns.set()


def on_a_hanging_disk(line: socket.socket) -> None:
    """As `carry`, with nothing in memory, on a disk that does not give what `OTHER` begins with."""
    real = Content.fetch

    def fetch(content: Content, offset: int) -> bytes:
        found = real(content, offset)
        if found[:16] == OTHER[:16]:
            time.sleep(60)
        return found

    def none(*_: object) -> None:
        return None

    Content.fetch = fetch  # type: ignore[assignment, method-assign]
    Content._at_once = none  # type: ignore[assignment, method-assign]
    THREADS_PATIENCE.most = PATIENCE
    carry(line)


@pytest.fixture(scope="module")
def hanging() -> Iterator[Forks]:
    with Forks(on_a_hanging_disk) as running:
        yield running


async def test_the_process_serves_others_while_a_file_system_hangs(
    tmp_path: Path, hanging: Forks
) -> None:
    """Clients of the file there are told so; the process, and whoever asks for others, goes on."""
    (tmp_path / "big").write_bytes(BIG)
    (tmp_path / "other").write_bytes(OTHER)
    assert len(BIG) > 2 * AHEAD
    async with all_apart(tmp_path, hanging) as lab:
        with contextlib.ExitStack() as stack:
            clients = [Client(lab.server) for _ in range(4)]
            for each in clients:
                stack.enter_context(contextlib.closing(each))
            *stuck, well = clients
            for each in stuck:
                each.say(WINDOWS % b"other")
                _, place = await each.hear()
                each.say(ack(0), place)

            async with asyncio.timeout(60):
                assert await well.fetch(WINDOWS % b"big", 1400, 4) == BIG
            for each in stuck:
                said, _ = await each.hear()
                why = b"no answer within 0.3 s; does its file system hang?"
                assert said == b"\0\5\0\0" + why + b"\0"

            async with asyncio.timeout(60):
                assert await well.fetch(WINDOWS % b"big", 1400, 4) == BIG
        await eventually(lambda: lab.counted("aborted") == 3)
        assert len(hanging.there()) == 1
