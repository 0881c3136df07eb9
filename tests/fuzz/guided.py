"""One target, in a process of its own, which a finding may end: see `tests.fuzz.__main__`.

python -m tests.fuzz.guided worst TARGET SECONDS
python -m tests.fuzz.guided guided TARGET LIBFUZZER'S-WORDS…
"""

from __future__ import annotations

import faulthandler
import random
import sys
import time

from tests.fuzz.target import attempt, target, worst

HANGS = 25.0
"""Seconds after which an input is one without end, and the process ends."""
SLOWED = 6.0
"""How much longer it takes where each branch is counted, at most."""


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
        faulthandler.dump_traceback_later(HANGS, exit=True)
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
        attempt(tried, data, patience=SLOWED)

    atheris.Setup([sys.argv[0], *words], one)
    atheris.Fuzz()


if __name__ == "__main__":
    if sys.argv[1] == "worst":
        try_worst(sys.argv[2], float(sys.argv[3]))
    else:
        try_guided(sys.argv[2], sys.argv[3:])
