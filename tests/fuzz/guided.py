"""One target, in a process of its own, which a finding may end: see `tests.fuzz.__main__`.

python -m tests.fuzz.guided worst TARGET SECONDS
python -m tests.fuzz.guided guided TARGET LIBFUZZER'S-WORDS…
"""

from __future__ import annotations

import faulthandler
import random
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.fuzz.target import attempt, target, worst

HANGS = 25.0
"""Seconds of the processor after which an input is one without end: the clock on the wall goes on
where a process is stopped or its machine is busy."""
STUCK = 900.0
"""Seconds by that clock after which the process ends, whatever holds it."""
SLOWED = 6.0
"""How much longer it takes where each branch is counted, at most."""


class EndlessError(BaseException):
    """An input has no end; of `BaseException`, for nothing to take it for its own."""


@contextmanager
def ended() -> Iterator[None]:
    """End what takes longer than `HANGS`."""
    signal.setitimer(signal.ITIMER_PROF, HANGS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _endless(number: int, frame: object) -> None:
    raise EndlessError(f"took {HANGS:g} s of the processor")


def try_worst(name: str, seconds: float) -> None:
    """Give a target its worst inputs, in any order, as long as there is time."""
    tried = target(name)
    inputs = list(worst(tried.words, min(tried.longest, 1 << 20)))
    random.Random(time.time()).shuffle(inputs)
    until = time.monotonic() + seconds
    done = 0
    for said, data in inputs:
        if time.monotonic() > until:
            break
        print(said, flush=True)
        faulthandler.dump_traceback_later(STUCK, exit=True)
        with ended():
            attempt(tried, data)
        done += 1
    faulthandler.cancel_dump_traceback_later()
    print(f"#{done} of {len(inputs)} worst inputs")


def try_guided(name: str, words: list[str]) -> None:
    """Give a target what leads to branches that nothing has led to yet."""
    import atheris  # type: ignore[import-not-found,import-untyped,unused-ignore]

    with atheris.instrument_imports(include=["pyxie"]):
        tried = target(name)

    def one(data: bytes) -> None:
        with ended():
            attempt(tried, data, patience=SLOWED)

    atheris.Setup([sys.argv[0], *words], one)
    atheris.Fuzz()


if __name__ == "__main__":
    signal.signal(signal.SIGPROF, _endless)
    if sys.argv[1] == "worst":
        try_worst(sys.argv[2], float(sys.argv[3]))
    else:
        try_guided(sys.argv[2], sys.argv[3:])
