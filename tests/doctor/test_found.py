"""What is found, as people and scripts read it."""

from __future__ import annotations

import pytest

from pyxie.diagnosis.remedy import Remedy
from pyxie.doctor.found import Finding, Severity, as_data, exit_code, ordered, shown

NOTE = Finding("note", Severity.NOTE, "good to know")
LOOK = Finding("look", Severity.LOOK, "look")
STOPS = Finding("stops", Severity.STOPS, "stops")


class TestOrder:
    def test_what_stops_boots_comes_first_and_else_as_it_came(self) -> None:
        other = Finding("other", Severity.LOOK, "look")

        assert ordered([NOTE, other, STOPS, LOOK]) == [STOPS, other, LOOK, NOTE]

    def test_what_two_checks_find_is_told_once(self) -> None:
        assert ordered([LOOK, LOOK]) == [LOOK]


class TestExitCode:
    @pytest.mark.parametrize(
        ("found", "code"),
        [((), 0), ((NOTE,), 0), ((NOTE, LOOK), 1), ((LOOK, STOPS, NOTE), 2)],
    )
    def test_is_that_of_the_worst(self, found: tuple[Finding, ...], code: int) -> None:
        assert exit_code(found) == code


def test_json_has_the_lines_for_other_servers() -> None:
    remedy = Remedy("dnsmasq", "a file", ("new",), ("old",), "restart", "note")
    finding = Finding("code", Severity.STOPS, "It is so.", ("mend it",), (remedy,))

    assert as_data(finding) == {
        "code": "code",
        "severity": "stops",
        "sentence": "It is so.",
        "remedy": ["mend it"],
        "servers": [
            {
                "server": "dnsmasq",
                "where": "a file",
                "take_out": ["old"],
                "add": ["new"],
                "then": "restart",
                "note": "note",
            }
        ],
    }


class TestShown:
    def test_what_others_wrote_is_one_short_line(self) -> None:
        assert shown("a\x1b[31m\nb") == "a?[31m?b"
        assert shown("x" * 1000) == "x" * 300 + "…"
