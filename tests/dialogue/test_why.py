"""`pyxie why`, of machines that are switched on: what a person is told, and by which events.

Each test brings a situation about as a machine does. How firmware, loaders and installers behave
in it is in `tests/dialogue/machine.py`; all words are in `tests/diagnosis/data/words.txt`.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest

from pyxie.dhcp.message import DhcpMessage, Option
from pyxie.dhcp.overheard import Other
from pyxie.diagnosis import patience
from pyxie.events.datagrams import TimedOutOverTftp
from pyxie.events.kinds import ImageProgress
from pyxie.loaders.lanes import SecureBoot
from tests.dhcp.packets import BIOS_FEATURES, discover, ipxe
from tests.dialogue.boot import CONFIG, DASHED, HOST, MACHINE, SERVER, US, Pyxie, boot
from tests.dialogue.machine import (
    BIOS_IPXE,
    BIOS_ROM,
    SILENCE,
    UEFI_HTTP,
    UEFI_IPXE,
    UEFI_PXE,
    Machine,
)

ROUTER = IPv4Address("192.168.7.254")
"""The LAN's DHCP server."""
IPXE_EFI = f"{DASHED}/ipxe-x86_64.efi"
IMAGE_URL = "http://mirror.example/"
ELSEWHERE = f"{MACHINE}image_url: {IMAGE_URL}\n"
POOR_IPXE = ipxe(0, o175=BIOS_FEATURES.replace(b"\x13\x01\x01", b""))
"""One without HTTP, as in the ROMs of many cards."""


@dataclass
class Told:
    """What REST says, as far as a test looks at it."""

    code: str
    standing: str
    by: list[str]
    data: dict[str, Any]
    text: str
    remedies: list[str]
    since: float | None


async def why(pyxie: Pyxie, machine: str = HOST, *, after: float = 0.0) -> Told:
    """Ask why a machine does not boot, after so many seconds without a message of it."""
    pyxie.wires.clock.now += after
    answer = await pyxie.rest("GET", f"/api/v1/machines/{machine}/why")
    assert answer.status == 200, answer.text
    found = json.loads(answer.text)
    return Told(
        found["code"],
        found["standing"],
        [each["code"] for each in found["evidence"]],
        found["data"],
        " ".join([found["sentence"], *found["steps"]]),
        [each["server"] for each in found["remedies"]],
        found["since"],
    )


def stuck(told: Told, code: str, *by: str) -> None:
    """Assert what was found, and by which events."""
    assert (told.code, told.standing, told.by) == (code, "stuck", list(by)), told


async def waits(pyxie: Pyxie, step: str) -> None:
    """Assert that all is well so far, and what is waited for."""
    told = await why(pyxie)
    assert (told.code, told.data.get("step")) == ("waiting", step), told


def router_says(pyxie: Pyxie, client: Machine, asked: DhcpMessage, **said: Any) -> None:
    """Let the LAN's DHCP server answer the client's DISCOVER, and pyxie overhear it."""
    reply = Other(
        **{
            "server": ROUTER,
            "source": ROUTER,
            "network": 2,
            "interface": "eth0",
            "here": False,
            "kind": "OFFER",
            "mac": client.mac,
            "xid": client.xid,
            "addresses": True,
            "siaddr": ROUTER,
            "moment": pyxie.wires.clock.now,
            **said,
        }
    )
    assert asked.options[Option.VENDOR_CLASS]
    pyxie.parts.others.replied(reply)


async def takes_its_lease(client: Machine, who: DhcpMessage, server: IPv4Address = ROUTER) -> None:
    """Broadcast the REQUEST that takes that server's offer."""
    named = replace(who, options={**who.options, Option.SERVER_ID: server.packed})
    assert await client.requests_its_lease(named) is SILENCE


