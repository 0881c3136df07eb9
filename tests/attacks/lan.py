"""A daemon on a LAN of network namespaces, with a machine and a stranger on it."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.daemon import Home
from tests.interop.netns import Host, need, network
from tests.lab.process import Process


@dataclass(frozen=True)
class Lan:
    """What a test has at hand.

    Attributes:
        home: The daemon's, which is 192.0.2.1 and fe80::1.
        server: Its host.
        machine: 192.0.2.2 and fe80::2.
        stranger: 192.0.2.3 and fe80::3.
        process: The daemon.
    """

    home: Home
    server: Host
    machine: Host
    stranger: Host
    process: Process

    @property
    def machine_interface(self) -> int:
        """The number of the machine's interface, which is the zone of link-local addresses."""
        return self.machine.inside(lambda: socket.if_nametoindex("eth0"))

    @property
    def stranger_interface(self) -> int:
        """The number of the stranger's."""
        return self.stranger.inside(lambda: socket.if_nametoindex("eth0"))


@contextlib.contextmanager
def lan(folder: Path, settings: str = "", prefix: tuple[str, ...] = ()) -> Iterator[Lan]:
    """Start a daemon on such a LAN.

    Args:
        folder: Of the daemon's files.
        settings: More of ``config.yaml``.
        prefix: Before the daemon's command line.
    """
    need("ip")
    home = Home(folder, settings)
    file = folder / "config.yaml"
    file.write_text(file.read_text().replace("interfaces: [lo]", "interfaces: [eth0]"))
    with network() as net:
        server, machine, stranger = (net.host(name) for name in ("srv", "pxe", "evil"))
        hosts = {"srv": server, "pxe": machine, "evil": stranger}
        net.lan(
            **{
                name: (host, "eth0", f"192.0.2.{number}/24")
                for number, (name, host) in enumerate(hosts.items(), 1)
            }
        )
        for number, host in enumerate(hosts.values(), 1):
            host.ip(f"addr add fe80::{number}/64 dev eth0 nodad")
        enter = ("ip", "netns", "exec", server.name, *prefix)
        with home.running(prefix=enter) as process:
            yield Lan(home, server, machine, stranger, process)
