from __future__ import annotations

import asyncio
import errno
import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from ipaddress import IPv4Address

import pytest

from pyxie.tftp.batches import Route, name_of
from pyxie.tftp.driver import Driver
from pyxie.tftp.files import Content
from pyxie.tftp.limits import Limits
from pyxie.tftp.packet import ReadRequest, ack, data_header
from pyxie.tftp.session import Session
from pyxie.tftp.transfer import Aborted, Transfer
from tests.support import eventually
from tests.tftp.fake import FakeLine, failure, is_slow

HERE = IPv4Address("192.0.2.1")
ONE, OTHER, THIRD = (("192.0.2.7", port) for port in (2070, 2071, 2072))


def at_once(work: Callable[[], None]) -> None:
    work()


class Bench:
    """A driver whose lines are there to be looked at."""

    def __init__(self, *, shared: FakeLine | None = None) -> None:
        self.lines: list[FakeLine] = []
        self.ended: list[Session] = []
        self.strays = 0
        self.report_fails = False
        self.driver = Driver(self._opens, self._on_end, self._stray, at_once, shared)

    def _opens(self, local: IPv4Address) -> FakeLine:
        assert local == HERE
        # An eventfd that can always be read, so that the event loop calls.
        line = FakeLine(os.eventfd(1, os.EFD_NONBLOCK))
        self.lines.append(line)
        return line

    def _on_end(self, session: Session) -> None:
        self.ended.append(session)
        if self.report_fails:
            raise ZeroDivisionError

    def _stray(self) -> None:
        self.strays += 1

    def session(self, peer: tuple[str, int] = ONE, *, size: int = 700, **options: str) -> Session:
        transfer = Transfer(ReadRequest("f", "octet", options), size, Limits())
        port = self.driver.port(HERE, peer)
        route = Route(None, peer, transfer.blksize + 4)
        content = Content(size, data=bytes(size))
        return Session(transfer, content, port, route, peer, lambda _: None, lambda *_: None)

    def starts(self, peer: tuple[str, int] = ONE, *, size: int = 700, **options: str) -> Session:
        session = self.session(peer, size=size, **options)
        self.driver.start(session, time.monotonic())  # as of the event loop
        return session

    def close(self) -> None:
        self.driver.close()
        for line in self.lines:
            os.close(line.number)


@pytest.fixture
def bench() -> Iterator[Bench]:
    with closing(Bench()) as bench:
        yield bench


async def test_a_moment_that_is_noted_otherwise_by_now_keeps_no_other_from_coming(
    bench: Bench,
) -> None:
    session = bench.starts()
    [line] = bench.lines
    noted = bench.driver._deadlines
    for soon in (0.3, 0.1):
        noted.note(session.number, time.monotonic() + soon)

    bench.driver.run(asyncio.get_running_loop())
    asyncio.get_running_loop().remove_reader(line.number)  # nobody says anything

    await eventually(lambda: len(line.sent) == 2)  # after a time-out of a second
    assert line.sent[0] == line.sent[1]
    bench.driver.pause()


class TestABug:
    def test_in_a_session_ends_that_one_and_is_logged(
        self, bench: Bench, caplog: pytest.LogCaptureFixture
    ) -> None:
        session = bench.session()
        bench.lines[0].on_send = [failure(errno.EMSGSIZE)] * 2

        bench.driver.start(session, 0.0)

        assert bench.ended == [session]
        assert session.transfer.outcome is None
        assert caplog.messages == ["the TFTP transfer to 192.0.2.7 failed by a bug"]
        assert len(bench.driver) == 0
        assert bench.lines[0].closed

    def test_in_its_report_closes_it_nevertheless(self, bench: Bench) -> None:
        closed: list[bool] = []
        session = bench.starts()
        session.content._at_end = lambda: closed.append(True)
        bench.report_fails = True

        with pytest.raises(ZeroDivisionError):
            bench.driver.end(session)

        assert closed == [True]


class TestAnEnd:
    def test_leaves_no_deadline_behind(self, bench: Bench) -> None:
        session = bench.starts()

        session.give_up("enough")
        bench.driver.end(session)

        assert bench.driver._deadlines.due(99.0, most=9) == []

    def test_comes_when_the_network_says_that_the_clients_port_is_closed(
        self, bench: Bench
    ) -> None:
        session, other = bench.starts(), bench.starts(OTHER)
        bench.lines[0].gone = [ONE, THIRD]
        bench.lines[0].on_send = [failure(errno.ECONNREFUSED)]

        third = bench.starts(THIRD)

        assert session.transfer.outcome == Aborted(0, "closed its port")
        assert bench.ended == [session, third]
        assert other.transfer.outcome is None

    def test_sends_the_farewell_before_its_port_is_closed(self, bench: Bench) -> None:
        session = bench.starts()

        session.give_up("enough")
        bench.driver.end(session)

        assert bench.lines[0].sent[-1] == b"\0\5\0\0enough\0"
        assert bench.lines[0].closed