async def loads_ipxe(client: Machine) -> None:
    """Boot as UEFI does, until its loader is there."""
    await client.discovers(UEFI_PXE)
    await takes_its_lease(client, UEFI_PXE)
    await client.asks_port_4011(UEFI_PXE)
    assert isinstance(await client.fetches(IPXE_EFI), bytes)


# Of pyxie and its host


async def test_pyxie_only_watches(tmp_path: Path) -> None:
    async with boot(tmp_path, config=f"{CONFIG}dhcp: {{mode: observe}}\n") as (client, pyxie):
        await pyxie.builds()
        assert await client.discovers(UEFI_PXE) is SILENCE

        stuck(await why(pyxie), "observing", "dhcp.offer")


async def test_the_clock_of_its_host_was_set_back(tmp_path: Path) -> None:
    async with boot(tmp_path) as (client, pyxie):
        await pyxie.builds()
        await client.discovers(UEFI_PXE)
        pyxie.wires.clock.now -= 86_400

        told = await why(pyxie)

    stuck(told, "clock-wrong", "dhcp.offer")
    assert told.data["how"] == "back"


async def test_the_disk_is_full_while_it_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with boot(tmp_path) as (client, pyxie):
        await pyxie.builds()
        await client.discovers(BIOS_IPXE)
        assert (await client.gets(f"{US}/ipxe/{DASHED}")).status == 200
        await client.gets(f"{US}/boot/{HOST}/kernel/linux")
        monkeypatch.setattr(pyxie.parts.state, "problem", "the state cannot be written: disk full")

        told = await why(pyxie)

    stuck(told, "disk-full", "image.fetching")
    assert told.data["problems"] == ["the state cannot be written: disk full"]


# Whether it is to boot


async def test_nobody_has_begun_to_build_it(tmp_path: Path) -> None:
    async with boot(tmp_path) as (client, pyxie):
        unseen = await why(pyxie)
        await client.discovers(UEFI_PXE)

        seen = await why(pyxie)

    assert (unseen.code, unseen.standing, unseen.by) == ("not-in-build-mode", "well", [])
    assert (seen.code, seen.by) == ("not-in-build-mode", ["dhcp.silence"])
    assert (unseen.data["seen"], seen.data["seen"]) == (False, True)
    assert f"pyxie build {HOST}" in seen.text


async def test_its_mac_is_mistyped_in_its_file(tmp_path: Path) -> None:
    async with boot(tmp_path) as (client, pyxie):
        client.mac = "52:54:00:12:34:65"
        await client.discovers(UEFI_PXE)

        told = await why(pyxie, client.mac)

    stuck(told, "unknown-machine", "dhcp.silence")
    assert told.data["near"] == [{"host": HOST, "mac": "52:54:00:12:34:56", "how": "swapped"}]
    assert f"pyxie edit {HOST}" in told.text


async def test_another_port_of_its_card_boots(tmp_path: Path) -> None:
    async with boot(tmp_path) as (client, pyxie):
        client.mac = "52:54:00:12:34:57"
        await client.discovers(UEFI_PXE)

        told = await why(pyxie, client.mac)

    assert told.data["near"] == [{"host": HOST, "mac": "52:54:00:12:34:56", "how": "board"}]


async def test_its_file_has_a_mistake(tmp_path: Path) -> None:
    broken = MACHINE.replace("kernel: linux", "kernle: linux")
    async with boot(tmp_path, machine=broken) as (client, pyxie):
        await client.discovers(UEFI_PXE)

        by_name, by_mac = await why(pyxie), await why(pyxie, client.mac)

    stuck(by_mac, "file-broken", "dhcp.silence")
    assert (by_name.code, by_name.data) == (by_mac.code, by_mac.data)
    assert f"{HOST}.yaml:1:1: kernle: unknown key" in by_mac.text


