"""Drives all sessions from one loop: a socket for hundreds, one timer, no task a transfer.

A wake-up takes all datagrams that have come to a port, and sends what they call for by one call
more; where that were many it looks again, for what came meanwhile, until its slice of time is over.
That costs a fraction of what a callback and two system calls a datagram do.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from ipaddress import IPv4Address
from typing import Final

from pyxie.tftp.batches import MOST, Name, name_of
from pyxie.tftp.deadlines import Deadlines
from pyxie.tftp.session import Session
from pyxie.tftp.sockets import OF_ANOTHER
from pyxie.tftp.transferports import Line, Port, Ports
from pyxie.tftp.turning import Loop, Timer

log = logging.getLogger(__name__)

_SLICE: Final = 0.001
"""Seconds: a boot script comes of a dozen turns of the event loop, and each has one of these before
it. With four times as much fifty machines' loaders held the others' scripts up."""
_FEW: Final = 4
"""ACKs of clients in step at once, up to which it is likely that no more have come meanwhile: the
loop knows."""
_DUE_AT_ONCE: Final = 16


class Driver:
    """Sessions, and what moves them on: datagrams and deadlines.

    Args:
        opening: Opens a socket for transfers, bound to an address of ours.
        ended: Called with each session that is over, which is then closed. If
            ``transfer.outcome`` is None, a bug of ours ended it.
        stray: Called for each datagram that belongs to no session.
        guarded: Calls what it is given, and deals with what that raises.
        shared: Goes for all transfers, in place of ports that are opened for them; what comes
            in on it is told by `hear`.
    """

    def __init__(
        self,
        opening: Callable[[IPv4Address], Line],
        ended: Callable[[Session], None],
        stray: Callable[[], None],
        guarded: Callable[[Callable[[], None]], None],
        shared: Line | None = None,
    ) -> None:
        self._ports: Ports[Session] = Ports(opening)
        self._shared: Port[Session] | None = None if shared is None else Port(shared, None)
        self._ended = ended
        self._stray = stray
        self._guarded = guarded
        self._sessions: dict[int, Session] = {}
        self._deadlines = Deadlines()
        self._touched: set[Port[Session]] = set()
        self._loop: Loop | None = None
        self._timer: Timer | None = None

    def __len__(self) -> int:
        """How many sessions are in progress."""
        return len(self._sessions)

    def run(self, loop: Loop) -> None:
        """Work from now on, in callbacks of ``loop``."""
        self._loop = loop
        for port in self._ports:
            self._watch(port)
        self._arm()

    def pause(self) -> None:
        """Work no more until `run`; sessions stay as they are."""
        if self._loop is not None:
            for port in self._ports:
                self._unwatch(port)
            if self._shared is not None:
                self._loop.remove_writer(self._shared.line.fileno())
        if self._timer is not None:
            self._timer.cancel()
        self._loop = self._timer = None

    def port(self, local: IPv4Address, peer: tuple[str, int]) -> Port[Session]:
        """Return the port for a transfer, which is to `start` before anything else happens.

        Raises:
            OSError: As of `pyxie.tftp.transferports.Ports.lend`.
        """
        if self._shared is not None:
            return self._shared
        port = self._ports.lend(local, name_of(peer))
        if not port.sessions:
            self._watch(port)
        return port

    def start(self, session: Session, now: float) -> None:
        """Begin a session, and see it to its end."""
        self._sessions[session.number] = session
        port, name = session.port, session.route.name
        port.sessions[name] = session
        if port.local is not None:  # else it has to be said with each datagram where it is from
            port.steps[name] = session.steps
        self._act(session, session.start, now)
        self._settle()

    def hear(self, name: Name, datagram: bytes) -> None:
        """Take a datagram that came on the shared port; to be followed by `settle`."""
        assert self._shared is not None  # noqa: S101 - nobody else hears any
        assert self._loop is not None  # noqa: S101 - run() came before
        session = self._shared.sessions.get(name)
        if session is None:
            self._stray()  # as below
        else:
            self._act(session, session.hear, self._loop.time(), datagram)

    def hear_errors(self) -> None:
        """Take what the network says of datagrams that went out by the shared port."""
        assert self._shared is not None  # noqa: S101 - nobody else has any
        self._shared.hear_errors()
        self._touched.add(self._shared)
        self._settle()

    def settle(self) -> None:
        """Send what is to be sent after `hear`."""
        self._settle()

    def arrived(self, session: Session) -> None:
        """Have a session go on, if it is not over, whose content was fetched."""
        self._later(session, session.arrived)

    def give_up(self, session: Session, why: str) -> None:
        """End a session, if it is not over, whose content cannot be fetched."""
        self._later(session, lambda _: session.give_up(why))

    def look(self, session: Session) -> None:
        """Take what has come to a session's port by now."""
        self._on_ready(session.port, few=0)

    def end(self, session: Session) -> None:
        """Be done with a session, whatever became of it."""
        self._end(session)
        self._settle()

    def close(self) -> None:
        """Tell all clients in progress that the server is stopping, and close all."""
        for session in list(self._sessions.values()):
            session.give_up("the server is stopping")
            self._end(session)
        self._touched.clear()
        if self._shared is not None:
            self._shared.flush()
        for port in list(self._ports):
            port.flush()
            self._ports.close(port)

    def _watch(self, port: Port[Session]) -> None:
        if self._loop is not None:
            number, on_ready = port.line.fileno(), partial(self._on_ready, port)
            self._loop.add_reader(number, self._guarded, on_ready)

    def _unwatch(self, port: Port[Session]) -> None:
        if self._loop is not None:
            self._loop.remove_reader(port.line.fileno())
            self._loop.remove_writer(port.line.fileno())

    def _on_ready(self, port: Port[Session], few: int = _FEW) -> None:
        loop, touched = self._loop, self._touched
        assert loop is not None  # noqa: S101 - run() came before
        now = loop.time()
        until, heard = now + _SLICE, self._hear_all(port, now)
        if not heard:
            port.hear_errors()  # or what was it woken for?
            touched.add(port)
        if touched:
            self._settle()
        while heard > few and port.sessions and (now := loop.time()) < until:
            heard = self._hear_all(port, now)
            if touched:
                self._settle()

    def _hear_all(self, port: Port[Session], now: float) -> int:
        """Take what has come to a port; return how much that was, or took."""
        try:
            heard = port.line.take()
        except OSError as exc:
            if exc.errno not in OF_ANOTHER:
                raise
            port.hear_errors()
            self._touched.add(port)
            return MOST
        count = len(heard[0])
        if not count:
            return 0
        unsent, rest = port.answer(heard, now)
        if not unsent and not rest:
            return count
        self._touched.add(port)
        sessions, note = port.sessions, self._deadlines.note
        for name, piece in unsent:
            sessions[name].send_later(piece)
        for name, datagram in rest:
            session = sessions.get(name)
            if session is None:
                # To a transfer that is over, say. To answer could go on for ever.
                self._stray()
                continue
            # As `_act`, without a call for each block.
            try:
                if session.hear(now, datagram):
                    continue
            except Exception as exc:  # noqa: BLE001 - logged
                self._failed(session, exc)
                continue
            deadline = session.deadline
            if deadline is None:
                self._end(session)
            else:
                note(session.number, deadline)
        return MOST  # a window of each, during which more has come

    def _later(self, session: Session, work: Callable[[float], None]) -> None:
        if self._loop is not None and self._sessions.get(session.number) is session:
            self._act(session, work, self._loop.time())
            self._settle()

    def _on_timer(self) -> None:
        assert self._loop is not None  # noqa: S101 - run() came before
        self._timer = None
        now = self._loop.time()
        for number in self._deadlines.due(now, most=_DUE_AT_ONCE):
            session = self._sessions[number]
            self._act(session, session.tick, now)
        self._settle()
        self._arm()  # also where nobody was due: what was noted may be noted otherwise by now

    def _act(
        self, session: Session, work: Callable[..., object], now: float, *what: object
    ) -> None:
        try:
            work(now, *what)
        except Exception as exc:  # noqa: BLE001 - logged
            self._failed(session, exc)
            return
        self._touched.add(session.port)
        deadline = session.deadline
        if deadline is None:
            self._end(session)
        else:
            self._deadlines.note(session.number, deadline)

    def _failed(self, session: Session, bug: Exception) -> None:
        # One transfer's bug must not end the others'.
        log.error("the TFTP transfer to %s failed by a bug", session.peer[0], exc_info=bug)
        self._end(session)

    def _end(self, session: Session) -> None:
        del self._sessions[session.number]
        port = session.port
        del port.sessions[session.route.name]
        port.steps.pop(session.route.name, None)
        self._touched.add(port)
        self._deadlines.forget(session.number)
        try:
            self._ended(session)
        finally:
            session.close()

    def _settle(self) -> None:
        """Send what is to be sent, and act on what the network says of it."""
        if self._touched:
            while self._touched:
                self._flush(self._touched.pop())
            self._arm()

    def _flush(self, port: Port[Session]) -> None:
        port.flush()
        if port.troubled:
            self._take_troubles(port)
        if port in self._touched:
            return  # it comes again
        if port.blocked or port.waiting:
            self._await_room(port)
        elif port.local is not None and not port.sessions:
            self._unwatch(port)
            self._ports.close(port)

    def _take_troubles(self, port: Port[Session]) -> None:
        now = 0.0 if self._loop is None else self._loop.time()
        failed, refused = port.troubles()
        for each in failed:
            session = each.of
            if session.number in self._sessions:
                self._act(session, session.failed, now, each.error, each.first, each.count)
        for peer in refused:
            left = port.sessions.get(name_of(peer))
            if left is not None:
                self._act(left, left.left, now)

    def _await_room(self, port: Port[Session]) -> None:
        # Once: to ask anew would undo the call that may be due already.
        if self._loop is not None and port.awaits(room=True):
            number = port.line.fileno()
            self._loop.add_writer(number, self._guarded, partial(self._on_room, port))

    def _on_room(self, port: Port[Session]) -> None:
        assert self._loop is not None  # noqa: S101 - run() came before
        port.flush()
        for session in list(port.waiting):
            if port.blocked:
                break  # so are those behind it
            self._act(session, session.writable, self._loop.time())
        self._touched.add(port)
        self._loop.remove_writer(port.line.fileno())
        port.awaits(room=False)
        self._settle()  # which waits anew where that is needed

    def _arm(self) -> None:
        due = self._deadlines.next()
        if self._loop is None or due is None:
            return
        if self._timer is not None:
            if self._timer.when() <= due:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(due, self._guarded, self._on_timer)
