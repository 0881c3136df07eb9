"""A whole rack boots while everything that a hostile LAN can do is done at once."""

from __future__ import annotations

import contextlib
import json
import math
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.interop.netns import Host, network
from tests.lab.besieged import SERVER, Besieged, host_of, lay, mac_of
from tests.lab.rack import address_of
from tests.procfs import memory_of

VICTIM = 9000
"""The machine whose build a hostile holder of a token begins; it is not one of the rack."""
KERNEL, INITRD, BIG = 2 << 20, 4 << 20, 64 << 20
"""Bytes; the last is what is never read to its end."""
MISSING = 30_000
"""Files in the folder in which names are sought that are not there."""
ADDRESSES = tuple(f"10.99.9.{at}" for at in range(1, 17))
"""Of the host that holds connections."""


@dataclass(frozen=True)
class Storm:
    """What was seen.

    Attributes:
        machines: How many were to boot.
        booted: How many have.
        failures: Of the others, by name, why not.
        offers: Seconds from a DISCOVER, or a request on port 4011, to its answer.
        scripts: Seconds from asking for a boot script to its last byte.
        memory: MB of the daemon and all its processes, at most.
        lines: Of the log, a second.
        frames: That arrived at pyxie's interface, a second.
        held: Connections that the hostile host held at the end.
        seconds: It took.
    """

    machines: int
    booted: int
    failures: dict[str, str]
    offers: list[float]
    scripts: list[float]
    memory: float
    lines: float
    frames: float
    held: int
    seconds: float

    def __str__(self) -> str:
        offers, scripts = (
            ", ".join(f"p{cut} {_cut(took, cut) * 1000:.1f} ms" for cut in (50, 99))
            for took in (self.offers, self.scripts)
        )
        return (
            f"{self.booted} of {self.machines} machines booted in {self.seconds:.0f} s; "
            f"{len(self.offers)} offers: {offers}; {len(self.scripts)} scripts: {scripts}; "
            f"{self.memory:.0f} MB at most; {self.lines:.0f} log lines/s; "
            f"{self.frames:.0f} frames/s arrived; {self.held} connections held"
        )


def _cut(took: list[float], percent: int) -> float:
    if len(took) < 2:
        return math.nan
    return statistics.quantiles(took, n=100, method="inclusive")[percent - 1]


ATTACKS = ("flood", "hold", "names", "render", "bodies")
"""What is done at once."""


def storm(machines: int, rate: int, spread: float, attacks: Collection[str] = ATTACKS) -> Storm:
    """Boot the machines; return what was seen.

    Args:
        machines: How many.
        rate: Forged DISCOVERs a second.
        spread: Seconds over which the machines begin.
        attacks: Which of `ATTACKS`.
    """
    with tempfile.TemporaryDirectory() as folder, _site(Path(folder), machines) as lan:
        if attacks:
            lan.attack(attacks, rate, spread + 600)
        return lan.boot(machines, spread)


class _Lan:
    def __init__(self, site: Besieged, rack: Host, enemies: dict[str, Host]) -> None:
        self._site, self._rack, self._enemies = site, rack, enemies
        self._folder = site.folder

    def attack(self, attacks: Collection[str], rate: int, seconds: float) -> None:
        """Begin with the attacks, and wait until they are warm."""
        status, body = self._site.ask(
            "POST", "/api/v1/tokens", json.dumps({"name": "ci", "scope": "build"})
        )
        assert status == 201, body
        token, host = json.loads(body)["token"], host_of(VICTIM)
        flood = ("tests.lab.flood", "eth0", "discovers", SERVER, str(rate), str(seconds))
        does = {
            "flood": flood,
            "hold": ("tests.lab.strangers", "hold", SERVER, *ADDRESSES),
            "names": ("tests.lab.strangers", "names", SERVER),
            "render": ("tests.lab.strangers", "render", SERVER, token, host, mac_of(VICTIM)),
            "bodies": ("tests.lab.strangers", "bodies", SERVER, token, host),
        }
        for name in attacks:
            attacker = self._site.run(self._enemies[name], name, *does[name])
            # In the world they have computers of their own; here they share the server's.
            time.sleep(0.5)
            Path(f"/proc/{attacker.pid}/autogroup").write_text("10")
        time.sleep(20)  # thousands of connections are open

    def boot(self, machines: int, spread: float) -> Storm:
        """Boot the machines."""
        site = self._site
        lines, frames, began = site.logged(), site.arrived(), time.monotonic()
        memory, stop = [0.0], threading.Event()

        def weigh() -> None:
            while not stop.wait(0.2):
                memory[0] = max(memory[0], self._memory())

        weighing = threading.Thread(target=weigh)
        weighing.start()
        try:
            told = self._told(machines, spread)
        finally:
            stop.set()
            weighing.join()
        took = time.monotonic() - began
        held = self._folder / "hold"
        counts = held.read_text().splitlines() if held.exists() else []
        return Storm(
            machines=machines,
            memory=memory[0],
            lines=(site.logged() - lines) / took,
            frames=(site.arrived() - frames) / took,
            held=int(counts[-1]) if counts else 0,
            seconds=took,
            **told,
        )

    def _told(self, machines: int, spread: float) -> dict[str, Any]:
        out = self._folder / "rack"
        module = ("tests.lab.rack", "eth0", SERVER, str(machines), str(spread))
        process = self._site.run(self._rack, "rack", *module)
        process.wait(spread + 300)
        assert process.returncode == 0, out.read_text()
        found: dict[str, Any] = json.loads(out.read_text().splitlines()[-1])
        return found

    def _memory(self) -> float:
        """Return the MB of the daemon and of what it has started, shared pages counted once."""
        assert self._site.process is not None
        return memory_of(self._site.process.pid) / 2**20


@contextlib.contextmanager
def _site(folder: Path, machines: int) -> Iterator[_Lan]:
    _lay(folder, machines)
    with network() as net:
        server, rack = net.host("s"), net.host("c")
        enemies = {label: net.host(label[0]) for label in ATTACKS}
        switch = net.lan(
            server=(server, "eth0", f"{SERVER}/16"),
            rack=(rack, "eth0", "10.99.0.2/16"),
            **{
                label: (host, "eth0", f"10.99.0.{10 + at}/16")
                for at, (label, host) in enumerate(enemies.items())
            },
        )
        for label in ("rack", *ATTACKS):
            # What all would hear is for the server alone: the others' ears cost it processors.
            switch.ip(f"link set p{label} type bridge_slave isolated on")
        for at in range(machines):
            rack.ip(f"addr add {address_of(at)}/16 dev eth0")
        for address in ADDRESSES:
            enemies["hold"].ip(f"addr add {address}/16 dev eth0")
        site = Besieged(folder, server, rack, enemies["flood"])
        site.start()
        site.build(machines)
        yield _Lan(site, rack, enemies)


def _lay(folder: Path, machines: int) -> None:
    images = "kernel: kernel\ninitrd: initrd\n"
    lay(folder, (*range(machines), VICTIM), f"{images}unknown: discover\n")
    for name, size in (("kernel", KERNEL), ("initrd", INITRD), ("linux", BIG)):
        (folder / "images" / name).write_bytes(os.urandom(size))
    for at in range(MISSING):
        (folder / "images" / f"File-{at}").touch()
