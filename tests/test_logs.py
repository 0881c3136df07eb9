"""The log: one line a record, as text or as JSON, whatever a client sent."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from pyxie.config.settings import Log
from pyxie.leftout import LeftOut
from pyxie.lines import Lines, Sort, about
from pyxie.logs import configure, say
from tests.support import eventually


@pytest.fixture(autouse=True)
def _the_log_as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("JOURNAL_STREAM", "8:1")
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def logged(captured: pytest.CaptureFixture[str], log: Log) -> list[str]:
    configure(log, Lines())
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
        configure(Log(), Lines())
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
        configure(Log(level="debug"), Lines())

        assert logging.getLogger("sqlalchemy.engine").getEffectiveLevel() == logging.WARNING
        assert logging.getLogger("pyxie.x").getEffectiveLevel() == logging.DEBUG


class TestOfThousandsOfLines:
    """Those that are one too many are not made at all; else it is as with the others."""

    SAID = logging.INFO, Sort.REFUSALS, "192.0.2.9", "%d for %s", 404, "192.0.2.9"

    def test_as_many_are_taken_as_of_others(self, capsys: pytest.CaptureFixture[str]) -> None:
        told = []
        for pre_checked in (True, False):
            lines = Lines()
            configure(Log(), lines)
            log = logging.getLogger("pyxie.access")
            for _ in range(1000):
                if pre_checked:
                    say(log, *self.SAID)
                else:
                    level, sort, client, message, *args = self.SAID
                    log.log(level, message, *args, extra=about(sort, client))
            told.append((capsys.readouterr().err.splitlines()[:30], lines.left_out()[0][:26]))

        assert told[0] == told[1]
        assert told[0][0] == ["404 for 192.0.2.9"] * 30

    def test_none_is_made_that_is_one_too_many(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        configure(Log(), Lines())
        log, made = logging.getLogger("pyxie.access"), list[object]()
        make = log.makeRecord

        def noting(*given: Any, **named: Any) -> logging.LogRecord:
            made.append(given)
            return make(*given, **named)

        monkeypatch.setattr(log, "makeRecord", noting)
        for _ in range(1000):
            say(log, *self.SAID)

        assert len(made) == len(capsys.readouterr().err.splitlines()) < 50

    def test_none_is_made_below_the_level(self, capsys: pytest.CaptureFixture[str]) -> None:
        configure(Log(level="warning"), Lines())

        say(logging.getLogger("pyxie.access"), *self.SAID)

        assert capsys.readouterr().err == ""

    @pytest.mark.parametrize("level", [logging.DEBUG, logging.INFO])
    def test_is_told_to_whoever_listens_besides(
        self, caplog: pytest.LogCaptureFixture, level: int
    ) -> None:
        with caplog.at_level(logging.DEBUG, "pyxie.access"):
            say(logging.getLogger("pyxie.access"), level, *self.SAID[1:])

        assert [each.getMessage() for each in caplog.records] == ["404 for 192.0.2.9"]
        assert vars(caplog.records[0])["about"] == (Sort.REFUSALS, "192.0.2.9")


class TestFlood:
    """What strangers make pyxie say is bounded; what it says of the operator's files is not."""

    def test_of_one_sort_is_cut_and_leaves_the_others_whole(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        configure(Log(), Lines())
        log = logging.getLogger("pyxie.access")
        for _ in range(1000):
            log.info("a 404", extra=about(Sort.REFUSALS, "192.0.2.9"))
        log.info("a script", extra=about(Sort.REQUESTS, "192.0.2.7"))
        log.info("a build begun", extra=about(None))

        lines = capsys.readouterr().err.splitlines()
        assert 30 <= lines.count("a 404") <= 40
        assert lines[-2:] == ["a script", "a build begun"]

    def test_of_mistakes_in_machine_files_is_told_whole(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        configure(Log(), Lines())
        for name in ("pyxie.registry.machines", "pyxie.config.live", "pyxie.daemon"):
            for _ in range(1000):
                logging.getLogger(name).error("web01.yaml:1:1: a mistake")

        assert len(capsys.readouterr().err.splitlines()) == 3000

    @pytest.mark.parametrize("name", ["pyxie.dhcp.account", "asyncio", "pyxie.http.edge", "a"])
    def test_of_anything_else_is_bounded(
        self, capsys: pytest.CaptureFixture[str], name: str
    ) -> None:
        configure(Log(), Lines())
        for _ in range(1000):
            logging.getLogger(name).warning("what a stranger did")

        assert 100 <= len(capsys.readouterr().err.splitlines()) <= 120

    def test_of_tracebacks_is_cut_soonest(self, capsys: pytest.CaptureFixture[str]) -> None:
        configure(Log(), Lines())
        for _ in range(100):
            try:
                raise ValueError("bad")
            except ValueError:
                logging.getLogger("pyxie.registry.machines").exception("a bug")

        assert 1 <= capsys.readouterr().err.splitlines().count("error: a bug") <= 3

    def test_at_level_debug_is_bounded_too(self, capsys: pytest.CaptureFixture[str]) -> None:
        configure(Log(level="debug"), Lines())
        for _ in range(10_000):
            logging.getLogger("pyxie.dhcp.account").debug("a DISCOVER")

        assert 3600 <= len(capsys.readouterr().err.splitlines()) < 5000

    async def test_is_told_of_a_moment_later_and_at_the_end(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pyxie.leftout._TOLD", 0.01)
        lines = Lines()
        configure(Log(), lines)
        async with LeftOut(lines) as service:
            serving = asyncio.create_task(service.serve())
            said = []
            for _ in range(2):
                for _ in range(1000):
                    logging.getLogger("pyxie.access").info(
                        "a 404", extra=about(Sort.REFUSALS, "192.0.2.9")
                    )
                await eventually(lambda: not lines._left[Sort.REFUSALS])
                said.append(capsys.readouterr().err.splitlines()[-1])
            serving.cancel()
            logging.getLogger("pyxie.access").info("a 404", extra=about(Sort.REFUSALS, "192.0.2.9"))
        said.append(capsys.readouterr().err.splitlines()[-1])

        for each in said:
            assert re.fullmatch(
                r"warning: left out of the log: (\d+) line\(s\) on refused requests,"
                r" \1 of them by 192.0.2.9",
                each,
            )
