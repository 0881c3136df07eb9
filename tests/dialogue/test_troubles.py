"""Boots that go another way: what the machine hears, and what a person reads of it."""

from __future__ import annotations

from ipaddress import IPv4Address
from itertools import count
from pathlib import Path

from tests.dialogue.boot import (
    ADOPTED,
    CONFIG,
    DASHED,
    HOST,
    INITRD,
    KERNEL,
    MACHINE,
    SERVER,
    US,
    boot,
)
from tests.dialogue.machine import (
    BIOS_IPXE,
    BIOS_ROM,
    SILENCE,
    UEFI_HTTP,
    UEFI_PXE,
    Machine,
    Reply,
)

UUID = "30313233-3435-3637-3839-616263646566"
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


async def test_of_two_machines_with_one_uuid_the_first_is_installed(tmp_path: Path) -> None:
    """The neighbour of the same product line was installed over, as the same machine."""
    by_uuid = BY_SERIAL.replace("serial: VM-17", f"uuid: {UUID}")
    other = f"{US}/ipxe/{SECOND_NIC.replace(':', '-')}"
    contested = (
        f"recognised as {HOST}, whose build {{}} has: if both are NICs of one machine, write both "
        "into its file; if not, two machines have one identity"
    )
    async with boot(tmp_path, machine=by_uuid) as (first, pyxie):
        await pyxie.builds(HOST)
        second = Machine(SECOND_NIC, IPv4Address("192.168.7.51"), SERVER, pyxie.wires)

        # Both may be switched on at once: a boot loader alone installs nothing.
        assert await first.discovers(BIOS_IPXE) == Reply(
            "OFFER", f"{US}/ipxe/{DASHED}", skip_discovery=True
        )
        assert await second.discovers(BIOS_IPXE) == Reply("OFFER", other, skip_discovery=True)
        ran = await first.runs_script(f"{US}/ipxe/{DASHED}")
        assert ran.ended == "boot"
        pyxie.said()

        # It had its offer before the first fetched its script.
        refused = await second.runs_script(other)
        assert (refused.ended, refused.loaded) == ("next device", {})
        told = contested.format(first.mac)
        assert refused.screen == (f"pyxie: {second.mac} is {told}",)
        assert pyxie.said() == [f"no script: {second.mac} is {told}"]

        # From then on it is not even offered one.
        assert await second.discovers(BIOS_ROM) is SILENCE
        assert await second.discovers(UEFI_HTTP) is SILENCE
        assert await second.asks_port_4011(UEFI_PXE) is SILENCE
        assert pyxie.said() == [f"not answered: {told}"]
        assert {e.host for e in pyxie.parts.trace.recent() if e.mac == SECOND_NIC} == {HOST}

        # A machine that is switched off half-way is booted again; the other then as ever not.
        assert await first.discovers(BIOS_IPXE) is not SILENCE
        ran = await first.runs_script(f"{US}/ipxe/{DASHED}")
        assert await first.installs(ran) == "OK"
        assert await second.discovers(BIOS_IPXE) is SILENCE
        assert "not answered: installed" in pyxie.said()
        second.leaves()


async def test_a_second_nic_of_one_machine_boots_once_its_file_names_it(tmp_path: Path) -> None:
    """Where both NICs boot by PXE, the second may be the first that has a link the next time."""
    by_uuid = BY_SERIAL.replace("serial: VM-17", f"uuid: {UUID}")
    other = f"{US}/ipxe/{SECOND_NIC.replace(':', '-')}"
    async with boot(tmp_path, machine=by_uuid) as (client, pyxie):
        await pyxie.builds(HOST)
        await client.discovers(BIOS_IPXE)
        await client.runs_script(f"{US}/ipxe/{DASHED}")
        client.mac = SECOND_NIC
        assert await client.discovers(BIOS_IPXE) is SILENCE

        nics = f"network: [{{macaddress: 52:54:00:12:34:56}}, {{macaddress: {SECOND_NIC}}}]\n"
        (tmp_path / f"machines/{HOST}.yaml").write_text(by_uuid + nics)
        await pyxie.parts.machines.refresh()

        assert await client.discovers(BIOS_IPXE) == Reply("OFFER", other, skip_discovery=True)
        ran = await client.runs_script(other)
        assert await client.installs(ran) == "OK"
        assert await pyxie.status(HOST) == "Installed"


async def test_of_two_machines_with_one_serial_number_the_first_is_installed(
    tmp_path: Path,
) -> None:
    """Only iPXE can read it: the second is told no sooner than that."""
    smbios = {"serial": "VM-17"}
    other = f"{US}/ipxe/{SECOND_NIC.replace(':', '-')}"
    async with boot(tmp_path, machine=BY_SERIAL, smbios=smbios) as (first, pyxie):
        await pyxie.builds(HOST)
        second = Machine(SECOND_NIC, IPv4Address("192.168.7.51"), SERVER, pyxie.wires, smbios)
        await first.discovers(BIOS_IPXE)
        ran = await first.runs_script(f"{US}/ipxe/{DASHED}")

        assert await second.discovers(BIOS_IPXE) is not SILENCE
        refused = await second.runs_script(other)

        assert (refused.ended, refused.loaded) == ("next device", {})
        assert f"is recognised as {HOST}, whose build {first.mac} has" in refused.screen[-1]
        assert await second.discovers(BIOS_IPXE) is SILENCE
        assert await first.installs(ran) == "OK"
        second.leaves()


async def test_a_machine_behind_a_relay_is_answered_by_way_of_it(tmp_path: Path) -> None:
    """To the relay agent's server port, with the option that it put in."""
    async with boot(tmp_path) as (client, pyxie):
        await pyxie.builds(HOST)

        offer = await client.discovers(BIOS_IPXE, relay="10.9.0.1", option_82=b"\1\4eth7")
        assert offer == Reply("OFFER", f"{US}/ipxe/{DASHED}", skip_discovery=True, to="10.9.0.1:67")
        ran = await client.runs_script(f"{US}/ipxe/{DASHED}")
        assert await client.installs(ran) == "OK"
        assert await pyxie.status(HOST) == "Installed"
