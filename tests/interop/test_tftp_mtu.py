"""TFTP where the way is narrower than an Ethernet frame, and where that shows only on the way."""

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

LOADER = random.Random("mtu").randbytes(400_000)
SERVER = "10.78.1.2"
NARROW = 1300


@dataclass
class Way:
    """A server, a router whose far side is narrow, and a client behind it."""

    server: Host
    client: Host
    root: Path

    def serve(self, what: Callable[[Lab, Client], Coroutine[Any, Any, Any]]) -> Any:
        """Do ``what`` with a server on its host, and a client on the other."""
        sock = self.client.socket(socket.SOCK_DGRAM)
        sock.bind(("0.0.0.0", 0))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)

        async def both() -> Any:
            async with serving(self.root, host="0.0.0.0", port=69) as lab:
                with contextlib.closing(Client(lab.server, SERVER, sock)) as client:
                    return await what(lab, client)

        return self.server.inside(lambda: asyncio.run(both()))


@pytest.fixture
def way(tmp_path: Path) -> Iterator[Way]:
    need("ip")
    (tmp_path / "loader").write_bytes(LOADER)
    with network() as net:
        server, router, client = net.host("s"), net.host("r"), net.host("c")
        net.lan(s=(server, "eth0", f"{SERVER}/24"), a=(router, "wide", "10.78.1.1/24"))
        net.lan(c=(client, "eth0", "10.78.2.2/24"), b=(router, "narrow", "10.78.2.1/24"))
        router.ip(f"link set narrow mtu {NARROW}")
        run("ip", "netns", "exec", router.name, "sysctl", "-qw", "net.ipv4.ip_forward=1")
        server.ip("route add default via 10.78.1.1")
        client.ip("route add default via 10.78.2.1")
        yield Way(server, client, tmp_path)


RRQ = b"\0\1loader\0octet\0blksize\x00%d\0windowsize\x00%d\0"


def test_blocks_that_are_too_long_for_a_router_are_split_by_it(way: Way) -> None:
    """No ROM hears the ICMP message that would say so; so they are allowed to be split."""

    async def fetch(_: Lab, client: Client) -> bytearray:
        return await client.fetch(RRQ % (1468, 16), 1468, 16)

    assert way.serve(fetch) == LOADER


def test_blocks_fit_what_is_known_of_the_way(way: Way) -> None:
    """From a route that says so, or from another connection's ICMP messages."""
    way.server.ip(f"route change default via 10.78.1.1 mtu {NARROW}")

    async def ask(_: Lab, client: Client) -> tuple[bytes, bytearray]:
        agreed = await client.ask(RRQ % (65464, 16))
        client.say(b"\0\5\0\0only asking\0")
        return agreed, await client.fetch(RRQ % (1468, 16), NARROW - 32, 16)

    agreed, content = way.serve(ask)

    assert agreed == b"\0\6blksize\x001268\0windowsize\x0016\0"
    assert content == LOADER


def test_a_way_that_becomes_narrower_under_way_ends_no_transfer(way: Way) -> None:
    """The kernel cuts no window then, but splits single blocks."""

    async def fetch(lab: Lab, client: Client) -> tuple[bytearray, list[Any]]:
        client.say(RRQ % (1468, 16))
        _, tid = await client.hear()
        way.server.ip(f"route change default via 10.78.1.1 mtu {NARROW}")
        client.say(b"\0\4\0\0", tid)
        content, block = bytearray(), 0
        while True:
            datagram, _ = await client.hear()
            assert datagram[:2] == b"\0\3", datagram
            if datagram[2:4] != (block + 1).to_bytes(2):
                continue  # it was sent again, as this host is slow
            block += 1
            content += memoryview(datagram)[4:]
            if len(datagram) < 1472 or block % 16 == 0:
                client.say(b"\0\4" + datagram[2:4], tid)
            if len(datagram) < 1472:
                await lab.quiet()
                return content, lab.trace.events

    content, events = way.serve(fetch)

    assert content == LOADER
    assert len(events) == 1
