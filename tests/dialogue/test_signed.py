"""A signed iPXE and its shim: over TFTP and by HTTP Boot, from power-on to installed."""

from __future__ import annotations

from pathlib import Path

from tests.dhcp.packets import MAC
from tests.dialogue.boot import DASHED, HOST, INITRD, KERNEL, MACHINE, US, boot
from tests.dialogue.machine import UEFI_HTTP, UEFI_IPXE, UEFI_PXE, Reply
from tests.loaders.archives import USEFUL

SHIM, IPXE = "x86_64-sb/snponly-shim.efi", "x86_64-sb/snponly.efi"


def lay(folder: Path) -> None:
    for name, content in USEFUL.items():
        (folder / "ipxe" / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / "ipxe" / name).write_bytes(content)


async def test_a_machine_goes_by_shim_signed_ipxe_and_autoexec_to_its_script(
    tmp_path: Path,
) -> None:
    lay(tmp_path)
    async with boot(tmp_path) as (client, pyxie):
        await pyxie.builds(HOST)

        # The firmware.
        assert await client.discovers(UEFI_PXE) == Reply("OFFER", f"{DASHED}/{SHIM}")
        assert await client.fetches(f"{DASHED}/{SHIM}") == USEFUL[SHIM]

        # The shim, which keeps to the folder that it came from, or knows none.
        for name in ("revocations.efi", "shim_certificate_0.efi"):
            refused = await client.fetches(f"{DASHED}/x86_64-sb/{name}")
            assert str(refused).endswith("no such file")
        assert await client.fetches(f"{DASHED}/{IPXE}") == USEFUL[IPXE]
        assert await client.fetches("/ipxe.efi") == USEFUL[IPXE]

        # iPXE, whose script stands in for its own start.
        script = await client.fetches(f"{DASHED}/x86_64-sb/autoexec.ipxe")
        ran = await client.runs(bytes(script).decode())  # type: ignore[arg-type]
        assert ran.ended == "boot"
        assert ran.loaded == {"kernel": KERNEL, "initrd0": INITRD}
        assert await client.installs(ran) == "OK"
        assert await pyxie.status(HOST) == "Installed"
        assert pyxie.said()[2:5] == [
            f"offered: {SHIM} for a PXE client (x64 UEFI), which goes on to a signed iPXE",
            f"sent {SHIM}, 341 bytes, over TFTP",
            f"sent {IPXE}, 358 bytes, over TFTP",
        ]


async def test_http_boot_never_touches_tftp(tmp_path: Path) -> None:
    """Each file by one URL, all on one connection, and nothing by a redirect."""
    lay(tmp_path)
    async with boot(tmp_path) as (client, pyxie):
        await pyxie.builds(HOST)
        loader = f"{US}/loader/{DASHED}"

        assert await client.discovers(UEFI_HTTP) == Reply(
            "OFFER", f"{loader}/{SHIM}", vendor="HTTPClient"
        )
        for url, content in (
            (f"{loader}/{SHIM}", USEFUL[SHIM]),
            (f"{loader}/{IPXE}", USEFUL[IPXE]),
            (f"{US}/ipxe.efi", USEFUL[IPXE]),
        ):
            head, whole = await client.gets(url, "HEAD"), await client.gets(url)
            assert (head.status, whole.status, whole.body) == (200, 200, content)
            assert head.headers["Content-Length"] == str(len(content))
            assert head.headers["Content-Type"] == "application/efi"
        assert (await client.gets(f"{loader}/x86_64-sb/revocations.efi")).status == 404
        script = await client.gets(f"{loader}/x86_64-sb/autoexec.ipxe")
        of_the_root = await client.gets(f"{US}/autoexec.ipxe")
        assert client.connections == 1
        assert (await client.runs(of_the_root.text)).ended == "boot"
        ran = await client.runs(script.text)

        assert await client.discovers(UEFI_IPXE) == Reply("OFFER", f"{US}/ipxe/{DASHED}")
        assert await client.installs(ran) == "OK"
        assert not any("TFTP" in each for each in pyxie.said())


async def test_an_ipxe_that_knows_its_nics_by_other_macs_begins_as_without_a_script(
    tmp_path: Path,
) -> None:
    async with boot(tmp_path) as (client, pyxie):
        await pyxie.builds(HOST)
        script = await client.gets(f"{US}/loader/52-54-00-00-00-99/autoexec.ipxe")

        assert (await client.runs(script.text)).ended == "as without a script"


OWN_SHIM, OWN_GRUB = b"MZ Fedora's shim", b"MZ Fedora's GRUB"
FEDORA = f"""\
{MACHINE}operatingsystem: Fedora 43
secure_boot: always
shim: EFI/BOOT/BOOTX64.EFI
grub: EFI/GRUB/grubx64.efi
"""


async def test_a_machine_boots_by_the_shim_and_grub_of_its_own_system(tmp_path: Path) -> None:
    """Each machine its own, below its MAC; nothing of it is of another that boots then."""
    for name, content in (("BOOT/BOOTX64.EFI", OWN_SHIM), ("GRUB/grubx64.efi", OWN_GRUB)):
        (tmp_path / "images/EFI" / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / "images/EFI" / name).write_bytes(content)
    async with boot(tmp_path, machine=FEDORA) as (client, pyxie):
        token = await pyxie.builds(HOST)

        # The firmware, and the shim, which asks beside itself for what it starts.
        assert await client.discovers(UEFI_PXE) == Reply("OFFER", f"{DASHED}/own/BOOTX64.EFI")
        assert await client.fetches(f"{DASHED}/own/BOOTX64.EFI") == OWN_SHIM
        assert str(await client.fetches(f"{DASHED}/own/revocations.efi")).endswith("no such file")
        assert await client.fetches(f"{DASHED}/own/grubx64.efi") == OWN_GRUB

        # GRUB, which looks beside itself, and goes on by its MAC.
        entry = bytes(await client.fetches(f"{DASHED}/own/grub.cfg"))  # type: ignore[arg-type]
        assert b'source "/grub/$net_default_mac/$grub_cpu/$secure_boot.cfg"' in entry
        own = await client.fetches(f"/grub/{MAC}/x86_64/on.cfg")
        assert f"/boot/{HOST}/kernel/linux" in bytes(own).decode()  # type: ignore[arg-type]
        assert await client.fetches(f"/boot/{HOST}/kernel/linux") == KERNEL
        assert await client.fetches(f"/boot/{HOST}/initrd/0/initrd.gz") == INITRD
        await client.fetches(f"/grub/{MAC}/booting/{token}")
        assert await pyxie.status(HOST) == "Installing"
        assert f"sent shim, {len(OWN_SHIM)} bytes, over TFTP" in pyxie.said()


async def test_a_systems_own_loaders_end_with_its_build(tmp_path: Path) -> None:
    async with boot(tmp_path, machine=FEDORA) as (client, _):
        refused = await client.fetches(f"{DASHED}/own/BOOTX64.EFI")

        assert str(refused).endswith("is of a machine that is not in build mode")


async def test_http_boot_without_a_signed_ipxe_says_in_its_offer_why_there_is_none(
    tmp_path: Path,
) -> None:
    """`pyxie why` reads it there."""
    async with boot(tmp_path) as (client, pyxie):
        await pyxie.builds(HOST)

        await client.discovers(UEFI_HTTP)

        offer = pyxie.parts.trace.recent()[-1].data
        assert (offer["what"], offer["lane"]) == (
            f"{US}/loader/{DASHED}/ipxe-x86_64.efi",
            "ipxe",
        )
        assert offer["why_not"] == "signed-ipxe: not-there, own: not-there, grub: over-http"