async def test_a_mistake_in_its_file_is_told_by_no_other_machines_events(tmp_path: Path) -> None:
    broken = MACHINE.replace("kernel: linux", "kernle: linux")
    async with boot(tmp_path, machine=broken) as (client, pyxie):
        await client.discovers(UEFI_PXE)
        own, client.mac = client.mac, "52:54:00:aa:bb:cc"
        pyxie.wires.clock.now += 60
        await client.discovers(UEFI_PXE)

        by_name, by_mac = await why(pyxie), await why(pyxie, own)

    stuck(by_name, "file-broken", "dhcp.silence")
    assert by_name.since == by_mac.since


async def test_a_mistake_in_the_file_of_one_that_was_not_heard_has_no_event(tmp_path: Path) -> None:
    broken = MACHINE.replace("kernel: linux", "kernle: linux")
    async with boot(tmp_path, machine=broken) as (client, pyxie):
        client.mac = "52:54:00:aa:bb:cc"
        await client.discovers(UEFI_PXE)

        told = await why(pyxie)

    stuck(told, "file-broken")
    assert told.since is None


async def test_it_is_installed_and_asks_the_network_again_and_again(tmp_path: Path) -> None:
    async with boot(tmp_path) as (client, pyxie):
        await pyxie.builds()
        await client.discovers(BIOS_IPXE)
        ran = await client.runs_script(f"{US}/ipxe/{DASHED}")
        assert await client.installs(ran) == "OK"
        first = await why(pyxie)
        for _ in range(3):
            pyxie.wires.clock.now += 120
            assert await client.discovers(BIOS_ROM) is SILENCE

        told = await why(pyxie)

    assert (first.code, first.standing) == ("installed", "well")
    stuck(told, "still-netbooting", *["dhcp.silence"] * 3)
    assert told.data["asks"] == 3


async def test_it_is_installed_and_sent_on_to_its_disk(tmp_path: Path) -> None:
    """A boot under UEFI asks three times; three boots in half an hour are a fault."""
    async with boot(tmp_path, machine=f"when_idle: local\n{MACHINE}") as (client, pyxie):
        await pyxie.builds()
        await client.discovers(BIOS_IPXE)
        ran = await client.runs_script(f"{US}/ipxe/{DASHED}")
        assert await client.installs(ran) == "OK"
        told = []
        for _ in range(3):
            pyxie.wires.clock.now += 120
            await client.discovers(UEFI_PXE)
            await client.asks_port_4011(UEFI_PXE)
            await client.discovers(UEFI_HTTP)
            told.append(await why(pyxie))

    assert [(each.code, each.data["asks"]) for each in told] == [
        ("installed", 1),
        ("installed", 2),
        ("still-netbooting", 3),
    ]


async def test_it_is_unknown_and_sent_on_to_its_disk(tmp_path: Path) -> None:
    async with boot(tmp_path, config=f"{CONFIG}unknown: local\n", machine=None) as (client, pyxie):
        await client.discovers(BIOS_ROM)

        told = await why(pyxie, DASHED)

    assert told.code == "unknown-machine"


# Until there is a boot loader


async def test_it_is_never_switched_on(tmp_path: Path) -> None:
    async with boot(tmp_path) as (_, pyxie):
        await pyxie.builds()
        await waits(pyxie, "discover")

        told = await why(pyxie, after=patience.POWER_ON_VM)

    stuck(told, "never-seen", "build.changed")
    assert (told.data["virtual"], told.data["others"]) == ("QEMU", False)
    assert "VirtIO RNG" in told.text


async def test_others_are_heard_and_it_is_not(tmp_path: Path) -> None:
    async with boot(tmp_path) as (client, pyxie):
        await pyxie.builds()
        client.mac = "00:25:90:00:00:09"
        await client.discovers(UEFI_PXE)

        told = await why(pyxie, after=patience.POWER_ON_VM)

    stuck(told, "never-seen", "build.changed")
    assert told.data["others"] is True


