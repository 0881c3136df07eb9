"""One TFTP transfer as a state machine that is told the bytes and the time.

It knows how long the content is but never touches it: it says *which* blocks are to go
out, and whoever drives it reads and sends them. Blocks count from 1 without wrapping;
the wire's 16-bit number exists only where an ACK comes in and in `packet.data_header`.

    transfer = Transfer(request, size, Limits())
    out = transfer.start(now)                  # then send it, and until outcome is set:
    out = transfer.receive(datagram, now)      # for each datagram of the client's
    out = transfer.tick(now)                   # once now has reached transfer.deadline
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple

from pyxie.errors import WireError
from pyxie.tftp.limits import Limits
from pyxie.tftp.packet import (
    WIRE_NUMBERS,
    ErrorCode,
    ReadRequest,
    Refusal,
    acked,
    error,
    option_ack,
    parse,
)
from pyxie.tftp.roundtrip import RoundTrip


class Burst(NamedTuple):
    """The blocks from ``first`` up to but not including ``stop`` are to go out."""

    first: int
    stop: int


_burst: Final = partial(tuple.__new__, Burst)  # in half the time that a named tuple's own takes

Out = bytes | Burst | None
"""What is to be sent: one whole packet, a run of blocks, or nothing."""


@dataclass(frozen=True, slots=True)
class Completed:
    """The client has the file.

    Attributes:
        resent: How often a packet or window was sent again.
        confirmed: False if only the ACK of the very last block is missing. Some clients
            never send it (dnsmasq's tftp.c knows them too), so that is no failure.
    """

    resent: int
    confirmed: bool = True


@dataclass(frozen=True, slots=True)
class Probed:
    """The client took the size from our OACK and left, as most ROMs do first."""


@dataclass(frozen=True, slots=True)
class Aborted:
    """The transfer was broken off.

    Attributes:
        code: TFTP's error code.
        message: The reason, in the words of whoever broke it off.
        ours: True if that was us, not the client.
    """

    code: int
    message: str
    ours: bool = False


@dataclass(frozen=True, slots=True)
class TimedOut:
    """The client fell silent; ``block`` was next, 0 if it never answered our OACK."""

    block: int


Outcome = Completed | Probed | Aborted | TimedOut

_NEGOTIATING = -1
"""Instead of the last block acknowledged: our OACK is out, which is acknowledged as 0."""


class Transfer:
    """Sends ``size`` bytes to one client.

    Attributes:
        blksize: Bytes of content a block.
        deadline: When to call `tick`, on the caller's clock; None when over.
        outcome: None until it is over.
    """

    __slots__ = (
        "_acked",
        "_attempt",
        "_attempts",
        "_backoff",
        "_began",
        "_due",
        "_echoes_until",
        "_heard",
        "_last",
        "_oack",
        "_once",
        "_patience",
        "_probes",
        "_reached",
        "_repeated",
        "_resent",
        "_round_trip",
        "_sent",
        "_sent_at",
        "_size",
        "_twice",
        "_window",
        "blksize",
        "deadline",
        "outcome",
    )

    def __init__(self, request: ReadRequest, size: int, limits: Limits) -> None:
        accepted = negotiate(request, size, limits)
        self.blksize = int(accepted.get("blksize", 512))
        self.deadline: float | None = None
        self.outcome: Outcome | None = None
        self._size = size
        self._window = int(accepted.get("windowsize", 1))
        self._patience = float(accepted.get("timeout", limits.timeout))
        self._backoff = 1 if "timeout" in accepted else 2
        self._attempts = limits.attempts
        # A last block that is full needs an empty one after it (RFC 1350 section 6).
        self._last = size // self.blksize + 1
        self._oack = option_ack(accepted)
        # Without options there is no OACK and the first DATA is the answer (RFC 2347).
        self._acked = _NEGOTIATING if accepted else 0
        self._sent = 0  # the highest block that has gone out; the OACK counts as block 0
        self._heard = False  # from the client, since its request
        self._attempt = 1
        self._resent = 0
        self._due = 0.0  # when the whole window goes out again; `deadline` may be sooner
        self._round_trip = RoundTrip()
        # Of the window that is out:
        self._began = 0.0  # when it went out first,
        self._sent_at = 0.0  # and when last
        self._once = True  # nothing of it has gone out twice, nor before
        self._twice = False  # more of it is on its way than the client needs
        self._probes = 0  # how often its end was sent again
        self._repeated = False  # it was sent again for a repeated ACK
        self._reached = 0  # how far the one before had got when it was broken off for this one
        self._echoes_until = 0.0  # what repeats itself until then speaks of what came before

    @property
    def size(self) -> int:
        """How many bytes are to be sent."""
        return self._size

    @property
    def received(self) -> int:
        """How many bytes the client has acknowledged."""
        return min(max(self._acked, 0) * self.blksize, self._size)

    @property
    def wanted(self) -> int:
        """Which block the client waits for; 0 before it has answered our OACK."""
        return self._acked + 1

    @property
    def resent(self) -> int:
        """How often a packet or window was sent again."""
        return self._resent

    @property
    def heard(self) -> bool:
        """The client has said something since its request: it is there."""
        return self._heard

    @property
    def negotiating(self) -> bool:
        """Our OACK is out, and the client has not answered it."""
        return self._acked == _NEGOTIATING

    @property
    def stalled(self) -> bool:
        """The client had blocks before, but lets us wait for longer than it should."""
        return self._acked > 0 and self._attempt > 1

    def start(self, now: float) -> Out:
        """Begin; ``now`` is seconds on any steady clock, as in all that follow."""
        return self._send(now)

    def receive(self, datagram: bytes, now: float) -> Out:
        """Take one datagram from the client, whatever is in it."""
        number = acked(datagram)
        if number is not None:
            if self._once and number == self._sent % WIRE_NUMBERS and self.outcome is None:
                return self._on_whole(now)
            return self._on_ack(number, now)
        if self.outcome is not None:
            return None
        try:
            packet = parse(datagram)
        except WireError:
            return None  # noise; the deadline stands
        if isinstance(packet, Refusal):
            self._heard = True
            self._on_refusal(packet)
        return None  # anything else on a transfer's own port is a stray

    @property
    def in_step(self) -> bool:
        """One block is out, and the ACK of it calls for the next, and so on: see `went_on`.

        Not before it is known how long the client takes: until then a lost block is waited for.
        """
        is_known = self._round_trip.usual > 0.0
        return self._window == 1 and self._once and self._acked >= 0 and is_known

    def went_on(self, block: int, at: float, took: float = 0.0) -> None:
        """Take note of what `receive` would have led to, of a transfer that is in step.

        Args:
            block: All blocks before it were acknowledged, each as it had gone out once.
            at: When it went out itself.
            took: In how many seconds the one before it was answered; unknown if not above 0.
        """
        self._round_trip.took(took)
        self._acked, self._sent, self._heard = block - 1, block, True
        self._began = self._sent_at = at
        self._wait(at)

    def tick(self, now: float) -> Out:
        """Take note of the time: send again what the client has not acknowledged."""
        if self.deadline is None or now < self.deadline:
            return None
        if now < self._due:
            return self._on_quiet(now)
        if self._attempt >= self._attempts:
            if self._only_last_ack_missing():
                self._finish(Completed(self._resent, confirmed=False))
                return None
            self._finish(TimedOut(self.wanted))
            return error(ErrorCode.UNDEFINED, "timed out")
        self._attempt += 1
        self._repeated = False
        return self._again(now)

    def left(self, why: str) -> None:
        """Take note that the client is gone without a word, e.g. by its port being closed.

        That is how some clients say what others say with an ERROR, or with a last ACK.
        """
        if self.outcome is not None:
            return
        if self.negotiating:
            self._finish(Probed())
        elif self._only_last_ack_missing():
            self._finish(Completed(self._resent, confirmed=False))
        else:
            self._finish(Aborted(ErrorCode.UNDEFINED, why))

    def forsake(self) -> None:
        """Give the client up before its time: there is no more room for those that are silent."""
        if self.outcome is None:
            self._finish(TimedOut(self.wanted))

    def give_up(self, why: str) -> Out:
        """Break off for a reason of ours; returns the ERROR that tells the client."""
        if self.outcome is not None:
            return None
        self._finish(Aborted(ErrorCode.UNDEFINED, why, ours=True))
        return error(ErrorCode.UNDEFINED, why)

    def _on_whole(self, now: float) -> Out:
        # As `_on_ack` and `_send` have it of all that is out, and went out once. It comes by the
        # thousand a transfer, so the time that it takes is the server's throughput.
        acked = self._acked = self._sent
        self._heard = True
        last = self._last
        if acked >= last:
            self._finish(Completed(self._resent))
            return None
        self._round_trip.took(now - self._began)
        soon, patience = self._round_trip.patience, self._patience
        self._due = now + patience
        self.deadline = now + (min(patience, soon))
        self._began = self._sent_at = now
        sent = acked + self._window
        self._sent = sent = min(sent, last)
        return _burst((acked + 1, sent + 1))

    def _on_ack(self, number: int, now: float) -> Out:
        if self.outcome is not None:
            return None
        step = (number - self._acked) % WIRE_NUMBERS
        if step == 0 and self._window > 1 and not self.negotiating:
            return self._on_gap(now)
        if not 1 <= step <= self._sent - self._acked:
            # Old, or never sent. To answer a repeated ACK with DATA is the Sorcerer's
            # Apprentice bug (RFC 1123 section 4.2.3.1).
            return None
        self._acked += step
        self._heard = True
        self._attempt = 1
        self._repeated = False
        if self._acked >= self._last:
            self._finish(Completed(self._resent))
            return None
        if self._acked < self._sent:
            return self._on_middle(now)
        took = now - self._began
        if self._twice:
            # The rest of the copies is answered too, by this same ACK. To answer that with the
            # next window would double it, and so all that follow.
            self._echoes_until = now + took
        elif self._probes:
            self._round_trip.took_perhaps(took)
        return self._send(now)

    def _on_middle(self, now: float) -> Out:
        # The next window begins after it (RFC 7440 section 4): something was lost there, or came
        # twice or out of turn, which looks the same.
        if self._acked == self._reached:
            # Nothing was: here it answers the second copy of what it had.
            self._twice = True
            self._echoes_until = now + self._round_trip.usual
        elif not self._round_trip.too_soon(now - self._sent_at):
            if self._once:
                self._round_trip.answered(now - self._sent_at)
            self._resent += 1
            self._reached = self._sent
            self._echoes_until = now + self._round_trip.usual
            out = self._send(now)
            self._once = False
            return out
        # What follows is on its way, and the window's end with it.
        self._wait(now)
        first = self._sent + 1
        self._sent = min(self._acked + self._window, self._last)
        return Burst(first, self._sent + 1) if first <= self._sent else None

    def _on_gap(self, now: float) -> Out:
        # The client misses the window's first block and says so with the ACK it sent
        # before. It may say so for each later block of the window that arrives: only the
        # first counts, until there is progress or a time-out (RFC 7440 section 4). So it answers
        # what came twice, too; see `_on_ack`.
        early = now < self._echoes_until or self._round_trip.too_soon(now - self._sent_at)
        if early or self._repeated:
            return None
        self._repeated = True
        return self._again(now)

    def _on_quiet(self, now: float) -> Out:
        # Nothing tells of a loss at the window's end, or of a lost ACK. Once the last block has
        # come, the client says how far it has got (as TCP does it: RFC 8985 section 7).
        self._probes += 1
        self._repeated = False
        due, later = self._due, now + self._round_trip.patience * 2**self._probes
        if self._window == 1 or (self._probes == 1 and not self._twice):
            self._once = False
            self._resent += 1
            out: Out = Burst(self._sent, self._sent + 1)
        else:
            # It may have said so already, and that was lost; some say it only once.
            out = self._again(now)
            self._due = due
        self.deadline = min(due, later) if self._window == 1 or self._probes == 1 else due
        return out

    def _again(self, now: float) -> Out:
        began, probes = self._began, self._probes
        out = self._send(now)
        self._began, self._probes = began, probes
        self._once, self._twice = False, True
        self._reached = self._sent
        self._echoes_until = now + self._round_trip.usual
        self._resent += 1
        return out

    def _on_refusal(self, refusal: Refusal) -> None:
        # EDK2 leaves with 8, iPXE with 0, once they have seen the size.
        if self.negotiating and refusal.code in {ErrorCode.UNDEFINED, ErrorCode.OPTIONS_REFUSED}:
            self._finish(Probed())
        else:
            self._finish(Aborted(refusal.code, refusal.message))

    def _send(self, now: float) -> Out:
        self._wait(now)
        self._began = self._sent_at = now
        self._once, self._twice = True, False
        self._probes = 0
        if self._acked == _NEGOTIATING:
            return self._oack
        first = self._acked + 1
        stop = min(first + self._window, self._last + 1)
        self._sent = stop - 1
        return Burst(first, stop)

    def _wait(self, now: float) -> None:
        patience = self._patience
        if self._attempt > 1:
            self._due = self.deadline = now + patience * self._backoff ** (self._attempt - 1)
            return
        self._due = now + patience
        soon = self._round_trip.patience
        self.deadline = now + (min(patience, soon))

    def _only_last_ack_missing(self) -> bool:
        return self._heard and self._acked == self._last - 1

    def _finish(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.deadline = None


def negotiate(request: ReadRequest, size: int, limits: Limits) -> dict[str, str]:
    """Return the options to acknowledge, in the client's order; none that it did not ask.

    An option that is unknown, or whose value is not a number in range, is not
    acknowledged, which makes both sides act as if it had never been asked for (RFC 2347);
    an ERROR 8 instead would keep a sloppy ROM from booting. Larger block and window
    sizes than `Limits` has are answered with those of `Limits` (RFC 2348, RFC 7440
    section 3); a `timeout` must be taken or left as it is (RFC 2349).
    """
    accepted: dict[str, str] = {}
    for name, text in request.options.items():
        value = _number(text)
        if value is None:
            continue
        match name:
            case "blksize" if value >= 8:
                accepted[name] = str(min(value, limits.max_blksize))
            case "windowsize" if value >= 1:
                accepted[name] = str(min(value, limits.max_windowsize))
            case "timeout" if 1 <= value <= limits.max_timeout:
                accepted[name] = str(value)
            case "tsize":
                accepted[name] = str(size)
            case _:
                pass
    return accepted


def _number(text: str) -> int | None:
    # A bound on the digits too: int() raises on thousands of them.
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 20 else None
