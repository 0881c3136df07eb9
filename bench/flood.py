"""What a flood of DISCOVERs from MACs that nobody knows takes from known machines; run as root.

    python -m bench.flood [--machines 100 1000 10000] [--rate 100000] [--seconds 5]

For each number of known machines a daemon is started in a network namespace; up to 1,000 of them
are in build mode and ask in turn, 50 a second, and four connections fetch boot scripts, first in
calm, then in the flood (`bench/flood.c`). How much of it arrived is told by the counters of the
server's interface, and how much was heard by pyxie's own: the rest was dropped in the kernel, by
who may be known or for want of room. Single figures move with the machine.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from tests.lab import needs
from tests.lab.besieged import CHECKOUT, Besieged, besieged
from tests.lab.flood import frame, pxe

ASKING, ASK, CALM = 1000, 50, 3.0


def heard(site: Besieged) -> float:
    """Return how many datagrams pyxie has read."""
    said = site.ask("GET", "/metrics")[1].decode()
    counts = re.findall(r"^pyxie_dhcp_datagrams_total\{.*\} (.*)$", said, re.MULTILINE)
    return sum(map(float, counts))


def measure(machines: int, rate: int, seconds: float) -> str:
    """Return what was measured, as a line."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        program = folder / "flood-of-strangers"
        source = CHECKOUT / "bench/flood.c"
        compiler = needs.program("cc", "gcc libc6-dev")
        subprocess.run([compiler, "-O2", "-o", program, source], check=True)
        settings = "unknown: discover\n"
        site = stack.enter_context(besieged(folder, machines, settings, built=False))
        site.build(min(machines, ASKING))
        time.sleep(2)  # the kernel is told which machines are known
        fetched = stack.enter_context(site.fetching())
        calm, before = site.offers(min(machines, ASKING), ASK, CALM), site.memory()[0]
        quiet, fetched.took[:] = list(fetched.took), []
        each = frame(pxe(), bytes(4), b"\xff" * 4, (68, 67)).hex()
        command = (str(program), "eth0", str(rate), str(seconds + 10), each)
        flooding = site.enemy.start(*command, log=folder / "flooded")
        time.sleep(1)
        lines, frames, were, began = site.logged(), site.arrived(), heard(site), time.monotonic()
        offers = site.offers(min(machines, ASKING), ASK, seconds)
        took = time.monotonic() - began
        arrived, logged = (site.arrived() - frames) / took, (site.logged() - lines) / took
        scripts = [statistics.quantiles(each, n=100)[98] * 1000 for each in (quiet, fetched.took)]
        flooding.kill()
        flooding.wait()
        read = (heard(site) - were) / took
        return (
            f"{machines} known: calm {calm}; at {arrived:.0f} frames/s {offers};"
            f" {read:.0f}/s read; scripts p99 {scripts[0]:.1f} and {scripts[1]:.1f} ms,"
            f" {fetched.failed} failed; {logged:.0f} log lines/s;"
            f" {before:.0f} MB, {site.memory()[1]:.0f} at most"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--machines", type=int, nargs="+", default=[100, 1000, 10_000])
    parser.add_argument("--rate", type=int, default=100_000, help="frames a second")
    parser.add_argument("--seconds", type=float, default=5)
    chosen = parser.parse_args()
    for machines in chosen.machines:
        print(measure(machines, chosen.rate, chosen.seconds), flush=True)


if __name__ == "__main__":
    main()
