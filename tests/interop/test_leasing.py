"""Addresses that pyxie gives by dnsmasq: to real clients, and whoever is killed."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import pwd
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest

from pyxie.config.dhcpmode import Dhcp
from pyxie.dhcp.message import DhcpMessage, build, parse
from pyxie.dhcp.others import Others
from pyxie.leasing.leases import parse as leases_of
from pyxie.leasing.serving import AddressServer
from pyxie.net.interfaces import read
from tests.dhcp.packets import discover
from tests.dhcp.replies import taking
from tests.interop.netns import Host, need, network
from tests.support import eventually, until

pytestmark = pytest.mark.interop

CHECKOUT = Path(__file__).parents[2]
US = "192.168.77.1"
UEFI = replace(discover(7, o55=b"\1\3\6\x42\x43"), flags=0x8000)
NET_BIND, NET_ADMIN, NET_RAW = 1 << 10, 1 << 12, 1 << 13


@dataclass
class Lan:
    """A pyxie that gives addresses, and a client."""

    pyxie: Host
    client: Host
    folder: Path
    said: pytest.LogCaptureFixture

    @property
    def leases(self) -> Path:
        return self.folder / "leases"

    @property
    def plan(self) -> dict[str, Any]:
        given = {"range": "192.168.77.100-192.168.77.150", "leases": str(self.leases)}
        return {"mode": "serve", **given}

    def serves(self, meanwhile: Callable[[], Awaitable[None]], **settings: Any) -> None:
        """Give addresses in this process, on pyxie's host, until ``meanwhile`` is done."""

        async def serve() -> None:
            dhcp = Dhcp.model_validate({**self.plan, **settings})
            others = Others(lambda: 0.0)
            async with AddressServer(dhcp, self.leases, None, read, others, _nobody) as server:
                serving = asyncio.create_task(server.serve())
                await eventually(lambda: "DHCP: giving" in self.said.text)
                await meanwhile()
                serving.cancel()
                await asyncio.gather(serving, return_exceptions=True)
            await eventually(
                lambda: not {"dnsmasq", "sh"} & set(map(_name, self.pyxie.processes()))
            )

        self.pyxie.inside(lambda: asyncio.run(serve()))

    def begins(self, user: str = "") -> subprocess.Popen[bytes]:
        """Give addresses in another process."""
        log = self.folder / "pyxie.log"
        process = self.pyxie.start(
            *("env", f"PYTHONPATH={CHECKOUT}", sys.executable),
            *("-m", "tests.interop.leasing_runner", json.dumps(self.plan), *filter(None, [user])),
            log=log,
        )
        until(lambda: "DHCP: giving" in log.read_text(), "its log", seconds=30)
        return process

    def servers(self) -> list[int]:
        """Return the DHCP servers that run in pyxie's namespace."""
        return [pid for pid in self.pyxie.processes() if _name(pid) == "dnsmasq"]

    def udhcpc(self, name: str) -> str:
        """Get an address as busybox does, by a client identifier; return what it was told."""
        script = self.folder / "udhcpc.sh"
        script.write_text("#!/bin/sh\n[ $1 = bound ] && set\nexit 0\n")
        script.chmod(0o755)
        command = ("busybox", "udhcpc", "-f", "-n", "-q", "-i", "eth0", "-s", str(script))
        asking = ("-O", "router", "-O", "dns", "-x", f"0x3d:{name}", "-t", "8", "-T", "1")
        done = subprocess.run(
            ["ip", "netns", "exec", self.client.name, *command, *asking],
            capture_output=True,
            text=True,
            timeout=40,
        )
        return done.stdout + done.stderr

    def boots(self) -> DhcpMessage:
        """Get an address as EDK2 does; return the acknowledgement."""
        hearing = self.client.socket(socket.SOCK_DGRAM)
        hearing.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        hearing.bind(("0.0.0.0", 68))
        hearing.settimeout(10)
        hearing.sendto(build(UEFI), ("255.255.255.255", 67))
        offer = parse(hearing.recv(2048))
        ask = taking(offer, UEFI)
        ask = replace(ask, options={**ask.options, 50: offer.yiaddr.packed})
        hearing.sendto(build(ask), ("255.255.255.255", 67))
        return parse(hearing.recv(2048))


async def _nobody(_interface: str) -> Iterable[tuple[IPv4Address, str]]:
    return ()


