"""The child that gives addresses, with something in its place that does not."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import pytest

from pyxie.bounds import DHCP_SERVER_LINES
from pyxie.config.dhcpmode import Dhcp
from pyxie.dhcp.others import Others
from pyxie.errors import BusyError, StartError
from pyxie.leasing.serving import AddressServer, Leases, programs
from pyxie.net.interfaces import Interface, Interfaces
from tests.dhcp.packets import SERVER
from tests.dhcp.replies import ROUTER, overheard, reply
from tests.interop.netns import need
from tests.support import eventually

DHCP = Dhcp(mode="serve", range="192.168.7.100-192.168.7.199")
INTERFACES = Interfaces([Interface("eth0", 2, (IPv4Interface("192.168.7.1/24"),))])
READY = "echo 'dnsmasq-dhcp[1]: DHCP, IP range 192.168.7.100 -- 192.168.7.199' >&2\n"
GIVING = "DHCP: giving the addresses 192.168.7.100 to 192.168.7.199 on eth0"


def server(
    folder: Path,
    script: str,
    *,
    others: Others | None = None,
    there: Iterable[tuple[IPv4Address, str]] = (),
) -> AddressServer:
    program = folder / "dnsmasq"
    program.write_text(f"#!/bin/sh\n{script}")
    program.chmod(0o755)

    async def ask(_interface: str) -> Iterable[tuple[IPv4Address, str]]:
        return there

    return AddressServer(
        DHCP,
        folder / "leases",
        None,
        lambda: INTERFACES,
        others or Others(lambda: 0.0),
        ask,
        programs=lambda: str(program),
        look=0.01,
    )


@asynccontextmanager
async def running(served: AddressServer) -> AsyncIterator[asyncio.Task[None]]:
    need("setpriv")
    async with served:
        task = asyncio.create_task(served.serve())
        yield task
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await served.drain()


@pytest.fixture(autouse=True)
def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    caplog.set_level(logging.INFO, "pyxie.leasing")
    return caplog.messages


async def test_it_is_refused_where_another_server_gives_addresses(tmp_path: Path) -> None:
    served = server(tmp_path, READY, there=[(ROUTER, "02:00:00:00:00:01")])

    with pytest.raises(StartError) as caught:
        await served.__aenter__()

    assert str(caught.value) == (
        "dhcp.mode is serve, and the DHCP server 192.168.7.254 (02:00:00:00:00:01) gives addresses"
        " on eth0 already: switch that one off there, or set dhcp: {mode: answer} to boot machines"
        " beside it"
    )


async def test_it_says_that_it_gives_addresses(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(server(tmp_path, f"{READY}exec sleep 60\n")):
        await eventually(lambda: GIVING in caplog.messages)


async def test_one_that_cannot_run_ends_the_start(tmp_path: Path) -> None:
    script = "echo 'dnsmasq: failed to bind DHCP server socket: Address already in use' >&2\n"
    async with running(server(tmp_path, f"{script}exit 2\n")) as serving:
        with pytest.raises(StartError) as caught:
            await serving

    assert str(caught.value) == (
        "dhcp.mode is serve, and no address can be given: another program on this host has UDP"
        " port 67 (ss -lunp 'sport = :67'): stop it, or set dhcp: {mode: answer} to answer beside"
        " it"
    )


async def test_one_that_dies_later_is_started_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    script = f"{READY}[ -e {tmp_path}/died ] && exec sleep 60\ntouch {tmp_path}/died\nexit 3\n"
    async with running(server(tmp_path, script)):
        await eventually(lambda: caplog.messages.count(GIVING) == 2)

    assert (
        "the DHCP server ended, and is started again in 1 s; leases go on: dnsmasq did not say why"
    ) in caplog.messages


async def test_what_it_logs_is_bounded(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    before = DHCP_SERVER_LINES.times
    flood = "yes 'dnsmasq-dhcp[1]: no address available' | head -n 2000 >&2\n"
    async with running(server(tmp_path, f"{READY}{flood}exec sleep 60\n")):
        await eventually(lambda: DHCP_SERVER_LINES.times > before)
        await eventually(lambda: "DHCP server: no address available" in caplog.messages)

    assert len(caplog.messages) < 400


async def test_another_server_that_comes_later_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    others = Others(lambda: 0.0)
    others.replied(overheard(reply(server=SERVER), source=SERVER))  # our own
    others.replied(overheard(reply()))
    async with running(server(tmp_path, f"{READY}exec sleep 60\n", others=others)):
        await eventually(lambda: GIVING in caplog.messages)
        await asyncio.sleep(0.05)

    assert [each for each in caplog.messages if "beside" in each] == [
        (
            "DHCP: 192.168.7.254 gives addresses on eth0, beside pyxie's own server: machines may"
            " get either's, and the same one twice; switch one of them off"
        )
    ]


class TestPrograms:
    def test_that_are_missing_are_named_with_their_package(self, tmp_path: Path) -> None:
        with pytest.raises(StartError, match="install the package util-linux"):
            programs(str(tmp_path))
        (tmp_path / "setpriv").touch(mode=0o755)
        with pytest.raises(StartError) as caught:
            programs(str(tmp_path))

        assert str(caught.value) == (
            "dhcp.mode is serve, and the program dnsmasq is missing: install the package"
            " dnsmasq-base (Debian, Ubuntu) or dnsmasq (Fedora, EL, SUSE, Arch, Alpine)"
        )
        (tmp_path / "dnsmasq").touch(mode=0o755)
        assert programs(str(tmp_path)) == str(tmp_path / "dnsmasq")


class TestLeases:
    async def test_are_those_of_the_file(self, tmp_path: Path) -> None:
        (tmp_path / "leases").write_text("0 52:54:00:12:34:56 192.0.2.1 * *\n")

        found = await Leases(lambda: tmp_path / "leases").all()

        assert [str(each.address) for each in found] == ["192.0.2.1"]

    async def test_are_none_before_there_is_one(self, tmp_path: Path) -> None:
        assert await Leases(lambda: tmp_path / "leases").all() == []

    async def test_that_cannot_be_read_are_said(self, tmp_path: Path) -> None:
        with pytest.raises(BusyError, match="leases"):
            await Leases(lambda: tmp_path).all()
