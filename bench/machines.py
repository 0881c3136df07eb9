"""What ten thousand machine files cost: the start, the memory, a change, a look-up.

    python -m bench.machines [--machines 10000] [--rounds 5]

A daemon in a process of its own, on free ports of loopback and without DHCP, so no root is
needed. Quoted are medians; single figures move with the machine.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyxie
from pyxie.registry.folder import Folder

CHECKOUT = Path(pyxie.__file__).resolve().parent.parent

MACHINE = """\
# A machine like any other.
hostname: {host}
operatingsystem: Debian 12
preseed: debian12.preseed.j2
finish: finish.sh.j2
network:
  - name: eth0
    macaddress: {mac}
    ipaddress: 192.0.2.21
    netmask: 255.255.255.0
    gateway: 192.0.2.1
params:
  disk: /dev/sda
  ssh_key: ssh-ed25519 AAAA admin@example.org
"""


def host_of(at: int) -> str:
    return f"web{at:05}.example.org"


def mac_of(at: int) -> str:
    return f"52:54:00:{at >> 16 & 255:02x}:{at >> 8 & 255:02x}:{at & 255:02x}"


def write(folder: Path, at: int, more: str = "") -> None:
    text = MACHINE.format(host=host_of(at), mac=mac_of(at)) + more
    (folder / f"{host_of(at)}.yaml").write_text(text)


@dataclass
class Daemon:
    process: subprocess.Popen[bytes]
    port: int

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Any:
        url = f"http://127.0.0.1:{self.port}{path}"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(url, body, named, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def memory(self) -> tuple[float, float]:
        """Return MB now, and at most so far."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        lines = dict(line.split(":", 1) for line in status.splitlines())
        now, most = (int(lines[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))
        return now, most


def free_port(kind: socket.SocketKind) -> int:
    with contextlib.closing(socket.socket(socket.AF_INET, kind)) as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@contextlib.contextmanager
def serving(
    site: Path, settings: str = "", checkout: Path = CHECKOUT
) -> Iterator[tuple[Daemon, float]]:
    """Run a checkout's daemon; yield it with the seconds from its start to its first answer."""
    port = free_port(socket.SOCK_STREAM)
    (site / "config.yaml").write_text(
        f"http: {{port: {port}, listen: 127.0.0.1}}\ndhcp: {{mode: 'off'}}\ninterfaces: [lo]\n"
        f"tftp: {{port: {free_port(socket.SOCK_DGRAM)}}}\nlog: {{level: error}}\n{settings}"
    )
    command = [sys.executable, "-m", "pyxie", "serve", "--config", str(site / "config.yaml")]
    # Not in this folder, for the code of the folder that Python is started in comes first.
    code = os.environ | {"PYTHONPATH": str(checkout)}
    began = time.perf_counter()
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, cwd=site, env=code) as process:
        daemon = Daemon(process, port)
        try:
            while True:
                if process.poll() is not None:
                    sys.exit("the daemon ended by itself")
                with contextlib.suppress(urllib.error.URLError, ConnectionError):
                    daemon.ask("GET", "/health")
                    break
                time.sleep(0.005)
            yield daemon, time.perf_counter() - began
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def changes(daemon: Daemon, folder: Path, rounds: int) -> tuple[float, float]:
    """Return ms from a file's change to its being in force: by an editor, and by PATCH."""
    by_hand, by_rest = [], []
    for at in range(rounds):
        path = f"/api/v1/machines/{host_of(at)}"
        write(folder, at, f"domain: hand{at}.example\n")
        began = time.perf_counter()
        # Whatever asks reads what has changed: the look every second does no other thing.
        shown = daemon.ask("GET", path)
        by_hand.append((time.perf_counter() - began) * 1000)
        assert shown["definition"]["domain"] == f"hand{at}.example", shown
        body = json.dumps({"domain": f"rest{at}.example"}).encode()
        began = time.perf_counter()
        shown = daemon.ask("PATCH", path, body, If_Match="*", Content_Type="application/json")
        by_rest.append((time.perf_counter() - began) * 1000)
        assert shown["definition"]["domain"] == f"rest{at}.example", shown
    return statistics.median(by_hand), statistics.median(by_rest)


def look_up(folder: Path, machines: int) -> float:
    """Return µs to find a machine by one of its names and by its MAC."""
    registry = Folder(folder).scan()
    asked = [(host_of(at), mac_of(at)) for at in range(0, machines, max(1, machines // 100))]
    began = time.perf_counter()
    for _ in range(1000):
        for host, mac in asked:
            assert registry.find(host) is registry.by_mac.get(mac)
    return (time.perf_counter() - began) / 1000 / len(asked) * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--machines", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        for count in (100, chosen.machines):
            site = Path(name, str(count))
            folder = site / "machines"
            folder.mkdir(parents=True)
            for at in range(count):
                write(folder, at)
            starts = []
            for at in range(chosen.rounds):
                with serving(site) as (daemon, seconds):
                    starts.append(seconds)
                    if at < chosen.rounds - 1:
                        continue
                    now, most = daemon.memory()
                    by_hand, by_rest = changes(daemon, folder, chosen.rounds)
            print(
                f"{count} machines: serving after {statistics.median(starts):.2f} s,"
                f" {now:.0f} MB ({most:.0f} MB at most);"
                f" a file changed is in force after {by_hand:.0f} ms, by PATCH {by_rest:.0f} ms;"
                f" a look-up by name and by MAC takes {look_up(folder, count):.2f} µs"
            )


if __name__ == "__main__":
    main()
