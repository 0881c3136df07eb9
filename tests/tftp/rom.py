"""A client in ten lines, and the network between it and a transfer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pyxie.tftp.limits import Limits
from pyxie.tftp.packet import Data, OptionAck, ReadRequest, ack, data_header, parse
from pyxie.tftp.transfer import Out, Transfer


def datagrams(out: Out, content: bytes, blksize: int) -> list[bytes]:
    """Write out what a transfer wants sent."""
    if out is None:
        return []
    if isinstance(out, bytes):
        return [out]
    blocks = range(out.first, out.stop)
    return [data_header(n) + content[(n - 1) * blksize : n * blksize] for n in blocks]


class Rom:
    """Takes DATA in order only, as RFC 1350 and RFC 7440 have it; knows no time-outs."""

    def __init__(self) -> None:
        self.blksize = 512
        self.window = 1
        self.content = bytearray()
        self.block = 0
        self.done = False
        self._since_ack = 0
        self._complained = False

    def hear(self, datagram: bytes) -> bytes | None:
        """Take one datagram; return the ACK that is due, if one is."""
        packet = parse(datagram)
        if isinstance(packet, OptionAck):
            self.blksize = int(packet.options.get("blksize", 512))
            self.window = int(packet.options.get("windowsize", 1))
            return ack(0)
        assert isinstance(packet, Data)
        if packet.block != (self.block + 1) % 65536 or self.done:
            # Out of order: say what is here, once.
            behind = (self.block - packet.block) % 65536 < self.window
            if self._complained and not behind:
                return None
            self._complained = True
            self._since_ack = 0
            return ack(self.block)
        self._complained = False
        self.content += packet.payload
        self.block += 1
        self.done = len(packet.payload) < self.blksize
        self._since_ack += 1
        if self.done or self._since_ack == self.window:
            self._since_ack = 0
            return ack(self.block)
        return None


def fetch(
    content: bytes,
    options: Mapping[str, str],
    limits: Limits,
    lost: Iterator[bool],
    doubled: Iterator[bool],
) -> tuple[Transfer, Rom]:
    """Run one transfer to its end over a network that loses and doubles datagrams."""
    transfer = Transfer(ReadRequest("f", "octet", options), len(content), limits)
    rom = Rom()
    now = 0.0
    down = datagrams(transfer.start(now), content, transfer.blksize)
    while transfer.outcome is None:
        up: list[bytes] = []
        for datagram in down:
            if not next(lost, False):
                for _ in range(2 if next(doubled, False) else 1):
                    reply = rom.hear(datagram)
                    if reply is not None and not next(lost, False):
                        up.append(reply)
        down = []
        for reply in up:
            out = transfer.receive(reply, now)
            down += datagrams(out, content, transfer.blksize)
        if not down and transfer.deadline is not None:
            now = transfer.deadline
            down = datagrams(transfer.tick(now), content, transfer.blksize)
            if transfer.outcome is not None:
                break
    return transfer, rom
