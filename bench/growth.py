"""What a unit of work costs as a site grows, and as more is loaded at once; run as root.

    python -m bench.growth [--machines 10 1000 10000] [--transfers 1 10 100 1000] [--rounds 3]

Quoted is what pyxie and all that it has started took of the processors for one offer, one boot
script, one `/v1/boot`, one build, and one MB by HTTP and by TFTP: less disturbed by what else goes
on than the clock is. A site has so many machines, of which ten are in build mode, or `--built`. All
sites run beside each other, and are asked in turn, each round: the processors' speed is not the
same from one minute to the next. They are at rest then: every machine's build has been tried, and
what only that needed has ended. `--hold` waits for a line on the standard input before it measures,
and before each round: for an hour in which nothing else runs.

So many transfers go on until each has loaded its file four times, for what begins one is part of
its cost; `--seconds` is the least. A transfer's memory is what all processes have more than before,
shared pages counted once, while so many load; what the first ones needed is there before.

Without numbers `--machines` or `--transfers` leaves that part out. All is as it is when it is
installed: with its modules compiled.
"""

from __future__ import annotations

import argparse
import compileall
import contextlib
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.contest import OURS
from bench.lab import Lab, lab
from bench.processors import memory, ran, spent, wakes
from tests.lab.besieged import CHECKOUT, PORT, Besieged, host_of, lay, mac_of
from tests.lab.flood import pxe

BUILT, BUILDS, OFFERS, PACED = 10, 50, 20_000, 100
INITRD, LOADER = 41_000_000, 850_000
WARM = 75.0
"""Seconds until threads and workers that are not needed any more have ended."""
IDLE = 45.0
"""Seconds for which it is watched what is idle."""
TRIED = 900.0
"""Seconds until each machine's build has been tried, at most."""
WHOLE = 4
"""Times that each of the transfers loads its file."""
SETTINGS = """\
kernel: vmlinuz
initrd: initrd.img
images: {www}
limits: {{dhcp_per_mac: 1000000}}
"""
"""A machine may ask twenty times a second; the few of the bench ask as fast as they can."""
BUILD = json.dumps({"hosts": ["HOST"], "replace": True})


@dataclass(frozen=True)
class Site:
    """A site that runs.

    Attributes:
        ground: Its network.
        besieged: Its daemon.
        machines: How many it has.
        built: How many of them are in build mode.
        ready: Seconds from its start until it answered.
    """

    ground: Lab
    besieged: Besieged
    machines: int
    built: int
    ready: float

    @property
    def pid(self) -> int:
        """The daemon's number."""
        assert self.besieged.process is not None
        return self.besieged.process.pid


@contextlib.contextmanager
def running(clients: int, machines: int, built: int) -> Iterator[Site]:
    """Run pyxie on a site of its own, until the block ends."""
    with lab([OURS], clients) as ground:
        www = ground.folder / "www"
        www.mkdir()
        for name, size in (("initrd.img", INITRD), ("vmlinuz", 1000), ("loader.efi", LOADER)):
            (www / name).write_bytes(os.urandom(size))
        folder = Path(tempfile.mkdtemp(dir=ground.folder))
        lay(folder, range(machines), SETTINGS.format(www=www))
        (folder / "ipxe/loader.efi").write_bytes((www / "loader.efi").read_bytes())
        besieged = Besieged(folder, ground.hosts[OURS], ground.clients, ground.clients)
        began = time.perf_counter()
        besieged.start()
        assert besieged.ask("GET", "/health")[0] == 200
        ready = time.perf_counter() - began
        assert besieged.process is not None
        try:
            yield Site(ground, besieged, machines, built, ready)
        finally:
            besieged.process.terminate()
            besieged.process.wait(30)


def until_tried(site: Besieged) -> None:
    """Wait until every machine's build has been tried: what it took is no unit's cost."""
    deadline = time.monotonic() + TRIED
    while time.monotonic() < deadline:
        _, said = site.ask("GET", "/metrics")
        if b"\npyxie_verdicts_waiting 0.0\n" in said:
            return
        time.sleep(1)
    raise AssertionError("builds are still tried")


