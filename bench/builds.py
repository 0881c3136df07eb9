"""How long `PUT /build` and `/health` take among many machines, alone or beside another checkout.

    python -m bench.builds [--against CHECKOUT] [--machines 1000 10000] [--puts 1000]

Each time a daemon is started; `/health` is asked for again and again, then one machine after
the other is put in build mode over one connection. Single figures move with the machine, and
each `PUT` waits for the disk twice, for the build and for the audit log.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import statistics
import time
from pathlib import Path

from bench.machines import CHECKOUT, host_of
from bench.scripts import site_of

ASKED = 100


def measure(checkout: Path, machines: int, puts: int) -> tuple[float, float]:
    """Return ms of the median `/health`, and seconds of all `PUT /build` in a row."""
    with site_of(checkout, machines) as (daemon, _):
        took = []
        for _ in range(ASKED):
            began = time.perf_counter()
            daemon.ask("GET", "/health")
            took.append((time.perf_counter() - began) * 1000)
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", daemon.port)) as line:
            began = time.perf_counter()
            for at in range(puts):
                line.request("PUT", f"/build/{host_of(at % machines)}")
                answer = line.getresponse()
                said = answer.read()
                assert answer.status == 200, said
            return statistics.median(took), time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--against", type=Path, help="another checkout, to be compared with")
    parser.add_argument("--machines", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--puts", type=int, default=1000)
    chosen = parser.parse_args()
    checkouts = {"this": CHECKOUT}
    if chosen.against:
        checkouts["that"] = chosen.against.resolve()
        assert (checkouts["that"] / "pyxie").is_dir(), f"{chosen.against} is no checkout of pyxie"
    for machines in chosen.machines:
        for whose, checkout in checkouts.items():
            health, puts = measure(checkout, machines, chosen.puts)
            print(
                f"{machines} machines, {whose}: /health {health:.1f} ms;"
                f" {chosen.puts} PUT /build in a row {puts:.1f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
