"""A pyxie with machines in build mode, beside a hostile host, and what its offers take.

Three hosts in network namespaces, joined by a bridge: pyxie's, one whose machines ask by DHCP and
HTTP, and one that floods (`tests.lab.flood`).
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import select
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from pyxie.dhcp.message import Op, Option, build, parse
from tests.interop.netns import Host, network
from tests.lab.flood import frame, pxe

SERVER = "10.99.0.1"
PORT = 8090
CHECKOUT = Path(__file__).parents[2]

MACHINE = """\
hostname: {host}
preseed: preseed.j2
finish: finish.j2
network: [{{macaddress: "{mac}"}}]
"""


def host_of(at: int) -> str:
    """Return a machine's name."""
    return f"web{at:04}.example.org"


def mac_of(at: int) -> str:
    """Return a machine's NIC."""
    return f"52:54:00:{at >> 16 & 255:02x}:{at >> 8 & 255:02x}:{at & 255:02x}"


@dataclass
class Offers:
    """What became of DISCOVERs: seconds that each answered one took, and how many were sent."""

    took: list[float]
    sent: int

    @property
    def lost(self) -> int:
        """How many got no offer."""
        return self.sent - len(self.took)

    def cut(self, percent: int) -> float:
        """Return the seconds that so many of a hundred took at most."""
        return statistics.quantiles(self.took, n=100, method="inclusive")[percent - 1]

    def __str__(self) -> str:
        cuts = [f"p{percent} {self.cut(percent) * 1000:.1f} ms" for percent in (50, 99)]
        return f"{self.sent} DISCOVERs: {', '.join(cuts)}, {self.lost} lost"


@dataclass
class Fetches:
    """What became of boot scripts that were fetched over and over: seconds each, and failures."""

    took: list[float] = field(default_factory=list)
    failed: int = 0


