"""Threads that write what connections take: whose turn it is, and how it ends."""

from __future__ import annotations

import asyncio
import os
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie import writers
from pyxie.bounds import WRITING
from pyxie.errors import BusyError
from pyxie.openfile import Descriptor
from pyxie.writers import Writers
from tests.support import eventually, hung


class Line:
    """A connection, of which both ends are here."""

    def __init__(self) -> None:
        self.ours, self.theirs = socket.socketpair()
        self.ours.setblocking(False)
        self.theirs.setblocking(False)
        self.out = Descriptor(os.dup(self.ours.fileno()))

    def fill(self) -> None:
        """Have it take nothing more."""
        with suppress(BlockingIOError):
            while self.ours.send(bytes(1 << 16)):
                pass

    def drain(self) -> bytes:
        """Return all that has come."""
        came = b""
        with suppress(BlockingIOError):
            while data := self.theirs.recv(1 << 20):
                came += data
        return came

    def close(self) -> None:
        self.out.close()
        self.ours.close()
        self.theirs.close()


@pytest.fixture
def lines() -> Iterator[list[Line]]:
    made = [Line() for _ in range(6)]
    yield made
    for each in made:
        each.close()


@pytest.fixture
def line(lines: list[Line]) -> Line:
    return lines[0]


@pytest.fixture
def other(lines: list[Line]) -> Line:
    return lines[1]


def stays() -> bool:
    return False


def sending(pieces: list[bytes]) -> Callable[[int], bool]:
    """Return turns that send a piece each."""

    def turn(number: int) -> bool:
        os.write(number, pieces.pop(0))
        return not pieces

    return turn


