"""What the network and the disk do to a session, with a line that fails on demand."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.openfile import Descriptor, OpenFile
from pyxie.tftp.files import AHEAD, Content
from pyxie.tftp.lockstep import NOWHERE
from pyxie.tftp.packet import ack, data_header
from pyxie.tftp.session import Session
from pyxie.tftp.sockets import OF_ANOTHER
from pyxie.tftp.transfer import Aborted, Completed, Outcome, Probed
from tests.tftp.fake import CONTENT, Bench, blocks, failure, is_slow


@pytest.fixture
def bench() -> Bench:
    return Bench()


def windowed(bench: Bench, window: int = 64) -> Session:
    """A session whose options are agreed; the first window is out."""
    session = bench.session(
        Content(len(CONTENT), data=CONTENT), blksize="1468", windowsize=str(window)
    )
    bench.starts(session)
    bench.hear(session, ack(0))
    return session


class TestWindow:
    def test_goes_out_in_as_few_calls_as_a_datagram_has_room_for(self, bench: Bench) -> None:
        session = windowed(bench)

        assert bench.line.sent == blocks(1, 65)
        assert bench.line.segmented == [44, 20]
        assert session.transfer.outcome is None

    def test_of_small_blocks_has_at_most_64_in_a_call(self, bench: Bench) -> None:
        session = bench.session(Content(len(CONTENT), data=CONTENT), blksize="8", windowsize="100")
        bench.starts(session)

        assert bench.hear(session, ack(0)) == blocks(1, 101, blksize=8)
        assert bench.line.segmented == [64, 36]

    def test_that_ends_the_file_ends_with_the_short_block(self, bench: Bench) -> None:
        session = windowed(bench)
        for block in (64, 128):
            bench.hear(session, ack(block))

        assert bench.hear(session, ack(192)) == blocks(193, 202)

    def test_that_ends_with_an_empty_block_sends_that_too(self, bench: Bench) -> None:
        content = Content(1468 * 2, data=CONTENT[: 1468 * 2])
        session = bench.session(content, blksize="1468", windowsize="8")
        bench.starts(session)

        assert bench.hear(session, ack(0)) == [*blocks(1, 3), data_header(3)]

    @pytest.mark.parametrize("number", [errno.EIO, errno.EINVAL, errno.EOPNOTSUPP, errno.EMSGSIZE])
    def test_goes_out_singly_where_the_kernel_cannot_cut(self, bench: Bench, number: int) -> None:
        session = bench.session(Content(len(CONTENT), data=CONTENT), blksize="1468", windowsize="8")
        bench.starts(session)
        cannot = failure(number)
        bench.line.on_send = [cannot] * (2 if number in OF_ANOTHER else 1)

        assert bench.hear(session, ack(0)) == blocks(1, 9)
        assert bench.refusals == [cannot]
        assert bench.hear(session, ack(8)) == blocks(9, 17)
        assert bench.line.segmented == []
        assert bench.refusals == [cannot]


class TestFullSendBuffer:
    """Of which the socket says nothing but that it is full; so is what waits before it, here."""

    @pytest.fixture
    def bench(self) -> Bench:
        bench = Bench()
        bench.line.room = 1
        return bench

    def test_is_waited_for(self, bench: Bench) -> None:
        session = windowed(bench)
        bench.line.on_send = [failure(errno.EAGAIN)] * 2

        assert bench.hear(session, ack(64)) == []
        assert bench.waits()
        assert bench.does(session.writable) == blocks(65, 129)
        assert not bench.waits()

    def test_in_mid_window_goes_on_from_there(self, bench: Bench) -> None:
        session = windowed(bench)
        bench.hear(session, ack(64))
        bench.line.on_send = [None, *[failure(errno.EAGAIN)] * 2]

        first = bench.does(lambda _: session.hear(0.01, ack(128)))
        rest = bench.does(session.writable)

        assert first + rest == blocks(129, 193)
        assert len(first) == 44  # as many as one datagram has room for

    def test_no_longer_matters_once_the_client_moves_on(self, bench: Bench) -> None:
        """But for what was handed over before."""
        session = windowed(bench)
        bench.line.on_send = [failure(errno.EAGAIN)] * 2
        bench.hear(session, ack(10))
        assert bench.waits()

        assert bench.hear(session, ack(20)) == [*blocks(11, 55), *blocks(21, 85)]
        assert not bench.waits()
        assert bench.does(session.writable) == []

    def test_is_waited_for_by_what_is_sent_again_as_well(self, bench: Bench) -> None:
        """The end of a window goes out again before the rest of it has gone out at all."""
        session = windowed(bench)
        bench.does(lambda _: session.hear(0.01, ack(64)))
        bench.line.on_send = [None, *[failure(errno.EAGAIN)] * 4]
        first = bench.does(lambda _: session.hear(0.02, ack(128)))
        assert first == blocks(129, 173)

        assert bench.does(lambda _: session.tick(0.08)) == []
        assert bench.does(session.writable) == blocks(173, 193)
        assert not bench.waits()

    def test_is_waited_for_by_a_farewell_no_longer_than_the_session(self, bench: Bench) -> None:
        session = windowed(bench)
        bench.line.on_send = [failure(errno.EAGAIN)] * 3
        bench.hear(session, ack(64))
        session.give_up("stopping")
        assert bench.waits()

        session.close()

        assert not bench.waits()


class TestNetworkErrors:
    @pytest.mark.parametrize(
        "number", [errno.ENOBUFS, errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EPERM]
    )
    def test_that_may_pass_are_as_a_loss(self, bench: Bench, number: int) -> None:
        session = bench.session(Content(700, data=bytes(700)))
        bench.line.on_send = [failure(number)] * (2 if number in OF_ANOTHER else 1)
        assert bench.starts(session) == []

        assert session.transfer.deadline == 1.0
        assert session.trouble is not None
        assert session.trouble.errno == number
        assert bench.does(lambda _: session.tick(1.0)) == [b"\0\3\0\1" + bytes(512)]

    def test_a_datagram_too_long_is_our_bug(self, bench: Bench) -> None:
        session = bench.session(Content(700, data=bytes(700)))
        bench.line.on_send = [failure(errno.EMSGSIZE)] * 2

        with pytest.raises(OSError, match="too long"):
            bench.starts(session)

    @pytest.mark.parametrize(
        ("options", "outcome"), [({}, Aborted(0, "closed its port")), ({"tsize": "0"}, Probed())]
    )
    def test_a_closed_port_ends_it(
        self, bench: Bench, options: dict[str, str], outcome: Outcome
    ) -> None:
        session = bench.session(Content(700, data=bytes(700)), **options)
        bench.starts(session)

        session.left(0.1)

        assert session.transfer.outcome == outcome


def of(number: int) -> OpenFile:
    """Return a file that is open under a number."""
    return OpenFile(Path("file"), Descriptor(number), os.fstat(number))


class NotInMemory(Content):
    """A file of a file system that cannot tell what is in memory."""

    def __init__(self) -> None:
        super().__init__(len(CONTENT), file=of(os.open("/dev/shm", os.O_RDONLY)))
        self._can_tell = False


class TestContent:
    def test_that_cannot_be_read_on_ends_it_and_the_client_is_told(self, bench: Bench) -> None:
        reader, writer = os.pipe()  # cannot be read at an offset
        os.close(writer)
        session = bench.session(Content(700, file=of(reader)))

        assert bench.starts(session) == [b"\0\5\0\0Illegal seek\0"]
        assert session.transfer.outcome == Aborted(0, "Illegal seek", ours=True)
        session.close()

    def test_that_is_not_in_memory_is_fetched_once_and_sent_when_it_has_arrived(
        self, bench: Bench
    ) -> None:
        content = NotInMemory()
        session = bench.session(content, blksize="1468", windowsize="64")
        bench.starts(session)

        assert bench.hear(session, ack(0)) == []
        assert bench.does(lambda _: session.tick(1.0)) == []
        assert (bench.lacking, bench.waits()) == ([0], False)

        content.keep(0, CONTENT[:AHEAD])
        assert bench.does(session.arrived) == blocks(1, 65)
        assert bench.does(session.arrived) == []

        assert bench.hear(session, ack(64)) == blocks(65, 90)
        assert bench.lacking == [0, 89 * 1468]

    def test_that_does_not_arrive_ends_it(self, bench: Bench) -> None:
        session = bench.session(NotInMemory(), tsize="0")
        bench.starts(session)
        bench.hear(session, ack(0))

        session.give_up("no answer within 30 s")

        assert session.transfer.outcome == Aborted(0, "no answer within 30 s", ours=True)

    def test_of_four_gigabytes_is_read_to_its_end(self, bench: Bench, tmp_path: Path) -> None:
        """A file of holes, which takes no room on the disk."""
        size = (4 << 30) + 5
        last = size // 1468 + 1
        with (tmp_path / "image").open("wb") as file:
            file.seek(size - 7)
            file.write(b"the end")
        content = Content(size, file=of(os.open(tmp_path / "image", os.O_RDONLY)))
        content.keep(start := (last - 3) * 1468, content.fetch(start))
        session = bench.session(content, blksize="1468", windowsize="64")
        bench.does(session.start)
        for block in range(0, last - 4, 64):
            session.transfer.receive(ack(block), 0.0)  # as if all of it were sent

        sent = bench.hear(session, ack(last - 3))

        assert [len(each) for each in sent] == [1472, 1472, size % 1468 + 4]
        assert sent[-1] == data_header(last) + (bytes(size % 1468) + b"the end")[7:]
        session.close()

    def test_is_closed_with_the_session(self, bench: Bench) -> None:
        closed: list[bool] = []
        session = bench.session(Content(3, data=b"abc", at_end=lambda: closed.append(True)))
        bench.starts(session)
        bench.hear(session, ack(1))

        session.close()

        assert session.transfer.outcome == Completed(resent=0)
        assert closed == [True]


class TestInStep:
    """A client in lock-step is answered without its transfer being asked each time."""

    def stepping(self, bench: Bench, blksize: int = 1468) -> Session:
        session = bench.session(Content(len(CONTENT), data=CONTENT), blksize=str(blksize))
        is_slow(session)
        bench.starts(session)
        bench.hear(session, ack(0))
        return session

    @pytest.mark.parametrize("blksize", [8, 512, 1468])
    def test_it_gets_all_blocks_one_by_one(self, bench: Bench, blksize: int) -> None:
        session = self.stepping(bench, blksize)
        last = len(CONTENT) // blksize + 1
        sent = [bench.hear(session, ack(block)) for block in range(1, last)]

        assert [each for [each] in sent] == blocks(2, last + 1, blksize)
        assert bench.hear(session, ack(last)) == []
        assert session.transfer.outcome == Completed(resent=0)

    def test_what_is_known_of_it_is_of_now(self, bench: Bench) -> None:
        session = self.stepping(bench)

        for block in range(1, 10):
            session.hear(0.01 * block, ack(block))

        assert session.transfer.received == 9 * 1468
        assert session.deadline == pytest.approx(0.09 + 1.0)

    def test_it_falls_out_of_it_by_anything_else_and_in_again(self, bench: Bench) -> None:
        session = self.stepping(bench)
        bench.hear(session, ack(1))
        bench.hear(session, ack(2))

        assert bench.hear(session, b"\0\3\0\1") == []
        assert session.steps.run is NOWHERE
        assert bench.hear(session, ack(3)) == blocks(4, 5)
        assert session.steps.run is not NOWHERE
        assert bench.hear(session, ack(4)) == blocks(5, 6)

    @given(
        st.lists(
            st.lists(st.one_of(st.none(), st.integers(0, 0xFFFF), st.integers(0, 20)), max_size=3),
            max_size=15,
        )
    )
    def test_it_stays_in_it_whatever_means_nothing(self, noise: list[list[int | None]]) -> None:
        """Old ACKs, such of blocks that have not gone out, and the clock before its time."""
        quiet, noisy = Bench(), Bench()
        one, other = self.stepping(quiet), self.stepping(noisy)
        for block, meanwhile in enumerate(noise, 1):
            now = 0.01 * block
            for number in meanwhile:
                if number is None:
                    assert noisy.does(lambda _, now=now: other.tick(now)) == []  # type: ignore[misc]
                elif number != block:
                    said = ack(number)
                    assert noisy.does(lambda _, now=now, said=said: other.hear(now, said)) == []  # type: ignore[misc]

            assert other.steps.run is not NOWHERE
            sent = [
                bench.does(lambda _, now=now, block=block, of=of: of.hear(now, ack(block)))  # type: ignore[misc]
                for bench, of in ((quiet, one), (noisy, other))
            ]
            assert sent == [blocks(block + 1, block + 2)] * 2

        ours, theirs = one.transfer, other.transfer
        for known in ("received", "wanted", "resent", "heard", "deadline", "outcome"):
            assert getattr(ours, known) == getattr(theirs, known)

    def test_it_is_sent_what_it_does_not_acknowledge_again(self, bench: Bench) -> None:
        session = self.stepping(bench)
        bench.does(lambda _: session.hear(0.01, ack(1)))
        bench.does(lambda _: session.hear(0.02, ack(2)))

        assert bench.does(lambda _: session.tick(0.03)) == []
        assert bench.does(lambda _: session.tick(1.1)) == blocks(3, 4)
        assert bench.does(lambda _: session.hear(1.2, ack(3))) == blocks(4, 5)
        assert session.transfer.resent == 1

    def test_it_gets_on_although_what_was_made_is_forgotten(self, bench: Bench) -> None:
        session = self.stepping(bench)
        bench.hear(session, ack(1))

        session.content.frames.clear()

        assert bench.hear(session, ack(2)) == blocks(3, 4)
        assert bench.hear(session, ack(3)) == blocks(4, 5)

    def test_it_waits_for_room(self, bench: Bench) -> None:
        session = self.stepping(bench)
        bench.line.room = 0
        assert bench.hear(session, ack(1)) == []
        assert bench.waits()

        bench.line.room = 1

        assert bench.does(session.writable) == blocks(2, 3)
        assert bench.hear(session, ack(2)) == blocks(3, 4)

    @pytest.mark.parametrize("datagram", [b"", b"\0\4", b"\0\4\0\1\0\0", b"\0\5\0\0enough\0"])
    def test_it_may_say_anything_else(self, bench: Bench, datagram: bytes) -> None:
        session = self.stepping(bench)

        padded = bench.hear(session, datagram)

        assert padded == (blocks(2, 3) if len(datagram) == 6 else [])
        assert (session.transfer.outcome is None) is (datagram[1:2] != b"\5")
