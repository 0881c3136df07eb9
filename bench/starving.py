"""Does anybody starve? What offers and boot scripts take while all load at once; run as root.

    python -m bench.starving [--downloads 200] [--machines 100] [--seconds 20] [--only tftp page]

First nothing else goes on. Then so many machines load an initrd over HTTP, and as many a loader
over TFTP, each again and again as fast as it comes; a page's stream is open, and a build is begun
every 50 ms. All the while machines in build mode ask in turn, 100 a second, and four connections
fetch their boot scripts. Wanted: 99 of 100 offers within 50 ms, and scripts within 200 ms.

All of them share this computer's processors with pyxie, which comes first; what of an offer's time
is pyxie's own is told by when frames passed its interface (`bench/wire.py`). It takes a minute, and
ends after five, whatever hangs; what was measured by then is printed.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import os
import signal
import socket
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.contest import OURS
from bench.lab import Lab, lab
from bench.pages import looking, shown
from bench.processors import clock, spent
from bench.wire import tapped
from tests.lab.besieged import PORT, Besieged, host_of

ASKING = 100.0
"""DISCOVERs a second."""
BETWEEN = 0.05
"""Seconds between two builds that are begun."""
INITRD, LOADER = 41_000_000, 850_000
OFFER, SCRIPT = 50.0, 200.0
"""ms, in which 99 of 100 are wanted."""
LOADS = ("http", "tftp", "page", "builds")
LONGEST = 300
"""Seconds until all is over, whatever hangs."""


@dataclass
class Begun:
    """Builds that were begun meanwhile: seconds each."""

    took: list[float] = field(default_factory=list)
    failed: int = 0


@contextlib.contextmanager
def meanwhile(work: Callable[[threading.Event], None]) -> Iterator[None]:
    """Have something done in a thread, until the block ends and the event is set."""
    stop = threading.Event()
    thread = threading.Thread(target=work, args=(stop,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)


@contextlib.contextmanager
def building(site: Besieged, machines: Sequence[int]) -> Iterator[Begun]:
    """Begin a build every 50 ms, of machines in turn, until the block ends."""
    found = Begun()

    def connected() -> http.client.HTTPConnection:
        line = http.client.HTTPConnection("127.0.0.1", PORT)
        line.sock = site.server.inside(lambda: socket.create_connection(("127.0.0.1", PORT), 20))
        return line

    def build(stop: threading.Event) -> None:
        at, due, line = 0, time.monotonic(), connected()
        while not stop.wait(max(0.0, due - time.monotonic())):
            due, at = due + BETWEEN, at + 1
            began = time.monotonic()
            try:
                line.request("PUT", f"/build/{host_of(machines[at % len(machines)])}")
                answer = line.getresponse()
                answer.read()
                found.failed += answer.status != 200
            except (OSError, http.client.HTTPException):
                found.failed += 1
                line.close()
                line = connected()
            found.took.append(time.monotonic() - began)
        line.close()

    with meanwhile(build):
        yield found


@dataclass
class Load:
    """Clients that load, as a program of this folder.

    Attributes:
        name: The program's.
        command: It, with its arguments.
        troubles: Why it ended and was begun anew.
    """

    name: str
    command: Sequence[str]
    troubles: list[str] = field(default_factory=list)

    def begun(self) -> subprocess.Popen[str]:
        """Begin it."""
        process = subprocess.Popen(
            self.command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        # In the world they have computers of their own; here they share the server's (sched(7)).
        with contextlib.suppress(OSError):
            Path(f"/proc/{process.pid}/autogroup").write_text("19")
        os.sched_setscheduler(process.pid, os.SCHED_IDLE, os.sched_param(0))
        return process


@contextlib.contextmanager
def loading(
    ground: Lab, downloads: int, seconds: float, only: Sequence[str] = LOADS
) -> Iterator[list[Load]]:
    """Have so many machines load over HTTP, and so many over TFTP, until the block ends.

    A client that is let down ends its program, which is begun anew, and tells of it: of four
    hundred that come last for two processors one may wait for longer than a server does.
    """
    server, www = ground.addresses[OURS], ground.folder / "www"
    path = "/boot/web####.example.org/initrd/0/initrd.img"
    lasting, many = str(seconds), str(downloads)
    blocks = ("loader.efi", f"{www}/loader.efi", many, many, "1468", "16", lasting)
    commands = {
        "http": ("downloads", server, str(PORT), path, f"{www}/initrd.img", "0", many, lasting),
        "tftp": ("blocks", server, *blocks),
    }
    inside = ("ip", "netns", "exec", ground.clients.name)
    loads = [
        Load(kind, (*inside, str(ground.folder / name), *rest))
        for kind, (name, *rest) in commands.items()
        if kind in only
    ]

    def keep_up(stop: threading.Event) -> None:
        running = [each.begun() for each in loads]
        try:
            while not stop.wait(0.05):
                for at, (each, process) in enumerate(zip(loads, running, strict=True)):
                    if process.poll() is not None:
                        assert process.stderr is not None
                        each.troubles.append(process.stderr.read().strip() or "it ended")
                        running[at] = each.begun()
        finally:
            for process in running:
                process.kill()
                process.wait()

    with meanwhile(keep_up):
        time.sleep(2)  # it is warm
        yield loads


def cuts(took: Sequence[float]) -> str:
    """Return in words what half of them took, and 99 of 100, at most; seconds."""
    if len(took) < 2:
        return "too few to tell"
    cut = statistics.quantiles(took, n=100, method="inclusive")
    return f"p50 {cut[49] * 1000:.1f} ms, p99 {cut[98] * 1000:.1f} ms"


def ninety_ninth(took: Sequence[float]) -> float:
    """Return the ms that 99 of 100 took at most."""
    cut = statistics.quantiles(took, n=100, method="inclusive") if len(took) > 1 else [float("nan")]
    return cut[-1] * 1000


def told(site: Besieged, machines: int, seconds: float) -> tuple[float, float]:
    """Print and return the ms in which 99 of 100 offers, and scripts, have come."""
    assert site.process is not None
    pyxie, all_of_us, began = site.process.pid, os.getpid(), time.monotonic()
    before, known, (idle, there) = spent(pyxie), spent(all_of_us), clock()
    with tapped(site.server) as passed, site.fetching(machines=machines) as fetched:
        offers = site.offers(machines, ASKING, seconds)
    took, (idle_then, there_then) = time.monotonic() - began, clock()
    known, there = spent(all_of_us) - known, there_then - there
    others = 100 * max(0.0, there - (idle_then - idle) - known) / max(there, 0.01)
    print(
        f"  {offers.sent} DISCOVERs: {cuts(offers.took)}, {offers.lost} lost;"
        f" pyxie's own share: {cuts(passed.took)}\n"
        f"  {len(fetched.took)} scripts: {cuts(fetched.took)}, {fetched.failed} failed;"
        f" pyxie took {(spent(pyxie) - before) / took:.2f} processors,"
        f" and who is no part of this {others:.0f} % of all",
        flush=True,
    )
    return ninety_ninth(offers.took), ninety_ninth(fetched.took)


def besides(site: Besieged, ground: Lab, chosen: argparse.Namespace, count: int) -> None:
    """Measure while all that was chosen goes on, and say how it went."""
    with contextlib.ExitStack() as going_on:
        lasting = chosen.seconds + 60
        loads = going_on.enter_context(loading(ground, chosen.downloads, lasting, chosen.only))
        page = begun = None
        if "page" in chosen.only:
            page = going_on.enter_context(looking(site, 1))
        if "builds" in chosen.only:
            begun = going_on.enter_context(building(site, range(chosen.machines, count)))
        found = told(site, chosen.machines, chosen.seconds)
        for each in loads:
            if each.troubles:
                print(f"  {each.name} began anew {len(each.troubles)} times: {each.troubles[0]}")
        if begun is not None:
            print(f"  {len(begun.took)} builds begun: {cuts(begun.took)}, {begun.failed} failed")
        if page is not None:
            print(f"  the page was given {shown(page)[2] / 1000:.0f} kB")
    for what, ms, most in zip(("an offer", "a boot script"), found, (OFFER, SCRIPT), strict=True):
        said = "yes" if ms <= most else "NO"
        print(f"p99 of {what}: {ms:.1f} ms, wanted {most:.0f}: {said}", flush=True)


def ended(number: int, _frame: object) -> None:
    """Leave all blocks, so that what was begun is ended."""
    signal.alarm(0)
    raise SystemExit(f"ended by {signal.Signals(number).name}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--downloads", type=int, default=200, help="over HTTP, and over TFTP")
    parser.add_argument("--machines", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--only", nargs="*", choices=LOADS, default=LOADS, help="what goes on")
    chosen = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, ended)
    signal.alarm(LONGEST)
    count = max(2 * chosen.machines, 2 * chosen.downloads)
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
            besides(site, ground, chosen, count)


if __name__ == "__main__":
    main()
