"""Drives all sessions from one event loop: one epoll set, one timer, no task a transfer.

The epoll set holds the sockets of all transfers and is itself the one thing that the event
loop watches for them. A wake-up serves up to 16 transfers, one datagram each: that costs a
fraction of a loop callback per socket, and no client can keep the loop from the others.
"""

from __future__ import annotations

import asyncio
import logging
import select
from collections.abc import Callable

from pyxie.tftp.deadlines import Deadlines
from pyxie.tftp.session import Session

log = logging.getLogger(__name__)

_A_TURN = 16
"""Datagrams, which take a millisecond: a boot script comes of a dozen turns of the event loop, and
each has one of these before it. With 64, fifty machines' loaders held the others' scripts up."""


class Driver:
    """Sessions, and the socket events and deadlines that move them on.

    Attributes:
        poll: Where each session's socket is registered.
    """

    def __init__(
        self,
        ended: Callable[[Session], None],
        guarded: Callable[[Callable[[], None]], None],
    ) -> None:
        """Set up; `run` makes it work.

        Args:
            ended: Called with each session that is over, which is then closed. If
                ``transfer.outcome`` is None, a bug of ours ended it.
            guarded: Calls what it is given, and deals with what that raises.
        """
        self.poll = select.epoll()
        self._ended = ended
        self._guarded = guarded
        self._sessions: dict[int, Session] = {}
        self._deadlines = Deadlines()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        """How many sessions are in progress."""
        return len(self._sessions)

    def run(self, loop: asyncio.AbstractEventLoop) -> None:
        """Work from now on, in callbacks of ``loop``."""
        self._loop = loop
        loop.add_reader(self.poll.fileno(), self._guarded, self._on_ready)
        self._arm()

    def pause(self) -> None:
        """Work no more until `run`; sessions stay as they are."""
        if self._loop is not None:
            self._loop.remove_reader(self.poll.fileno())
        if self._timer is not None:
            self._timer.cancel()
        self._loop = self._timer = None

    def start(self, session: Session, now: float) -> None:
        """Begin a session, and see it to its end."""
        self._sessions[session.number] = session
        self._act(session, session.start, now)
        self._arm()

    def hear(self, session: Session, datagram: bytes) -> None:
        """Hand a session a datagram that came by another socket than its own."""
        assert self._loop is not None  # noqa: S101 - run() came before
        self._act(session, session.hear, self._loop.time(), datagram)
        self._arm()

    def left(self, session: Session) -> None:
        """Tell a session that its client has closed its port."""
        assert self._loop is not None  # noqa: S101 - run() came before
        self._act(session, lambda _: session.transfer.left("closed its port"), self._loop.time())

    def arrived(self, session: Session) -> None:
        """Have a session go on, if it is not over, whose content was fetched."""
        self._later(session, session.arrived)

    def give_up(self, session: Session, why: str) -> None:
        """End a session, if it is not over, whose content cannot be fetched."""
        self._later(session, lambda _: session.give_up(why))

    def _later(self, session: Session, work: Callable[[float], None]) -> None:
        if self._loop is not None and self._sessions.get(session.number) is session:
            self._act(session, work, self._loop.time())
            self._arm()

    def writable(self, number: int) -> None:
        """Have a session go on with what there was no room for."""
        assert self._loop is not None  # noqa: S101 - run() came before
        session = self._sessions.get(number)
        if session is not None:
            self._act(session, session.writable, self._loop.time())
            self._arm()

    def end(self, session: Session) -> None:
        """Be done with a session, whatever became of it."""
        del self._sessions[session.number]
        self._deadlines.forget(session.number)
        try:
            self._ended(session)
        finally:
            session.close()

    def close(self) -> None:
        """Tell all clients in progress that the server is stopping, and close all."""
        for session in list(self._sessions.values()):
            session.give_up("the server is stopping")
            self.end(session)
        self.poll.close()

    def _on_ready(self) -> None:
        assert self._loop is not None  # noqa: S101 - run() came before
        now = self._loop.time()
        left = _A_TURN
        # Asked again at once, for what came meanwhile: that is cheaper than by the loop.
        while left > 0 and (ready := self.poll.poll(0, left)):
            left -= len(ready)
            for number, events in ready:
                session = self._sessions.get(number)
                if session is not None:
                    if events & ~select.EPOLLOUT:
                        self._act(session, session.ready, now)
                    else:
                        self._act(session, session.writable, now)
        self._arm()

    def _on_timer(self) -> None:
        assert self._loop is not None  # noqa: S101 - run() came before
        self._timer = None
        now = self._loop.time()
        for number in self._deadlines.due(now, most=_A_TURN):
            session = self._sessions[number]
            self._act(session, session.tick, now)
        self._arm()

    def _act(self, session: Session, work: Callable[..., None], now: float, *heard: bytes) -> None:
        try:
            work(now, *heard)
        except Exception:
            # One transfer's bug must not end the others'.
            log.exception("the TFTP transfer to %s failed by a bug", session.peer[0])
            self.end(session)
            return
        deadline = session.transfer.deadline
        if deadline is None:
            self.end(session)
        else:
            self._deadlines.note(session.number, deadline)

    def _arm(self) -> None:
        due = self._deadlines.next()
        if self._loop is None or due is None:
            return
        if self._timer is not None:
            if self._timer.when() <= due:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(due, self._guarded, self._on_timer)
