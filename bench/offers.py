"""How many offers a second, beside dnsmasq as a proxyDHCP; run as root, for its namespaces.

    python -m bench.offers [--rounds 5] [--machines 1000] [--in-flight 64] [--offers 100000]

Machines in build mode ask, so many at once, each next one as one has been offered its loader
(`bench/offers.c`, which is compiled anew). Cold is each machine's first DISCOVER to a daemon that
has come to rest after its start; warm are all later ones. pyxie hears them by its raw socket, as
beside another DHCP server. dnsmasq answers everybody: with a list of machines to answer it is
slower, for it goes through that at each request. The servers take turns, and each has a host of its
own, joined to its clients' by a pair of interfaces.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.contest import OURS, Contest, Run, Side, Taken, at_least, at_most
from bench.peers import pixiecore, started, waitron
from bench.processors import at_rest, clock, spent
from tests.interop.netns import Host, Net, network
from tests.lab.besieged import SERVER, Besieged, lay
from tests.lab.flood import pxe

LOADER = "ipxe.efi"
ALONE = "limits: {dhcp_per_mac: 1000000}\n"
"""A machine may ask twenty times a second; the few of the bench ask as fast as they can."""
DNSMASQ = (
    "dnsmasq --no-daemon --port=0 --conf-file=/dev/null --no-hosts --no-resolv --quiet-dhcp"
    f" --interface=eth0 --dhcp-range=10.99.0.0,proxy --pxe-service=x86-64_EFI,install,{LOADER}"
)


BARE = "in C"
"""What answers all with one offer and looks at nothing, `bench/offers.c`."""
PAIR = "pixiecore and waitron"


class Clients:
    """Where the machines are that ask."""

    def __init__(self, host: Host, program: Path, machines: int, in_flight: int, file: str) -> None:
        self._host = host
        self._program = program
        self._machines = machines
        self._in_flight = in_flight
        self._file = file

    def ask(self, offers: int) -> dict[str, Any]:
        """Have them ask until there were so many offers; return what `bench/offers.c` prints."""
        at_once = str(min(self._in_flight, self._machines))
        command = [
            str(self._program),
            "eth0",
            str(self._machines),
            at_once,
            str(offers),
            self._file,
        ]
        line = ["ip", "netns", "exec", self._host.name, *command, pxe().hex()]
        done = subprocess.run(line, capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        found: dict[str, Any] = json.loads(done.stdout)
        return found


def compiled(folder: Path) -> Path:
    """Compile the clients into a folder."""
    source, into = Path(__file__).with_name("offers.c"), folder / "offers"
    subprocess.run(["gcc", "-O2", "-o", str(into), str(source)], check=True)
    return into


def joined(net: Net) -> tuple[Host, Host]:
    """Return a server's host and its clients'."""
    server, clients = net.host("s"), net.host("c")
    server.ip(f"link add eth0 type veth peer name eth0 netns {clients.name}")
    server.ip(f"addr add {SERVER}/16 brd + dev eth0")  # who asks has no address yet
    for host in (server, clients):
        host.ip("link set eth0 up")
    return server, clients


@contextlib.contextmanager
def pyxie(net: Net, folder: Path, machines: int) -> Iterator[tuple[Besieged, Host]]:
    """Give a site whose machines are in build mode, and the host of their clients."""
    server, clients = joined(net)
    images = "kernel: linux\ninitrd: initrd.gz\nimage_url: http://192.0.2.1/\n"
    lay(folder, range(machines), f"{images}{ALONE}")
    site = Besieged(folder, server, clients, clients)
    site.start()
    try:
        site.build(machines)
        yield site, clients
    finally:
        stop(site)


def stop(site: Besieged) -> None:
    """End the daemon."""
    assert site.process is not None
    site.process.terminate()
    site.process.wait(20)


def measured(clients: Clients, offers: int, *pids: int) -> dict[str, Any]:
    """Have clients ask; return what they saw, and what it cost the server with these processes."""
    before = sum(map(spent, pids))
    seen = clients.ask(offers)
    return {**seen, "rate": offers / seen["seconds"], "server": sum(map(spent, pids)) - before}


@contextlib.contextmanager
def restarted(site: Besieged, run: Callable[[int], Taken]) -> Iterator[Run]:
    """A daemon that has just started: it has made no offer yet."""
    site.start()
    time.sleep(1)  # the kernel is told which machines are known
    at_rest()
    assert site.process is not None
    try:
        yield functools.partial(run, site.process.pid)
    finally:
        stop(site)


@contextlib.contextmanager
def peer(
    host: Host, folder: Path, command: Sequence[str], run: Callable[[int], Taken]
) -> Iterator[Run]:
    """A peer that has just started."""
    with started(host, folder, *command) as pid:
        yield functools.partial(run, pid)


@contextlib.contextmanager
def pair(
    host: Host, folder: Path, machines: int, run: Callable[[int, int], Taken]
) -> Iterator[Run]:
    """waitron with the machines in build mode, and pixiecore, which asks it of each."""
    with (
        waitron(host, folder, range(machines)) as one,
        pixiecore(host, folder, SERVER) as other,
    ):
        yield functools.partial(run, one, other)


def taken(clients: Clients, offers: int, *pids: int) -> Taken:
    """Have clients ask; return what a contest is told."""
    idle, there = clock()
    seen = measured(clients, offers, *pids)
    idle, there = (after - before for before, after in zip((idle, there), clock(), strict=True))
    others = max(0.0, there - idle - seen["server"] - seen["cpu"])
    more = {
        **{name: seen[name] for name in ("p50", "p99", "lost")},
        "clients": seen["cpu"],
        "idle": 100 * idle / max(there, 0.01),
    }
    # A cold run is over within a few ticks of that clock.
    if there > 0.5:
        more["others"] = 100 * others / there
    return Taken(seen["rate"], seen["server"], seen["seconds"], more)


@contextlib.contextmanager
def contests() -> Iterator[Sequence[Contest]]:
    """Warm and cold, beside dnsmasq and what only echoes."""
    machines, in_flight, warm = 1000, 64, 30_000
    with tempfile.TemporaryDirectory() as name, network() as net:
        folder = Path(name)
        program = compiled(folder)
        (folder / "site").mkdir()
        with pyxie(net, folder / "site", machines) as (site, asking):
            stop(site)
            hosts = {name: joined(net) for name in ("dnsmasq", BARE, PAIR)}
            commands = {"dnsmasq": DNSMASQ.split(), BARE: [str(program), "echo", "eth0"]}

            def sides(offers: int) -> dict[str, Side]:
                ours = Clients(asking, program, machines, in_flight, LOADER)
                found: dict[str, Side] = {
                    OURS: functools.partial(restarted, site, functools.partial(taken, ours, offers))
                }
                for name, (host, others) in hosts.items():
                    theirs = Clients(others, program, machines, in_flight, "")
                    run = functools.partial(taken, theirs, offers)
                    if name == PAIR:
                        place = Path(tempfile.mkdtemp(dir=folder))
                        found[name] = functools.partial(pair, host, place, machines, run)
                    else:
                        found[name] = functools.partial(peer, host, folder, commands[name], run)
                return found

            work = f"proxyDHCP, {in_flight} in flight, {machines:,} machines"
            late = at_most(1.0, "dnsmasq", of="p99", work="p99 of an offer there", unit="ms")
            yield [
                Contest(
                    name="offers",
                    work=work,
                    unit="offers/s",
                    wanted=[at_least(1.2, "dnsmasq"), late],
                    sides=sides(warm),
                ),
                Contest(
                    name="cold",
                    work="the same, each machine's first DISCOVER",
                    unit="offers/s",
                    wanted=[at_least(1.2, "dnsmasq")],
                    sides=sides(machines),
                    together=False,
                ),
            ]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--machines", type=int, default=1000)
    parser.add_argument("--in-flight", type=int, default=64)
    parser.add_argument("--offers", type=int, default=100_000)
    parser.add_argument("--without", nargs="*", default=(), choices=("cold", "dnsmasq", "echo"))
    chosen = parser.parse_args()
    seen: dict[str, list[dict[str, Any]]] = {}
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        net = stack.enter_context(network())
        program = compiled(folder)
        (folder / "site").mkdir()
        site, asking = stack.enter_context(pyxie(net, folder / "site", chosen.machines))
        ours = Clients(asking, program, chosen.machines, chosen.in_flight, LOADER)
        peers: dict[str, tuple[Clients, int]] = {}
        commands = {"dnsmasq": DNSMASQ, "echo": f"{program} echo eth0"}
        for name, command in commands.items():
            if name in chosen.without or not shutil.which(command.split()[0]):
                continue
            print(f"{name}: {command}")
            server, others = joined(net)
            process = server.start(*command.split(), log=folder / name)
            peers[name] = (
                Clients(others, program, chosen.machines, chosen.in_flight, ""),
                process.pid,
            )
        time.sleep(1)
        for each in range(chosen.rounds):
            if each and "cold" not in chosen.without:
                stop(site)
                site.start()
                time.sleep(1)
            assert site.process is not None
            pid = site.process.pid
            if "cold" not in chosen.without:
                cold = measured(ours, chosen.machines, pid)
                seen.setdefault("pyxie, cold", []).append(cold)
            seen.setdefault("pyxie, warm", []).append(measured(ours, chosen.offers, pid))
            for name, (clients, pid) in peers.items():
                if "cold" not in chosen.without:
                    cold = measured(clients, chosen.machines, pid)
                    seen.setdefault(f"{name}, cold", []).append(cold)
                seen.setdefault(f"{name}, warm", []).append(measured(clients, chosen.offers, pid))
    for name, runs in seen.items():
        middle = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        rates = ", ".join(f"{run['rate']:.0f}" for run in runs)
        each = middle["offers"] / 1e6
        print(
            f"{name}: {middle['rate']:.0f}/s ({rates}), p50 {middle['p50']:.1f} ms,"
            f" p99 {middle['p99']:.1f} ms, {middle['lost']:.0f} lost; of the processors"
            f" {middle['server'] / each:.1f} µs an offer, clients {middle['cpu'] / each:.1f} µs"
        )


if __name__ == "__main__":
    main()
