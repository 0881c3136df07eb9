"""A template has its time, of the processor and of the clock, and the error says where it was."""

from __future__ import annotations

import signal
import time

import pytest

from pyxie.bounds import RENDER_CPU, RENDER_TIME
from pyxie.errors import ExhaustedError
from pyxie.render.deadline import TimeIsUpError, deadline
from pyxie.render.strict import Renderer

ENDLESS = "{% for a in range(99999) %}\n{% for b in range(99999) %}{% endfor %}{% endfor %}"


class TestATemplate:
    def test_that_loops_is_stopped_at_its_line(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(RENDER_CPU, "most", 0.1)

        with deadline(), pytest.raises(ExhaustedError) as stopped:
            Renderer([]).text("cmdline", ENDLESS, {})

        assert str(stopped.value) == (
            "cmdline:2: took over 0.1 s of the processor, and was stopped: it may loop without end"
        )

    def test_that_is_quick_is_not(self) -> None:
        with deadline():
            assert Renderer([]).text("cmdline", "{{ 1 }}", {}) == "1"


class TestTheClock:
    def test_counts_too_where_the_processor_is_busy_with_others(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(RENDER_TIME, "most", 0.1)

        with deadline(), pytest.raises(TimeIsUpError, match=r"took over 0\.08 s, and was stopped"):
            time.sleep(5)

    def test_is_as_before_afterwards(self) -> None:
        handlers = [signal.getsignal(number) for number in (signal.SIGPROF, signal.SIGALRM)]

        with deadline():
            pass

        assert [signal.getsignal(number) for number in (signal.SIGPROF, signal.SIGALRM)] == handlers
        assert signal.getitimer(signal.ITIMER_PROF)[0] == 0
        assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
