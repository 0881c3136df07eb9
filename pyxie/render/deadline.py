"""How much time a template may take, of the processor and of the clock.

Python looks for signals between two steps of a template, so it is stopped there, and the error has
the line. Only a single long step, of a library in C, is not: `pyxie.workers` ends the process then.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Final

from pyxie.bounds import RENDER_CPU, RENDER_TIME
from pyxie.errors import PyxieError

_BEFORE: Final = 0.8
"""Of `RENDER_TIME`: before it is ended from outside, with no line to be told."""
_AGAIN: Final = 1.0
"""Seconds until it is said once more: Python swallows what is raised where it cleans up."""


class TimeIsUpError(PyxieError):
    """What is being rendered has had its time."""


@contextmanager
def deadline() -> Iterator[None]:
    """Have what runs meanwhile end by a `TimeIsUpError`; in the main thread, where signals go."""
    with ExitStack() as stack:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        stack.enter_context(_timer(signal.ITIMER_PROF, RENDER_CPU.most, "s of the processor"))
        stack.enter_context(_timer(signal.ITIMER_REAL, RENDER_TIME.most * _BEFORE, "s"))
        yield


@contextmanager
def _timer(which: int, seconds: float, unit: str) -> Iterator[None]:
    number = signal.SIGPROF if which == signal.ITIMER_PROF else signal.SIGALRM

    def over(_number: int, _frame: FrameType | None) -> None:
        why = "was stopped: it may loop without end"
        raise TimeIsUpError(f"took over {seconds:g} {unit}, and {why}")

    before = signal.signal(number, over)
    signal.setitimer(which, seconds, _AGAIN)
    try:
        yield
    finally:
        signal.setitimer(which, 0)
        signal.signal(number, before)
