"""What is told of requests and transfers: everything is counted, and of each client so much."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

import pytest

from pyxie.bounds import TFTP_LINES
from pyxie.errors import WireError
from pyxie.events.kind import Step
from pyxie.metrics import Metrics
from pyxie.tftp.accounting import Accounting
from pyxie.tftp.limits import Limits
from pyxie.tftp.packet import ErrorCode, ReadRequest, ack
from pyxie.tftp.source import Found
from pyxie.tftp.transfer import Transfer
from tests.tftp.lab import MAC, Trace

HOST = "192.0.2.7"
FOUND = Found(data=b"x" * 700, mac=MAC, what="undionly.kpxe")


@dataclass
class Books:
    """An accounting, and where it writes to."""

    trace: Trace = field(default_factory=Trace)
    metrics: Metrics = field(default_factory=Metrics)
    accounting: Accounting = field(init=False)

    def __post_init__(self) -> None:
        self.accounting = Accounting(self.trace, self.metrics)

    def counted(self, outcome: str) -> float:
        return self.sample("pyxie_tftp_transfers_total", outcome=outcome)

    def sample(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(name, labels) or 0.0

    def refuse(self, code: ErrorCode, host: str = HOST, now: float = 0.0) -> None:
        self.accounting.refused("a\nb", code, "no such file", "missing", host, now)


@pytest.fixture
def books() -> Books:
    return Books()


def transfer(acks: int = 0) -> Transfer:
    made = Transfer(ReadRequest("f", "octet", {}), 700, Limits())
    made.start(now=0.0)
    for number in range(1, acks + 1):
        made.receive(ack(number), now=0.0)
    return made


class TestARequest:
    @pytest.mark.parametrize(
        ("code", "step"),
        [(ErrorCode.NOT_FOUND, Step.SILENCE), (ErrorCode.ACCESS_VIOLATION, Step.TROUBLE)],
    )
    def test_that_is_refused_is_trouble_unless_its_file_need_not_be_there(
        self, books: Books, code: ErrorCode, step: Step
    ) -> None:
        books.refuse(code)

        assert books.trace.events == [(step, "TFTP: a?b: no such file", None, HOST)]
        assert books.counted("missing") == 1

    @pytest.mark.parametrize(
        ("name", "mac"),
        [
            ("52-54-00-12-34-56/a.efi", "52:54:00:12:34:56"),
            ("/52:54:00:12:34:56/a.efi", "52:54:00:12:34:56"),
            ("52-54-00-12-34-56", None),
            ("grub/a.lst", None),
        ],
    )
    def test_that_is_refused_is_its_machines_whose_mac_is_before_the_name(
        self, books: Books, name: str, mac: str | None
    ) -> None:
        books.accounting.refused(name, ErrorCode.NOT_FOUND, "no such file", "missing", HOST, 0.0)

        assert [each[2] for each in books.trace.events] == [mac]

    def test_that_is_refused_is_told_twenty_times_a_minute_and_client(self, books: Books) -> None:
        for _ in range(30):
            books.refuse(ErrorCode.NOT_FOUND)
        books.refuse(ErrorCode.NOT_FOUND, host="192.0.2.8")
        books.refuse(ErrorCode.NOT_FOUND, now=60.0)

        assert len(books.trace.events) == 22
        assert books.counted("missing") == 32

    def test_from_forged_addresses_are_told_of_within_bounds(self, books: Books) -> None:
        before = TFTP_LINES.times
        for number in range(1000):
            books.refuse(ErrorCode.NOT_FOUND, host=f"10.9.{number >> 8}.{number & 255}")
            error = WireError(0, "opcode", "is odd")
            books.accounting.malformed(f"10.8.{number >> 8}.{number & 255}", error, 0.0)

        assert len(books.trace.events) == TFTP_LINES.whole // 2
        assert TFTP_LINES.times == before + 2000 - TFTP_LINES.whole

    def test_that_is_malformed_is_logged_once_a_minute_and_client(
        self, books: Books, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)

        for now in (0.0, 59.0, 60.0):
            books.accounting.malformed(HOST, WireError(2, "filename", "is empty"), now)

        said = f"malformed TFTP request from {HOST}: byte 2: filename: is empty"
        assert caplog.messages == [said, said]
        assert books.counted("malformed") == 3


class TestATransfer:
    def test_that_is_complete_is_recorded_and_timed(self, books: Books) -> None:
        books.accounting.over(FOUND, transfer(acks=2), HOST, "", began=1.0, now=1.5)

        text = "sent undionly.kpxe, 700 bytes, over TFTP in 0.5 s"
        assert books.trace.events == [(Step.LOADER, text, MAC, HOST)]
        assert books.counted("completed") == 1
        assert books.sample("pyxie_tftp_sent_bytes_total") == 700
        assert books.sample("pyxie_tftp_transfer_seconds_sum") == 0.5

    def test_that_is_given_up_is_trouble_and_not_timed(self, books: Books) -> None:
        given_up = transfer()
        given_up.receive(b"\0\5\0\3disk full\0", now=0.0)

        books.accounting.over(FOUND, given_up, HOST, "no route", began=0.0, now=1.0)

        ((step, text, mac, host),) = books.trace.events
        assert (step, mac, host) == (Step.TROUBLE, MAC, HOST)
        assert "disk full" in text
        assert "no route" in text
        assert books.counted("aborted") == 1
        assert books.sample("pyxie_tftp_transfer_seconds_count") == 0

    def test_that_a_bug_has_ended_is_counted_only(self, books: Books) -> None:
        books.accounting.over(FOUND, transfer(), HOST, "", began=0.0, now=1.0)

        assert books.trace.events == []
        assert books.counted("failed") == 1

    def test_that_takes_long_is_told_as_it_moves(self, books: Books) -> None:
        books.accounting.serving(3)
        books.accounting.progress(FOUND, transfer(acks=1), HOST)

        ((_, text, mac, host),) = books.trace.events
        assert (mac, host) == (MAC, HOST)
        assert "undionly.kpxe" in text
        assert books.sample("pyxie_tftp_active_transfers") == 3


def test_a_kernel_that_cuts_no_windows_is_told_of_once(
    books: Books, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    for _ in range(2):
        books.accounting.no_offload(OSError(95, "Operation not supported"))

    assert caplog.messages == [
        "windows over TFTP go out one datagram at a time: no UDP_SEGMENT (Operation not supported)"
    ]