class TestWork:
    async def test_has_turns_in_a_thread_until_it_is_done(self, line: Line) -> None:
        used: set[int] = set()
        turn = sending([b"one ", b"two ", b"three"])

        def noted(number: int) -> bool:
            used.add(threading.get_ident())
            return turn(number)

        await Writers("some").write(line.out, noted, stays)

        assert line.drain() == b"one two three"
        assert threading.get_ident() not in used

    @given(
        st.lists(st.lists(st.binary(min_size=1, max_size=9), min_size=1, max_size=9), max_size=9)
    )
    async def test_of_many_is_written_whole_and_in_order(self, each: list[list[bytes]]) -> None:
        lines = [Line() for _ in each]
        some = Writers("some", most=2)

        await asyncio.gather(
            *(
                some.write(line.out, sending(list(pieces)), stays)
                for line, pieces in zip(lines, each, strict=True)
            )
        )

        assert [line.drain() for line in lines] == [b"".join(pieces) for pieces in each]
        for line in lines:
            line.close()

    async def test_waits_for_room_and_holds_no_thread(self, line: Line, other: Line) -> None:
        line.fill()
        some = Writers("some", most=1)

        waits = asyncio.create_task(some.write(line.out, sending([b"at last"]), stays))
        await some.write(other.out, sending([b"a", b"b"]), stays)
        was_done = waits.done()
        came = line.drain()
        await asyncio.wait_for(waits, 60)

        assert not was_done
        assert (came + line.drain()).endswith(b"at last")

    async def test_that_raises_is_over(self, line: Line) -> None:
        def turn(_number: int) -> bool:
            raise ConnectionResetError("of its own")

        with pytest.raises(ConnectionResetError, match="of its own"):
            await Writers("some").write(line.out, turn, stays)

    async def test_of_a_client_that_leaves_is_tried_and_fails(self, line: Line) -> None:
        line.fill()
        waits = asyncio.create_task(Writers("some").write(line.out, sending([b"x"]), stays))
        await asyncio.sleep(0)

        line.theirs.close()

        with pytest.raises(ConnectionError):
            await asyncio.wait_for(waits, 60)

    async def test_of_a_client_that_is_gone_is_found_by_a_look(self, line: Line) -> None:
        line.fill()

        with pytest.raises(ConnectionResetError):
            await Writers("some", patience=0.01).write(line.out, sending([b"x"]), lambda: True)

    async def test_that_is_cancelled_is_written_no_further(self, line: Line) -> None:
        line.fill()
        some = Writers("some")
        waits = asyncio.create_task(some.write(line.out, sending([b"late"]), stays))
        await asyncio.sleep(0)

        waits.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waits
        line.drain()
        await some.write(line.out, sending([b"again"]), stays)  # it may be written to anew

        assert line.drain() == b"again"

    async def test_that_is_cancelled_in_its_turn_keeps_its_number_to_the_end(
        self, line: Line
    ) -> None:
        number = 0
        with hung() as disk:

            def turn(told: int) -> bool:
                nonlocal number
                number = told
                disk.read()
                return False

            waits = asyncio.create_task(Writers("some").write(line.out, turn, stays))
            await eventually(lambda: disk.asked)
            waits.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waits
            line.out.close()

            os.fstat(number)  # it is open
            disk.mend()
        await eventually(lambda: not Path(f"/proc/self/fd/{number}").exists())

    async def test_is_let_go_of_at_any_time_and_leaves_nothing_behind(self) -> None:
        """Whatever the thread is doing at that moment; numbers are used again at once."""
        some = Writers("some", most=2)
        moments = random.Random(5)
        for at in range(300):
            line = Line()
            turn = sending([b"x"] * 4)
            waits = asyncio.create_task(some.write(line.out, turn, stays))
            for _ in range(moments.randrange(3)):
                await asyncio.sleep(0)
            if moments.random() < 0.5:
                time.sleep(moments.random() / 2000)  # noqa: ASYNC251 - the thread goes on
            if at % 3:
                waits.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.wait_for(waits, 60)
            line.close()

        line = Line()
        await asyncio.wait_for(some.write(line.out, sending([b"all"]), stays), 60)
        assert line.drain() == b"all"
        line.close()

    async def test_beyond_the_bound_is_refused(
        self, line: Line, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(WRITING, "most", 0)

        with pytest.raises(BusyError, match="0 are written already"):
            await Writers("some").write(line.out, sending([b"x"]), stays)

    async def test_to_what_is_always_ready_is_refused(self, tmp_path: Path) -> None:
        file = os.open(tmp_path / "file", os.O_CREAT | os.O_WRONLY)
        out = Descriptor(file)

        with pytest.raises(PermissionError):
            await Writers("some").write(out, sending([b"x"]), stays)

        out.close()
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(file)


class TestATurnThatHangs:
    async def test_is_waited_for_so_long_and_hurts_no_other(self, line: Line, other: Line) -> None:
        some = Writers("the folder", most=2, patience=0.05)
        with hung() as disk:

            def turn(_number: int) -> bool:
                disk.read()
                return True

            why = "the folder: no answer within 0.05 s; does its file system hang?"
            with pytest.raises(BusyError, match=why):
                await some.write(line.out, turn, stays)
            await some.write(other.out, sending([b"well"]), stays)

            assert other.drain() == b"well"
            disk.mend()

    async def test_of_all_threads_is_told_to_who_waits_for_one(
        self, line: Line, other: Line
    ) -> None:
        some = Writers("the folder", most=1, patience=0.05)
        with hung() as disk:

            def turn(_number: int) -> bool:
                disk.read()
                return True

            first = asyncio.create_task(some.write(line.out, turn, stays))
            await eventually(lambda: disk.asked)

            with pytest.raises(BusyError, match="does its file system hang"):
                await some.write(other.out, sending([b"x"]), stays)

            with pytest.raises(BusyError):
                await first
            disk.mend()


class TestThreads:
    @pytest.mark.parametrize("bounds", [{"most": 2}, {"few": 2}], ids=["most", "few"])
    async def test_are_no_more_than_there_may_be_and_few_while_none_hangs(
        self, bounds: dict[str, int], lines: list[Line]
    ) -> None:
        some, used = Writers("some", **bounds), set[int]()

        def turn(_number: int) -> bool:
            used.add(threading.get_ident())
            return True

        await asyncio.gather(*(some.write(each.out, turn, stays) for each in lines))

        assert 1 <= len(used) <= 2

    async def test_are_more_while_some_hang_and_few_again_after_it(self, lines: list[Line]) -> None:
        some, there = Writers("of a disk", few=1, most=3), list[int]()

        def counts(_number: int) -> bool:
            there.append(_writing("of a disk"))
            return True

        with hung() as disk:

            def hangs(_number: int) -> bool:
                disk.read()
                return True

            first = [asyncio.create_task(some.write(each.out, hangs, stays)) for each in lines[:2]]
            await eventually(lambda: disk.asked == 2)
            for each in lines[2:]:
                await some.write(each.out, counts, stays)
            disk.mend()
            await asyncio.gather(*first)
        for each in lines:
            await some.write(each.out, lambda _number: True, stays)

        assert min(there) >= 3
        await eventually(lambda: _writing("of a disk") == 1)

    async def test_come_after_the_event_loops_for_a_processor(self, line: Line) -> None:
        found: list[int] = []

        def turn(_number: int) -> bool:
            found.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
            return True

        await Writers("some").write(line.out, turn, stays)

        assert found == [min(19, os.getpriority(os.PRIO_PROCESS, 0) + 5)]

    async def test_end_when_nothing_is_written(
        self, line: Line, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(writers, "_IDLE", 0.01)

        await Writers("of this test").write(line.out, sending([b"x"]), stays)

        name = "pyxie writes of this test"
        await eventually(lambda: name not in [each.name for each in threading.enumerate()])

    @pytest.mark.parametrize("there", [0, 1])
    async def test_that_cannot_be_had_are_done_without_where_there_is_one(
        self, there: int, line: Line, other: Line, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        some = Writers("some")
        if there:
            line.fill()
            before = asyncio.create_task(some.write(line.out, sending([b"x"]), stays))
            await asyncio.sleep(0)

        def none(_thread: threading.Thread) -> None:
            raise RuntimeError("can't start new thread")

        monkeypatch.setattr(threading.Thread, "start", none)

        if there:
            await some.write(other.out, sending([b"x"]), stays)
            line.drain()
            await before
        else:
            with pytest.raises(BusyError, match="no thread for it: can't start new thread"):
                await some.write(other.out, sending([b"x"]), stays)


def _writing(name: str) -> int:
    """Return how many threads there are that write something."""
    return sum(each.name == f"pyxie writes {name}" for each in threading.enumerate())
