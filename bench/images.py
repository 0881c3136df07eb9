"""A hall loads its images: pyxie with a cold store, beside dnsmasq and nginx with local files.

    python -m bench.images [--machines 300] [--at-once 50] [--megabytes 41 8] [--rounds 3]

Run as root, for its network namespaces. Each machine asks by DHCP, loads a loader by TFTP, asks
again as iPXE, fetches its script, and by that a kernel and an initrd; so many do at once, each next
one as one has ended. pyxie's images lie on another host, an nginx whose own log tells how often it
was asked; each round begins with a new store. The peer serves the same files from its own disk. The
rounds alternate. What is loaded is counted, and not kept: the client's processor is to do little.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp

from tests.dialogue.ipxe import Ipxe
from tests.dialogue.wires import Answer
from tests.interop.netns import Host, network
from tests.lab.besieged import CHECKOUT, SERVER, Besieged, lay, mac_of
from tests.lab.rack import NoBootError, Rack, address_of, got, rack_on

UPSTREAM = "10.99.0.3"
FILES = "vmlinuz", "initrd.img"
LOADER = "ipxe.efi"
_PIECE = 4 << 20

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


def loaded(url: str, address: str) -> int:
    """Load a file as a machine with that address; return its bytes."""
    parts = urlsplit(url)
    with socket.create_connection(
        (parts.hostname or "", parts.port or 80), 60, (address, 0)
    ) as line:
        line.sendall(f"GET {parts.path} HTTP/1.0\r\nHost: {parts.netloc}\r\n\r\n".encode())
        head = b""
        while b"\r\n\r\n" not in head:
            piece = line.recv(4096)
            if not piece:
                raise NoBootError(f"{url}: {head!r}")
            head += piece
        head, _, first = head.partition(b"\r\n\r\n")
        if b" 200 " not in head.split(b"\r\n")[0]:
            raise NoBootError(f"{url}: {head!r}")
        sizes = [
            each for each in head.lower().split(b"\r\n") if each.startswith(b"content-length:")
        ]
        size, came, into = int(sizes[0].split(b":")[1]), len(first), bytearray(_PIECE)
        while came < size:
            # The kernel throws it away where it is: tcp(7).
            count = line.recv_into(into, min(_PIECE, size - came), socket.MSG_TRUNC)
            if not count:
                raise NoBootError(f"{url}: cut off after {came} of {size} bytes")
            came += count
        return came


async def boots(rack: Rack, at: int) -> int:
    """Boot one machine as far as its kernel; return the bytes of its images."""
    moved = 0
    connector = aiohttp.TCPConnector(local_addr=(address_of(at), 0), force_close=True)

    async def gets(url: str) -> Answer:
        nonlocal moved
        if not url.endswith(FILES):
            return await got(session, url)
        moved += await asyncio.to_thread(loaded, url, address_of(at))
        return Answer(200, b"")

    async with aiohttp.ClientSession(connector=connector) as session:
        url = await rack.offered(at)
        names = {"net0/mac": mac_of(at), "netX/mac": mac_of(at).replace(":", "-")}
        ran = await Ipxe(gets, lambda _: None, names).run(url)
    if ran.ended != "boot":
        raise NoBootError(f"{ran.screen}")
    return moved


async def hall(machines: int, at_once: int) -> dict[str, float]:
    """Boot all; return the seconds and the bytes."""
    turn = asyncio.Semaphore(at_once)
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(at_once))
    async with rack_on("eth0", SERVER) as rack:

        async def one(at: int) -> int:
            async with turn:
                return await boots(rack, at)

        began = time.monotonic()
        moved = await asyncio.gather(*map(one, range(machines)))
        return {"seconds": time.monotonic() - began, "bytes": sum(moved)}


class Bench:
    """The hosts: a server, a rack, an upstream."""

    def __init__(self, folder: Path, hosts: tuple[Host, Host, Host], machines: int) -> None:
        self.folder = folder
        self.server, self.rack, self.upstream = hosts
        self.machines = machines

    def run(self, at_once: int) -> tuple[float, float]:
        """Have all machines boot; return the seconds and the megabytes a second."""
        log = self.folder / "rack"
        module = ("-m", "bench.images", "--rack", "--machines", str(self.machines))
        process = self.rack.start(
            "env", f"PYTHONPATH={CHECKOUT}", sys.executable, *module, "--at-once", str(at_once),
            log=log,
        )  # fmt: skip
        process.wait(900)
        assert process.returncode == 0, log.read_text()
        told = json.loads(log.read_text().splitlines()[-1])
        return told["seconds"], told["bytes"] / told["seconds"] / 1e6

    @contextmanager
    def pyxie(self) -> Iterator[None]:
        """A daemon, with an empty store."""
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            folder = Path(name)
            images = f"image_url: http://{UPSTREAM}/\nkernel: {FILES[0]}\ninitrd: {FILES[1]}\n"
            lay(folder, range(self.machines), images)
            site = Besieged(folder, self.server, self.rack, self.upstream)
            site.start()
            site.build(self.machines)
            try:
                yield
            finally:
                assert site.process is not None
                site.process.terminate()
                site.process.wait()

    @contextmanager
    def pair(self) -> Iterator[None]:
        """dnsmasq as the LAN's only server, and nginx with the files on its own disk."""
        nginx = serve(self.server, self.folder / "peer", self.folder / "www")
        (self.folder / "www" / "boot.ipxe").write_text(SCRIPT.format(server=SERVER))
        tftp = self.folder / "tftp"
        tftp.mkdir(exist_ok=True)
        (tftp / LOADER).write_bytes(bytes(1 << 20))
        dnsmasq = self.server.start(
            "dnsmasq", "--no-daemon", "--port=0", "--conf-file=/dev/null", "--no-hosts",
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
            yield
        finally:
            for each in (dnsmasq, nginx):
                each.terminate()
                each.wait()


def serve(host: Host, folder: Path, root: Path) -> subprocess.Popen[bytes]:
    """Have an nginx serve a folder."""
    folder.mkdir(exist_ok=True)
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, root=root))
    process = host.start("nginx", "-c", str(folder / "nginx.conf"), log=folder / "log")
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


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--machines", type=int, default=300)
    parser.add_argument("--at-once", type=int, default=50)
    parser.add_argument("--megabytes", type=int, nargs=2, default=[8, 41], help="kernel, initrd")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rack", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.rack:
        print(json.dumps(asyncio.run(hall(chosen.machines, chosen.at_once))))
        return
    seen: dict[str, list[float]] = {"pyxie, a cold store": [], "dnsmasq and nginx": []}
    with bench(chosen.machines, chosen.megabytes) as lab:
        asked = lab.folder / "upstream/access.log"
        for _ in range(chosen.rounds):
            for name, server in zip(seen, (lab.pyxie, lab.pair), strict=True):
                before = len(asked.read_text().splitlines())
                with server():
                    seconds, rate = lab.run(chosen.at_once)
                seen[name].append(seconds)
                gets = len(asked.read_text().splitlines()) - before
                print(
                    f"{name}: {seconds:.1f} s, {rate:.0f} MB/s, {gets} upstream requests",
                    flush=True,
                )
    ours, theirs = (statistics.median(each) for each in seen.values())
    print(
        f"medians {ours:.1f} and {theirs:.1f} s: pyxie has {theirs / ours:.2f} of the pair's rate"
    )


if __name__ == "__main__":
    main()
