from __future__ import annotations

import errno
from collections.abc import Callable

import pytest

from pyxie.tftp.driver import Driver
from pyxie.tftp.files import Content
from pyxie.tftp.session import Session
from tests.tftp.fake import Bench, failure


def at_once(work: Callable[[], None]) -> None:
    work()


def test_a_bug_in_a_session_ends_that_one_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench()
    ended: list[Session] = []
    driver = Driver(ended.append, at_once)
    session = bench.session(Content(700, data=bytes(700)))
    bench.sock.on_send = [failure(errno.EMSGSIZE)]

    driver.start(session, 0.0)

    assert ended == [session]
    assert session.transfer.outcome is None
    assert caplog.messages == ["the TFTP transfer to 192.0.2.7 failed by a bug"]
    assert len(driver) == 0
    assert bench.sock.fileno() == -1
    driver.close()
    bench.poll.close()


def test_a_session_is_closed_whatever_its_report_does() -> None:
    bench = Bench()

    def fails(session: Session) -> None:
        raise ZeroDivisionError

    driver = Driver(fails, at_once)
    session = bench.session(Content(700, data=bytes(700)), tsize="0")
    bench.sock.on_send = [failure(errno.ECONNREFUSED)]

    with pytest.raises(ZeroDivisionError):
        driver.start(session, 0.0)

    assert bench.sock.fileno() == -1
    driver.close()
    bench.poll.close()


def test_a_session_that_is_over_leaves_no_deadline_behind() -> None:
    bench = Bench()
    driver = Driver(lambda _: None, at_once)
    session = bench.session(Content(700, data=bytes(700)))
    driver.start(session, 0.0)

    session.give_up("enough")
    driver.end(session)

    assert driver._deadlines.due(99.0, most=9) == []
    driver.close()
    bench.poll.close()
