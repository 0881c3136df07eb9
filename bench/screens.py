"""How long each screen of the page takes, of ten thousand machines with ten thousand events.

    python -m bench.screens [--machines 10000] [--building 1000] [--rounds 20]

A daemon in a process of its own, as of `bench.machines`. Each screen is asked for one request at a
time; quoted are the median and the slowest, in milliseconds, how much of the daemon's processor
time one took, which moves less with what else the machine does, and how long the answer is. A
screen is to be there within 100 ms.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.machines import Daemon, host_of, mac_of, serving, write
from pyxie.http.page.screens import SCREENS

SOON = 100.0
"""Milliseconds within which a screen is to be there."""
MORE = """\
kernel: linux
build_type: {build_type}
groups: [rack{rack}]
"""
TYPES = "build_types: {debian: {}, rescue: {}, rocky: {}}\n"
_LISTS = (
    "?page=50",
    "?order=-last_boot&page=10",
    "?order=state&name=web*&state=active",
    "?order=-build_type&group=rack7&build_type=rescue",
    "?name=1",
)


def lay(site: Path, machines: int) -> None:
    for name in ("machines", "groups", "templates", "images", "files", "ipxe"):
        (site / name).mkdir(parents=True)
    for rack in range(100):
        (site / f"groups/rack{rack}.yaml").write_text(f"params: {{rack: '{rack}'}}\n")
    (site / "templates/debian12.preseed.j2").write_text("d-i partman-auto/disk string /dev/sda\n")
    (site / "templates/finish.sh.j2").write_text("#!/bin/sh\n")
    (site / "images/linux").write_bytes(b"kernel")
    for at in range(machines):
        build_type = ("debian", "rescue", "rocky")[at % 3]
        write(site / "machines", at, MORE.format(build_type=build_type, rack=at % 100))


def boot(daemon: Daemon, machines: int) -> None:
    """Have each machine ask for its script."""

    def ask(at: int) -> None:
        url = f"http://127.0.0.1:{daemon.port}/ipxe/{mac_of(at)}"
        urllib.request.urlopen(url, timeout=30).read()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(ask, range(machines)))


def build(daemon: Daemon, machines: int) -> None:
    for at in range(0, machines, 100):
        hosts = [host_of(each) for each in range(at, at + 100)]
        body = json.dumps({"hosts": hosts}).encode()
        told = daemon.ask("POST", "/api/v1/builds", body, Content_Type="application/json")
        refused = [each["detail"] for each in told["results"] if each["build"] is None]
        assert not refused, refused[0]


def screens(machines: int) -> Iterator[str]:
    for screen in SCREENS:
        yield screen.path
        if screen.name == "machines":
            yield from (screen.path + query for query in _LISTS)
            yield f"{screen.path}/{host_of(1)}"
            yield f"{screen.path}/{host_of(machines - 1)}"


def at_work(daemon: Daemon) -> float:
    """Return the milliseconds of processor time that a daemon has had."""
    fields = Path(f"/proc/{daemon.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def asked(daemon: Daemon, path: str, rounds: int) -> tuple[float, float, float, int]:
    """Return the median and the slowest time of a screen, and its work, in ms, and its bytes."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{daemon.port}{path}", headers={"Accept": "text/html"}
    )
    taken, size, before = [], 0, 0.0
    for at in range(rounds + 1):
        began = time.perf_counter()
        with urllib.request.urlopen(request, timeout=30) as answer:
            size = len(answer.read())
        if not at:  # the first compiles the templates
            before = at_work(daemon)
        else:
            taken.append((time.perf_counter() - began) * 1000)
    work = (at_work(daemon) - before) / rounds
    return statistics.median(taken), max(taken), work, size


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--machines", type=int, default=10_000)
    parser.add_argument("--building", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=20)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        site = Path(name)
        lay(site, chosen.machines)
        settings = f"{TYPES}grouppath: groups\nlimits: {{http_per_address: 4096}}\n"
        with serving(site, settings) as (daemon, seconds):
            print(f"{chosen.machines} machines, serving after {seconds:.1f} s")
            build(daemon, chosen.building)
            boot(daemon, chosen.machines)
            for path in screens(chosen.machines):
                median, slowest, work, size = asked(daemon, path, chosen.rounds)
                late = " LATE" if median > SOON else ""
                print(
                    f"{path:64} {median:6.1f} ms, {slowest:6.1f} at most, {work:5.1f} of work,"
                    f" {size:7} bytes{late}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