def idle(sites: list[Site], seconds: float) -> None:
    """Print what all take while nothing is asked of them."""
    before = {each.machines: (ran(each.pid), wakes(each.pid)) for each in sites}
    began = time.perf_counter()
    time.sleep(seconds)
    lasted = time.perf_counter() - began
    for each in sites:
        took, woken = before[each.machines]
        share = (ran(each.pid) - took) / lasted * 100
        more = f"{(wakes(each.pid) - woken) / lasted:.1f} wake-ups/s, {memory(each.pid):.1f} MB"
        print(f"{each.machines} machines, idle: {share:.3f} % of a processor, {more}", flush=True)


def units(site: Site, seconds: float) -> dict[str, Callable[[], float]]:
    """Return what does each kind of work on a site, and returns how much."""
    ground, besieged = site.ground, site.besieged

    def builds(method: str, path: str, body: str | None) -> Callable[[], float]:
        def build() -> float:
            for at in range(BUILDS):
                host = host_of(at % site.built)
                words = body.replace("HOST", host) if body else None
                status, said = besieged.ask(method, path.replace("HOST", host), words)
                assert status == 200, said
            time.sleep(1)  # what is made ahead of who asks is part of it
            return BUILDS

        return build

    def paced() -> float:
        return len(besieged.offers(site.built, PACED, seconds).took)

    def offers() -> float:
        told = ("eth0", str(site.built), "8", str(OFFERS), "ipxe.efi", pxe().hex())
        ground.run(str(ground.folder / "offers"), *told, on=ground.booting)
        return OFFERS

    def ask(path: str) -> Callable[[], float]:
        paths = Path(tempfile.mkstemp(dir=ground.folder)[1])
        paths.write_text("".join(f"{path.format(mac_of(at))}\n" for at in range(site.built)))
        command = (str(ground.folder / "requests"), ground.addresses[OURS], str(PORT))
        more = (str(paths), "kernel", "0", "8", str(seconds))

        def answers() -> float:
            taken = ground.load((), "answers", 1.0, *command, *more)
            return taken.value * taken.seconds

        return answers

    return {
        "a `PUT /build`": builds("PUT", "/build/HOST", None),
        "a `POST /api/v1/builds` of one": builds("POST", "/api/v1/builds", BUILD),
        f"an offer, {PACED} a second": paced,
        "an offer, 8 at once": offers,
        "a boot script, 8 at once": ask("/ipxe/{}"),
        "a `/v1/boot`, 8 at once": ask("/v1/boot/{}"),
    }


def sites_of(numbers: list[int], built: int, rounds: int, seconds: float, hold: bool) -> None:
    """Print what units of work cost on sites with so many machines."""
    with contextlib.ExitStack() as stack:
        sites = []
        for machines in numbers:
            ours = min(built or machines, machines)
            site = stack.enter_context(running(BUILT, machines, ours))
            print(f"{machines} machines: ready after {site.ready:.1f} s", flush=True)
            sites.append(site)
        for site in sites:
            for program in ("requests", "offers"):
                site.ground.compiled(program)
            site.besieged.build(site.built)
            until_tried(site.besieged)
        time.sleep(WARM)
        held(hold, "what is idle")
        idle(sites, IDLE)
        costs: dict[tuple[str, int], list[float]] = defaultdict(list)
        works = {site.machines: units(site, seconds) for site in sites}
        for at in range(rounds):
            held(hold, f"round {at + 1}")
            for what in works[sites[0].machines]:
                for site in sites:
                    before = spent(site.pid)
                    done = works[site.machines][what]()
                    costs[what, site.machines].append((spent(site.pid) - before) / done * 1000)
        print(" | ".join(("", *(f"{each} machines" for each in numbers))))
        for what in works[sites[0].machines]:
            rows = [costs[what, each] for each in numbers]
            print(" | ".join((f"{what}, ms", *map(told, rows))), flush=True)
        for site in sites:
            print(f"{site.machines} machines, after that: {memory(site.pid):.1f} MB")


