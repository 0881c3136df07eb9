"""Big transfers by a process of their own: the server's end of it.

The answer to a window would wait for a whole turn of the event loop, which has HTTP, DHCP and
events in it as well; and what transfers take of the processor, all these would wait for. So what is
big is handed over once it is decided, if there are more than a few transfers. What cannot be, for
whatever reason, goes by the event loop.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Protocol

from pyxie.bounds import TFTP_STARTS
from pyxie.openfile import Descriptor
from pyxie.tftp.away import Away, failure
from pyxie.tftp.carrying import BOUNDS
from pyxie.tftp.files import Content
from pyxie.tftp.handed import Handed
from pyxie.tftp.handover import (
    LONGEST,
    Ask,
    Begin,
    End,
    Ending,
    Forget,
    HandoverError,
    Order,
    order,
)
from pyxie.tftp.limits import Limits, Ration
from pyxie.tftp.opening import Asked
from pyxie.tftp.packet import ReadRequest
from pyxie.tftp.tidings import Counted, NotBegun, Over, Progress, Still, Told, heard

log = logging.getLogger(__name__)

BIG: Final = 64 << 10
"""Bytes from which on a file is handed over; less is on its way before the process has woken."""
FEW: Final = 3
"""Transfers for which no process is started."""
IDLE: Final = 60.0
"""Seconds without a transfer after which it ends, as processes that render do."""
PATIENCE: Final = 10.0
"""Seconds that it may say nothing while it has transfers."""
_FAREWELL: Final = 1.0
"""Seconds that it has to tell its clients of the end."""
_LOOK: Final = 1.0
_MESSAGES_A_TURN: Final = 16


class Starts(Protocol):
    """What is asked of `pyxie.workers.forkserver.ForkServer`."""

    def start_carrier(self) -> tuple[int, socket.socket]:
        """Start a process; return its number, and the line to it; raises OSError."""
        ...

    def kill(self, number: int) -> None:
        """End it."""
        ...


class Apart:
    """The process, while there is one; for the event loop.

    Args:
        forks: Starts it.
        ended: Called with each transfer that is over; its outcome is None if the process was lost.
        not_begun: Called with each that could not be begun, and why.
        count: Told an outcome, and how often: "stray" datagrams, and "repeated" requests.
        no_offload: Told why windows cannot be sent in one call.
    """

    def __init__(
        self,
        forks: Starts,
        ended: Callable[[Away], None],
        not_begun: Callable[[Away, OSError], None],
        count: Callable[[str, int], None],
        no_offload: Callable[[OSError], None],
    ) -> None:
        self._forks = forks
        self._ended = ended
        self._not_begun = not_begun
        self._count = count
        self._no_offload = no_offload
        self._numbers = itertools.count(1)
        self._starts = Ration(TFTP_STARTS.whole, 60)
        self._line: socket.socket | None = None
        self._child = 0
        self._ready = False
        self._gone = asyncio.Event()
        self._there: dict[int, Away] = {}
        self._handed = Handed(self._number)
        self._behind: deque[bytes] = deque()
        self._heard_at = self._used_at = 0.0
        self._looking: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        """How many transfers are there."""
        return len(self._there)

    def takes(self, content: Content, others: int) -> bool:
        """Tell whether it takes a content now; if there is none yet, it may be started.

        Args:
            content: What is to be sent.
            others: How many transfers there are.
        """
        if content.size < BIG or content.descriptor is None:
            return False
        if self._line is None:
            if others >= FEW:
                self._start()
            return False
        return self._ready and not self._behind and self._handed.has_room(content)

    def begin(
        self, request: ReadRequest, asked: Asked, content: Content, limits: Limits
    ) -> Away | None:
        """Hand over a transfer with its content, if it `takes` that; None if there is no room.

        Args:
            request: What it answers.
            asked: The same, as it came.
            content: What is sent.
            limits: Those of now.
        """
        away = Away(self._number(), asked.peer, request.filename, content)
        file = self._handed.number(content)
        begin = Begin(
            number=away.number,
            file=file,
            size=content.size,
            local=asked.local,
            peer=asked.peer,
            limits=limits,
            datagram=asked.datagram,
        )
        try:
            self._hand_over(order(begin), None if content in self._handed else content.descriptor)
        except OSError:
            return None
        self._handed.begins(content, file)
        self._used_at = asyncio.get_running_loop().time()
        if not self._there:
            self._heard_at = self._used_at
        self._there[away.number] = away
        return away

    def end(self, away: Away, why: Ending) -> None:
        """Have a transfer end; that it has is told as of any other."""
        self._say(End(away.number, why))

    def again(self, away: Away, asked: Asked) -> None:
        """Take a request that has come before, and may be a new one if that is over by now."""
        if away.again is not None:
            self._count("repeated", 1)
            return
        away.asked_again(asked)
        self._say(Ask(away.number))

    async def close(self) -> None:
        """Have all clients be told that the server is stopping, and the process end."""
        if self._says_farewell():
            with suppress(TimeoutError):
                async with asyncio.timeout(_FAREWELL):
                    await self._gone.wait()
            self._let_go()

    def _says_farewell(self) -> bool:
        if self._line is None:
            return False
        self._line.shutdown(socket.SHUT_WR)
        return True

    def _number(self) -> int:
        return next(self._numbers) & 0xFFFFFFFF

    def _hand_over(self, message: bytes, file: Descriptor | None) -> None:
        assert self._line is not None  # noqa: S101 - takes() came before
        if file is None:
            self._line.send(message)
            return
        with file as number:
            socket.send_fds(self._line, [message], [number])

    def _start(self) -> None:
        loop = asyncio.get_running_loop()
        if not self._starts.allows("", loop.time()):
            TFTP_STARTS.reached()
            return
        try:
            self._child, self._line = self._forks.start_carrier()
        except OSError as exc:
            log.warning("no process for TFTP can be started: %s", exc.strerror)
            return
        self._line.setblocking(False)
        self._ready = False
        self._gone.clear()
        self._heard_at = self._used_at = loop.time()
        loop.add_reader(self._line.fileno(), self._on_told)
        self._looking = loop.call_later(_LOOK, self._look)

    def _on_told(self) -> None:
        for _ in range(_MESSAGES_A_TURN):
            if self._line is None:
                return
            try:
                message = self._line.recv(LONGEST)
                if message:
                    self._take(heard(message))
                else:
                    self._lost("it has ended")
            except BlockingIOError:
                break
            except (OSError, HandoverError) as exc:
                self._lost(str(exc))
        self._heard_at = asyncio.get_running_loop().time()
        self._catch_up()

    def _take(self, told: Told) -> None:
        match told:
            case Progress(moved):
                self._ready = True
                for each in moved:
                    if (away := self._there.get(each.number)) is not None:
                        away.transfer.moved(each)
            case Over(number=number) as over:
                if (away := self._over(number)) is not None:
                    away.over(over)
                    self._ended(away)
            case NotBegun(number, error):
                if (away := self._over(number)) is not None:
                    self._not_begun(away, failure(error))
            case Still(number):
                if (away := self._there.get(number)) is not None:
                    away.asked_again(None)
                    self._count("repeated", 1)
            case Counted():  # pragma: no branch  (there is no other)
                self._take_counted(told)

    def _take_counted(self, told: Counted) -> None:
        if told.strays:
            self._count("stray", told.strays)
        if told.no_offload:
            self._no_offload(failure(told.no_offload))
        for bound, times in zip(BOUNDS, told.reached, strict=True):
            bound.reached(times)

    def _over(self, number: int) -> Away | None:
        """Take out a transfer, and be done with its content; None if there is none."""
        away = self._there.pop(number, None)
        if away is not None:
            self._handed.ends(away.content)
            away.content.close()
        return away

    def _say(self, what: Order) -> None:
        self._behind.append(order(what))
        self._catch_up()

    def _catch_up(self) -> None:
        while self._behind and self._line is not None:
            try:
                self._line.send(self._behind[0])
            except OSError:
                return  # there is no room now; or it has died, which is read from the line
            self._behind.popleft()

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        assert self._looking is not None  # noqa: S101 - which has called this
        # While all of us stood still, as in a machine that is stopped, it could say nothing.
        self._heard_at = min(now, self._heard_at + now - self._looking.when())
        self._looking = loop.call_later(_LOOK, self._look)
        for file in self._handed.unused():
            self._say(Forget(file))
        self._catch_up()
        if self._there:
            if now - self._heard_at > PATIENCE:
                self._lost(f"it has said nothing for {PATIENCE:g} s")
        elif now - self._used_at > IDLE:
            self._let_go()

    def _lost(self, why: str) -> None:
        if self._there:
            many = len(self._there)
            log.warning("the process for big TFTP transfers had %d, and is gone: %s", many, why)
        self._let_go()

    def _let_go(self) -> None:
        if self._line is None:
            return
        asyncio.get_running_loop().remove_reader(self._line.fileno())
        self._line.close()
        self._line = None
        self._forks.kill(self._child)
        if self._looking is not None:
            self._looking.cancel()
        self._behind.clear()
        self._handed.clear()
        there, self._there = self._there, {}
        for away in there.values():
            away.content.close()
            self._ended(away)
        self._gone.set()