class TestWhatComesIn:
    async def test_is_each_given_to_its_session_and_answered_at_once(self, bench: Bench) -> None:
        for peer in (ONE, OTHER):
            bench.starts(peer)
        [line] = bench.lines
        line.sent.clear()
        line.to.clear()
        one, other, third = map(name_of, (ONE, OTHER, THIRD))
        line.to_hear = [[(other, ack(1)), (third, ack(1)), (one, ack(1))]]

        bench.driver.run(asyncio.get_running_loop())
        await eventually(lambda: line.sent)

        assert line.sent == [data_header(2) + bytes(188)] * 2
        assert line.to == [other, one]
        assert bench.strays == 1
        bench.driver.pause()

    @pytest.mark.parametrize("number", [errno.ECONNREFUSED, errno.EPROTO, errno.EMSGSIZE])
    async def test_is_taken_after_what_the_network_says_of_another(
        self, bench: Bench, number: int
    ) -> None:
        """By ICMP, which anybody can forge."""
        left, stays = bench.starts(ONE), bench.starts(OTHER)
        [line] = bench.lines
        line.gone = [ONE]
        line.to_hear = [failure(number), [(name_of(OTHER), ack(1))]]

        bench.driver.run(asyncio.get_running_loop())
        await eventually(lambda: stays.transfer.received)

        assert bench.ended == [left]
        bench.driver.pause()

    async def test_is_what_the_network_says_if_nothing_else_is(self, bench: Bench) -> None:
        session = bench.starts()
        bench.lines[0].gone = [ONE]

        bench.driver.run(asyncio.get_running_loop())
        await eventually(lambda: bench.ended)

        assert bench.ended == [session]
        bench.driver.pause()

    async def test_to_the_shared_port_is_told_by_whoever_reads_that(self) -> None:
        shared = FakeLine(os.eventfd(1, os.EFD_NONBLOCK))
        with closing(Bench(shared=shared)) as bench:
            bench.starts()
            bench.driver.run(asyncio.get_running_loop())

            bench.driver.hear(name_of(ONE), ack(1))
            bench.driver.hear(name_of(OTHER), ack(1))
            bench.driver.settle()

            assert shared.sent[-1] == data_header(2) + bytes(188)
            assert bench.strays == 1
            shared.gone = [ONE]
            bench.driver.hear_errors()
            assert len(bench.ended) == 1
            assert not shared.closed
            bench.driver.pause()
        os.close(shared.number)


