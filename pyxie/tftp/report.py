"""What became of a transfer, for the metrics, the log and the machine's trace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from pyxie.events.datagrams import AbortedByClient, BrokenOff, SentOverTftp, TimedOutOverTftp
from pyxie.events.kind import Kind
from pyxie.tftp.tidings import Mirror
from pyxie.tftp.transfer import Aborted, Completed, Outcome, Probed, TimedOut, Transfer

Course: TypeAlias = Transfer | Mirror
"""What tells how far a transfer is, wherever it goes by."""


@dataclass(frozen=True, slots=True)
class Report:
    """What to say of a transfer that is over.

    Attributes:
        label: The outcome as the metrics count it.
        what: What it is in the machine's trace; None for what is no news.
        aside: What the log has where it is no news.
    """

    label: str
    what: Kind | None
    aside: str = ""


def report(
    what: str, transfer: Course, outcome: Outcome, seconds: float, network: str = ""
) -> Report:
    """Describe ``outcome`` of a ``transfer``.

    Args:
        what: The file's name.
        transfer: Which is over.
        outcome: Its own.
        seconds: How long it took.
        network: The last error of the network's, if there was one.
    """
    what = one_line(what)
    received, total = transfer.received, transfer.size
    match outcome:
        case Completed(resent, confirmed):
            sent = SentOverTftp(
                name=what, size=total, seconds=seconds, resent=resent, confirmed=confirmed
            )
            return Report("completed", sent)
        case Probed():
            return Report("probed", None, f"{what} over TFTP: the client asked for the size only")
        case Aborted(_, message, ours=True):
            broken = BrokenOff(
                name=what, received=received, total=total, why=message, network=network
            )
            return Report("aborted", broken)
        case Aborted(code, message):
            aborted = AbortedByClient(
                name=what,
                received=received,
                total=total,
                message=one_line(message),
                error=code,
                network=network,
            )
            return Report("aborted", aborted)
        case TimedOut(block):  # pragma: no branch  (there is no other outcome)
            silent = TimedOutOverTftp(
                name=what,
                received=received,
                total=total,
                block=block,
                blksize=transfer.blksize,
                network=network,
            )
            return Report("timed out", silent)


def one_line(text: str) -> str:
    """Make a peer's text fit for a log: what cannot be printed as ``?``, the rest cut off."""
    plain = "".join(letter if letter.isprintable() else "?" for letter in text[:121])
    return plain if len(plain) <= 120 else f"{plain[:119]}…"
