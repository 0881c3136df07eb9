"""Progress of several fetches: bars on a terminal, and nothing elsewhere."""

from __future__ import annotations

import io
import sys

import pytest

from pyxie import output


class Terminal(io.StringIO):
    """Standard error of somebody who watches."""

    def isatty(self) -> bool:
        return True


def shown(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with output.bars() as moved:
        moved("http://m/[bold]\x1b[2Jlinux", 0, None)
        moved("http://m/[bold]\x1b[2Jlinux", 500, 1000)
        moved("http://m/initrd.gz", 1000, 1000)
    return stream.getvalue()


def test_are_a_bar_each_without_what_a_terminal_would_act_upon(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = shown(Terminal(), monkeypatch)

    assert "http://m/[bold]\\x1b[2Jlinux" in seen
    assert "http://m/initrd.gz" in seen
    assert "\x1b[2J" not in seen


def test_are_nothing_off_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(io.StringIO(), monkeypatch) == ""
