"""TFTP, a loader of 850 kB: pyxie beside dnsmasq, tftpd-hpa and atftpd."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

from bench.contest import OURS, Contest, Run, Side, at_least
from bench.lab import Lab, lab
from bench.peers import atftpd, dnsmasq_tftp, tftpd_hpa
from tests.interop.netns import Host

CLIENTS, BLKSIZE, WINDOW = 32, 1468, 16
SIZE = 850_000
SECONDS = 2.0
FILE = "loader.efi"
BARE = "in C"
"""What does nothing but send, `bench/constant.c`."""
WINDOWED = f"atftpd, {WINDOW}"
PEERS: dict[str, Callable[[Host, Path, Path], AbstractContextManager[int]]] = {
    "dnsmasq": dnsmasq_tftp,
    "tftpd-hpa": tftpd_hpa,
    "atftpd": atftpd,
}


@contextmanager
def pyxie(ground: Lab, window: int) -> Iterator[Run]:
    with ground.pyxie(OURS) as site:
        (site.folder / "ipxe" / FILE).write_bytes((ground.folder / "www" / FILE).read_bytes())
        assert site.process is not None
        yield loading(ground, OURS, window, site.process.pid)


@contextmanager
def peer(ground: Lab, name: str, window: int, host: str = "") -> Iterator[Run]:
    host = host or name
    with PEERS[name](ground.hosts[host], ground.place(host), ground.folder / "www") as pid:
        yield loading(ground, host, window, pid)


@contextmanager
def constant(ground: Lab, window: int) -> Iterator[Run]:
    file = str(ground.folder / "www" / FILE)
    with ground.constant(BARE, "tftp", file, str(BLKSIZE), str(window)) as pid:
        yield loading(ground, BARE, window, pid)


def loading(ground: Lab, name: str, window: int, pid: int) -> Run:
    """Return what has all clients load for a while."""
    server, file = ground.addresses[name], str(ground.folder / "www" / FILE)
    program = str(ground.folder / "blocks")
    asked = (server, FILE, file, "0", str(CLIENTS), str(BLKSIZE), str(window), str(SECONDS))
    return partial(ground.load, [pid], "bytes", 1e6, program, *asked)


@contextmanager
def contests() -> Iterator[Sequence[Contest]]:
    with lab([OURS, *PEERS, WINDOWED, BARE], CLIENTS) as ground:
        ground.compiled("blocks")
        root = ground.folder / "www"
        root.mkdir()
        (root / FILE).write_bytes(os.urandom(SIZE))
        lockstep: dict[str, Side] = {OURS: partial(pyxie, ground, 1)}
        lockstep |= {name: partial(peer, ground, name, 1) for name in PEERS}
        # tftpd-hpa 5.2 and dnsmasq know no windows.
        windowed = lockstep | {
            OURS: partial(pyxie, ground, WINDOW),
            WINDOWED: partial(peer, ground, "atftpd", WINDOW, WINDOWED),
            BARE: partial(constant, ground, WINDOW),
        }
        lockstep[BARE] = partial(constant, ground, 1)
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
