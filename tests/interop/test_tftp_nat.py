"""TFTP through a NAT that knows nothing of TFTP, as before a container: nftables of the kernel."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.interop.netns import Host, need, network, run
from tests.tftp.lab import Client, Lab, serving

pytestmark = pytest.mark.interop

LOADER = random.Random("nat").randbytes(300_000)
ROUTER = "10.77.1.1"
SERVER = "10.77.2.2"


@dataclass
class Nat:
    """Clients, a router that leads port 69 on and hides them, and a server behind it."""

    clients: Host
    server: Host

    def client(self, lab: Lab, port: int = 0) -> Client:
        sock = self.clients.socket(socket.SOCK_DGRAM)
        sock.bind(("0.0.0.0", port))
        return Client(lab.server, ROUTER, sock)

    def serve(self, root: Path, what: Callable[[Lab], Coroutine[Any, Any, Any]], **how: Any) -> Any:
        """Do ``what`` with a server on port 69 of its host."""

        async def both() -> Any:
            async with serving(root, host="0.0.0.0", port=69, **how) as lab:
                return await what(lab)

        return self.server.inside(lambda: asyncio.run(both()))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "loader").write_bytes(LOADER)
    return tmp_path


@pytest.fixture
def nat() -> Iterator[Nat]:
    need("ip", "nft")
    with network() as net:
        clients, router, server = net.host("c"), net.host("r"), net.host("s")
        net.lan(c=(clients, "eth0", "10.77.1.7/24"), ro=(router, "out", f"{ROUTER}/24"))
        net.lan(s=(server, "eth0", f"{SERVER}/24"), ri=(router, "in", "10.77.2.1/24"))
        server.ip("route add default via 10.77.2.1")
        run("ip", "netns", "exec", router.name, "sysctl", "-qw", "net.ipv4.ip_forward=1")
        for rule in (
            "add table ip nat",
            "add chain ip nat pre { type nat hook prerouting priority -100; }",
            "add chain ip nat post { type nat hook postrouting priority 100; }",
            f'add rule ip nat pre iifname "out" udp dport 69 dnat to {SERVER}:69',
            'add rule ip nat post oifname "in" masquerade',
        ):
            run("ip", "netns", "exec", router.name, "nft", rule)
        yield Nat(clients, server)


RRQ = b"\0\1loader\0octet\0"
WINDOWS = b"\0\1loader\0octet\0blksize\x001400\0windowsize\x0016\0"


def test_answers_from_ports_of_their_own_do_not_get_through(nat: Nat, root: Path) -> None:
    """Why the setting is there; should they come to pass, it is needed no more."""

    async def fetch(lab: Lab) -> None:
        with contextlib.closing(nat.client(lab)) as client:
            client.say(RRQ)
            with pytest.raises(TimeoutError):
                await client.hear(0.5)

    nat.serve(root, fetch)


def test_answers_from_the_one_port_get_through(nat: Nat, root: Path) -> None:
    async def fetch(lab: Lab) -> list[bytearray]:
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(contextlib.closing(nat.client(lab))) for _ in range(8)]
            return await asyncio.gather(
                *(client.fetch(WINDOWS, 1400, 16) for client in clients[:4]),
                *(client.fetch(RRQ) for client in clients[4:]),
            )

    assert nat.serve(root, fetch, single_port=True) == [LOADER] * 8


def test_a_rom_that_always_asks_from_one_port_gets_file_after_file(nat: Nat, root: Path) -> None:
    (root / "second").write_bytes(LOADER[:700])

    async def fetch(lab: Lab) -> tuple[bytearray, bytearray]:
        with contextlib.closing(nat.client(lab, 2070)) as rom:
            return await rom.fetch(RRQ), await rom.fetch(b"\0\1second\0octet\0")

    assert nat.serve(root, fetch, single_port=True) == (LOADER, LOADER[:700])
