"""Libraries are loaded without looking for garbage among them."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Have no garbage collected: it would go through all libraries while they are loaded.

    Nor need it afterwards, for they stay: the first collection alone took as long as all others,
    and both together a third of what a short command takes.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