def _name(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""


def _status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


@pytest.fixture
def lan(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[Lan]:
    need("ip", "dnsmasq", "busybox", "setpriv")
    caplog.set_level(logging.INFO, "pyxie.leasing")
    with network() as net:
        pyxie, client = net.host("s"), net.host("c")
        net.lan(s=(pyxie, "eth0", f"{US}/24"), c=(client, "eth0", ""))
        client.ip("route add 255.255.255.255 dev eth0")
        yield Lan(pyxie, client, tmp_path, caplog)


def test_a_machine_gets_its_address_and_our_address_to_boot_by(lan: Lan) -> None:
    """Debian's GRUB goes by the acknowledgement's siaddr."""

    async def meanwhile() -> None:
        ack = await asyncio.to_thread(lan.boots)

        assert (ack.type, str(ack.siaddr), ack.file) == (5, US, b"")
        assert 67 not in ack.options
        assert ack.options[3] == socket.inet_aton("192.168.77.254")
        assert ack.options[6] == bytes.fromhex("c0a84d35c0a84d36")
        assert ack.options[51] == (600).to_bytes(4)
        (lease,) = leases_of(lan.leases.read_text())
        assert (lease.address, lease.mac) == (ack.yiaddr, "52:54:00:12:34:56")

    lan.serves(
        meanwhile,
        gateway="192.168.77.254",
        nameservers=["192.168.77.53", "192.168.77.54"],
        lease_time=600,
    )


def test_what_is_not_set_is_not_sent_and_a_machine_has_one_address(lan: Lan) -> None:
    """Firmware, iPXE and installer call themselves by different client identifiers (option 61)."""

    async def meanwhile() -> None:
        for name in ("01aa", "02bb", "03cc"):
            said = await asyncio.to_thread(lan.udhcpc, name)
            assert "ip='192.168.77.1" in said
            assert f"siaddr='{US}'" in said
            assert "router=" not in said
            assert "dns=" not in said
        assert len(leases_of(lan.leases.read_text())) == 1

    lan.serves(meanwhile)


def test_one_that_is_killed_is_started_again_and_remembers(lan: Lan) -> None:
    async def meanwhile() -> None:
        (server,) = lan.servers()
        uid = _status(server)["Uid"].split()
        os.kill(server, signal.SIGKILL)
        await eventually(lambda: lan.said.text.count("DHCP: giving") == 2)
        (keeper, *_) = [pid for pid in lan.pyxie.processes() if _name(pid) == "sh"]
        (second,) = lan.servers()

        os.kill(keeper, signal.SIGKILL)
        await eventually(lambda: lan.said.text.count("DHCP: giving") == 3)
        assert lan.servers() != [second]

        assert uid == [str(pwd.getpwnam("nobody").pw_uid)] * 4  # root's it became by itself
        assert [str(each.address) for each in leases_of(lan.leases.read_text())] == [
            "192.168.77.107"
        ]

    lan.leases.write_text("4102444800 52:54:00:00:00:07 192.168.77.107 web07 *\n")
    lan.serves(meanwhile)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_with_the_daemon_however_that_ends(lan: Lan, how: signal.Signals) -> None:
    process = lan.begins()
    assert len(lan.servers()) == 1

    process.send_signal(how)  # `ip netns exec` and `env` have become it
    process.wait(10)

    until(lambda: lan.pyxie.processes() == [], "the end of all")


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """Give a folder that is in none of root's, which nobody else may enter."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def test_a_daemon_that_became_another_user_starts_it_again(lan: Lan, open_to_all: Path) -> None:
    """It could open port 67 no more; who keeps it can, and can do nothing else."""
    account = pwd.getpwnam("nobody")
    os.chown(open_to_all, account.pw_uid, account.pw_gid)
    lan = replace(lan, folder=open_to_all)
    process = lan.begins("nobody")
    (server,) = lan.servers()
    told, daemon = _status(server), _status(process.pid)

    os.kill(server, signal.SIGKILL)
    until(lambda: [each for each in lan.servers() if each != server], "another one")

    needed = f"{NET_BIND | NET_ADMIN | NET_RAW:016x}"
    assert [told[each] for each in ("CapEff", "CapBnd", "NoNewPrivs")] == [needed, needed, "1"]
    assert told["Uid"].split() == [str(account.pw_uid)] * 4
    assert int(daemon["CapEff"], 16) == 0
