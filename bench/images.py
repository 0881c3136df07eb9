"""A hall loads its images: pyxie with a cold store, beside dnsmasq and nginx with local files.

    python -m bench.images [--machines 300] [--at-once 50] [--megabytes 8 41] [--rounds 5]

Run as root, for its network namespaces. Each machine asks by DHCP, loads a loader by TFTP, asks
again as iPXE, fetches its script, and by that a kernel and an initrd; so many do at once, each next
one as one has ended. pyxie's images lie on another host, an nginx whose own log tells how often it
was asked; each round begins with a new store, when pyxie has come to rest after the builds began:
firmware takes longer to start than their scripts to be made. The peer serves the same files from
its own disk. The rounds alternate, and so does who begins; one more before them warms up, and is
not counted.

The machines are a program in C, `bench/hall.c`, which the compiler makes each time: they share the
processors with the server. What they took of them stands beside each figure, as does what the
servers took, what other programs did, and how long the processors were idle. Where the clients
take a small part and little is idle, the server is what is measured; where others take much,
nothing is.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from bench.contest import OURS, Contest, Run, Taken, at_most
from bench.processors import at_rest, clock, spent
from pyxie.dhcp.message import build
from tests.dhcp.packets import as_request
from tests.interop.netns import Host, network
from tests.lab.besieged import CHECKOUT, SERVER, Besieged, lay
from tests.lab.flood import frame
from tests.lab.rack import FIRMWARE, IPXE, address_of

UPSTREAM = "10.99.0.3"
FILES = "vmlinuz", "initrd.img"
LOADER = "ipxe.efi"
BROADCAST = 0x8000
PAIR = "dnsmasq and nginx"

NGINX = """\
daemon off; worker_processes auto; error_log stderr; pid {folder}/nginx.pid;
events {{ worker_connections 1024; }}
http {{
    access_log {folder}/access.log; sendfile on; tcp_nopush on; keepalive_requests 10000;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{ listen 80; root {root}; }}
}}
"""
SCRIPT = """\
#!ipxe
kernel --name kernel http://{server}/vmlinuz
initrd --name initrd.img http://{server}/initrd.img
boot kernel
"""


@dataclass(frozen=True)
class Hall:
    """What became of all machines.

    Attributes:
        seconds: It took.
        rate: Megabytes of images a second.
        server: Seconds of the processors that the servers took.
        client: That the machines took.
        others: That all else took: the upstream, the kernel by itself, and whatever else runs here.
        idle: Percent of the processors' time in which they had nothing to do.
        gets: How often the upstream was asked.
        steps: Milliseconds that each step took at the median, and 99 of 100 at most.
    """

    seconds: float
    rate: float
    server: float
    client: float
    others: float
    idle: float
    gets: int
    steps: dict[str, list[float]]

    def __str__(self) -> str:
        return (
            f"{self.seconds:.2f} s, {self.rate:.0f} MB/s; processors: servers {self.server:.1f} s,"
            f" clients {self.client:.1f} s, others {self.others:.1f} s, idle {self.idle:.0f} %;"
            f" {self.gets} upstream requests"
        )


class Bench:
    """The hosts: a server, a rack, an upstream."""

    def __init__(self, folder: Path, hosts: tuple[Host, Host, Host], machines: int) -> None:
        self.folder = folder
        self.server, self.rack, self.upstream = hosts
        self.machines = machines
        self.program = self.compiled()

    def compiled(self) -> Path:
        """Compile the machines."""
        program = self.folder / "hall"
        source = CHECKOUT / "bench/hall.c"
        subprocess.run(["cc", "-O2", "-Wall", "-pthread", "-o", program, source], check=True)
        return program

    def run(self, at_once: int, servers: tuple[int, ...]) -> Hall:
        """Have all machines boot; tell what it took of the servers with these process numbers."""
        log, asked = self.folder / "rack", self.folder / "upstream/access.log"
        kinds = (FIRMWARE, as_request(FIRMWARE), IPXE)
        firmware, request, ipxe = (build(replace(each, flags=BROADCAST)) for each in kinds)
        words = [each.hex() for each in (discover(firmware), request, discover(ipxe))]
        gets = len(asked.read_text().splitlines())
        before, (idle, there) = sum(map(spent, servers)), clock()
        process = self.rack.start(
            str(self.program), "eth0", SERVER, str(self.machines), str(at_once), *words, log=log
        )
        process.wait(900)
        after, (idle_then, there_then) = sum(map(spent, servers)), clock()
        assert process.returncode == 0, log.read_text()
        told: dict[str, Any] = json.loads(log.read_text().splitlines()[-1])
        there, idle = there_then - there, idle_then - idle
        return Hall(
            seconds=told["seconds"],
            rate=told["bytes"] / told["seconds"] / 1e6,
            server=after - before,
            client=told["cpu"],
            others=max(0.0, there - idle - (after - before) - told["cpu"]),
            idle=100 * idle / there,
            gets=len(asked.read_text().splitlines()) - gets,
            steps={name: [each * 1000 for each in took] for name, took in told["steps"].items()},
        )

    @contextmanager
    def pyxie(self) -> Iterator[tuple[int, ...]]:
        """A daemon, with an empty store."""
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            folder = Path(name)
            images = f"image_url: http://{UPSTREAM}/\nkernel: {FILES[0]}\ninitrd: {FILES[1]}\n"
            lay(folder, range(self.machines), images)
            site = Besieged(folder, self.server, self.rack, self.upstream)
            site.start()
            site.build(self.machines)
            at_rest()
            assert site.process is not None
            try:
                yield (site.process.pid,)
            finally:
                site.process.terminate()
                site.process.wait()

    @contextmanager
    def pair(self) -> Iterator[tuple[int, ...]]:
        """dnsmasq as the LAN's only server, and nginx with the files on its own disk.

        Each has a session of its own, see `bench.peers.started`.
        """
        nginx = serve(self.server, self.folder / "peer", self.folder / "www")
        (self.folder / "www" / "boot.ipxe").write_text(SCRIPT.format(server=SERVER))
        tftp = self.folder / "tftp"
        tftp.mkdir(exist_ok=True)
        (tftp / LOADER).write_bytes(bytes(1 << 20))
        dnsmasq = self.server.start(
            "setsid", "dnsmasq", "--no-daemon", "--port=0", "--conf-file=/dev/null", "--no-hosts",
            "--no-resolv", "--bind-interfaces", "--interface=eth0", "--except-interface=lo",
            "--dhcp-range=10.99.100.1,10.99.107.254,255.255.0.0", "--no-ping", "--user=root",
            f"--dhcp-leasefile={self.folder}/leases", "--dhcp-userclass=set:ipxe,iPXE",
            f"--dhcp-boot=tag:!ipxe,{LOADER},,{SERVER}",
            f"--dhcp-boot=tag:ipxe,http://{SERVER}/boot.ipxe",
            "--enable-tftp", f"--tftp-root={tftp}", "--tftp-max=512", "--dhcp-lease-max=10000",
            log=self.folder / "dnsmasq",
        )  # fmt: skip
        time.sleep(1)
        assert dnsmasq.poll() is None, (self.folder / "dnsmasq").read_text()
        try:
            yield (nginx.pid, dnsmasq.pid)
        finally:
            for each in (dnsmasq, nginx):
                each.terminate()
                each.wait()


def discover(message: bytes) -> bytes:
    """Return the frame by which who has no address yet sends a DISCOVER (RFC 2131 section 4.1)."""
    return bytes(frame(message, bytes(4), b"\xff" * 4, (68, 67)))


def serve(host: Host, folder: Path, root: Path) -> subprocess.Popen[bytes]:
    """Have an nginx serve a folder."""
    folder.mkdir(exist_ok=True)
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, root=root))
    process = host.start("setsid", "nginx", "-c", str(folder / "nginx.conf"), log=folder / "log")
    time.sleep(0.5)
    assert process.poll() is None, (folder / "log").read_text()
    return process


@contextmanager
def bench(machines: int, sizes: list[int]) -> Iterator[Bench]:
    """Lay out the hosts and the files."""
    with tempfile.TemporaryDirectory() as name, network() as net:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "www").mkdir()
        for file, size in zip(FILES, sizes, strict=True):
            (folder / "www" / file).write_bytes(os.urandom(size * 1_000_000))
        hosts = net.host("s"), net.host("c"), net.host("u")
        addresses = (SERVER, "10.99.0.2", UPSTREAM)
        net.lan(
            **{
                label: (host, "eth0", f"{address}/16")
                for label, host, address in zip("scu", hosts, addresses, strict=True)
            }
        )
        for at in range(machines):
            hosts[1].ip(f"addr add {address_of(at)}/16 dev eth0")
        serve(hosts[2], folder / "upstream", folder / "www")
        yield Bench(folder, hosts, machines)


def medians(halls: list[Hall]) -> str:
    """Return what was seen of one server, in words."""
    times = [each.seconds for each in halls]
    server, client = (
        statistics.median(getattr(each, name) for each in halls) for name in ("server", "client")
    )
    steps = ", ".join(
        f"{name} {statistics.median(each.steps[name][0] for each in halls):.0f}"
        f" ({statistics.median(each.steps[name][1] for each in halls):.0f})"
        for name in halls[0].steps
    )
    return (
        f"{statistics.median(times):.2f} s ({min(times):.2f} to {max(times):.2f}),"
        f" servers {server:.2f} s of the processors, clients {client:.2f} s;\n"
        f"    ms a step at the median (and 99 of 100): {steps}"
    )


@contextmanager
def side(
    lab: Bench, at_once: int, server: Callable[[], AbstractContextManager[tuple[int, ...]]]
) -> Iterator[Run]:
    """A server, before which all machines boot."""
    with server() as numbers:

        def run() -> Taken:
            hall = lab.run(at_once, numbers)
            more = {"clients": hall.client, "beside": hall.others, "idle": hall.idle}
            return Taken(hall.seconds, hall.server, hall.seconds, more)

        yield run


@contextmanager
def contests() -> Iterator[Sequence[Contest]]:
    """The whole hall, a cold store in each round."""
    machines, at_once, sizes = 300, 50, [8, 41]
    with bench(machines, sizes) as lab:
        yield [
            Contest(
                name="storm",
                work=f"{machines} machines, {at_once} at once, {sum(sizes)} MB each, all steps",
                unit="s",
                wanted=[at_most(1.0, PAIR)],
                sides={
                    OURS: partial(side, lab, at_once, lab.pyxie),
                    PAIR: partial(side, lab, at_once, lab.pair),
                },
                together=False,
            )
        ]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--machines", type=int, default=300)
    parser.add_argument("--at-once", type=int, default=50)
    parser.add_argument("--megabytes", type=int, nargs=2, default=[8, 41], help="kernel, initrd")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=("pyxie", "pair"), help="leave the other out")
    chosen = parser.parse_args()
    if shutil.which("cc") is None:
        sys.exit("a C compiler is missing: apt install gcc libc6-dev")
    seen: dict[str, list[Hall]] = {}
    with bench(chosen.machines, chosen.megabytes) as lab:
        servers = {"pyxie, a cold store": lab.pyxie, PAIR: lab.pair}
        if chosen.only:
            servers = {name: each for name, each in servers.items() if chosen.only == each.__name__}
        for at in range(chosen.rounds + 1):
            for name in sorted(servers, reverse=bool(at % 2)):
                with servers[name]() as numbers:
                    hall = lab.run(chosen.at_once, numbers)
                print(f"{name}: {hall}{'' if at else ' (not counted)'}", flush=True)
                if at:
                    seen.setdefault(name, []).append(hall)
    for name, halls in seen.items():
        print(f"{name}: {medians(halls)}")
    if len(seen) == 2:
        ours, theirs = (seen[name] for name in servers)
        ratios = [b.seconds / a.seconds for a, b in zip(ours, theirs, strict=True)]
        print(
            f"pyxie has {statistics.median(ratios):.2f} of the pair's rate"
            f" ({min(ratios):.2f} to {max(ratios):.2f} in {chosen.rounds} rounds)"
        )


if __name__ == "__main__":
    main()
