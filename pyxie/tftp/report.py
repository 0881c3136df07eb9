"""What became of a transfer, in words for the log and for the machine's trace."""

from __future__ import annotations

from dataclasses import dataclass

from pyxie.events.event import Step
from pyxie.tftp.transfer import Aborted, Completed, Outcome, Probed, TimedOut, Transfer


@dataclass(frozen=True, slots=True)
class Report:
    """One line about a transfer that is over.

    Attributes:
        label: The outcome as the metrics count it.
        step: What it is in the machine's trace; None for what is no news.
        text: The line, without the client's address.
    """

    label: str
    step: Step | None
    text: str


def report(what: str, transfer: Transfer, outcome: Outcome, seconds: float) -> Report:
    """Describe ``outcome`` of a ``transfer`` of ``what`` that took ``seconds``."""
    what = one_line(what)
    so_far = f"after {amount(transfer.received)} of {amount(transfer.size)}"
    match outcome:
        case Completed(resent, confirmed):
            text = f"sent {what}, {amount(transfer.size)}, over TFTP in {seconds:.1f} s"
            if resent:
                text += f", with {resent} resendings" if resent > 1 else ", with 1 resending"
            if not confirmed:
                text += "; the last block was not acknowledged"
            return Report("completed", Step.LOADER, text)
        case Probed():
            return Report("probed", None, f"{what} over TFTP: the client asked for the size only")
        case Aborted(_, message, ours=True):
            text = f"{what} over TFTP was broken off {so_far}: {message}"
            return Report("aborted", Step.TROUBLE, text)
        case Aborted(code, message):
            text = f"{what} over TFTP: the client broke off {so_far}: {one_line(message)}"
            if code:
                text += f" (error {code})"
            return Report("aborted", Step.TROUBLE, text)
        case TimedOut(0):
            text = f"{what} over TFTP: the client did not acknowledge its options"
            return Report("timed out", Step.TROUBLE, text)
        case TimedOut(block):  # pragma: no branch  (there is no other outcome)
            text = f"{what} over TFTP: the client fell silent {so_far}"
            if block == 1 and transfer.blksize > 512:
                text += (
                    f"; if it took its options but no block, then blocks of"
                    f" {transfer.blksize} bytes are too long for the network on the way"
                )
            return Report("timed out", Step.TROUBLE, text)


def amount(size: int) -> str:
    """Write a number of bytes for people: ``700 bytes``, ``66 kB``, ``41.3 MB``."""
    if size < 1000:
        return f"{size} byte{'' if size == 1 else 's'}"
    if size < 999_500:
        return f"{size / 1000:.0f} kB"
    return f"{size / 1e6:.1f} MB"


def one_line(text: str) -> str:
    """Make a peer's text fit for a log: what cannot be printed as ``?``, the rest cut off."""
    plain = "".join(letter if letter.isprintable() else "?" for letter in text[:121])
    return plain if len(plain) <= 120 else f"{plain[:119]}…"
