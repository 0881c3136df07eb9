"""Any client: a transfer sends blocks of its file alone, no more of them than it may, and ends."""

from __future__ import annotations

from pyxie.tftp.limits import Limits
from pyxie.tftp.packet import ReadRequest, ack
from pyxie.tftp.transfer import Burst, Out, Transfer
from tests.fuzz.target import Feed, Target, text

_SIZES = (0, 1, 511, 512, 513, 70_000 * 8, 1 << 32)
_OPTIONS = ("blksize", "windowsize", "timeout", "tsize", "rollover")


class _Client:
    """Says what the bytes have it say, and looks at what it is sent."""

    def __init__(self, transfer: Transfer, size: int, window: int) -> None:
        self._transfer = transfer
        self._size = size
        self._window = window
        self._now = 0.0
        self._sent = 0

    def begin(self) -> None:
        self._look(self._transfer.start(self._now))

    def hear(self, datagram: bytes) -> None:
        self._look(self._transfer.receive(datagram, self._now))

    def say(self, feed: Feed) -> None:
        match feed.number(6):
            case 0:
                self.hear(feed.sized())
            case 1:
                self.hear(ack(feed.number(65_536)))
            case 2:  # as an honest client
                self.hear(ack(self._sent))
            case 3:
                self._wait(self._now + feed.number(20))
            case 4:
                # To repeat an old number gets no block again and again: RFC 1123, 4.2.3.1.
                before, old = self._transfer.resent, self._sent - 1
                for _ in range(9):
                    self.hear(ack(old))
                assert self._transfer.resent <= before + 2  # in mid-window, and as a gap
            case _:
                if not feed.number(16):
                    self._transfer.left("closed its port")

    def be_silent(self, attempts: int) -> None:
        for _ in range(8 * attempts):  # between two attempts it may ask for what has come
            if self._transfer.deadline is not None:
                self._wait(self._transfer.deadline)

    def _wait(self, until: float) -> None:
        self._now = until
        self._look(self._transfer.tick(until))

    def _look(self, out: Out) -> None:
        transfer = self._transfer
        if isinstance(out, Burst):
            assert 1 <= out.first < out.stop <= self._size // transfer.blksize + 2
            assert out.stop - out.first <= self._window
            self._sent = max(self._sent, out.stop - 1)
        assert transfer.outcome is None or transfer.deadline is None
        assert 0 <= transfer.received <= self._size


def take(data: bytes) -> None:
    feed = Feed(data)
    size = _SIZES[feed.number(len(_SIZES))]
    options = {
        _OPTIONS[feed.number(len(_OPTIONS))]: text(feed.sized()) for _ in range(feed.number(5))
    }
    limits = Limits()
    transfer = Transfer(ReadRequest("f", "octet", options), size, limits)
    client = _Client(transfer, size, limits.max_windowsize)
    client.begin()
    while feed:
        client.say(feed)
    client.be_silent(limits.attempts)
    assert transfer.outcome is not None


TARGET = Target(
    take=take,
    longest=4096,
    words=(b"\x02", b"\x01\0\0", b"\x01\xff\xff", b"\x03\x05", b"\x04", b"\x00\x04\0\4\0\1"),
)
