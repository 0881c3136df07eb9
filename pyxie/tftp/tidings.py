"""What the process that carries big transfers tells the server. Pure; see `pyxie.tftp.handover`."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, TypeAlias

from pyxie.tftp.handover import HandoverError
from pyxie.tftp.transfer import Aborted, Completed, Outcome, Probed, TimedOut

TOGETHER: Final = 2048
"""How far so many transfers are is told by one message."""

_MOVED: Final = struct.Struct("=IQB")
_OVER: Final = struct.Struct("=cIQIHBHBHQ")
_COUNTED: Final = struct.Struct("=cIH")
_TIMES: Final = struct.Struct("=I")
_NOT_BEGUN: Final = struct.Struct("=cIH")
_STILL: Final = struct.Struct("=cI")
_HEARD, _STALLED = 1, 2


class _As(IntEnum):
    """How an outcome is written."""

    NONE = 0
    COMPLETED = 1
    UNCONFIRMED = 2
    PROBED = 3
    ABORTED = 4
    BROKEN_OFF = 5
    TIMED_OUT = 6


@dataclass(frozen=True, slots=True)
class Moved:
    """How far a transfer is.

    Attributes:
        number: Its own.
        received: Bytes that its client has acknowledged.
        heard: As of `pyxie.tftp.transfer.Transfer`, like the next.
        stalled: Its client lets us wait.
    """

    number: int
    received: int
    heard: bool
    stalled: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """How far those are that have moved; of no transfer: the process is there still."""

    moved: tuple[Moved, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Over:
    """What became of a transfer.

    Attributes:
        number: Its own.
        received: Bytes that its client has acknowledged.
        resent: How often something was sent again.
        blksize: Bytes of content a block.
        heard: Its client has said something.
        trouble: The number of the last error of the network's; 0 if there was none.
        outcome: None if a bug of ours ended it.
    """

    number: int
    received: int
    resent: int
    blksize: int
    heard: bool
    trouble: int
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class NotBegun:
    """There is no port for a transfer, or no way to its client.

    Attributes:
        number: Its own.
        error: The number of the error.
    """

    number: int
    error: int


@dataclass(frozen=True, slots=True)
class Still:
    """A transfer is going on, of which that was asked."""

    number: int


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted since it was told last.

    Attributes:
        strays: Datagrams of no transfer's.
        no_offload: The number of the error for which windows are not sent in one call; or 0.
        reached: How often each bound was, that both ends know by its place in a list.
    """

    strays: int
    no_offload: int
    reached: tuple[int, ...]


@dataclass(slots=True, eq=False)
class Mirror:
    """What the server knows of a transfer there; as of `pyxie.tftp.transfer.Transfer`.

    Attributes:
        size: In bytes, as what follows:
        received: what the client has acknowledged.
        resent: How often something was sent again; told at the end.
        blksize: Told at the end, too.
        heard: The client has said something since its request.
        stalled: It lets us wait.
        outcome: None until it is over.
    """

    size: int
    received: int = 0
    resent: int = 0
    blksize: int = 512
    heard: bool = False
    stalled: bool = False
    outcome: Outcome | None = None

    def moved(self, now: Moved) -> None:
        """Take note of how far it is."""
        self.received, self.heard, self.stalled = now.received, now.heard, now.stalled

    def over(self, now: Over) -> None:
        """Take note of its end."""
        self.received, self.resent, self.heard = now.received, now.resent, now.heard
        self.blksize, self.outcome = now.blksize, now.outcome


Told: TypeAlias = Progress | Over | NotBegun | Still | Counted
"""What the process says."""


def told(what: Told) -> bytes:
    """Write what the process says."""
    match what:
        case Progress(moved):
            records = (
                _MOVED.pack(
                    each.number, each.received, _HEARD * each.heard | _STALLED * each.stalled
                )
                for each in moved
            )
            return b"m" + b"".join(records)
        case Over():
            kind, code, number, said = _of(what.outcome)
            return _OVER.pack(
                *(b"o", what.number, what.received, what.resent, what.blksize),
                *(what.heard, what.trouble, kind, code, number),
            ) + said.encode(errors="surrogatepass")
        case NotBegun(number, error):
            return _NOT_BEGUN.pack(b"n", number, error)
        case Still(number):
            return _STILL.pack(b"s", number)
        case Counted(strays, no_offload, reached):  # pragma: no branch  (there is no other)
            return _COUNTED.pack(b"c", strays, no_offload) + b"".join(map(_TIMES.pack, reached))


def heard(message: bytes) -> Told:
    """Read what the process says.

    Raises:
        HandoverError: It says nothing of the kind.
    """
    try:
        match message[:1]:
            case b"m":
                return Progress(tuple(_moved(message)))
            case b"o":
                return _over(message)
            case b"n":
                return NotBegun(*_NOT_BEGUN.unpack(message)[1:])
            case b"s":
                return Still(_STILL.unpack(message)[1])
            case b"c":
                _, strays, no_offload = _COUNTED.unpack_from(message)
                times = _TIMES.iter_unpack(message[_COUNTED.size :])
                return Counted(strays, no_offload, tuple(each for (each,) in times))
            case _:
                pass
    except (struct.error, ValueError) as exc:
        raise HandoverError(f"{message[:1]!r}: {exc}") from exc
    raise HandoverError(f"nothing that is told begins with {message[:1]!r}")


def in_pieces(moved: Iterable[Moved]) -> Iterator[Progress]:
    """Yield messages that tell of all; one at least."""
    left = tuple(moved)
    yield Progress(left[:TOGETHER])
    for at in range(TOGETHER, len(left), TOGETHER):
        yield Progress(left[at : at + TOGETHER])


def _moved(message: bytes) -> Iterator[Moved]:
    for number, received, flags in _MOVED.iter_unpack(message[1:]):
        yield Moved(number, received, bool(flags & _HEARD), bool(flags & _STALLED))


def _of(outcome: Outcome | None) -> tuple[int, int, int, str]:
    match outcome:
        case None:
            return _As.NONE, 0, 0, ""
        case Completed(resent, confirmed):
            return _As.COMPLETED if confirmed else _As.UNCONFIRMED, 0, resent, ""
        case Probed():
            return _As.PROBED, 0, 0, ""
        case Aborted(code, message, ours):
            return _As.BROKEN_OFF if ours else _As.ABORTED, code, 0, message
        case TimedOut(block):  # pragma: no branch  (there is no other)
            return _As.TIMED_OUT, 0, block, ""


def _over(message: bytes) -> Over:
    fields = _OVER.unpack_from(message)
    _, number, received, resent, blksize, was_heard, trouble, kind, code, count = fields
    outcome: Outcome | None
    match kind:
        case _As.NONE:
            outcome = None
        case _As.COMPLETED | _As.UNCONFIRMED:
            outcome = Completed(count, confirmed=kind == _As.COMPLETED)
        case _As.PROBED:
            outcome = Probed()
        case _As.ABORTED | _As.BROKEN_OFF:
            said = message[_OVER.size :].decode(errors="surrogatepass")
            outcome = Aborted(code, said, ours=kind == _As.BROKEN_OFF)
        case _As.TIMED_OUT:
            outcome = TimedOut(count)
        case _:
            raise ValueError(f"no outcome is {kind}")
    return Over(
        number=number,
        received=received,
        resent=resent,
        blksize=blksize,
        heard=bool(was_heard),
        trouble=trouble,
        outcome=outcome,
    )
