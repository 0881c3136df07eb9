"""TFTP, a loader of 850 kB: pyxie beside dnsmasq, tftpd-hpa and atftpd."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

from bench.contest import OURS, Contest, Run, Side, Taken, at_least
from bench.lab import Lab, lab
from bench.peers import atftpd, dnsmasq_tftp, tftpd_hpa
from bench.processors import clock, spent
from tests.interop.netns import Host

CLIENTS, BLKSIZE, WINDOW = 32, 1468, 16
SIZE = 850_000
SECONDS = 2.0
FILE = "loader.efi"
PEERS: dict[str, Callable[[Host, Path, Path], AbstractContextManager[int]]] = {
    "dnsmasq": dnsmasq_tftp,
    "tftpd-hpa": tftpd_hpa,
    "atftpd": atftpd,
}


def load(ground: Lab, server: str, window: int, pid: int) -> Taken:
    """Have all clients load for a while."""
    program, file = ground.folder / "blocks", ground.folder / "www" / FILE
    before, (idle, there) = spent(pid), clock()
    said = ground.run(
        *(str(program), ground.addresses[server], FILE, str(file), "0", str(CLIENTS)),
        *(str(BLKSIZE), str(window), str(SECONDS)),
    )
    took, (idle_then, there_then) = spent(pid) - before, clock()
    told = json.loads(said)
    return Taken(
        value=told["bytes"] / told["seconds"] / 1e6,
        cpu=took,
        seconds=told["seconds"],
        more={
            "p50": told["p50"],
            "p99": told["p99"],
            "clients": told["cpu"],
            "idle": 100 * (idle_then - idle) / (there_then - there),
            "again": told["again"],
            "window": told["window"],
        },
    )


@contextmanager
def pyxie(ground: Lab, window: int, name: str = OURS) -> Iterator[Run]:
    with ground.pyxie(name) as site:
        (site.folder / "ipxe" / FILE).write_bytes((ground.folder / "www" / FILE).read_bytes())
        assert site.process is not None
        yield partial(load, ground, name, window, site.process.pid)


@contextmanager
def peer(ground: Lab, name: str, window: int) -> Iterator[Run]:
    with PEERS[name](ground.hosts[name], ground.place(name), ground.folder / "www") as pid:
        yield partial(load, ground, name, window, pid)


@contextmanager
def contests() -> Iterator[Sequence[Contest]]:
    with lab([OURS, *PEERS], CLIENTS) as ground:
        ground.compiled("blocks")
        root = ground.folder / "www"
        root.mkdir()
        (root / FILE).write_bytes(os.urandom(SIZE))
        lockstep: dict[str, Side] = {OURS: partial(pyxie, ground, 1)}
        lockstep |= {name: partial(peer, ground, name, 1) for name in PEERS}
        windowed = lockstep | {OURS: partial(pyxie, ground, WINDOW)}
        yield [
            Contest(
                name="lockstep",
                work=f"TFTP lock-step, {CLIENTS} clients, 850 kB, blksize {BLKSIZE}",
                unit="MB/s",
                wanted=[at_least(1.0, *PEERS)],
                sides=lockstep,
            ),
            Contest(
                name="window",
                work=f"TFTP window {WINDOW}, {CLIENTS} clients, beside the best lock-step",
                unit="MB/s",
                wanted=[at_least(4.0, *PEERS)],
                sides=windowed,
            ),
        ]
