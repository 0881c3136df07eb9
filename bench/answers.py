"""HTTP, small answers: boot scripts, waitron's call, health; beside aiohttp, waitron, pixiecore."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from bench.contest import OURS, Contest, Run, at_least
from bench.lab import Lab, lab
from bench.peers import pixiecore, started, waitron
from tests.lab.besieged import CHECKOUT, Besieged, mac_of

CLIENTS = 32
MACHINES = 1000
SECONDS = 2.0
BARE, WAITRON, PAIR = "bare aiohttp", "waitron", "pixiecore and waitron"
SETTINGS = "image_url: http://192.0.2.1/\nkernel: linux\ninitrd: initrd.gz\n"
SCRIPT = f"#!ipxe\nkernel --name kernel http://192.0.2.1/linux {'x' * 600}\nboot kernel\n"
"""About as long as pyxie's."""
PATHS = {
    "scripts": [f"/ipxe/{mac_of(at).replace(':', '-')}" for at in range(MACHINES)],
    "pixiecore": [f"/_/ipxe?arch=0&mac={mac_of(at)}" for at in range(MACHINES)],
    "v1boot": [f"/v1/boot/{mac_of(at)}" for at in range(MACHINES)],
    "health": ["/health"],
}


@contextmanager
def pyxie(ground: Lab, site: Besieged, asked: str, expected: str) -> Iterator[Run]:
    assert site.process is not None
    yield asking(ground, OURS, 8090, asked, expected, site.process.pid)


@contextmanager
def bare(ground: Lab, asked: str) -> Iterator[Run]:
    file = ground.place(BARE) / "answer"
    file.write_text(SCRIPT)
    command = (sys.executable, f"{CHECKOUT}/bench/bare.py", "80", str(file))
    with started(ground.hosts[BARE], ground.place(BARE), *command, wait=2) as pid:
        yield asking(ground, BARE, 80, asked, "boot", pid)


@contextmanager
def bootapi(ground: Lab) -> Iterator[Run]:
    with waitron(ground.hosts[WAITRON], ground.place(WAITRON), range(MACHINES)) as pid:
        yield asking(ground, WAITRON, 9090, "v1boot", '"kernel"', pid)


@contextmanager
def pair(ground: Lab) -> Iterator[Run]:
    host, folder = ground.hosts[PAIR], ground.place(PAIR)
    with (
        waitron(host, folder, range(MACHINES)) as one,
        pixiecore(host, folder, ground.addresses[PAIR]) as other,
    ):
        yield asking(ground, PAIR, 80, "pixiecore", "boot", one, other)


def asking(ground: Lab, name: str, port: int, asked: str, expected: str, *pids: int) -> Run:
    """Return what has all clients ask for a while."""
    paths = ground.folder / asked
    paths.write_text("".join(f"{path}\n" for path in PATHS[asked]))
    command = (str(ground.folder / "requests"), ground.addresses[name], str(port), str(paths))
    more = (expected, "0", str(CLIENTS), str(SECONDS))
    return partial(ground.load, pids, "answers", 1.0, *command, *more)


@contextmanager
def contests() -> Iterator[Sequence[Contest]]:
    with (
        lab([OURS, BARE, WAITRON, PAIR], CLIENTS) as ground,
        ground.pyxie(OURS, MACHINES, SETTINGS) as site,
    ):
        ground.compiled("requests")
        yield [
            Contest(
                name="scripts",
                work=f"boot scripts of {MACHINES:,} machines, {CLIENTS} at once",
                unit="answers/s",
                wanted=[at_least(0.6, BARE)],
                sides={
                    OURS: partial(pyxie, ground, site, "scripts", "boot"),
                    BARE: partial(bare, ground, "scripts"),
                    PAIR: partial(pair, ground),
                },
            ),
            Contest(
                name="v1boot",
                work=f"/v1/boot, {CLIENTS} at once",
                unit="answers/s",
                wanted=[at_least(1.0, WAITRON)],
                sides={
                    OURS: partial(pyxie, ground, site, "v1boot", '"kernel"'),
                    WAITRON: partial(bootapi, ground),
                    BARE: partial(bare, ground, "v1boot"),
                },
            ),
            Contest(
                name="health",
                work=f"/health, {CLIENTS} at once",
                unit="answers/s",
                wanted=[at_least(0.7, BARE)],
                sides={
                    OURS: partial(pyxie, ground, site, "health", "200 OK"),
                    BARE: partial(bare, ground, "health"),
                },
            ),
        ]