def told(figures: list[float]) -> str:
    """Return the median of some figures, and the least and the most of them."""
    return f"{statistics.median(figures):.3f} ({min(figures):.3f} to {max(figures):.3f})"


def held(hold: bool, what: str) -> None:
    """Wait for a line, if that was asked for."""
    if hold:
        input(f"Enter measures {what}: ")


def loads_of(numbers: list[int], seconds: float, hold: bool) -> None:
    """Print what a MB costs, and a transfer takes of memory, with so many at once."""
    with running(max(BUILT, *numbers), BUILT, BUILT) as site:
        for program in ("downloads", "blocks"):
            site.ground.compiled(program)
        site.besieged.build(BUILT)
        until_tried(site.besieged)
        rates = {what: load(site, what, BUILT, 1.0).rate for what in ("HTTP", "TFTP")}
        for many in numbers:
            for what, size in (("HTTP", INITRD), ("TFTP", LOADER)):
                lasting = max(seconds, WHOLE * many * size / 1e6 / rates[what])
                held(hold, f"{many} by {what}, for {lasting:.0f} s")
                took = load(site, what, many, lasting)
                rates[what] = took.rate
                print(f"{many} at once by {what}: {took}", flush=True)


@dataclass(frozen=True)
class Load:
    """What became of transfers.

    Attributes:
        many: At once.
        begun: Of them.
        seconds: They took.
        moved: MB.
        took: Seconds of the processors.
        more: MB of memory more than before.
    """

    many: int
    begun: float
    seconds: float
    moved: float
    took: float
    more: float

    @property
    def rate(self) -> float:
        """MB a second."""
        return self.moved / self.seconds

    def __str__(self) -> str:
        return (
            f"{self.took / self.moved * 1000:.3f} ms a MB, {self.rate:.0f} MB/s,"
            f" {self.begun:.0f} begun in {self.seconds:.0f} s, {self.more:.1f} MB of memory more,"
            f" {self.more * 1024 / self.many:.0f} kB a transfer"
        )


def load(site: Site, what: str, many: int, seconds: float) -> Load:
    """Have so many load at once, for so long."""
    ground, pid = site.ground, site.pid
    www, server = ground.folder / "www", ground.addresses[OURS]
    path = f"/boot/{host_of(0)}/initrd/0/initrd.img"
    by = {
        "HTTP": ("downloads", server, str(PORT), path, f"{www}/initrd.img", "0", str(many)),
        "TFTP": (
            *("blocks", server, "loader.efi", f"{www}/loader.efi"),
            *("0", str(many), "1468", "16"),
        ),
    }
    name, *rest = by[what]
    before, kept = spent(pid), memory(pid)
    command = ["ip", "netns", "exec", ground.clients.name, str(ground.folder / name), *rest]
    with subprocess.Popen([*command, str(seconds)], stdout=subprocess.PIPE, text=True) as loading:
        time.sleep(seconds * 0.7)
        more = memory(pid) - kept
        said, _ = loading.communicate()
    assert loading.returncode == 0, said
    told: dict[str, float] = json.loads(said)
    return Load(
        many,
        told["transfers"] + many,
        told["seconds"],
        told["bytes"] / 1e6,
        spent(pid) - before,
        more,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--machines", type=int, nargs="*", default=[10, 1000, 10_000])
    parser.add_argument("--transfers", type=int, nargs="*", default=[1, 10, 100, 1000])
    parser.add_argument("--built", type=int, default=BUILT, help="in build mode; 0 for all")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--hold", action="store_true", help="wait for Enter before each part")
    chosen = parser.parse_args()
    compileall.compile_dir(str(CHECKOUT / "pyxie"), quiet=1)
    if chosen.machines:
        sites_of(chosen.machines, chosen.built, chosen.rounds, chosen.seconds, chosen.hold)
    if chosen.transfers:
        loads_of(chosen.transfers, chosen.seconds, chosen.hold)


if __name__ == "__main__":
    main()
