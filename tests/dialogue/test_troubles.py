"""Boots that go another way: what the machine hears, and what a person reads of it."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from tests.dialogue.boot import ADOPTED, CONFIG, DASHED, HOST, INITRD, KERNEL, MACHINE, US, boot
from tests.dialogue.machine import BIOS_IPXE, SILENCE, UEFI_PXE, Reply

SECOND_NIC = "52:54:00:00:00:02"
BY_SERIAL = f"{MACHINE.partition('network:')[0]}match: {{serial: VM-17}}\n"


async def test_a_machine_that_is_not_in_build_mode_boots_from_its_disk(tmp_path: Path) -> None:
    async with boot(tmp_path) as (client, pyxie):
        assert await client.discovers(UEFI_PXE) is SILENCE
        assert await client.asks_port_4011(UEFI_PXE) is SILENCE
        assert pyxie.said() == ["not answered: not in build mode"]

        # An iPXE that comes all the same, by a script of its own, is told on its screen.
        ran = await client.runs_script(f"{US}/ipxe/{DASHED}")
        assert ran.ended == "next device"
        assert ran.screen == (f"pyxie: {HOST} is not in build mode",)
        assert pyxie.said() == [f"no script: {HOST} is not in build mode"]


async def test_a_machine_that_is_added_and_built_as_soon_as_it_is_heard_of_boots(
    tmp_path: Path,
) -> None:
    """By whatever follows the events: the DISCOVER that told of it need not be sent again."""
    async with boot(tmp_path, machine=None) as (client, pyxie):
        assert await client.discovers(BIOS_IPXE) is SILENCE
        assert pyxie.said() == ["not answered: not in the registry"]

        network = [{"macaddress": client.mac}]
        added = await pyxie.rest("POST", "/api/v1/machines", {**ADOPTED, "network": network})
        assert added.status == 201
        await pyxie.builds(HOST)

        assert await client.hears_at_last() == Reply(
            "OFFER", f"{US}/ipxe/{DASHED}", skip_discovery=True
        )
        assert pyxie.said()[-1] == (
            f"offered: {US}/ipxe/{DASHED} for iPXE (BIOS), 1.0 s after it asked"
        )


async def test_a_machine_that_the_settings_let_in_a_moment_later_is_answered(
    tmp_path: Path,
) -> None:
    async with boot(tmp_path, machine=None) as (client, pyxie):
        assert await client.discovers(BIOS_IPXE) is SILENCE

        (tmp_path / "config.yaml").write_text(f"{CONFIG}unknown: discover\n")
        assert await pyxie.parts.settings.reload()

        assert (await client.hears_at_last()).file == f"{US}/ipxe/{DASHED}"


async def test_a_kernel_that_is_missing_is_told_and_tried_again(tmp_path: Path) -> None:
    """The machine installs as soon as the administrator has put it there."""
    attempts = count(1)

    def meanwhile() -> None:
        if next(attempts) == 2:
            kernel.write_bytes(KERNEL)

    async with boot(tmp_path) as (client, pyxie):
        await pyxie.builds(HOST)
        kernel = tmp_path / "images/linux"
        kernel.unlink()

        await client.discovers(BIOS_IPXE)
        ran = await client.runs_script(f"{US}/ipxe/{DASHED}", meanwhile)

        loading = f"pyxie: {HOST} ({client.mac}): loading the installer, attempt"
        failed = f"pyxie: {HOST}: that did not work (2d0c613b); trying again in 5 seconds"
        assert ran.screen == (f"{loading} 1", failed, f"{loading} 2", failed, f"{loading} 3")
        assert await client.installs(ran) == "OK"
        assert [each for each in pyxie.said() if "kernel" in each] == [
            "kernel: linux: no such file",
            "fetching kernel, 0.3 MB",
            "leaves iPXE for its kernel",
        ]


async def test_a_loader_that_is_missing_is_told_by_name(tmp_path: Path) -> None:
    """It was taken away after the offer: the ROM hears an error, and does not wait."""
    async with boot(tmp_path) as (client, pyxie):
        await pyxie.builds(HOST)
        offer = await client.discovers(UEFI_PXE)
        assert offer == Reply("OFFER", f"{DASHED}/ipxe-x86_64.efi")
        pyxie.said()
        (tmp_path / "ipxe/ipxe-x86_64.efi").unlink()

        assert await client.fetches(f"{DASHED}/ipxe-x86_64.efi") == "no such file"
        assert pyxie.said() == [f"TFTP: {DASHED}/ipxe-x86_64.efi: no such file"]


async def test_a_download_that_broke_off_is_taken_up_where_it_ended(tmp_path: Path) -> None:
    async with boot(tmp_path) as (client, pyxie):
        await pyxie.builds(HOST)
        initrd = f"{US}/boot/{HOST}/initrd/0/initrd.gz"

        rest = await client.gets(initrd, headers={"Range": "bytes=50000-"})

        assert (rest.status, rest.body) == (206, INITRD[50_000:])
        assert rest.headers["Content-Range"] == f"bytes 50000-{len(INITRD) - 1}/{len(INITRD)}"


async def test_of_two_nics_the_one_that_booted_installs(tmp_path: Path) -> None:
    two = f"{MACHINE}  - macaddress: {SECOND_NIC}\n"
    dashed = SECOND_NIC.replace(":", "-")
    async with boot(tmp_path, machine=two, mac=SECOND_NIC) as (client, pyxie):
        token = await pyxie.builds(HOST)

        assert await client.discovers(BIOS_IPXE) == Reply(
            "OFFER", f"{US}/ipxe/{dashed}", skip_discovery=True
        )
        ran = await client.runs_script(f"{US}/ipxe/{dashed}")

        assert ran.cmdline == (
            f"initrd=initrd0 BOOTIF=01-{dashed} auto url={US}/template/preseed/{HOST}/{token}"
        )
        assert await client.installs(ran) == "OK"

        # Silence is for the whole machine.
        client.mac = "52:54:00:12:34:56"
        assert await client.discovers(BIOS_IPXE) is SILENCE


async def test_a_machine_is_recognised_by_its_serial_number(tmp_path: Path) -> None:
    """Only iPXE can read it, so that it is asked first."""
    async with boot(tmp_path, machine=BY_SERIAL, smbios={"serial": "VM-17"}) as (client, pyxie):
        await pyxie.builds(HOST)

        assert await client.discovers(BIOS_IPXE) == Reply(
            "OFFER", f"{US}/ipxe/{DASHED}", skip_discovery=True
        )
        ran = await client.runs_script(f"{US}/ipxe/{DASHED}")

        asked, loading = ran.screen
        assert asked.startswith(f"pyxie: {client.mac}: which machine is this? serial VM-17,")
        assert loading == f"pyxie: {HOST} ({client.mac}): loading the installer, attempt 1"
        assert await client.installs(ran) == "OK"
        assert await pyxie.status(HOST) == "Installed"


async def test_a_machine_of_another_serial_number_is_asked_and_left_alone(tmp_path: Path) -> None:
    async with boot(tmp_path, machine=BY_SERIAL, smbios={"serial": "VM-18"}) as (client, pyxie):
        await pyxie.builds(HOST)

        assert await client.discovers(BIOS_IPXE) is not SILENCE
        ran = await client.runs_script(f"{US}/ipxe/{DASHED}")
        assert ran.ended == "next device"
        assert ran.screen[-1] == f"pyxie: {client.mac} is not in the registry"

        assert await client.discovers(BIOS_IPXE) is SILENCE
        assert await pyxie.status(HOST) == "Installing"


async def test_a_machine_behind_a_relay_is_answered_by_way_of_it(tmp_path: Path) -> None:
    """To the relay agent's server port, with the option that it put in."""
    async with boot(tmp_path) as (client, pyxie):
        await pyxie.builds(HOST)

        offer = await client.discovers(BIOS_IPXE, relay="10.9.0.1", option_82=b"\1\4eth7")
        assert offer == Reply("OFFER", f"{US}/ipxe/{DASHED}", skip_discovery=True, to="10.9.0.1:67")
        ran = await client.runs_script(f"{US}/ipxe/{DASHED}")
        assert await client.installs(ran) == "OK"
        assert await pyxie.status(HOST) == "Installed"
