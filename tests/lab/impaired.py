"""A cable that loses, doubles, reorders and delays what goes through it, in both directions.

The same as netem(8) does in the kernel, which kernels of containers and of CI often lack: here a
process reads each end's frames from a tap and writes them to the other's. So it is the same
everywhere, and what it loses is decided by a seed.

    python -m tests.lab.impaired END END DELAY LOST DOUBLED HASTY SEED

is what `plugged` runs; the ends are open taps.
"""

from __future__ import annotations

import contextlib
import fcntl
import heapq
import itertools
import os
import random
import select
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from typing import Final

from tests.interop.netns import Host

_TUNSETIFF: Final = 0x400454CA  # linux/if_tun.h, like those below
_IFF_TAP: Final = 0x0002
_IFF_NO_PI: Final = 0x1000
_A_TURN: Final = 64
_BY: Final = sys.executable, "-m", "tests.lab.impaired"


@dataclass(frozen=True, kw_only=True)
class Cable:
    """What happens to each frame, either way; shares are between 0 and 1.

    Attributes:
        delay: Seconds, each way.
        lost: Of all frames.
        doubled: Arrive twice.
        hasty: Are not delayed, and so overtake others, as netem's ``reorder``.
        seed: Of what is left to chance.
    """

    delay: float = 0.0
    lost: float = 0.0
    doubled: float = 0.0
    hasty: float = 0.0
    seed: int = 1


@contextlib.contextmanager
def plugged(
    cable: Cable, one: tuple[Host, str], other: tuple[Host, str], by: Sequence[str] = _BY
) -> Iterator[None]:
    """Join two hosts, each given with the name of the interface that it gets, until the end.

    The interfaces have no addresses yet, and are down.

    Args:
        cable: How.
        one: A host.
        other: Another.
        by: The program that carries, which is called as this module is.
    """
    ends = [host.inside(lambda name=name: _tap(name)) for host, name in (one, other)]  # type: ignore[misc]
    process = subprocess.Popen([*by, *map(str, (*ends, *astuple(cable)))], pass_fds=ends)
    try:
        for end in ends:
            os.close(end)
        yield
    finally:
        process.kill()
        process.wait()


def _tap(name: str) -> int:
    end = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(end, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TAP | _IFF_NO_PI))
    return end


def carry(ends: tuple[int, int], cable: Cable) -> None:
    """Carry frames for as long as the process lives."""
    chance = random.Random(cable.seed).random
    waiting: list[tuple[float, int, int, bytes]] = []
    order = itertools.count()
    across = {ends[0]: ends[1], ends[1]: ends[0]}
    while True:
        due = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        ready, _, _ = select.select(ends, [], [], due)
        for end in ready:
            for frame in _frames(end):
                if chance() < cable.lost:
                    continue
                for _ in range(2 if chance() < cable.doubled else 1):
                    delay = 0.0 if chance() < cable.hasty else cable.delay
                    leaves = time.monotonic() + delay
                    heapq.heappush(waiting, (leaves, next(order), across[end], frame))
        now = time.monotonic()
        while waiting and waiting[0][0] <= now:
            _, _, end, frame = heapq.heappop(waiting)
            with contextlib.suppress(OSError):  # that end is down, or its queue is full
                os.write(end, frame)


def _frames(end: int) -> Iterator[bytes]:
    with contextlib.suppress(OSError):  # there is no more, or that end is down
        for _ in range(_A_TURN):
            yield os.read(end, 65536)


if __name__ == "__main__":
    delay, lost, doubled, hasty = map(float, sys.argv[3:7])
    carry(
        (int(sys.argv[1]), int(sys.argv[2])),
        Cable(delay=delay, lost=lost, doubled=doubled, hasty=hasty, seed=int(sys.argv[7])),
    )
