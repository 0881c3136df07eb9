"""The network of a contest: a host for each server, one for all clients, joined by a bridge."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.contest import Taken
from bench.peers import started
from bench.processors import clock, spent
from tests.interop.netns import Host, network
from tests.lab import needs
from tests.lab.besieged import CHECKOUT, Besieged, lay
from tests.lab.rack import address_of


@dataclass(frozen=True)
class Lab:
    """Where a contest goes on.

    Attributes:
        folder: For files; gone at the end.
        clients: The host of all clients, each of which has an address of its own there.
        booting: That of machines that have no address yet, and ask for one as firmware does.
        hosts: Those of the servers, by their names.
        addresses: Theirs.
        switch: What joins them, a bridge called ``br0``.
    """

    folder: Path
    clients: Host
    booting: Host
    hosts: dict[str, Host]
    addresses: dict[str, str]
    switch: Host

    def place(self, name: str) -> Path:
        """Return a folder of a server's own."""
        made = self.folder / name.replace(" ", "-")
        made.mkdir(exist_ok=True)
        return made

    def compiled(self, name: str) -> Path:
        """Compile a program of this folder."""
        compiler = needs.program("cc", "gcc libc6-dev")
        made, source = self.folder / name, CHECKOUT / f"bench/{name}.c"
        options = ("-O2", "-Wall", "-Wextra", "-Werror", "-pthread")
        subprocess.run([compiler, *options, "-o", made, source], check=True)
        return made

    def run(self, *command: str, seconds: float = 60, on: Host | None = None) -> str:
        """Run the clients; return what they print.

        Args:
            command: Their program, and its arguments.
            seconds: They have at most.
            on: Another host than theirs.

        Raises:
            AssertionError: One of them failed; with what it said.
        """
        done = subprocess.run(
            ["ip", "netns", "exec", (on or self.clients).name, *command],
            capture_output=True,
            text=True,
            timeout=seconds,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def load(self, pids: Sequence[int], what: str, unit: float, *command: str) -> Taken:
        """Have the clients load a server; return what they tell in JSON, and who took how much.

        Args:
            pids: The server's, whose processor time counts, with that of all it has started.
            what: Which figure is the value, a second: ``bytes``, ``answers``.
            unit: How many of it are one: 1e6 for MB/s.
            command: The clients: a program of `compiled`, and its arguments.
        """
        before, (idle, there) = sum(map(spent, pids)), clock()
        told: dict[str, float] = json.loads(self.run(*command))
        took, (idle_then, there_then) = sum(map(spent, pids)) - before, clock()
        idle, there = idle_then - idle, max(there_then - there, 0.01)
        told["clients"] = told.pop("cpu")
        told["idle"] = 100 * idle / there
        told["others"] = 100 * max(0.0, there - idle - took - told["clients"]) / there
        seconds, done = told.pop("seconds"), told.pop(what)
        return Taken(done / seconds / unit, took, seconds, told)

    @contextmanager
    def constant(self, name: str, *arguments: str) -> Iterator[int]:
        """Run the server that does nothing but send (`bench/constant.c`)."""
        program = self.compiled("constant")
        with started(self.hosts[name], self.place(name), str(program), *arguments) as pid:
            yield pid

    @contextmanager
    def pyxie(self, name: str, machines: int = 0, settings: str = "") -> Iterator[Besieged]:
        """Run pyxie on a server's host, its machines in build mode, until the block ends."""
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        lay(folder, range(machines), settings)
        site = Besieged(folder, self.hosts[name], self.clients, self.clients)
        site.start()
        assert site.process is not None
        try:
            site.build(machines)
            yield site
        finally:
            site.process.terminate()
            site.process.wait(30)


@contextmanager
def lab(servers: Iterable[str], clients: int) -> Iterator[Lab]:
    """Lay the network.

    Args:
        servers: The names of those that have a host.
        clients: How many addresses the clients' host has: `address_of` each number.
    """
    needs.root()
    names = list(servers)
    with tempfile.TemporaryDirectory() as folder, network() as net:
        Path(folder).chmod(0o755)
        hosts = {name: net.host(f"s{at}") for at, name in enumerate(names)}
        addresses = {name: f"10.99.0.{1 + at}" for at, name in enumerate(names)}
        rack, booting = net.host("c"), net.host("b")
        switch = net.lan(
            c=(rack, "eth0", "10.99.0.254/16"),
            b=(booting, "eth0", ""),
            **{
                f"s{at}": (hosts[name], "eth0", f"{addresses[name]}/16")
                for at, name in enumerate(names)
            },
        )
        for at in range(clients):
            rack.ip(f"addr add {address_of(at)}/16 dev eth0")
        yield Lab(Path(folder), rack, booting, hosts, addresses, switch)
