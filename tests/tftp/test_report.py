from __future__ import annotations

import pytest

from pyxie.events.english import sentence
from pyxie.events.kind import Step
from pyxie.tftp.limits import Limits
from pyxie.tftp.packet import ReadRequest, ack
from pyxie.tftp.report import Report, one_line, report
from pyxie.tftp.transfer import Aborted, Completed, Outcome, Probed, TimedOut, Transfer


def told(outcome: Outcome, acks: int = 0, **options: str) -> Report:
    transfer = Transfer(ReadRequest("f", "octet", options), 65_700, Limits())
    transfer.start(now=0.0)
    for number in range(acks):
        transfer.receive(ack(number), now=0.0)
    return report("undionly.kpxe", transfer, outcome, 0.123)


def words(found: Report) -> str:
    return sentence(found.what) if found.what else found.aside


@pytest.mark.parametrize(
    ("outcome", "label", "step", "text"),
    [
        (
            Completed(resent=0),
            "completed",
            Step.LOADER,
            "sent undionly.kpxe, 66 kB, over TFTP in 0.1 s",
        ),
        (
            Completed(resent=1),
            "completed",
            Step.LOADER,
            "sent undionly.kpxe, 66 kB, over TFTP in 0.1 s, with 1 resending",
        ),
        (
            Completed(resent=12, confirmed=False),
            "completed",
            Step.LOADER,
            (
                "sent undionly.kpxe, 66 kB, over TFTP in 0.1 s, with 12 resendings;"
                " the last block was not acknowledged"
            ),
        ),
        (
            Probed(),
            "probed",
            None,
            "undionly.kpxe over TFTP: the client asked for the size only",
        ),
        (
            Aborted(0, "TFTP\nAborted"),
            "aborted",
            Step.TROUBLE,
            "undionly.kpxe over TFTP: the client broke off after 0 bytes of 66 kB: TFTP?Aborted",
        ),
        (
            Aborted(3, "disk full"),
            "aborted",
            Step.TROUBLE,
            (
                "undionly.kpxe over TFTP: the client broke off after 0 bytes of 66 kB: disk full"
                " (error 3)"
            ),
        ),
        (
            Aborted(0, "the disk failed", ours=True),
            "aborted",
            Step.TROUBLE,
            "undionly.kpxe over TFTP was broken off after 0 bytes of 66 kB: the disk failed",
        ),
        (
            TimedOut(0),
            "timed out",
            Step.TROUBLE,
            "undionly.kpxe over TFTP: the client did not acknowledge its options",
        ),
        (
            TimedOut(1),
            "timed out",
            Step.TROUBLE,
            "undionly.kpxe over TFTP: the client fell silent after 0 bytes of 66 kB",
        ),
    ],
)
def test_every_outcome_has_its_line(
    outcome: Outcome, label: str, step: Step | None, text: str
) -> None:
    found = told(outcome)

    assert (found.label, found.what and found.what.step, words(found)) == (label, step, text)


def test_progress_is_told() -> None:
    line = words(told(TimedOut(4), acks=4, blksize="1468"))

    assert line == "undionly.kpxe over TFTP: the client fell silent after 4 kB of 66 kB"


def test_silence_after_the_options_hints_at_blocks_that_are_too_long() -> None:
    line = words(told(TimedOut(1), acks=1, blksize="1468"))

    assert line == (
        "undionly.kpxe over TFTP: the client fell silent after 0 bytes of 66 kB; if it took its"
        " options but no block, then blocks of 1468 bytes are too long for the network on the way"
    )


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("bücher", "bücher"),
        ("a\nb\x1b[31m", "a?b?[31m"),
        ("x" * 120, "x" * 120),
        ("x" * 121, "x" * 119 + "…"),
        ("\ud800", "?"),
    ],
)
def test_a_peers_text_is_made_fit_for_a_log(text: str, plain: str) -> None:
    assert one_line(text) == plain
