"""What is counted, logged and recorded of requests and transfers, and how much of it."""

from __future__ import annotations

import logging

from prometheus_client import Counter

from pyxie.bounds import TFTP_LINES
from pyxie.config.values import mac as canonical
from pyxie.errors import WireError
from pyxie.events.datagrams import MissingOverTftp, RefusedOverTftp, TftpProgress
from pyxie.events.event import Recorder
from pyxie.events.kind import Kind, Step
from pyxie.metrics import Metrics
from pyxie.rate import TokenBuckets
from pyxie.tftp.limits import Ration
from pyxie.tftp.packet import ErrorCode
from pyxie.tftp.report import Course, one_line, report
from pyxie.tftp.source import Found
from pyxie.tftp.transfer import Completed

log = logging.getLogger(__name__)


class Accounting:
    """Counts everything, and tells of each client only so much: it is told the time, in seconds.

    Args:
        recorder: Takes an event for each loader sent and each failure.
        metrics: The ``tftp`` ones are kept.
    """

    def __init__(self, recorder: Recorder, metrics: Metrics) -> None:
        self._recorder = recorder
        self._metrics = metrics
        self._outcomes: dict[str, Counter] = {}
        """Each looked up once: that takes longer than to count."""
        self._malformed = Ration(1, 60)
        self._trouble = Ration(20, 60)
        self._lines = TokenBuckets(TFTP_LINES.most / 60, burst=TFTP_LINES.most)
        self._offload_said = False

    def count(self, outcome: str, times: int = 1) -> None:
        """Count a request or transfer, or some, of which there is nothing to tell."""
        counter = self._outcomes.get(outcome)
        if counter is None:
            counter = self._outcomes[outcome] = self._metrics.tftp.labels(outcome=outcome)
        counter.inc(times)

    def serving(self, many: int) -> None:
        """Keep how many transfers are in progress."""
        self._metrics.tftp_active.set(many)

    def malformed(self, host: str, exc: WireError, now: float) -> None:
        """Tell of a datagram from ``host`` that is no request."""
        self.count("malformed")
        if self._malformed.allows(host, now) and self._may_tell(now):
            log.info("malformed TFTP request from %s: %s", host, exc)

    def refused(
        self, name: str, code: ErrorCode, why: str, outcome: str, host: str, now: float
    ) -> None:
        """Tell of a request for the file ``name`` that is answered with an error.

        Args:
            name: As the client spelt it.
            code: The error's.
            why: Its message.
            outcome: As the metrics count it.
            host: The client's address.
            now: The time.
        """
        why, name = one_line(why), one_line(name)
        self.count(outcome)
        # Many a loader looks for files that need not be there (autoexec.ipxe, *.lst).
        mac = _who(name)
        if code is ErrorCode.NOT_FOUND:
            self._complain(MissingOverTftp(name=name, why=why), host, mac, now)
        else:
            self._complain(RefusedOverTftp(name=name, why=why, error=int(code)), host, mac, now)

    def progress(self, found: Found, transfer: Course, host: str) -> None:
        """Tell how far a long transfer is."""
        name = one_line(found.what)
        what = TftpProgress(name=name, received=transfer.received, total=transfer.size)
        self._recorder.record(what, mac=found.mac, peer=host)

    def over(
        self, found: Found, transfer: Course, host: str, trouble: str, began: float, now: float
    ) -> None:
        """Tell what became of a transfer.

        Args:
            found: What was sent.
            transfer: Which is over, or was ended by a bug and has no outcome.
            host: The client's address.
            trouble: The last error of the network's; empty if there was none.
            began: When it began.
            now: The time.
        """
        metrics, seconds = self._metrics, now - began
        metrics.tftp_bytes.inc(transfer.received)
        metrics.tftp_resent.inc(transfer.resent)
        if transfer.outcome is None:
            self.count("failed")
            return
        outcome = report(found.what, transfer, transfer.outcome, seconds, trouble)
        self.count(outcome.label)
        if transfer.outcome == Completed(transfer.resent):
            metrics.tftp_seconds.observe(seconds)
        if outcome.what is None:
            log.debug("%s: %s", host, outcome.aside)
        elif outcome.what.step is not Step.TROUBLE:
            self._recorder.record(outcome.what, mac=found.mac, peer=host)
        else:
            self._complain(outcome.what, host, found.mac, now)

    def no_offload(self, exc: OSError) -> None:
        """Tell, once, that the kernel does not cut windows into datagrams."""
        if not self._offload_said:
            self._offload_said = True
            why = exc.strerror
            log.info("windows over TFTP go out one datagram at a time: no UDP_SEGMENT (%s)", why)

    def _complain(self, what: Kind, host: str, mac: str | None, now: float) -> None:
        if self._trouble.allows(host, now) and self._may_tell(now):
            self._recorder.record(what, mac=mac, peer=host)

    def _may_tell(self, now: float) -> bool:
        """Tell whether there may be one more line, whoever it is about: addresses can be forged."""
        if self._lines.allow("", now):
            return True
        TFTP_LINES.reached()
        return False


def _who(name: str) -> str | None:
    """Return the MAC that a name begins with, as our DHCP answers write it; None if it has none."""
    first, slash, _ = name.lstrip("/").partition("/")
    try:
        return canonical(first) if slash else None
    except ValueError:
        return None
