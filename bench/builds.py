"""How long `PUT /build` and `/health` take among many machines, alone or beside another checkout.

    python -m bench.builds [--against CHECKOUT] [--machines 1000 10000] [--puts 1000] [--cold]

Each time a daemon is started; `/health` is asked for again and again, then one machine after
the other is put in build mode over one connection. Single figures move with the machine, and
each `PUT` waits for the disk, where the build is stored with the line that audits it.

pyxie tries what builds will serve while there is nothing else to do. Measured is a daemon that
has done so, which it tells by `pyxie_verdicts_waiting`; with --cold, and in the row of builds
right after a start, one that has just been started, in which each build waits for that.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import http.client
import json
import statistics
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bench.contest import OURS, Contest, Run, Taken, at_most
from bench.machines import CHECKOUT, Daemon, host_of
from bench.processors import spent
from bench.scripts import site_of

ASKED = 100
PATIENCE = 600.0
"""Seconds until a daemon has come to rest: 10,000 machines take one and a half minutes."""


def settled(daemon: Daemon) -> None:
    """Wait until a daemon has tried all builds that it may; an older one tries none ahead."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with urllib.request.urlopen(f"http://127.0.0.1:{daemon.port}/metrics") as answer:
            told = dict(line.rsplit(" ", 1) for line in answer.read().decode().splitlines())
        if float(told.get("pyxie_verdicts_waiting", 0)) == 0:
            return
        time.sleep(0.5)
    raise AssertionError("it does not come to rest")


def measure(checkout: Path, machines: int, puts: int, *, cold: bool) -> tuple[float, float]:
    """Return ms of the median `/health`, and seconds of all `PUT /build` in a row."""
    with site_of(checkout, machines) as (daemon, _):
        if not cold:
            settled(daemon)
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
        settled(daemon)
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", daemon.port)) as line:

            def puts() -> None:
                for at in range(machines):
                    ask(line, "PUT", f"/build/{host_of(at)}")

            return timed(daemon, puts)

    yield run


@contextlib.contextmanager
def cold(machines: int) -> Iterator[Run]:
    """The same of a daemon that was started for it."""

    def run() -> Taken:
        with (
            site_of(CHECKOUT, machines) as (daemon, _),
            contextlib.closing(http.client.HTTPConnection("127.0.0.1", daemon.port)) as line,
        ):

            def puts() -> None:
                for at in range(machines):
                    ask(line, "PUT", f"/build/{host_of(at)}")

            return timed(daemon, puts)

    yield run


@contextlib.contextmanager
def at_once(daemon: Daemon) -> Iterator[Run]:
    """All machines' builds are begun by one call; those that there are end by that."""

    def run() -> Taken:
        settled(daemon)
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
                name="builds-cold",
                work="the same, right after the start",
                unit="s",
                wanted=[at_most(4.0)],
                sides={OURS: functools.partial(cold, machines)},
            ),
            Contest(
                name="bulk",
                work=f"{machines:,} builds by one call for all",
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
    parser.add_argument("--cold", action="store_true", help="right after the start")
    chosen = parser.parse_args()
    checkouts = {"this": CHECKOUT}
    if chosen.against:
        checkouts["that"] = chosen.against.resolve()
        assert (checkouts["that"] / "pyxie").is_dir(), f"{chosen.against} is no checkout of pyxie"
    for machines in chosen.machines:
        for whose, checkout in checkouts.items():
            health, puts = measure(checkout, machines, chosen.puts, cold=chosen.cold)
            print(
                f"{machines} machines, {whose}: /health {health:.1f} ms;"
                f" {chosen.puts} PUT /build in a row {puts:.1f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
