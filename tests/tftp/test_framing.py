from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.bounds import TFTP_FRAMES
from pyxie.tftp.framing import PIECE, Frames, Kept, Run
from pyxie.tftp.packet import ack, data_header

RUN = 128 << 10


class Text:
    """A content that counts how often it is read."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.reads = 0

    @property
    def size(self) -> int:
        return len(self.data)

    def read(self, offset: int, length: int) -> bytes:
        self.reads += 1
        found = self.data[offset : offset + length]
        assert len(found) == length
        return found


def asked(frames: Frames, blksize: int, first: int, count: int) -> tuple[bytes, int]:
    run, start, length, count = frames.of(blksize, first, count)
    assert 0 < length <= len(run.data) - start
    return run.data[start : start + length], count


def alone(data: bytes, blksize: int) -> list[bytes]:
    """Return all packets of a transfer, each made by itself (RFC 1350 section 6)."""
    return [
        data_header(at + 1) + data[at * blksize : (at + 1) * blksize]
        for at in range(len(data) // blksize + 1)
    ]


@given(
    data=st.binary(max_size=300).map(lambda part: part * 500),
    blksize=st.sampled_from((8, 512, 1408, 1468, 65464)),
    wanted=st.integers(1, 64),
)
def test_are_those_of_the_whole_file_however_many_are_asked_for(
    data: bytes, blksize: int, wanted: int
) -> None:
    frames, packets, first = Frames(Text(data), Kept()), list[bytes](), 1
    whole = alone(data, blksize)[:3000]

    while first <= len(whole):
        found, count = asked(frames, blksize, first, min(wanted, len(whole) + 1 - first))
        size = blksize + 4
        packets += [found[at * size : (at + 1) * size] for at in range(count)]
        first += count

    assert packets == whole


@pytest.mark.parametrize(
    ("size", "blksize"),
    [(0, 512), (3 * 512, 512), (3 * 512 + 1, 512), (RUN, 512), (2 * RUN + 700, 512), (9000, 8)],
)
def test_are_those_of_the_whole_file_in_each_of_its_runs(size: int, blksize: int) -> None:
    data = bytes(at % 251 for at in range(size))
    frames, whole, found, first = Frames(Text(data), Kept()), alone(data, blksize), b"", 1

    while first <= len(whole):
        part, count = asked(frames, blksize, first, 16)
        found += part
        first += count

    assert found == b"".join(whole)
    assert frames.of(blksize, 1, 1)[0].data == b"".join(whole[: min(RUN // blksize, 512)])


def test_are_read_once_for_all_who_load_the_file() -> None:
    text = Text(bytes(RUN))
    frames = Frames(text, Kept())

    for _ in range(3):
        for first in range(1, 129, 4):
            frames.of(512, first, 4)

    assert text.reads == 1


def test_are_others_for_another_size_of_blocks() -> None:
    frames = Frames(Text(bytes(range(256)) * 8), Kept())

    assert asked(frames, 512, 2, 1)[0] == data_header(2) + bytes(range(256)) * 2
    assert asked(frames, 1024, 2, 1)[0] == data_header(2) + bytes(range(256)) * 4


def test_that_are_asked_for_across_two_runs_come_in_two_parts() -> None:
    frames = Frames(Text(bytes(2 * RUN)), Kept())

    assert asked(frames, 512, 255, 4)[1] == 2
    assert asked(frames, 512, 257, 2)[1] == 2


def test_are_so_many_at_once_however_small_they_are() -> None:
    text = Text(bytes(8 * 1024))
    frames = Frames(text, Kept())

    assert asked(frames, 8, 1, 1024)[1] == 512
    assert asked(frames, 8, 513, 1024)[1] == 512
    assert text.reads == 2


def test_of_which_there_are_too_many_are_made_anew() -> None:
    kept = Kept(most=1)
    first, second = Text(bytes(RUN)), Text(bytes(RUN))
    one, other = Frames(first, kept), Frames(second, kept)
    over = TFTP_FRAMES.times

    one.of(512, 1, 1)
    other.of(512, 1, 1)
    one.of(512, 1, 1)

    assert (first.reads, second.reads, len(kept)) == (2, 1, 1)
    assert TFTP_FRAMES.times == over + 2


def test_are_forgotten_with_their_content() -> None:
    text = Text(bytes(RUN))
    frames = Frames(text, Kept())
    frames.of(512, 1, 1)

    frames.clear()
    frames.of(512, 1, 1)

    assert text.reads == 2


def test_are_not_kept_where_the_content_cannot_be_read() -> None:
    class Broken(Text):
        def read(self, offset: int, length: int) -> bytes:
            raise OSError(5, "of the disk")

    kept = Kept()

    with pytest.raises(OSError, match="of the disk"):
        Frames(Broken(b""), kept).of(512, 1, 1)

    assert len(kept) == 0


def test_note_where_they_are_in_memory() -> None:
    run = Run(b"abc")

    assert (run.address, run.first, run.packet) == (0, 0, 0)
    assert run.at(4711) == run.address == 4711


class TestSteps:
    def test_are_the_acks_that_call_for_the_next_packet(self) -> None:
        """The last packet, which is short, is none of them, nor is what comes after the run."""
        frames = Frames(Text(bytes(512 * 3 + 1)), Kept())
        run, *_ = frames.of(512, 1, 1)

        assert run.in_steps(4000) == [ack(1), ack(2), None, None]
        assert run.in_steps(4000) is run.steps
        assert [PIECE.unpack(each) for each in run.pieces] == [(4516, 516), (5032, 516)]

    def test_wrap_as_block_numbers_do(self) -> None:
        run = Run(bytes(3 * 12), first=65535, packet=12)

        assert run.in_steps(0) == [ack(65535), ack(0), None]

    @given(st.integers(0, 3000), st.sampled_from((8, 512, 1468)))
    def test_lead_from_each_full_packet_to_another(self, size: int, blksize: int) -> None:
        frames = Frames(Text(bytes(size)), Kept())
        run, *_ = frames.of(blksize, 1, 1)

        packets = [p for p in alone(bytes(size), blksize) if p[:4] in run.data]
        full = sum(len(packet) == blksize + 4 for packet in packets)
        steps: list[bytes | None] = [ack(at + 1) for at in range(full - 1)]
        assert run.in_steps(0)[: max(full, 1)] == [*steps, None]
        assert len(run.steps) >= len(packets)
        assert not any(run.steps[max(full - 1, 0) :])

    def test_end_for_all_who_hold_them_when_the_run_is_forgotten(self) -> None:
        frames = Frames(Text(bytes(5000)), Kept())
        run, *_ = frames.of(512, 1, 1)
        steps = run.in_steps(run.at(4711))

        frames.clear()

        assert (steps, run.data, run.address) == ([None] * 10, b"", 0)
        assert run.in_steps(4711) is steps
        frames.drop(512)
