"""What an offer takes, idle and while a hostile host floods; run as root, for its namespaces.

    python -m bench.dhcp [--machines 200] [--rate 20000] [--seconds 10] [--kinds discovers reads]

For each kind of flood a daemon is started in a network namespace, machines in build mode ask in
turn, 50 a second, and four connections fetch boot scripts beside them. How much of the flood has
arrived is told by the counters of the server's interface. Single figures move with the machine.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from tests.lab.besieged import besieged
from tests.lab.flood import KINDS

ASKING = 50
POLICIES = ("ignore", "discover")


def measure(kind: str, policy: str, machines: int, rate: int, seconds: float) -> str:
    """Return what was measured, as a line."""
    with (
        tempfile.TemporaryDirectory() as folder,
        besieged(Path(folder), machines, f"unknown: {policy}\n") as site,
        site.fetching() as fetched,
    ):
        calm = site.offers(machines, ASKING, 3)
        quiet, fetched.took[:] = list(fetched.took), []
        with site.flooded(kind, rate, seconds + 30):
            lines, frames, began = site.logged(), site.arrived(), time.monotonic()
            under = site.offers(machines, ASKING, seconds)
            took = time.monotonic() - began
            arrived, logged = (site.arrived() - frames) / took, (site.logged() - lines) / took
        _, most = site.memory()
        scripts = [statistics.quantiles(each, n=100)[98] * 1000 for each in (quiet, fetched.took)]
        return (
            f"{kind}, unknown: {policy}: idle {calm}; at {arrived:.0f} frames/s {under};"
            f" scripts p99 {scripts[0]:.0f} and {scripts[1]:.0f} ms, {fetched.failed} failed;"
            f" {logged:.0f} log lines/s; {most:.0f} MB at most"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--machines", type=int, default=200)
    parser.add_argument("--rate", type=int, default=20_000, help="frames a second")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=KINDS)
    parser.add_argument("--policies", nargs="+", default=POLICIES, help="of unknown machines")
    chosen = parser.parse_args()
    for kind in chosen.kinds:
        for policy in chosen.policies:
            print(measure(kind, policy, chosen.machines, chosen.rate, chosen.seconds), flush=True)


if __name__ == "__main__":
    main()
