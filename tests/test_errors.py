"""What can go wrong, in the words that an operator reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyxie.errors import (
    BusyError,
    ConfigError,
    NotServedError,
    Problem,
    PyxieError,
    RenderError,
    ServiceEndedError,
    WireError,
    changes,
)

WEB01 = Path("web01.yaml")
FIRST = Problem(WEB01, 2, 7, "mac", "missing")
SECOND = Problem(WEB01, 11, 1, "", "is not YAML")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (WireError(236, "option 53", "is missing"), "byte 236: option 53: is missing"),
        (NotServedError("/boot/x", "not in build mode"), "/boot/x: not in build mode"),
        (RenderError("preseed.j2", 7, "'x' is undefined"), "preseed.j2:7: 'x' is undefined"),
        (RenderError("cmdline", 0, "'x' is undefined"), "cmdline: 'x' is undefined"),
        (BusyError("management", "try again"), "management: try again"),
        (ServiceEndedError("HTTP"), "the HTTP service ended by itself"),
        (
            ConfigError([SECOND, FIRST]),
            "web01.yaml:2:7: mac: missing\nweb01.yaml:11:1: is not YAML",
        ),
    ],
)
def test_an_error_says_where_and_what(error: PyxieError, text: str) -> None:
    assert str(error) == text


def test_a_file_that_could_not_be_read_has_no_lines() -> None:
    assert str(Problem(WEB01, 0, 0, "", "no permission")) == "web01.yaml: no permission"


def test_problems_are_in_the_order_of_lines() -> None:
    assert ConfigError([SECOND, FIRST]).problems == (FIRST, SECOND)


@pytest.mark.parametrize(
    ("before", "after", "wrong", "mended"),
    [
        ([], [SECOND, FIRST], [FIRST, SECOND], []),
        ([SECOND, FIRST], [], [], [FIRST, SECOND]),
        ([FIRST, SECOND], [SECOND], [], [FIRST]),
        ([FIRST], [FIRST], [], []),
        ([FIRST], [SECOND], [SECOND], []),  # the first may only be hidden by it
    ],
)
def test_what_has_come_and_gone_of_mistakes(
    before: list[Problem], after: list[Problem], wrong: list[Problem], mended: list[Problem]
) -> None:
    assert changes(before, after) == (wrong, mended)