async def test_it_starts_its_system_and_asks_for_an_address_alone(tmp_path: Path) -> None:
    async with boot(tmp_path) as (client, pyxie):
        await pyxie.builds()
        assert await client.discovers(PLAIN) is SILENCE

        told = await why(pyxie)

    stuck(told, "plain-dhcp")


PLAIN = discover(o60=b"dhcpcd-9.4.1", o93=None)


async def test_there_is_no_loader_for_it(tmp_path: Path) -> None:
    async with boot(tmp_path) as (client, pyxie):
        await pyxie.builds()
        assert await client.discovers(discover(11)) is SILENCE

        told = await why(pyxie)

    stuck(told, "not-answered", "dhcp.silence")
    assert told.data["reason"] == "no-loader"
    assert "no boot loader for arm64 UEFI" in told.text


async def test_it_asks_more_than_its_share(tmp_path: Path) -> None:
    limited = f"{CONFIG}limits: {{dhcp_per_mac: 1}}\n"
    async with boot(tmp_path, config=limited) as (client, pyxie):
        await pyxie.builds()
        await client.discovers(UEFI_PXE)
        pyxie.wires.clock.now -= 1
        assert await client.discovers(UEFI_PXE) is SILENCE

        told = await why(pyxie)

    stuck(told, "limit-hit", "dhcp.offer")
    assert told.data["limit"] == "limits.dhcp_per_mac"


async def test_its_firmware_takes_another_servers_offer(tmp_path: Path) -> None:
    theirs = {"vendor_class": "PXEClient", "tftp_server": "192.168.7.9", "bootfile": "wds.efi"}
    async with boot(tmp_path) as (client, pyxie):
        await pyxie.builds()
        await client.discovers(UEFI_PXE)
        router_says(pyxie, client, UEFI_PXE, **theirs)
        await takes_its_lease(client, UEFI_PXE)
        await waits(pyxie, "offer")

        told = await why(pyxie, after=patience.OFFER)

    stuck(told, "other-offer", "dhcp.offer", "dhcp.elsewhere")
    server = told.data["server"]
    assert (server["address"], server["vendor"], server["name"], server["file"]) == (
        str(ROUTER),
        *theirs.values(),
    )
    for each in (str(ROUTER), *theirs.values()):
        assert each in told.text
    assert "dnsmasq" in told.remedies


async def test_there_are_two_pxe_servers(tmp_path: Path) -> None:
    async with boot(tmp_path) as (client, pyxie):
        await pyxie.builds()
        await client.discovers(UEFI_PXE)
        router_says(pyxie, client, UEFI_PXE)
        fog = IPv4Address("192.168.7.8")
        router_says(
            *(pyxie, client, UEFI_PXE),
            server=fog,
            addresses=False,
            vendor_class="PXEClient",
            file="fog.efi",
        )
        await takes_its_lease(client, UEFI_PXE)

        told = await why(pyxie, after=patience.OFFER)

    stuck(told, "two-servers", "dhcp.offer")
    assert [each["address"] for each in told.data["servers"]] == [str(fog)]


@pytest.mark.parametrize("leases", [True, False])
async def test_its_answers_are_dropped_on_the_way(tmp_path: Path, *, leases: bool) -> None:
    """It sends the same DISCOVER again after 4, 8 and 16 seconds, and no REQUEST."""
    async with boot(tmp_path) as (client, pyxie):
        await pyxie.builds()
        await client.discovers(UEFI_PXE)
        if leases:
            router_says(pyxie, client, UEFI_PXE)
        for seconds in (4, 8, 16):
            pyxie.wires.clock.now += seconds
            assert await client.repeats_itself() is not SILENCE

        told = await why(pyxie)

    stuck(told, "answer-lost", *["dhcp.offer"] * len(told.by))
    assert (told.data["times"], told.data["leases"]) == (4, leases)


