"""HTTP, an initrd of 41 MB: pyxie's own copy beside a file of nginx's."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from bench.contest import OURS, Contest, Run, Taken, at_least
from bench.lab import Lab, lab
from bench.peers import nginx

CLIENTS = 16
SIZE = 41_000_000
SECONDS = 2.0
FILE = "initrd.img"
BARE = "in C"
"""What does nothing but send, `bench/constant.c`."""


@contextmanager
def pyxie(ground: Lab) -> Iterator[Run]:
    settings = f"kernel: vmlinuz\ninitrd: {FILE}\nimages: {ground.folder}/www\n"
    with ground.pyxie(OURS, CLIENTS, settings) as site:
        assert site.process is not None
        path = f"/boot/web####.example.org/initrd/0/{FILE}"
        yield loading(ground, OURS, 8090, path, site.process.pid)


@contextmanager
def peer(ground: Lab) -> Iterator[Run]:
    with nginx(ground.hosts["nginx"], ground.place("nginx"), ground.folder / "www") as pid:
        yield loading(ground, "nginx", 80, f"/{FILE}", pid)


@contextmanager
def constant(ground: Lab) -> Iterator[Run]:
    with ground.constant(BARE, "http", f"{ground.folder}/www/{FILE}") as pid:
        yield loading(ground, BARE, 80, "/", pid)


def loading(ground: Lab, name: str, port: int, path: str, pid: int) -> Run:
    """Return what has all clients load for a while; what they get is right, as was seen once."""
    file = f"{ground.folder}/www/{FILE}"
    asked = ground.addresses[name], str(port), path, file, "0", str(CLIENTS)
    program = f"{ground.folder}/downloads"
    ground.run(program, *asked, "0")

    def load() -> Taken:
        return ground.load([pid], "bytes", 1e6, program, *asked, str(SECONDS))

    return load


@contextmanager
def contests() -> Iterator[Sequence[Contest]]:
    with lab([OURS, "nginx", BARE], CLIENTS) as ground:
        ground.compiled("downloads")
        root = ground.folder / "www"
        root.mkdir()
        (root / FILE).write_bytes(os.urandom(SIZE))
        (root / "vmlinuz").write_bytes(os.urandom(1000))
        yield [
            Contest(
                name="initrd",
                work=f"HTTP, 41 MB initrd, {CLIENTS} at once",
                unit="MB/s",
                wanted=[at_least(1.0, "nginx")],
                sides={
                    OURS: partial(pyxie, ground),
                    "nginx": partial(peer, ground),
                    BARE: partial(constant, ground),
                },
            )
        ]