class TestClientsInLockStep:
    """They are answered many at once; what is known of them, and what fails, is as ever."""

    SIZE = 5000

    def in_step(self, bench: Bench, *peers: tuple[str, int]) -> list[Session]:
        sessions = [bench.session(peer, size=self.SIZE) for peer in peers]
        for each in sessions:
            is_slow(each)
            bench.driver.start(each, time.monotonic())
        [line] = bench.lines
        line.sent.clear()
        line.to.clear()
        return sessions

    def block(self, number: int) -> bytes:
        return data_header(number) + bytes(512)

    async def test_are_answered_at_once(self, bench: Bench) -> None:
        one, other = self.in_step(bench, ONE, OTHER)
        [line] = bench.lines
        said = [(name_of(OTHER), ack(1)), (name_of(ONE), ack(1)), (name_of(ONE), ack(2))]
        line.to_hear = [said, [(name_of(OTHER), ack(2))]]

        bench.driver.run(asyncio.get_running_loop())
        await eventually(lambda: len(line.sent) == 4)

        assert line.at_once == 4
        assert line.sent == [self.block(each) for each in (2, 2, 3, 3)]
        assert line.to == [name_of(peer) for peer in (OTHER, ONE, ONE, OTHER)]
        assert [each.transfer.received for each in (one, other)] == [1024, 1024]
        assert all(each.transfer.heard and not each.transfer.resent for each in (one, other))
        bench.driver.pause()

    @pytest.mark.parametrize("number", [errno.EAGAIN, errno.ENOBUFS, errno.EPROTO])
    @pytest.mark.parametrize("sent", [0, 1])
    async def test_get_what_does_not_go_out_at_once_after_that(
        self, bench: Bench, number: int, sent: int
    ) -> None:
        sessions = self.in_step(bench, ONE, OTHER, THIRD)
        [line] = bench.lines
        line.on_send = [*([None] * sent), failure(number)]
        line.to_hear = [[(name_of(peer), ack(1)) for peer in (ONE, OTHER, THIRD)]]

        bench.driver.run(asyncio.get_running_loop())
        await eventually(lambda: len(line.sent) == 3)

        assert line.at_once == sent
        assert line.sent == [self.block(2)] * 3
        assert line.to == [name_of(peer) for peer in (ONE, OTHER, THIRD)]
        line.to_hear = [[(name_of(peer), ack(2)) for peer in (ONE, OTHER, THIRD)]]
        await eventually(lambda: len(line.sent) == 6)
        assert [each.transfer.received for each in sessions] == [1024] * 3
        bench.driver.pause()

    async def test_are_looked_for_again_only_where_many_have_come(self, bench: Bench) -> None:
        """After a few the loop knows; to look by a system call would find nothing, mostly."""
        [one] = self.in_step(bench, ONE)
        [line] = bench.lines
        bench.driver.run(asyncio.get_running_loop())
        asyncio.get_running_loop().remove_reader(line.number)
        few = [[(name_of(ONE), ack(1))], [(name_of(ONE), ack(2))]]

        line.to_hear = list(few)
        bench.driver._on_ready(one.port)
        assert line.to_hear == few[1:]

        bench.driver._on_ready(one.port)
        line.to_hear = [[(name_of(ONE), ack(2))] * 9, [(name_of(ONE), ack(3))]]
        bench.driver._on_ready(one.port)
        assert line.to_hear == []

        line.to_hear = [[(name_of(ONE), ack(at))] for at in (4, 5)]
        bench.driver.look(one)  # to whoever asks it is to be known
        assert (line.to_hear, one.transfer.received) == ([], 5 * 512)
        bench.driver.pause()

    async def test_in_windows_are_looked_for_again_after_each(self, bench: Bench) -> None:
        """While a window was sent more has come, and that goes by the same call."""
        one = bench.starts(ONE, size=self.SIZE, windowsize="4")
        [line] = bench.lines
        bench.driver.run(asyncio.get_running_loop())
        asyncio.get_running_loop().remove_reader(line.number)

        line.to_hear = [[(name_of(ONE), ack(at))] for at in (0, 4)]
        bench.driver._on_ready(one.port)

        assert (line.to_hear, one.transfer.received) == ([], 4 * 512)
        bench.driver.pause()

    async def test_may_have_left_as_the_network_says_meanwhile(self, bench: Bench) -> None:
        left, stays = self.in_step(bench, ONE, OTHER)
        [line] = bench.lines
        line.on_send, line.gone = [failure(errno.ECONNREFUSED)], [ONE]
        line.to_hear = [[(name_of(OTHER), ack(1))]]

        bench.driver.run(asyncio.get_running_loop())
        await eventually(lambda: line.sent)

        assert bench.ended == [left]
        assert stays.transfer.received == 512
        bench.driver.pause()

    async def test_do_not_overtake_those_that_wait_for_room(self, bench: Bench) -> None:
        self.in_step(bench, ONE, OTHER)
        [line] = bench.lines
        line.on_send = [failure(errno.EAGAIN)] * 3
        line.to_hear = [[(name_of(ONE), ack(1))], [(name_of(OTHER), ack(1))]]

        bench.driver.run(asyncio.get_running_loop())
        await eventually(lambda: len(line.sent) == 2)

        assert line.at_once == 0
        assert line.to == [name_of(ONE), name_of(OTHER)]
        bench.driver.pause()


class TestAFullSendBuffer:
    async def test_is_waited_for_in_turn(self, bench: Bench) -> None:
        one, other = bench.starts(ONE), bench.starts(OTHER)
        [line] = bench.lines
        line.room, line.sent[:], line.to[:] = 1, [], []
        line.on_send = [failure(errno.EAGAIN)] * 3
        line.to_hear = [[(name_of(peer), ack(1)) for peer in (ONE, OTHER)]]

        bench.driver.run(asyncio.get_running_loop())
        await eventually(lambda: len(line.sent) == 2)

        assert line.to == [name_of(ONE), name_of(OTHER)]
        assert not one.port.waiting
        assert other.transfer.resent == 0
        bench.driver.pause()
