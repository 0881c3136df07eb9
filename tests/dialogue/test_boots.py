"""The five commonest boots, from power-on to installed, and the next one, which is left alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.dialogue.boot import (
    ADOPTED,
    CONFIG,
    DASHED,
    HOST,
    INITRD,
    IPXE_EFI,
    KERNEL,
    MACHINE,
    UNDIONLY,
    US,
    boot,
)
from tests.dialogue.machine import (
    BIOS_IPXE,
    BIOS_ROM,
    SILENCE,
    UEFI_HTTP,
    UEFI_IPXE,
    UEFI_PXE,
    Reply,
)
from tests.loaders.programs import X64

LOADING = f"pyxie: {HOST} (52:54:00:12:34:56): loading the installer, attempt 1"


async def test_a_bios_rom_that_is_not_ipxe(tmp_path: Path) -> None:
    """It gets iPXE over TFTP, and iPXE gets the rest over HTTP."""
    async with boot(tmp_path) as (client, pyxie):
        token = await pyxie.builds(HOST)

        # The ROM.
        assert await client.discovers(BIOS_ROM) == Reply(
            "OFFER", f"{DASHED}/undionly.kpxe", skip_discovery=True
        )
        assert await client.requests_its_lease(BIOS_ROM) is SILENCE
        assert await client.fetches(f"{DASHED}/undionly.kpxe", blksize="1456") == UNDIONLY

        # iPXE, which the ROM started.
        assert await client.discovers(BIOS_IPXE) == Reply(
            "OFFER", f"{US}/ipxe/{DASHED}", skip_discovery=True
        )
        ran = await client.runs_script(f"{US}/ipxe/{DASHED}")
        assert ran.screen == (LOADING,)
        assert ran.loaded == {"kernel": KERNEL, "initrd0": INITRD}
        assert ran.cmdline == (
            f"initrd=initrd0 BOOTIF=01-{DASHED} auto url={US}/template/preseed/{HOST}/{token}"
        )

        # The installer, which iPXE started.
        assert await pyxie.status(HOST) == "Installing"
        assert await client.installs(ran) == "OK"
        assert await pyxie.status(HOST) == "Installed"
        assert pyxie.said() == [
            "build mode is on",
            "will be installed by preseed.j2: all data on /dev/sda is lost",
            "offered: undionly.kpxe for a PXE client (BIOS)",
            "sent undionly.kpxe, 70 kB, over TFTP",
            f"offered: {US}/ipxe/{DASHED} for iPXE (BIOS)",
            "fetched its iPXE script",
            "fetching kernel, 0.3 MB",
            "fetching initrd 0, 0.1 MB",
            "leaves iPXE for its kernel",
            "installing",
            "fetched preseed",
            "installed; pyxie is silent to it from here on",
        ]

        # The next boot: the ROM goes on to the disk.
        assert await client.discovers(BIOS_ROM) is SILENCE
        assert pyxie.said() == ["not answered: installed"]


async def test_a_bios_machine_whose_rom_is_ipxe(tmp_path: Path) -> None:
    """As QEMU's and Proxmox VE's: it needs no loader, and goes straight to its script."""
    async with boot(tmp_path) as (client, pyxie):
        await pyxie.builds(HOST)

        assert await client.discovers(BIOS_IPXE) == Reply(
            "OFFER", f"{US}/ipxe/{DASHED}", skip_discovery=True
        )
        assert await client.requests_its_lease(BIOS_IPXE) is SILENCE
        ran = await client.runs_script(f"{US}/ipxe/{DASHED}")
        assert ran.loaded == {"kernel": KERNEL, "initrd0": INITRD}

        assert await client.installs(ran) == "OK"
        assert await pyxie.status(HOST) == "Installed"
        assert pyxie.said() == [
            "build mode is on",
            "will be installed by preseed.j2: all data on /dev/sda is lost",
            f"offered: {US}/ipxe/{DASHED} for iPXE (BIOS)",
            "fetched its iPXE script",
            "fetching kernel, 0.3 MB",
            "fetching initrd 0, 0.1 MB",
            "leaves iPXE for its kernel",
            "installing",
            "fetched preseed",
            "installed; pyxie is silent to it from here on",
        ]

        assert await client.discovers(BIOS_IPXE) is SILENCE
        assert pyxie.said() == ["not answered: installed"]


async def test_uefi_pxe(tmp_path: Path) -> None:
    """EDK2 asks on port 4011 as well, and for the file's size first; images are a mirror's."""
    mirror = "http://deb.example.org/bookworm"
    remote = f"{MACHINE}image_url: {mirror}/\n"
    files = {f"{mirror}/linux": KERNEL, f"{mirror}/initrd.gz": INITRD}
    async with boot(tmp_path, machine=remote, upstream=files) as (client, pyxie):
        await pyxie.builds(HOST)
        loader = f"{DASHED}/ipxe-x86_64.efi"

        # The firmware. Old ones drop an offer with PXE discovery in it.
        assert await client.discovers(UEFI_PXE) == Reply("OFFER", loader, skip_discovery=False)
        assert await client.requests_its_lease(UEFI_PXE) is SILENCE
        assert await client.asks_port_4011(UEFI_PXE) == Reply("ACK", loader, to="192.168.7.50:68")
        assert await client.asks_the_size(loader) == len(IPXE_EFI)
        assert await client.fetches(loader, tsize="0", blksize="1468", windowsize="4") == IPXE_EFI

        # iPXE.
        assert await client.discovers(UEFI_IPXE) == Reply("OFFER", f"{US}/ipxe/{DASHED}")
        ran = await client.runs_script(f"{US}/ipxe/{DASHED}")
        assert ran.loaded == {"kernel": KERNEL, "initrd0": INITRD}

        # The installer.
        assert await client.installs(ran) == "OK"
        assert await pyxie.status(HOST) == "Installed"
        assert pyxie.said() == [
            "build mode is on",
            "will be installed by preseed.j2: all data on /dev/sda is lost",
            "offered: ipxe-x86_64.efi for a PXE client (x64 UEFI)",
            "confirmed on port 4011: ipxe-x86_64.efi for a PXE client (x64 UEFI)",
            "sent ipxe-x86_64.efi, 90 kB, over TFTP",
            f"offered: {US}/ipxe/{DASHED} for iPXE (x64 UEFI)",
            "fetched its iPXE script",
            f"fetching kernel, streamed from {mirror}/linux, not verified",
            f"fetching initrd 0, streamed from {mirror}/initrd.gz, not verified",
            "leaves iPXE for its kernel",
            "installing",
            "fetched preseed",
            "installed; pyxie is silent to it from here on",
        ]

        # The next boot.
        assert await client.discovers(UEFI_PXE) is SILENCE
        assert await client.asks_port_4011(UEFI_PXE) is SILENCE
        assert pyxie.said() == ["not answered: installed"]


async def test_a_machine_gets_the_loader_that_its_file_names(tmp_path: Path) -> None:
    """Over TFTP and over HTTP; and a call may name another one, for its build alone."""
    wanted = f"{MACHINE}loader: sub/snponly.efi\n"
    async with boot(tmp_path, machine=wanted) as (client, pyxie):
        folder = tmp_path / "ipxe/sub"
        folder.mkdir()
        (folder / "snponly.efi").write_bytes(X64)
        await pyxie.builds(HOST)

        over_tftp, over_http = f"{DASHED}/sub/snponly.efi", f"{US}/loader/{DASHED}/sub/snponly.efi"
        assert await client.discovers(UEFI_PXE) == Reply("OFFER", over_tftp)
        assert await client.fetches(over_tftp) == X64
        assert await client.discovers(UEFI_HTTP) == Reply("OFFER", over_http, vendor="HTTPClient")
        assert (await client.gets(over_http)).body == X64
        assert (await client.discovers(BIOS_ROM)) == Reply(  # which cannot run it
            "OFFER", f"{DASHED}/undionly.kpxe", skip_discovery=True
        )

        answer = await pyxie.rest("PUT", f"/build/{HOST}", {"loader": "ipxe-x86_64.efi"})
        assert (answer.status, answer.text) == (200, "OK")
        assert await client.discovers(UEFI_PXE) == Reply("OFFER", f"{DASHED}/ipxe-x86_64.efi")
        pyxie.said()

        # The file is gone: no other loader is tried, and it is told.
        await pyxie.builds(HOST)
        (folder / "snponly.efi").unlink()
        pyxie.parts.loaders.refresh()
        assert await client.discovers(UEFI_PXE) is SILENCE
        assert pyxie.said() == [
            "build mode is on, again",
            (
                "not answered: no boot loader for x64 UEFI (client architecture 0x07): "
                "there is no sub/snponly.efi, which 'loader' names"
            ),
        ]


async def test_uefi_http_boot(tmp_path: Path) -> None:
    """EDK2 asks for the loader's head and then for all of it, on one connection."""
    async with boot(tmp_path) as (client, pyxie):
        await pyxie.builds(HOST)
        loader = f"{US}/loader/{DASHED}/ipxe-x86_64.efi"

        # The firmware, which takes answers from an HTTPClient's server only.
        assert await client.discovers(UEFI_HTTP) == Reply("OFFER", loader, vendor="HTTPClient")
        assert await client.requests_its_lease(UEFI_HTTP) is SILENCE
        head = await client.gets(loader, "HEAD")
        whole = await client.gets(loader)
        assert (head.status, whole.status, whole.body) == (200, 200, IPXE_EFI)
        assert head.headers["Content-Length"] == whole.headers["Content-Length"] == "90002"
        assert head.headers["Content-Type"] == "application/efi"
        assert head.headers["Server"]
        assert client.connections == 1

        # iPXE, which listens to PXEClient only.
        assert await client.discovers(UEFI_IPXE) == Reply("OFFER", f"{US}/ipxe/{DASHED}")
        ran = await client.runs_script(f"{US}/ipxe/{DASHED}")
        assert ran.loaded == {"kernel": KERNEL, "initrd0": INITRD}

        # The installer.
        assert await client.installs(ran) == "OK"
        assert await pyxie.status(HOST) == "Installed"
        assert pyxie.said() == [
            "build mode is on",
            "will be installed by preseed.j2: all data on /dev/sda is lost",
            f"offered: {loader} for an HTTP boot client (x64 UEFI HTTP)",
            "sent ipxe-x86_64.efi over HTTP",
            f"offered: {US}/ipxe/{DASHED} for iPXE (x64 UEFI)",
            "fetched its iPXE script",
            "fetching kernel, 0.3 MB",
            "fetching initrd 0, 0.1 MB",
            "leaves iPXE for its kernel",
            "installing",
            "fetched preseed",
            "installed; pyxie is silent to it from here on",
        ]

        # The next boot.
        assert await client.discovers(UEFI_HTTP) is SILENCE
        assert pyxie.said() == ["not answered: installed"]