async def test_it_never_asks_on_port_4011(tmp_path: Path) -> None:
    async with boot(tmp_path) as (client, pyxie):
        await pyxie.builds()
        await client.discovers(UEFI_PXE)
        router_says(pyxie, client, UEFI_PXE)
        await takes_its_lease(client, UEFI_PXE)

        told = await why(pyxie, after=patience.OFFER)

    stuck(told, "port-4011", "dhcp.offer")


@pytest.mark.parametrize("who", [BIOS_ROM, UEFI_HTTP], ids=["BIOS", "HTTP"])
async def test_it_takes_no_notice_of_the_offer(tmp_path: Path, who: DhcpMessage) -> None:
    async with boot(tmp_path) as (client, pyxie):
        await pyxie.builds()
        await client.discovers(who)
        router_says(pyxie, client, who)
        await takes_its_lease(client, who)

        told = await why(pyxie, after=patience.OFFER)

    stuck(told, "offer-unused", "dhcp.offer")


async def test_it_asks_on_port_4011_and_for_no_file(tmp_path: Path) -> None:
    async with boot(tmp_path) as (client, pyxie):
        await pyxie.builds()
        await client.discovers(UEFI_PXE)
        await client.asks_port_4011(UEFI_PXE)
        await waits(pyxie, "confirmed")

        told = await why(pyxie, after=patience.CONFIRMED)

    stuck(told, "tftp-unreached", "dhcp.offer", "dhcp.offer")


# Loaders


async def test_its_loader_is_gone(tmp_path: Path) -> None:
    async with boot(tmp_path) as (client, pyxie):
        await pyxie.builds()
        await client.discovers(UEFI_PXE)
        (tmp_path / "ipxe/ipxe-x86_64.efi").unlink()
        await client.fetches(IPXE_EFI)

        stuck(await why(pyxie), "loader-missing", "tftp.missing")


async def test_its_blocks_are_too_long_for_the_way(tmp_path: Path) -> None:
    """What TFTP says of it is in `tests/tftp`; it takes the time of many repetitions."""
    async with boot(tmp_path) as (client, pyxie):
        await pyxie.builds()
        await client.discovers(UEFI_PXE)
        silent = TimedOutOverTftp(name=IPXE_EFI, received=0, total=9, block=1, blksize=1468)
        pyxie.parts.trace.record(silent, mac=client.mac)

        told = await why(pyxie)

    stuck(told, "loader-broken-off", "tftp.timeout")
    assert "limits.tftp_blksize" in told.text


async def test_its_loader_does_not_start(tmp_path: Path) -> None:
    async with boot(tmp_path) as (client, pyxie):
        await pyxie.builds()
        await loads_ipxe(client)
        await waits(pyxie, "loader")

        once = await why(pyxie, after=patience.LOADER)
        await loads_ipxe(client)
        twice = await why(pyxie, after=patience.LOADER)

    stuck(once, "loader-silent", "dhcp.offer", "tftp.sent")
    assert (once.data["uefi"], once.data["architecture"]) == (True, "x64 UEFI")
    assert "Secure Boot" in once.text
    assert (once.data["rounds"], twice.data["rounds"]) == (1, 2)


async def test_secure_boot_refuses_its_loader(tmp_path: Path) -> None:
    """It is known to be on, and its DHCP server gives its own address as next server."""
    (tmp_path / "ipxe").mkdir()
    for name in ("shimx64.efi", "grubx64.efi"):
        (tmp_path / "ipxe" / name).write_bytes(b"MZ")
    async with boot(tmp_path) as (client, pyxie):
        await pyxie.builds()
        pyxie.parts.secure_boot.learn(client.mac, SecureBoot.ON, "iPXE")
        for _ in range(2):  # what its DHCP server gives is known by the second
            await client.discovers(UEFI_PXE)
            router_says(pyxie, client, UEFI_PXE)
            await takes_its_lease(client, UEFI_PXE)
            await client.asks_port_4011(UEFI_PXE)
            await client.fetches(IPXE_EFI)
            pyxie.wires.clock.now += 60

        told = await why(pyxie)

    stuck(told, "loader-silent", "dhcp.offer", "tftp.sent")
    assert (told.data["secure_boot"], told.data["why_not"]) == ("on", "server-elsewhere")
    assert "next-server" in told.text
    assert "dnsmasq" in told.remedies


