"""Machines that boot from the network first, and are not in build mode: sent on to their disks."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pyxie.dhcp.message import DhcpMessage
from tests.dialogue.boot import CONFIG, DASHED, HOST, MACHINE, US, boot
from tests.dialogue.machine import (
    BIOS_IPXE,
    BIOS_ROM,
    SILENCE,
    UEFI_HTTP,
    UEFI_IPXE,
    UEFI_PXE,
    Reply,
)
from tests.support import eventually

LOCAL = f"when_idle: local\n{MACHINE}"
NOTHING = f"{DASHED}/boot-from-disk"


async def test_a_bios_rom_chooses_local_boot_from_a_menu(tmp_path: Path) -> None:
    async with boot(tmp_path, machine=LOCAL) as (client, pyxie):
        assert await client.discovers(BIOS_ROM) == Reply("OFFER", NOTHING)

        assert pyxie.said() == [
            "sent on to its next boot device: not in build mode (PXE, BIOS)",
        ]


async def test_uefi_is_told_of_a_file_that_is_not_there(tmp_path: Path) -> None:
    """EDK2 gathers offers for four seconds; what then comes takes no time."""
    async with boot(tmp_path, machine=LOCAL) as (client, pyxie):
        assert await client.discovers(UEFI_PXE) == Reply("OFFER", NOTHING)
        assert await client.requests_its_lease(UEFI_PXE) is SILENCE
        assert await client.asks_port_4011(UEFI_PXE) == Reply(
            "ACK", NOTHING, to=f"{client.address}:68"
        )
        assert await client.fetches(NOTHING, tsize="0", blksize="1468") == "no such file"

        assert pyxie.said() == [
            "sent on to its next boot device: not in build mode (PXE, x64 UEFI)",
            "sent on to its next boot device on port 4011: not in build mode (PXE, x64 UEFI)",
        ]


async def test_uefi_over_http_is_told_of_a_url_that_is_not_there(tmp_path: Path) -> None:
    async with boot(tmp_path, machine=LOCAL) as (client, _pyxie):
        url = f"{US}/loader/{NOTHING}"

        assert await client.discovers(UEFI_HTTP) == Reply("OFFER", url, "HTTPClient")

        assert (await client.gets(url, "HEAD")).status == 404
        assert (await client.gets(url)).status == 404


@pytest.mark.parametrize("ipxe", [BIOS_IPXE, UEFI_IPXE])
async def test_ipxe_is_given_a_script_that_leaves_at_once(
    tmp_path: Path, ipxe: DhcpMessage
) -> None:
    async with boot(tmp_path, machine=LOCAL) as (client, pyxie):
        heard = await client.discovers(ipxe)
        assert heard is not SILENCE
        before = pyxie.wires.clock.now
        ran = await client.runs_script(heard.file)

        assert (ran.ended, ran.screen) == (
            "next device",
            (f"pyxie: {HOST} is not in build mode",),
        )
        assert pyxie.wires.clock.now - before == 1  # it asks once, and does not sleep
        assert pyxie.said()[-1] == (
            "fetched a script that goes on to its next boot device: not in build mode"
        )


async def test_a_build_that_has_begun_wins_even_where_ipxe_was_sent_on(tmp_path: Path) -> None:
    async with boot(tmp_path, machine=LOCAL) as (client, pyxie):
        assert await client.discovers(BIOS_IPXE) == Reply(
            "OFFER", f"{US}/ipxe/{DASHED}", skip_discovery=True
        )
        await pyxie.builds(HOST)

        assert (await client.runs_script(f"{US}/ipxe/{DASHED}")).ended == "boot"


async def test_once_it_is_installed_it_goes_on(tmp_path: Path) -> None:
    async with boot(tmp_path, machine=LOCAL) as (client, pyxie):
        await pyxie.builds(HOST)
        await client.discovers(BIOS_IPXE)
        await client.installs(await client.runs_script(f"{US}/ipxe/{DASHED}"))
        pyxie.said()

        assert await client.discovers(BIOS_ROM) == Reply("OFFER", NOTHING)

        assert pyxie.said() == ["sent on to its next boot device: installed (PXE, BIOS)"]


async def test_while_a_build_is_asked_for_it_waits_and_boots_by_that(tmp_path: Path) -> None:
    """A hook before the build takes its time, and the machine is switched on meanwhile."""
    gate = tmp_path / "gate"
    wait = f"until [ -e {gate} ]; do sleep 0.01; done"
    hook = f"prebuild_commands: [{{command: '{wait}', shell: yes}}]\n"
    async with boot(tmp_path, machine=f"{LOCAL}{hook}") as (client, pyxie):
        building = asyncio.create_task(pyxie.builds(HOST))
        await eventually(lambda: pyxie.parts.index.expects(HOST))

        assert await client.discovers(BIOS_IPXE) is SILENCE
        gate.touch()

        assert (await client.hears_at_last()).file == f"{US}/ipxe/{DASHED}"
        await building
        assert (await client.runs_script(f"{US}/ipxe/{DASHED}")).ended == "boot"


async def test_where_a_build_was_refused_it_goes_on_after_all(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    hook = (
        f"prebuild_commands: [{{command: 'until [ -e {gate} ]; do sleep 0.01; done; exit 1', "
        "shell: yes, errors_fatal: yes}]\n"
    )
    async with boot(tmp_path, machine=f"{LOCAL}{hook}") as (client, pyxie):
        building = asyncio.create_task(pyxie.rest("PUT", f"/build/{HOST}"))
        await eventually(lambda: pyxie.parts.index.expects(HOST))

        assert await client.discovers(BIOS_ROM) is SILENCE
        gate.touch()

        assert (await client.hears_at_last()).file == NOTHING
        assert (await building).status == 409


async def test_an_unknown_machine_goes_on_only_if_the_settings_say_so(tmp_path: Path) -> None:
    async with boot(tmp_path, config=f"{CONFIG}when_idle: local\n", machine=None) as (client, _):
        assert await client.discovers(BIOS_ROM) is SILENCE


async def test_unknown_local_sends_unknown_machines_on(tmp_path: Path) -> None:
    async with boot(tmp_path, config=f"{CONFIG}unknown: local\n", machine=None) as (client, pyxie):
        assert await client.discovers(BIOS_ROM) == Reply("OFFER", NOTHING)
        assert await client.discovers(UEFI_IPXE) == Reply("OFFER", f"{US}/ipxe/{DASHED}")
        ran = await client.runs_script(f"{US}/ipxe/{DASHED}")

        assert (ran.ended, ran.screen) == (
            "next device",
            (f"pyxie: {client.mac} is not in the registry",),
        )
        assert pyxie.said() == [
            "sent on to its next boot device: not in the registry (PXE, BIOS)",
            "sent on to its next boot device: not in the registry (iPXE, x64 UEFI)",
            "fetched a script that goes on to its next boot device: not in the registry",
        ]


async def test_what_the_operator_has_in_its_script_comes_before(tmp_path: Path) -> None:
    """A BIOS that halts when iPXE leaves has its disk started by iPXE itself."""
    async with boot(tmp_path, machine=LOCAL) as (client, _pyxie):
        own = "#!ipxe\nsanboot --no-describe --drive 0x80 ||\nexit 1\n"
        (tmp_path / "ipxe/local.ipxe.j2").write_text(own)

        assert (await client.gets(f"{US}/ipxe/{DASHED}")).text == own


async def test_one_in_it_that_cannot_be_rendered_is_as_shipped(tmp_path: Path) -> None:
    async with boot(tmp_path, machine=LOCAL) as (client, _pyxie):
        (tmp_path / "ipxe/local.ipxe.j2").write_text("#!ipxe\n{{ gone }}\n")

        ran = await client.runs_script(f"{US}/ipxe/{DASHED}")

        assert (ran.ended, ran.screen) == ("next device", (f"pyxie: {HOST} is not in build mode",))