async def test_an_unknown_machine_is_discovered_adopted_and_installed(tmp_path: Path) -> None:
    """Its iPXE tells what it is; the administrator makes a machine of it, over REST."""
    discover = f"{CONFIG}unknown: discover\n"
    smbios = {"serial": "VM-17", "manufacturer": "QEMU"}
    async with boot(tmp_path, config=discover, machine=None, smbios=smbios) as (client, pyxie):
        # The first boot: no file knows it.
        assert await client.discovers(BIOS_IPXE) == Reply(
            "OFFER", f"{US}/ipxe/{DASHED}", skip_discovery=True
        )
        ran = await client.runs_script(f"{US}/ipxe/{DASHED}")
        assert ran.ended == "next device"
        assert ran.screen == (
            f"pyxie: {client.mac} is in no machine's file; pyxie takes note of it",
        )
        offered, told = pyxie.said()
        assert offered == f"offered: {US}/ipxe/{DASHED} for iPXE (BIOS)"
        assert told.startswith("is unknown: ")
        assert "vendor QEMU, serial VM-17" in told

        # The administrator.
        [found] = json.loads((await pyxie.rest("GET", "/api/v1/discovered")).body)["machines"]
        assert (found["mac"], found["told"]["serial"]) == (client.mac, "VM-17")
        added = await pyxie.rest(
            "POST", "/api/v1/machines", {**ADOPTED, "network": [{"macaddress": found["mac"]}]}
        )
        assert added.status == 201
        assert await client.discovers(BIOS_IPXE) is SILENCE
        assert pyxie.said() == ["not answered: not in build mode"]
        await pyxie.builds(HOST)

        # The boot that installs it.
        assert await client.discovers(BIOS_IPXE) == Reply(
            "OFFER", f"{US}/ipxe/{DASHED}", skip_discovery=True
        )
        ran = await client.runs_script(f"{US}/ipxe/{DASHED}")
        assert ran.loaded == {"kernel": KERNEL, "initrd0": INITRD}
        assert await client.installs(ran) == "OK"
        assert await pyxie.status(HOST) == "Installed"
        assert pyxie.said() == [
            "build mode is on",
            "will be installed by preseed.j2: all data on /dev/sda is lost",
            f"offered: {US}/ipxe/{DASHED} for iPXE (BIOS)",
            "fetched its iPXE script",
            "fetching kernel, 0.3 MB",
            "fetching initrd 0, 0.1 MB",
            "leaves iPXE for its kernel",
            "installing",
            "fetched preseed",
            "installed; pyxie is silent to it from here on",
        ]

        # The next boot.
        assert await client.discovers(BIOS_IPXE) is SILENCE
        assert pyxie.said() == ["not answered: installed"]