class Besieged:
    """The three hosts, and the daemon on the first."""

    def __init__(self, folder: Path, server: Host, client: Host, enemy: Host) -> None:
        self.folder = folder
        self.server = server
        self.client = client
        self.enemy = enemy
        self.log = folder / "log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the daemon, and wait until it serves."""
        config = str(self.folder / "config.yaml")
        # Not in this folder, for the code of the folder that Python is started in comes first.
        code = os.environ.get("PYXIE_CHECKOUT", CHECKOUT)
        command = ["setsid", "env", f"--chdir={self.folder}", f"PYTHONPATH={code}"]
        command += [sys.executable, "-m", "pyxie", "serve", "--config", config]
        self.process = self.server.start(*command, log=self.log)
        deadline = time.monotonic() + 30
        while "; DHCP mode is " not in self.log.read_text():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def ask(self, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
        """Ask over HTTP on the server's own host."""
        sock = self.server.inside(lambda: socket.create_connection(("127.0.0.1", PORT), 20))
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", PORT)) as line:
            line.sock = sock
            line.request(method, path, body)
            answer = line.getresponse()
            return answer.status, answer.read()

    def run(self, host: Host, name: str, *module: str) -> subprocess.Popen[bytes]:
        """Run a module of the tests on a host; what it prints goes to the file ``name``.

        Each is a session, to which the kernel gives its part of the processors (sched(7)).
        """
        command = ("setsid", "env", f"PYTHONPATH={CHECKOUT}", sys.executable, "-m", *module)
        return host.start(*command, log=self.folder / name)

    def build(self, machines: int) -> None:
        """Put the machines in build mode, anew if they are; a hundred at once."""
        hosts = [host_of(at) for at in range(machines)]
        for at in range(0, machines, 100):
            status, body = self.ask(
                "POST",
                "/api/v1/builds",
                json.dumps({"hosts": hosts[at : at + 100], "replace": True}),
            )
            assert status == 200, body
            refused = [each for each in json.loads(body)["results"] if each["status"] != 200]
            assert refused == []

    @contextlib.contextmanager
    def flooded(
        self, kind: str, rate: int, seconds: float, *transfer: str
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Flood until the block ends, for so long at most; ``transfer`` as of `tests.lab.flood`."""
        module = ("tests.lab.flood", "eth0", kind, SERVER, str(rate), str(seconds), *transfer)
        process = self.run(self.enemy, "flood", *module)
        try:
            time.sleep(1)  # it is warm
            assert process.poll() is None, (self.folder / "flood").read_text()
            yield process
        finally:
            process.kill()
            process.wait()

    @contextlib.contextmanager
    def fetching(self, lines: int = 4, machines: int = 0) -> Iterator[Fetches]:
        """Have scripts fetched meanwhile, over so many connections, each after the other.

        Args:
            lines: How many connections.
            machines: Of how many machines, in turn; 0 for one a connection.
        """
        found, stop = Fetches(), threading.Event()

        def fetch(sock: socket.socket, at: int) -> None:
            with contextlib.closing(http.client.HTTPConnection(SERVER, PORT)) as line:
                line.sock = sock
                while not stop.is_set():
                    began = time.monotonic()
                    at = (at + lines) % machines if machines else at
                    try:
                        line.request("GET", f"/ipxe/{mac_of(at).replace(':', '-')}")
                        answer = line.getresponse()
                        answer.read()
                        found.failed += answer.status != 200
                    except OSError:
                        found.failed += 1
                        return
                    found.took.append(time.monotonic() - began)
                    stop.wait(0.005)

        socks = [
            self.client.inside(lambda: socket.create_connection((SERVER, PORT), 20))
            for _ in range(lines)
        ]
        threads = [threading.Thread(target=fetch, args=(sock, at)) for at, sock in enumerate(socks)]
        for thread in threads:
            thread.start()
        try:
            yield found
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    def offers(
        self, machines: int, rate: float, seconds: float, patience: float = 2.0, *, first: int = 0
    ) -> Offers:
        """Have so many machines ask in turn, so many times a second; return what offers took.

        They ask as firmware does: without an address, to all, each by its own UUID.

        Args:
            machines: How many.
            rate: DISCOVERs a second.
            seconds: For how long.
            patience: Seconds until an offer counts as lost.
            first: The number of the first of them.
        """
        heard = self.client.socket(socket.SOCK_DGRAM)
        heard.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        heard.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
        heard.bind(("0.0.0.0", 68))
        heard.setblocking(False)
        sender = self.client.socket(socket.SOCK_RAW, family=socket.AF_PACKET)
        sender.bind(("eth0", 0))
        plain = parse(pxe())
        asked: dict[int, float] = {}
        took: list[float] = []
        began = time.monotonic()
        sent = 0
        while (now := time.monotonic()) < began + seconds + patience:
            if now < began + seconds and sent < (now - began) * rate:
                mac = bytes.fromhex(mac_of(first + sent % machines).replace(":", ""))
                what = replace(
                    plain,
                    xid=sent + 1,
                    chaddr=mac,
                    options={**plain.options, Option.CLIENT_UUID: b"\0" + mac.rjust(16, b"\1")},
                )
                asked[sent + 1] = time.monotonic()
                sender.send(frame(build(what), bytes(4), b"\xff" * 4, (68, 67)))
                sent += 1
            elif now > began + seconds and not asked:
                break
            if select.select([heard], [], [], 0.001)[0]:
                data = heard.recv(2048)
                at = asked.pop(int.from_bytes(data[4:8]), None) if data[0] == Op.REPLY else None
                if at is not None:
                    took.append(time.monotonic() - at)
        sender.close()
        heard.close()
        return Offers(took, sent)

    def memory(self) -> tuple[float, float]:
        """Return the daemon's MB now, and at most so far."""
        assert self.process is not None
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        lines = dict(line.split(":", 1) for line in status.splitlines())
        now, most = (int(lines[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))
        return now, most

    def arrived(self) -> int:
        """Return how many frames the server's interface has taken so far."""
        return int(
            self.server.ip("-s -j link show dev eth0")
            .split('"rx":{')[1]
            .split('"packets":')[1]
            .split(",")[0]
        )

    def logged(self) -> int:
        """Return how many lines the log has."""
        return self.log.read_bytes().count(b"\n")


def lay(folder: Path, machines: Iterable[int], settings: str) -> None:
    """Write a site's files: machines by their numbers, a loader of a mebibyte."""
    for name in ("machines", "templates", "ipxe", "images"):
        (folder / name).mkdir()
    for at in machines:
        text = MACHINE.format(host=host_of(at), mac=mac_of(at))
        (folder / "machines" / f"{host_of(at)}.yaml").write_text(text)
    (folder / "templates/preseed.j2").write_text("d-i {{ Hostname }} {{ Token }}\n")
    (folder / "templates/finish.j2").write_text("wget {{ urls.done }}\n")
    (folder / "ipxe/ipxe.efi").write_bytes(bytes(1 << 20))
    cmdline = "cmdline: 'url={{ urls.template(\"preseed\") }}'\n"
    (folder / "config.yaml").write_text(f"{cmdline}{settings}")


@contextlib.contextmanager
def besieged(
    folder: Path, machines: int, settings: str = "", *, built: bool = True
) -> Iterator[Besieged]:
    """Lay out a site and start it; all of its machines are in build mode, if ``built``."""
    images = "kernel: linux\ninitrd: initrd.gz\nimage_url: http://192.0.2.1/\n"
    lay(folder, range(machines), f"{images}{settings}")
    with network() as net:
        server, client, enemy = net.host("s"), net.host("c"), net.host("e")
        net.lan(
            s=(server, "eth0", f"{SERVER}/16"),
            c=(client, "eth0", "10.99.0.2/16"),
            e=(enemy, "eth0", ""),
        )
        site = Besieged(folder, server, client, enemy)
        site.start()
        if built:
            site.build(machines)
        yield site