async def test_ipxe_comes_back_without_http(tmp_path: Path) -> None:
    async with boot(tmp_path) as (client, pyxie):
        await pyxie.builds()
        await client.discovers(POOR_IPXE)
        await client.fetches(f"{DASHED}/undionly.kpxe")
        await client.discovers(POOR_IPXE)

        told = await why(pyxie)

    stuck(told, "ipxe-without-http", "dhcp.offer", "dhcp.offer")
    assert told.data == {"lacking": "HTTP", "loader": "undionly.kpxe"}


async def test_ipxe_does_not_fetch_its_script(tmp_path: Path) -> None:
    async with boot(tmp_path) as (client, pyxie):
        await pyxie.builds()
        await loads_ipxe(client)
        await client.discovers(UEFI_IPXE)
        await waits(pyxie, "ipxe")

        told = await why(pyxie, after=patience.LEASE)

    stuck(told, "script-unreached", "dhcp.offer")


# Scripts and images


async def test_its_script_cannot_be_made(tmp_path: Path) -> None:
    wrong = MACHINE.replace("{{ BaseURL }}", "{{ BaseURI }}")
    async with boot(tmp_path, machine=MACHINE) as (client, pyxie):
        await pyxie.builds()
        (tmp_path / f"machines/{HOST}.yaml").write_text(wrong)
        await pyxie.parts.machines.refresh()
        await pyxie.rest("PUT", f"/build/{HOST}")
        await client.discovers(BIOS_IPXE)
        answer = await client.gets(f"{US}/ipxe/{DASHED}")
        assert answer.status == 200

        stuck(await why(pyxie), "script-refused", "script.failed")


async def test_it_fetches_no_kernel(tmp_path: Path) -> None:
    async with boot(tmp_path) as (client, pyxie):
        await pyxie.builds()
        await client.discovers(BIOS_IPXE)
        await client.gets(f"{US}/ipxe/{DASHED}")
        await waits(pyxie, "script")

        stuck(await why(pyxie, after=patience.SCRIPT), "images-unasked", "script.sent")


async def test_the_mirror_does_not_have_its_kernel(tmp_path: Path) -> None:
    async with boot(tmp_path, machine=ELSEWHERE, upstream={}) as (client, pyxie):
        await pyxie.builds()
        await client.discovers(BIOS_IPXE)
        await client.gets(f"{US}/ipxe/{DASHED}")
        for _ in range(2):
            pyxie.wires.clock.now += 15
            assert (await client.gets(f"{US}/boot/{HOST}/kernel/linux")).status == 502

        told = await why(pyxie)

    stuck(told, "image-failed", "image.failed")
    assert told.data == {
        "part": "kernel",
        "source": f"{IMAGE_URL}linux",
        "why": "answered 404 Not Found",
        "times": 2,
    }


async def test_its_kernel_does_not_come_on(tmp_path: Path) -> None:
    async with boot(tmp_path) as (client, pyxie):
        await pyxie.builds()
        await client.discovers(BIOS_IPXE)
        await client.gets(f"{US}/ipxe/{DASHED}")
        await client.gets(f"{US}/boot/{HOST}/kernel/linux")
        pyxie.wires.clock.now += 1
        pyxie.parts.trace.record(ImageProgress(part="kernel", sent=5, total=9), mac=client.mac)
        await waits(pyxie, "image")

        told = await why(pyxie, after=patience.IMAGE)

    stuck(told, "image-stalled", "image.fetching", "image.progress")