@pytest.mark.parametrize("name", ["shimx64.efi", "BOOTX64.EFI"])
@pytest.mark.parametrize(("state", "shims"), [("01", 1), ("00", 0)])
async def test_a_signed_ipxe_takes_the_shim_that_lies_beside_a_local_kernel(
    tmp_path: Path, state: str, shims: int, name: str
) -> None:
    secure = {"efi/SecureBoot": state, "buildarch": "x86_64"}
    async with boot(tmp_path, smbios=secure) as (client, pyxie):
        (tmp_path / "images" / name).write_bytes(b"MZ")
        await pyxie.builds(HOST)

        ran = await client.runs_script(f"{US}/ipxe/{DASHED}")

        assert ran.ended == "boot"
        assert ran.loaded.get("shim", b"") == b"MZ" * shims


async def test_one_without_a_shim_beside_its_kernel_boots_all_the_same(tmp_path: Path) -> None:
    secure = {"efi/SecureBoot": "01", "buildarch": "arm64"}
    async with boot(tmp_path, smbios=secure) as (client, pyxie):
        await pyxie.builds(HOST)
        pyxie.said()

        assert (await client.runs_script(f"{US}/ipxe/{DASHED}")).ended == "boot"
        assert [each for each in pyxie.said() if "beside" in each] == [
            "asks for shimaa64.efi beside kernel, which is not there",
            "asks for bootaa64.efi beside kernel, which is not there",
        ]


@pytest.mark.parametrize(("state", "shims"), [("01", 1), ("00", 0), ("", 0)])
async def test_a_signed_ipxe_takes_the_systems_own_shim_under_secure_boot_alone(
    tmp_path: Path, state: str, shims: int
) -> None:
    """One that has no such setting, or no command `shim`, boots as before."""
    url = "http://mirror.internal/EFI/BOOT/BOOTX64.EFI"
    machine = f"{MACHINE}shim: {url}\n"
    secure = {"efi/SecureBoot": state}
    async with boot(tmp_path, machine=machine, smbios=secure, upstream={url: b"MZ"}) as (
        client,
        pyxie,
    ):
        await pyxie.builds(HOST)
        pyxie.said()

        assert await client.discovers(UEFI_IPXE) == Reply("OFFER", f"{US}/ipxe/{DASHED}")
        ran = await client.runs_script(f"{US}/ipxe/{DASHED}")

        assert ran.ended == "boot"
        assert ran.loaded.get("shim", b"") == b"MZ" * shims
        assert sum("fetching shim" in said for said in pyxie.said()) == shims
