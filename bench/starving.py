"""Does anybody starve? What offers and boot scripts take while all load at once; run as root.

    python -m bench.starving [--downloads 200] [--machines 100] [--seconds 20]

First nothing else goes on. Then so many machines load an initrd over HTTP, and as many a loader
over TFTP, each again and again as fast as it comes; a page's stream is open, and a build is begun
every 50 ms. All the while machines in build mode ask in turn, 100 a second, and four connections
fetch their boot scripts. Wanted: 99 of 100 offers within 50 ms, and scripts within 200 ms.

All of them share this computer's processors with pyxie, which comes first, so single figures move
with it.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import os
import socket
import statistics
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench.contest import OURS
from bench.lab import Lab, lab
from bench.pages import looking, shown
from bench.processors import spent
from tests.lab.besieged import PORT, Besieged, host_of

ASKING = 100.0
"""DISCOVERs a second."""
BETWEEN = 0.05
"""Seconds between two builds that are begun."""
INITRD, LOADER = 41_000_000, 850_000
OFFER, SCRIPT = 50.0, 200.0
"""ms, in which 99 of 100 are wanted."""


@dataclass
class Begun:
    """Builds that were begun meanwhile: seconds each."""

    took: list[float] = field(default_factory=list)
    failed: int = 0


@contextlib.contextmanager
def building(site: Besieged, first: int, machines: int) -> Iterator[Begun]:
    """Begin a build every 50 ms, of machines in turn, until the block ends."""
    found, stop = Begun(), threading.Event()
    sock = site.server.inside(lambda: socket.create_connection(("127.0.0.1", PORT), 20))

    def build() -> None:
        at, due = 0, time.monotonic()
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", PORT)) as line:
            line.sock = sock
            while not stop.wait(max(0.0, due - time.monotonic())):
                due, at = due + BETWEEN, at + 1
                began = time.monotonic()
                line.request("PUT", f"/build/{host_of(first + at % machines)}")
                answer = line.getresponse()
                answer.read()
                found.failed += answer.status != 200
                found.took.append(time.monotonic() - began)

    thread = threading.Thread(target=build)
    thread.start()
    try:
        yield found
    finally:
        stop.set()
        thread.join()


@contextlib.contextmanager
def loading(ground: Lab, downloads: int, seconds: float) -> Iterator[list[subprocess.Popen[str]]]:
    """Have so many machines load over HTTP, and so many over TFTP; each says in JSON how much."""
    server, www = ground.addresses[OURS], ground.folder / "www"
    path = "/boot/web####.example.org/initrd/0/initrd.img"
    lasting, many = str(seconds), str(downloads)
    commands = (
        ("downloads", server, str(PORT), path, f"{www}/initrd.img", "0", many, lasting),
        ("blocks", server, "loader.efi", f"{www}/loader.efi", many, many, "1468", "16", lasting),
    )
    started = [
        subprocess.Popen(
            ["ip", "netns", "exec", ground.clients.name, str(ground.folder / name), *rest],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        for name, *rest in commands
    ]
    for each in started:
        # In the world they have computers of their own; here they share the server's (sched(7)).
        Path(f"/proc/{each.pid}/autogroup").write_text("19")
        os.sched_setscheduler(each.pid, os.SCHED_IDLE, os.sched_param(0))
    try:
        time.sleep(1)  # it is warm
        yield started
    finally:
        for each in started:
            each.kill()
            each.wait()


def told(site: Besieged, machines: int, seconds: float) -> tuple[float, float]:
    """Print and return the ms in which 99 of 100 offers, and scripts, have come."""
    assert site.process is not None
    before, began = spent(site.process.pid), time.monotonic()
    with site.fetching(machines=machines) as fetched:
        offers = site.offers(machines, ASKING, seconds)
    took = time.monotonic() - began
    cuts = statistics.quantiles(fetched.took, n=100)
    script = cuts[98] * 1000
    print(
        f"  {offers}; {len(fetched.took)} scripts: p50 {cuts[49] * 1000:.1f} ms,"
        f" p99 {script:.1f} ms, {fetched.failed} failed;"
        f" {(spent(site.process.pid) - before) / took:.2f} processors",
        flush=True,
    )
    return offers.cut(99) * 1000, script


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--downloads", type=int, default=200, help="over HTTP, and over TFTP")
    parser.add_argument("--machines", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=20)
    chosen = parser.parse_args()
    count = max(chosen.machines, 2 * chosen.downloads)
    with lab([OURS], 2 * chosen.downloads) as ground:
        ground.compiled("downloads")
        ground.compiled("blocks")
        www = ground.folder / "www"
        www.mkdir()
        (www / "initrd.img").write_bytes(os.urandom(INITRD))
        (www / "vmlinuz").write_bytes(os.urandom(1000))
        (www / "loader.efi").write_bytes(os.urandom(LOADER))
        settings = f"kernel: vmlinuz\ninitrd: initrd.img\nimages: {www}\n"
        with ground.pyxie(OURS, count, settings) as site:
            (site.folder / "ipxe/loader.efi").write_bytes((www / "loader.efi").read_bytes())
            print("calm:")
            told(site, chosen.machines, min(5.0, chosen.seconds))
            print(f"{chosen.downloads} load over HTTP and as many over TFTP:")
            with (
                loading(ground, chosen.downloads, chosen.seconds + 60) as loads,
                looking(site, 1) as page,
                building(site, chosen.machines, count // 2) as begun,
            ):
                offer, script = told(site, chosen.machines, chosen.seconds)
                assert all(each.poll() is None for each in loads), "a load has ended"
            cut = statistics.quantiles(begun.took, n=100)
            print(
                f"  {len(begun.took)} builds begun: p50 {cut[49] * 1000:.0f} ms,"
                f" p99 {cut[98] * 1000:.0f} ms, {begun.failed} failed;"
                f" the page was given {shown(page)[2] / 1000:.0f} kB"
            )
    for what, ms, most in (("an offer", offer, OFFER), ("a boot script", script, SCRIPT)):
        print(f"p99 of {what}: {ms:.1f} ms, wanted {most:.0f}: {'yes' if ms <= most else 'NO'}")


if __name__ == "__main__":
    main()
