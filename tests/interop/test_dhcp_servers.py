"""The lines for other DHCP servers, as these follow them: what clients are then told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from pyxie.diagnosis.daemons import dhcpd, dnsmasq, kea
from pyxie.diagnosis.remedy import Remedy, Site, Wish
from pyxie.probing.discover import servers
from pyxie.probing.questions import Firmware
from tests.dhcp.packets import MAC
from tests.interop.netns import Host, Net, need, network

pytestmark = pytest.mark.interop

SITE = Site(address=IPv4Address("192.168.7.9"), network=IPv4Network("192.168.7.0/24"))
SERVER = "192.168.7.1"
SOON = 0.4
"""Seconds until an answer is there; a server that is about to listen is asked again."""
Told = dict[Firmware, tuple[str, str]]
ASKED = (Firmware.BIOS, Firmware.UEFI_X64, Firmware.UEFI_ARM64, Firmware.IPXE)


@pytest.fixture
def net() -> Iterator[Net]:
    need("ip")
    with network() as made:
        yield made


def told(net: Net, start: Callable[[Host], object]) -> Told:
    """Return which boot file and next-server clients of each kind are told."""
    server, client = net.host("srv"), net.host("cli")
    net.lan(a=(server, "eth0", f"{SERVER}/24"), b=(client, "eth0", ""))
    start(server)

    async def ask() -> Told:
        for _ in range(30):
            offers = await asyncio.gather(*(servers("eth0", MAC, each, SOON) for each in ASKED))
            if all(offers):
                break
        return {
            each: (heard.file, str(heard.next_server))
            for each, (heard, *_) in zip(ASKED, offers, strict=True)
        }

    return client.inside(lambda: asyncio.run(ask()))


def with_dnsmasq(remedy: Remedy, folder: Path) -> Callable[[Host], object]:
    need("dnsmasq")
    lines = [
        "port=0",
        "user=root",
        "interface=eth0",
        "bind-interfaces",
        "no-ping",
        "keep-in-foreground",
    ]
    lines += [f"pid-file={folder}/pid", f"dhcp-leasefile={folder}/leases"]
    lines += ["dhcp-range=192.168.7.100,192.168.7.150", *remedy.lines]
    (folder / "conf").write_text("\n".join(lines))
    command = ("dnsmasq", f"--conf-file={folder}/conf")
    return lambda host: host.start(*command, log=folder / "log")


def with_dhcpd(remedy: Remedy, folder: Path) -> Callable[[Host], object]:
    need("dhcpd")
    (folder / "leases").touch()
    inside = remedy.where.endswith("of the subnet")
    subnet = ["subnet 192.168.7.0 netmask 255.255.255.0 {", "range 192.168.7.100 192.168.7.150;"]
    lines = [*subnet, *remedy.lines, "}"] if inside else [*remedy.lines, *subnet, "}"]
    (folder / "conf").write_text("\n".join(["ping-check false;", *lines]))
    files = ("-cf", f"{folder}/conf", "-lf", f"{folder}/leases", "-pf", f"{folder}/pid")
    return lambda host: host.start("dhcpd", "-4", "-f", *files, "eth0", log=folder / "log")


def with_kea(remedy: Remedy, folder: Path) -> Callable[[Host], object]:
    need("kea-dhcp4")
    inside = remedy.where.endswith("of the subnet")
    pool = '"subnet": "192.168.7.0/24", "pools": [ { "pool": "192.168.7.100-192.168.7.150" } ]'
    lines = [
        '{ "Dhcp4": {',
        *(() if inside else remedy.lines),
        '"interfaces-config": { "interfaces": [ "eth0" ] },',
        '"lease-database": { "type": "memfile", "persist": false },',
        '"subnet4": [ {',
        *(remedy.lines if inside else ()),
        f'"id": 1, {pool} }} ] }} }}',
    ]
    (folder / "conf").write_text("\n".join(lines))
    run = ("env", f"KEA_PIDFILE_DIR={folder}", f"KEA_LOCKFILE_DIR={folder}", "kea-dhcp4")
    return lambda host: host.start(*run, "-c", f"{folder}/conf", log=folder / "log")


SERVERS = pytest.mark.parametrize(
    ("of", "configured"),
    [(dnsmasq, with_dnsmasq), (dhcpd, with_dhcpd), (kea, with_kea)],
    ids=["dnsmasq", "dhcpd", "kea"],
)
Of = Callable[[Wish, Site], Remedy]
Configured = Callable[[Remedy, Path], Callable[[Host], object]]


@SERVERS
def test_next_server_is_pyxie_and_no_file_stands_beside_it(
    net: Net, tmp_path: Path, of: Of, configured: Configured
) -> None:
    clients = told(net, configured(of(Wish.NEXT_SERVER, SITE), tmp_path))

    assert clients == dict.fromkeys(ASKED, ("", "192.168.7.9"))


@SERVERS
def test_each_client_is_told_its_boot_file_and_ipxe_the_script(
    net: Net, tmp_path: Path, of: Of, configured: Configured
) -> None:
    clients = told(net, configured(of(Wish.BOOT_FILE, SITE), tmp_path))

    assert {each: file for each, (file, _) in clients.items()} == {
        Firmware.BIOS: "undionly.kpxe",
        Firmware.UEFI_X64: "ipxe.efi",
        Firmware.UEFI_ARM64: "ipxe-arm64.efi",
        Firmware.IPXE: "http://192.168.7.9:8090/boot.ipxe",
    }
    assert {each: server for each, (_, server) in clients.items() if each != Firmware.IPXE} == (
        dict.fromkeys(ASKED[:3], "192.168.7.9")
    )
