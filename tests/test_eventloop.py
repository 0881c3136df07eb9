"""The event loop: a turn's callbacks in asyncio's order, and what cannot wait between them."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie import eventloop
from pyxie.eventloop import FEWEST, MOST, PIECE, Loop
from tests.support import Clock

Tree = list["Tree"]
"""What a callback does: each is another callback, which it asks for."""


@pytest.fixture
def loop() -> Iterator[Loop]:
    with closing(Loop()) as made:
        yield made


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        yield ours, theirs


def called(loop: asyncio.AbstractEventLoop, trees: Tree) -> list[tuple[int, ...]]:
    """Return in which order a loop calls what asks for more of it."""
    order: list[tuple[int, ...]] = []
    waiting = 1

    def call(path: tuple[int, ...], asks: Tree) -> None:
        nonlocal waiting
        order.append(path)
        waiting += 2 * len(asks) - 1
        for at, each in enumerate(asks):
            loop.call_soon(call, (*path, at), each)
            loop.call_later(0, later, (*path, at, -1))
        if not waiting:
            loop.stop()

    def later(path: tuple[int, ...]) -> None:
        nonlocal waiting
        order.append(path)
        waiting -= 1
        if not waiting:
            loop.stop()

    loop.call_soon(call, (), trees)
    loop.run_forever()
    return order


def slow(clock: Clock, work: Callable[[], None] = lambda: None) -> None:
    """Take as long as a piece of a turn."""
    clock.now += PIECE
    work()


class TestCallbacks:
    @given(st.recursive(st.just([]), lambda inner: st.lists(inner, max_size=4), max_leaves=30))
    def test_are_called_in_the_order_of_asyncio(self, trees: Tree) -> None:
        clock = Clock()
        with closing(asyncio.SelectorEventLoop()) as theirs, closing(Loop(clock)) as ours:
            ours._ready.most = FEWEST  # type: ignore[attr-defined]
            expected = called(theirs, trees)

            order = called(ours, trees)

        # When a timer is due is the clock's, not the order's.
        assert [each for each in order if -1 not in each] == [
            each for each in expected if -1 not in each
        ]
        assert sorted(order) == sorted(expected)

    def test_that_ask_for_themselves_leave_files_their_turn(
        self, loop: Loop, pair: tuple[socket.socket, socket.socket]
    ) -> None:
        ours, theirs = pair
        theirs.send(b"x")

        def again() -> None:
            loop.call_soon(again)

        for _ in range(3):
            again()
        loop.add_reader(ours, loop.stop)

        loop.run_forever()  # or it never ends

    def test_left_when_it_is_stopped_are_called_when_it_goes_on(self) -> None:
        clock, done = Clock(), list[int]()
        with closing(Loop(clock)) as loop:
            for at in range(50):
                loop.call_soon(slow, clock, lambda at=at: done.append(at))
            loop.call_soon(loop.stop)
            loop.call_soon(done.append, 50)
            loop.run_forever()
            loop.call_soon(loop.stop)
            loop.run_forever()

        assert done == list(range(51))


class TestWhatCannotWait:
    def test_is_read_between_the_callbacks_of_a_turn(
        self, pair: tuple[socket.socket, socket.socket]
    ) -> None:
        (ours, theirs), clock, done = pair, Clock(), list[str]()

        def come() -> None:
            done.append(ours.recv(10).decode())

        with closing(Loop(clock)) as loop:
            loop._ready.most = FEWEST  # type: ignore[attr-defined]
            loop.first(ours.fileno())
            loop.add_reader(ours, come)
            loop.call_soon(theirs.send, b"came")
            for _ in range(20):
                loop.call_soon(slow, clock, lambda: done.append("slow"))
            loop.call_soon(loop.stop)
            loop.run_forever()

        assert done.index("came") < 2 * FEWEST
        assert done.count("slow") == 20

    def test_is_called_before_all_that_became_ready_with_it(
        self, loop: Loop, pair: tuple[socket.socket, socket.socket]
    ) -> None:
        (ours, theirs), done = pair, list[str]()
        others = [socket.socketpair() for _ in range(10)]

        def read(mine: socket.socket) -> None:
            done.append(mine.recv(1).decode())

        for mine, other in others:
            loop.add_reader(mine, read, mine)
            other.send(b"x")
        loop.add_reader(ours, lambda: done.append(ours.recv(10).decode()))
        loop.first(ours.fileno())
        theirs.send(b"came")
        loop.call_later(0.01, loop.stop)

        loop.run_forever()

        assert done == ["came", *"x" * 10]
        for both in others:
            for each in both:
                each.close()

    def test_is_not_called_once_nobody_reads_it(
        self, loop: Loop, pair: tuple[socket.socket, socket.socket]
    ) -> None:
        (ours, theirs), done = pair, list[int]()
        loop.first(ours.fileno())
        loop.add_reader(ours, done.append, 1)
        loop.add_writer(ours, done.append, 2)
        loop.remove_reader(ours)
        theirs.send(b"x")
        loop.call_later(0.01, loop.stop)

        loop.run_forever()

        assert set(done) == {2}

    def test_is_forgotten_when_it_is_closed_though_its_number_comes_again(self, loop: Loop) -> None:
        order = list[str]()
        ours, theirs = os.pipe()
        loop.first(ours)
        os.close(ours)
        os.close(theirs)
        again, write = os.pipe()
        assert again == ours
        os.write(write, b"x")

        def come() -> None:
            order.append("came")
            loop.remove_reader(again)
            loop.stop()

        loop.add_reader(again, come)
        for _ in range(MOST):
            loop.call_soon(order.append, "called")
        loop.run_forever()

        assert order == ["called"] * MOST + ["came"]
        os.close(again)
        os.close(write)

    async def test_is_nothing_to_other_loops(self) -> None:
        eventloop.first(0)


class TestBeingWoken:
    """By threads, of which many may wake the loop in a turn."""

    def test_costs_a_call_of_the_kernel_for_all_who_do(
        self, loop: Loop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        woken: list[int] = []
        write = asyncio.SelectorEventLoop._write_to_self  # type: ignore[attr-defined]

        def noting(self: Loop) -> None:
            woken.append(1)
            write(self)

        monkeypatch.setattr(asyncio.SelectorEventLoop, "_write_to_self", noting)
        heard: list[int] = []
        for turn in range(3):
            for each in range(5):
                loop.call_soon_threadsafe(heard.append, each)
            # The second turn hears of it, so that the next who wakes the loop does so again.
            for _ in range(2):
                loop.call_soon(loop.stop)
                loop.run_forever()

            assert len(woken) == turn + 1
        assert heard == [*range(5)] * 3

    def test_happens_whoever_wakes_it_and_whenever(self, loop: Loop) -> None:
        """Each waits for the loop before it goes on, so that one that sleeps on is seen."""
        threads, each = 8, 200
        done: list[int] = []

        def asks(number: int) -> None:
            for at in range(each):
                told = threading.Event()
                loop.call_soon_threadsafe(told.set)
                if not told.wait(60):
                    break
                if at == each - 1:
                    loop.call_soon_threadsafe(done.append, number)

        async def all_done() -> None:
            async with asyncio.timeout(120):
                await asyncio.gather(*(asyncio.to_thread(asks, at) for at in range(threads)))

        loop.run_until_complete(all_done())
        loop.run_until_complete(loop.shutdown_default_executor())

        assert sorted(done) == [*range(threads)]

    def test_leaves_signals_as_they_are(self, loop: Loop) -> None:
        heard: list[int] = []

        def hear() -> None:
            heard.append(1)
            loop.stop()

        loop.add_signal_handler(signal.SIGUSR1, hear)
        try:
            for _ in range(3):
                loop.call_soon_threadsafe(os.kill, os.getpid(), signal.SIGUSR1)
                loop.call_later(60, loop.stop)
                loop.run_forever()
        finally:
            loop.remove_signal_handler(signal.SIGUSR1)

        assert heard == [1, 1, 1]


class TestAPiece:
    def test_has_as_many_callbacks_as_there_is_time_for(self) -> None:
        clock, sizes = Clock(), list[int]()
        with closing(Loop(clock)) as loop:
            ready = loop._ready
            for _ in range(4000):
                loop.call_soon(slow, clock, lambda: sizes.append(ready.most))  # type: ignore[attr-defined]
            loop.call_soon(loop.stop)
            loop.run_forever()
            assert sizes[-1] == FEWEST
            sizes.clear()

            for _ in range(4000):
                loop.call_soon(lambda: sizes.append(ready.most))  # type: ignore[attr-defined]
            loop.call_soon(loop.stop)
            loop.run_forever()

        assert sizes[-1] == MOST

    def test_is_waited_in_for_nothing(self, loop: Loop) -> None:
        async def work() -> str:
            await asyncio.sleep(0.001)
            return "done"

        assert loop.run_until_complete(asyncio.wait_for(work(), 60)) == "done"
