"""The log: one line a record, as text or as JSON, whatever a client sent."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator

import pytest

from pyxie.config.settings import Log
from pyxie.logs import configure


@pytest.fixture(autouse=True)
def _the_log_as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("JOURNAL_STREAM", "8:1")
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def logged(captured: pytest.CaptureFixture[str], log: Log) -> list[str]:
    configure(log)
    logger = logging.getLogger("pyxie.test")
    logger.debug("quiet")
    logger.info("asked for %s", "\x1b[2J\nevil\u2028")
    logger.warning("mind %d", 5)
    return captured.readouterr().err.split("\n")


class TestText:
    def test_is_one_line_a_record_without_control_characters(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert logged(capsys, Log()) == [
            "asked for \\x1b[2J\\nevil\\u2028",
            "warning: mind 5",
            "",
        ]

    def test_is_timed_where_no_journal_does_it(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("JOURNAL_STREAM")

        line = logged(capsys, Log(level="warning"))[0]

        assert time.strptime(line.split()[0], "%H:%M:%S")
        assert line.split(maxsplit=1)[1] == "warning: mind 5"

    def test_carries_a_traceback_below_the_record(self, capsys: pytest.CaptureFixture[str]) -> None:
        configure(Log())
        try:
            raise ValueError("bad")
        except ValueError:
            logging.getLogger("pyxie.test").exception("a bug")

        lines = capsys.readouterr().err.splitlines()
        assert lines[:2] == ["error: a bug", "Traceback (most recent call last):"]
        assert lines[-1] == "ValueError: bad"


class TestJson:
    def test_is_one_object_a_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        lines = logged(capsys, Log(level="debug", format="json"))

        told = [json.loads(line) for line in lines if line]
        assert [(each["level"], each["logger"], each["message"]) for each in told] == [
            ("debug", "pyxie.test", "quiet"),
            ("info", "pyxie.test", "asked for \x1b[2J\nevil\u2028"),
            ("warning", "pyxie.test", "mind 5"),
        ]


class TestLevel:
    def test_of_the_libraries_is_warning_at_least(self) -> None:
        configure(Log(level="debug"))

        assert logging.getLogger("sqlalchemy.engine").getEffectiveLevel() == logging.WARNING
        assert logging.getLogger("pyxie.x").getEffectiveLevel() == logging.DEBUG
