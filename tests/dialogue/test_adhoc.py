"""`pyxie boot`, from power-on to the kernel, and what is left of it when it has ended."""

from __future__ import annotations

import json
from pathlib import Path

from tests.dialogue.boot import DASHED, HOST, INITRD, KERNEL, UNDIONLY, US, boot
from tests.dialogue.machine import BIOS_IPXE, BIOS_ROM, SILENCE, Reply

MAC = "52:54:00:12:34:56"
AT = "http://192.168.7.9:4711"
FILES = {f"{AT}/vmlinuz": KERNEL, f"{AT}/initrd.img": INITRD, f"{AT}/a.ign": b"{}"}
WANTED = {
    "kernel": f"{AT}/vmlinuz",
    "initrd": [f"{AT}/initrd.img"],
    "cmdline": "console=ttyS0 ign={{ BaseURL }}/boot/{{ Hostname }}/file/0/a.ign",
    "files": [f"{AT}/a.ign"],
}


async def test_a_machine_without_a_file_boots_what_somebody_gives_it(tmp_path: Path) -> None:
    async with boot(tmp_path, machine=None, upstream=FILES) as (client, pyxie):
        assert await client.discovers(BIOS_ROM) is SILENCE
        begun = await pyxie.rest("POST", "/api/v1/boots", WANTED)
        assert begun.status == 201, begun.text

        # To what it asked before: its ROM still waits for an answer.
        assert await client.hears_at_last() == Reply(
            "OFFER", f"{DASHED}/undionly.kpxe", skip_discovery=True
        )
        assert await client.fetches(f"{DASHED}/undionly.kpxe") == UNDIONLY
        assert await client.discovers(BIOS_IPXE) == Reply(
            "OFFER", f"{US}/ipxe/{DASHED}", skip_discovery=True
        )
        ran = await client.runs_script(f"{US}/ipxe/{DASHED}")

        ours = f"{US}/boot/{DASHED}"
        assert ran.loaded == {"kernel": KERNEL, "initrd0": INITRD}
        assert ran.cmdline == (
            f"initrd=initrd0 BOOTIF=01-{DASHED} console=ttyS0 ign={ours}/file/0/a.ign"
        )
        assert (await client.gets(f"{ours}/file/0/a.ign")).body == b"{}"
        assert pyxie.said() == [
            "not answered: not in the registry",
            "offered: undionly.kpxe for a PXE client (BIOS)",
            "sent undionly.kpxe, 70 kB, over TFTP",
            f"offered: {US}/ipxe/{DASHED} for iPXE (BIOS)",
            "fetched the iPXE script of `pyxie boot`",
            f"fetching kernel, streamed from {AT}/vmlinuz, not verified",
            f"fetching initrd 0, streamed from {AT}/initrd.img, not verified",
            "leaves iPXE for its kernel",
            f"fetching file 0, streamed from {AT}/a.ign, not verified",
        ]

        ended = await pyxie.rest("DELETE", f"/api/v1/boots/{json.loads(begun.text)['id']}")
        assert ended.status == 204
        assert await client.discovers(BIOS_ROM) is SILENCE
        assert (await client.gets(f"{ours}/kernel/vmlinuz")).status == 404
        assert (await client.gets(f"{ours}/file/0/a.ign")).status == 404
        assert (await pyxie.rest("GET", "/api/v1/discovered")).text.count(MAC) == 1


async def test_a_machine_with_a_file_boots_it_only_by_name(tmp_path: Path) -> None:
    async with boot(tmp_path, upstream=FILES) as (client, pyxie):
        everybody = await pyxie.rest("POST", "/api/v1/boots", WANTED)
        assert everybody.status == 201
        assert await client.discovers(BIOS_IPXE) is SILENCE

        named = await pyxie.rest("POST", "/api/v1/boots", {**WANTED, "macs": [MAC]})
        assert named.status == 201
        assert await client.discovers(BIOS_IPXE) == Reply(
            "OFFER", f"{US}/ipxe/{DASHED}", skip_discovery=True
        )
        ran = await client.runs_script(f"{US}/ipxe/{DASHED}")

        assert ran.loaded == {"kernel": KERNEL, "initrd0": INITRD}
        assert (await pyxie.status()) == "Unknown state"
        assert all(each.host == HOST for each in pyxie.parts.trace.recent())


async def test_who_asked_before_it_began_is_answered_when_it_does(tmp_path: Path) -> None:
    """A ROM gives up after some tries; the one that is under way counts."""
    async with boot(tmp_path, machine=None, upstream=FILES) as (client, pyxie):
        assert await client.discovers(BIOS_IPXE) is SILENCE

        await pyxie.rest("POST", "/api/v1/boots", WANTED)

        assert (await client.hears_at_last()).file == f"{US}/ipxe/{DASHED}"


async def test_it_ends_by_itself_when_whoever_began_it_has_died(tmp_path: Path) -> None:
    async with boot(tmp_path, machine=None, upstream=FILES) as (client, pyxie):
        await pyxie.rest("POST", "/api/v1/boots", WANTED)
        assert await client.discovers(BIOS_IPXE) is not SILENCE

        pyxie.wires.clock.now += 20

        assert await client.discovers(BIOS_IPXE) is SILENCE
        ran = await client.runs_script(f"{US}/ipxe/{DASHED}")
        assert ran.ended != "boot"
