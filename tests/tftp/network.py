"""A network with time in it, between a transfer and clients of several makes: all in memory.

It delays, loses, doubles and reorders datagrams, and may have a slow link with a queue before it.
Everything is decided by a seed.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from pyxie.tftp.limits import Limits
from pyxie.tftp.packet import Data, OptionAck, ReadRequest, ack, data_header, parse
from pyxie.tftp.transfer import Out, Transfer

CLIENT_TIMEOUT: Final = 4.0
"""Seconds after which a client says its last word again, as EDK2 does."""


class Make(Enum):
    """What a client does with a block that is not the next one."""

    ECHOING = "EDK2"
    """It sends the ACK of the last one in order, for each (Mtftp4Rrq.c)."""
    ONCE = "U-Boot"
    """It does so once for each place in the file (net/tftp.c)."""


@dataclass
class Client:
    """Takes blocks in order only; says what is due by `said`."""

    make: Make
    blksize: int = 512
    window: int = 1
    content: bytearray = field(default_factory=bytearray)
    block: int = 0
    done: bool = False
    said: bytes = ack(0)
    _acked: int = 0
    _complained_at: int = -1

    def hear(self, datagram: bytes) -> bytes | None:
        """Take one datagram; return the ACK that is due, if one is."""
        packet = parse(datagram)
        if isinstance(packet, OptionAck):
            if self.block:
                return None
            self.blksize = int(packet.options.get("blksize", 512))
            self.window = int(packet.options.get("windowsize", 1))
            return self._say(0)
        assert isinstance(packet, Data), packet
        if packet.block != (self.block + 1) % 65536 or self.done:
            return self._complain()
        self.content += packet.payload
        self.block += 1
        self.done = len(packet.payload) < self.blksize
        if self.done or self.block - self._acked == self.window:
            return self._say(self.block)
        return None

    def _complain(self) -> bytes | None:
        if self.make is Make.ONCE and self._complained_at == self.block and not self.done:
            return None
        self._complained_at = self.block
        return self._say(self.block)

    def _say(self, block: int) -> bytes:
        self._acked = block
        self.said = ack(block)
        return self.said


@dataclass(frozen=True, kw_only=True)
class Link:
    """What the network does to datagrams.

    Attributes:
        delay: Seconds, each way.
        lost: Of all datagrams, either way, between 0 and 1; likewise:
        doubled: Arrive twice.
        hasty: Overtake others: they arrive after no delay at all (as netem's ``reorder``).
        rate: Bytes a second towards the client; 0 is without end.
    """

    delay: float = 0.0001
    lost: float = 0.0
    doubled: float = 0.0
    hasty: float = 0.0
    rate: float = 0.0


class Net:
    """One transfer, and all that happens to it, in the order of time.

    Attributes:
        transfer: The server's end.
        client: The other.
        now: Seconds since it began.
        sent: The blocks that went out, in order, the lost ones too.
        said: How many datagrams the client sent.
        waits: How often it was the client's own time-out that had it say something.
    """

    def __init__(
        self,
        content: bytes,
        link: Link,
        make: Make = Make.ECHOING,
        *,
        drop: Mapping[int, int] = {},
        seed: int = 1,
        limits: Limits = Limits(),  # noqa: B008  (as that)
        **options: str,
    ) -> None:
        """Make one that has not begun.

        Args:
            content: The file.
            link: Between the two.
            make: Of client.
            drop: How often each of these blocks is lost.
            seed: Of what is left to chance.
            limits: The server's.
            options: The client's.
        """
        self.transfer = Transfer(ReadRequest("f", "octet", options), len(content), limits)
        self.client = Client(make)
        self.now = 0.0
        self.sent: list[int] = []
        self.said = 0
        self.waits = 0
        self._content = content
        self._link = link
        self._drop = dict(drop)
        self._chance = random.Random(seed)
        self._events: list[tuple[float, int, Callable[[bytes], None], bytes]] = []
        self._order = itertools.count()
        self._free = 0.0  # when the slow link has nothing more to send
        self._impatient = CLIENT_TIMEOUT

    def run(self) -> Net:
        """See the transfer to its end."""
        self._put(self.transfer.start(self.now))
        while (due := self.transfer.deadline) is not None:
            arrives = self._events[0][0] if self._events else due
            self.now = min(due, arrives, due if self.client.done else self._impatient)
            if self._events and self.now == arrives:
                _, _, hear, datagram = heapq.heappop(self._events)
                hear(datagram)
            elif self.now == due:
                self._put(self.transfer.tick(self.now))
            else:
                self._impatient += CLIENT_TIMEOUT
                self.waits += 1
                self._say(self.client.said)
        return self

    def _put(self, out: Out) -> None:
        if isinstance(out, bytes):
            self._carry(out, self._at_client, self._link.rate)
        elif out is not None:
            for block in range(out.first, out.stop):
                self._send(block)

    def _send(self, block: int) -> None:
        self.sent.append(block)
        if self._drop.get(block, 0) > 0:
            self._drop[block] -= 1
            return
        blksize = self.transfer.blksize
        payload = self._content[(block - 1) * blksize : block * blksize]
        self._carry(data_header(block) + payload, self._at_client, self._link.rate)

    def _say(self, ack: bytes) -> None:
        self.said += 1
        self._carry(ack, self._at_server, 0.0)

    def _carry(self, datagram: bytes, hear: Callable[[bytes], None], rate: float) -> None:
        link, chance = self._link, self._chance.random
        if chance() < link.lost:
            return
        for _ in range(2 if chance() < link.doubled else 1):
            leaves = self.now
            if rate:
                leaves = self._free = max(self._free, leaves) + len(datagram) / rate
            arrives = leaves if chance() < link.hasty else leaves + link.delay
            heapq.heappush(self._events, (arrives, next(self._order), hear, datagram))

    def _at_server(self, datagram: bytes) -> None:
        self._put(self.transfer.receive(datagram, self.now))

    def _at_client(self, datagram: bytes) -> None:
        before = self.client.block
        answer = self.client.hear(datagram)
        if self.client.block > before:
            self._impatient = self.now + CLIENT_TIMEOUT
        if answer is not None:
            self._say(answer)
