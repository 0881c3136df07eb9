"""One transfer with its port and its content: carries out what the state machine says."""

from __future__ import annotations

import errno
import itertools
from collections.abc import Callable
from typing import Final

from pyxie.tftp.batches import Route, located
from pyxie.tftp.files import Content, NotInMemoryError, UnreadableError
from pyxie.tftp.framing import Run
from pyxie.tftp.lockstep import NOWHERE, Steps
from pyxie.tftp.transfer import Burst, Out, Transfer
from pyxie.tftp.transferports import Port

_MOST_SEGMENTS: Final = 64
_MOST_BYTES: Final = 65507
_NO_SEGMENTATION: Final = frozenset((errno.EIO, errno.EINVAL, errno.EOPNOTSUPP, errno.EMSGSIZE))
"""The last: the way has become narrower since the block was fitted to it. IP splits single ones."""
_NUMBERS: Final = itertools.count()


class Session:
    """A transfer in progress.

    Every method returns at once and has at most one window sent, when its port is flushed. Check
    ``transfer.outcome`` and ``transfer.deadline`` after each.

    Attributes:
        number: No other session's.
        peer: The client's address and port.
        port: By which it goes.
        route: From where to whom.
        steps: Where it is, if its client is in lock-step and has lost nothing.
        trouble: The last error of the network's that was taken for a lost datagram.
    """

    __slots__ = (
        "_at_once",
        "_blksize",
        "_content",
        "_frames",
        "_lacks",
        "_no_offload",
        "_reading",
        "_transfer",
        "_unsent",
        "number",
        "peer",
        "port",
        "route",
        "steps",
        "trouble",
    )

    def __init__(
        self,
        transfer: Transfer,
        content: Content,
        port: Port[Session],
        route: Route,
        peer: tuple[str, int],
        no_offload: Callable[[OSError], None],
        lacks: Callable[[Session, int], None],
    ) -> None:
        """Take over ``content``; `close` closes it.

        Args:
            transfer: Not started yet.
            content: What is sent.
            port: By which.
            route: From where to whom.
            peer: The same client.
            no_offload: Told why when windows cannot be sent in one call.
            lacks: Told this session, and from where its content has to be fetched; answered
                by `arrived` or `give_up`.
        """
        self.number = next(_NUMBERS)
        self.peer = peer
        self.port = port
        self.route = route
        self.trouble: OSError | None = None
        self._transfer = transfer
        self._blksize = transfer.blksize
        self._content = content
        self._frames = content.frames
        self._no_offload = no_offload
        # One call hands the kernel many blocks, which it cuts (udp(7), UDP_SEGMENT).
        self._at_once = max(1, min(_MOST_SEGMENTS, _MOST_BYTES // (transfer.blksize + 4)))
        self._unsent: Out = None
        self._reading = False
        self._lacks = lacks
        self.steps = Steps()

    @property
    def transfer(self) -> Transfer:
        """What decides what is sent, and knows how far that is."""
        self._tell()
        return self._transfer

    @property
    def deadline(self) -> float | None:
        """When to call `tick`, or some time before; None when it is over."""
        return self._transfer.deadline

    @property
    def content(self) -> Content:
        """What is sent."""
        return self._content

    def start(self, now: float) -> None:
        """Send the first answer."""
        self._put(self._transfer.start(now))

    def hear(self, now: float, datagram: bytes) -> bool:
        """Take one datagram of its client's; True if it went on by one block at most."""
        steps = self.steps
        piece = steps.answer(datagram, now)
        if piece:
            # As `pyxie.tftp.lockstep.answers`, of one that cannot be answered with others.
            self.send_later(piece)
            return True
        if steps.run is not NOWHERE:
            if steps.ignores(datagram):
                return True
            self._fall_out()
        self._put(self._transfer.receive(datagram, now))
        return False

    def send_later(self, piece: bytes) -> None:
        """Have the packet go out, when the port is flushed, that is out by what `steps` say."""
        run = self.steps.run
        start, length, block = self.steps.place(piece)
        if not self._add(run, start, length, block, 1):
            self._fall_out()
            self._wait_for_room(Burst(block, block + 1))

    def writable(self, now: float) -> None:  # noqa: ARG002 - of one kind with the others
        """Go on with what there was no room for."""
        self._put(self._unsent)

    def arrived(self, now: float) -> None:  # noqa: ARG002 - the same
        """Go on with what had to be fetched."""
        self._reading = False
        self._put(self._unsent)

    def tick(self, now: float) -> None:
        """Act on the deadline, if it has come."""
        self._tell()
        deadline = self._transfer.deadline
        if deadline is None or now < deadline:
            return  # it has gone on since that was noted, most likely
        self._fall_out()
        self._put(self._transfer.tick(now))

    def left(self, now: float) -> None:  # noqa: ARG002 - the same
        """Take note that the client has closed its port."""
        self._fall_out()
        self._transfer.left("closed its port")

    def failed(self, now: float, error: OSError, first: int, count: int) -> None:  # noqa: ARG002
        """Act on what did not go out.

        Args:
            now: The time.
            error: Why.
            first: The first block of it.
            count: How many blocks.

        Raises:
            OSError: The network does not take datagrams of this length: our mistake.
        """
        if count > 1 and error.errno in _NO_SEGMENTATION:
            self._no_offload(error)
            self._at_once = 1
            self._put(Burst(first, first + count))
        elif error.errno == errno.EMSGSIZE:
            raise error  # the block was fitted to the MTU
        else:
            # No buffer, no route, a firewall of ours: as if lost on the way. The
            # deadline sends again, so what passes is survived.
            self.trouble = error

    def give_up(self, why: str) -> None:
        """Break off and tell the client."""
        self._fall_out()
        self._put(self._transfer.give_up(why))

    def close(self) -> None:
        """Have done with the content."""
        self._fall_out()
        self.port.waiting.pop(self, None)
        self._content.close()

    def _put(self, out: Out) -> None:
        if out is None:
            return
        if self._unsent is not None:
            out = self._with_unsent(out)
        if isinstance(out, bytes):
            if not self._add(Run(out), 0, len(out), 0, 1):
                self._wait_for_room(out)
            return
        first, stop = out
        try:
            while first < stop:
                most = min(self._at_once, stop - first)
                run, start, length, count = self._frames.of(self._blksize, first, most)
                if not self._add(run, start, length, first, count):
                    self._wait_for_room(Burst(first, stop))
                    return
                first += count
            if count == 1 and self._transfer.in_step:
                self.steps.fall_in(run, start, run.address or located(run))
        except NotInMemoryError as exc:
            self._unsent = Burst(first, stop)
            if not self._reading:
                self._reading = True
                self._lacks(self, exc.offset)
        except UnreadableError as exc:
            self.give_up(str(exc))

    def _fall_out(self) -> None:
        """Be in step no more."""
        self._tell()
        self.steps.fall_out()

    def _tell(self) -> None:
        """Have the transfer know how far that led."""
        untold = self.steps.untold()
        if untold is not None:
            self._transfer.went_on(*untold)

    def _add(self, run: Run, start: int, length: int, first: int, count: int) -> bool:
        """Have something sent when the port is flushed; False if it has to wait for room."""
        port = self.port
        if port.line.add(self, self.route, run, start, length, first, count):
            return True
        port.flush()
        return port.line.add(self, self.route, run, start, length, first, count)

    def _with_unsent(self, out: bytes | Burst) -> bytes | Burst:
        """Return it with what had no room before and is wanted still, as the end of a window is.

        What was to go out then does so no more, if by now the client's next ACK, or the deadline,
        has called for something else.
        """
        unsent, self._unsent = self._unsent, None
        self.port.waiting.pop(self, None)
        if isinstance(unsent, bytes) or unsent is None or isinstance(out, bytes):
            return out
        first = max(unsent.first, self._transfer.wanted)
        return Burst(min(first, out.first), out.stop)

    def _wait_for_room(self, unsent: Out) -> None:
        self._unsent = unsent
        self.port.waiting[self] = None