async def test_its_kernel_is_not_started(tmp_path: Path) -> None:
    async with boot(tmp_path) as (client, pyxie):
        await pyxie.builds()
        await client.discovers(UEFI_IPXE)
        await client.gets(f"{US}/ipxe/{DASHED}")
        await client.gets(f"{US}/boot/{HOST}/kernel/linux")
        await client.gets(f"{US}/boot/{HOST}/initrd/0/initrd.gz")
        await waits(pyxie, "start")

        stuck(await why(pyxie, after=patience.START), "kernel-unstarted", "image.fetching")


# Installers


async def test_its_installer_has_no_network(tmp_path: Path) -> None:
    async with boot(tmp_path) as (client, pyxie):
        await pyxie.builds()
        await client.discovers(BIOS_IPXE)
        await client.runs_script(f"{US}/ipxe/{DASHED}")
        await waits(pyxie, "kernel")

        told = await why(pyxie, after=patience.KERNEL)

    stuck(told, "installer-silent", "boot.kernel")
    assert told.data["base_url"] == US


async def test_its_installer_has_the_token_of_an_earlier_build(tmp_path: Path) -> None:
    async with boot(tmp_path) as (client, pyxie):
        old = await pyxie.builds()
        await pyxie.builds()
        await client.discovers(BIOS_IPXE)
        await client.runs_script(f"{US}/ipxe/{DASHED}")

        for _ in range(3):
            answer = await client.gets(f"{US}/template/preseed/{HOST}/{old}")
            assert answer.status == 401

        told = await why(pyxie)

    stuck(told, "token-wrong", "token.refused")
    assert told.data == {"path": f"/template/preseed/{HOST}/***", "peer": "192.168.7.50"}


async def test_its_preseed_cannot_be_made(tmp_path: Path) -> None:
    async with boot(tmp_path) as (client, pyxie):
        token = await pyxie.builds()
        await client.discovers(BIOS_IPXE)
        await client.runs_script(f"{US}/ipxe/{DASHED}")
        (tmp_path / "templates/preseed.j2").write_text("{{ gone }}\n")
        os.utime(tmp_path / "templates/preseed.j2", (0, 0))
        assert (await client.gets(f"{US}/template/preseed/{HOST}/{token}")).status >= 400

        told = await why(pyxie)

    stuck(told, "template-failed", "template.failed")
    assert "preseed.j2:1" in told.text


async def test_its_installer_takes_longer_than_builds_of_its_system_took(tmp_path: Path) -> None:
    async with boot(tmp_path) as (client, pyxie):
        await pyxie.builds()
        await client.discovers(BIOS_IPXE)
        ran = await client.runs_script(f"{US}/ipxe/{DASHED}")
        pyxie.wires.clock.now += 600
        assert await client.installs(ran) == "OK"
        await pyxie.parts.paces.refresh()
        token = await pyxie.builds()
        await client.discovers(BIOS_IPXE)
        await client.runs_script(f"{US}/ipxe/{DASHED}")
        assert (await client.gets(f"{US}/template/preseed/{HOST}/{token}")).status == 200
        await waits(pyxie, "done")

        told = await why(pyxie, after=950)

    stuck(told, "installer-slow", "boot.kernel", "template.sent")
    assert (told.data["name"], told.data["builds"]) == ("preseed", 1)
    assert 600 <= told.data["longest"] <= 610


async def test_it_installs_again_and_again(tmp_path: Path) -> None:
    """Its template never calls ``done``, so that it is installed anew at each start."""
    async with boot(tmp_path) as (client, pyxie):
        token = await pyxie.builds()
        for _ in range(3):
            await client.discovers(BIOS_IPXE)
            await client.runs_script(f"{US}/ipxe/{DASHED}")
            await client.gets(f"{US}/template/preseed/{HOST}/{token}")
            pyxie.wires.clock.now += 600

        told = await why(pyxie)

    stuck(told, "loop", *["template.sent"] * 3)
    assert (told.data["stage"], told.data["rounds"]) == ("installer", 3)
    assert str(SERVER) not in told.text
