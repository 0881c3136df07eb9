"""How long `PUT /build` and `/health` take among many machines, alone or beside another checkout.

    python -m bench.builds [--against CHECKOUT] [--machines 1000 10000] [--puts 1000]

Each time a daemon is started; `/health` is asked for again and again, then one machine after
the other is put in build mode over one connection. Single figures move with the machine, and
each `PUT` waits for the disk twice, for the build and for the audit log.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import http.client
import json
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bench.contest import OURS, Contest, Run, Taken, at_most
from bench.machines import CHECKOUT, Daemon, host_of
from bench.processors import spent
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
                ask(line, "PUT", f"/build/{host_of(at % machines)}")
            return statistics.median(took), time.perf_counter() - began


@contextlib.contextmanager
def one_by_one(daemon: Daemon, machines: int) -> Iterator[Run]:
    """All machines' builds are begun over one connection, one after the other."""

    def run() -> Taken:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", daemon.port)) as line:

            def puts() -> None:
                for at in range(machines):
                    ask(line, "PUT", f"/build/{host_of(at)}")

            return timed(daemon, puts)

    yield run


@contextlib.contextmanager
def at_once(daemon: Daemon) -> Iterator[Run]:
    """All machines' builds are begun by one call; those that there are end by that."""

    def run() -> Taken:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", daemon.port)) as line:
            said: list[bytes] = []
            body = '{"all": true, "replace": true}'
            taken = timed(daemon, lambda: said.append(ask(line, "POST", "/api/v1/builds", body)))
        refused = [each for each in json.loads(said[0])["results"] if each["status"] != 200]
        assert refused == []
        return taken

    yield run


def ask(line: http.client.HTTPConnection, method: str, path: str, body: str | None = None) -> bytes:
    line.request(method, path, body)
    answer = line.getresponse()
    said = answer.read()
    assert answer.status == 200, said
    return said


def timed(daemon: Daemon, what: Callable[[], None]) -> Taken:
    """Do something; return the seconds that it took."""
    before, began = spent(daemon.process.pid), time.perf_counter()
    what()
    took = time.perf_counter() - began
    return Taken(took, spent(daemon.process.pid) - before, took)


@contextlib.contextmanager
def contests() -> Iterator[Sequence[Contest]]:
    """Builds of 1,000 machines, each of which is on disk before it is answered."""
    machines = 1000
    with site_of(CHECKOUT, machines) as (daemon, _):
        yield [
            Contest(
                name="builds",
                work=f"{machines:,} PUT /build, one after another",
                unit="s",
                wanted=[at_most(4.0)],
                sides={OURS: functools.partial(one_by_one, daemon, machines)},
            ),
            Contest(
                name="bulk",
                work=f"the same by one call for all {machines:,}",
                unit="s",
                wanted=[at_most(1.0)],
                sides={OURS: functools.partial(at_once, daemon)},
            ),
        ]


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
