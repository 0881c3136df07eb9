"""`pyxie why`, of machines that are switched on: what a person is told, and by which events."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyxie.diagnosis import patience
from tests.dialogue.boot import DASHED, HOST, MACHINE, US, Pyxie, boot
from tests.dialogue.machine import BIOS_IPXE, UEFI_PXE


@dataclass
class Told:
    """What REST says, as far as a test looks at it."""

    code: str
    standing: str
    by: list[str]
    data: dict[str, Any]
    text: str


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
    )


async def test_a_machine_that_is_never_switched_on(tmp_path: Path) -> None:
    async with boot(tmp_path) as (_, pyxie):
        await pyxie.builds()

        at_once, later = await why(pyxie), await why(pyxie, after=patience.POWER_ON_VM)

    assert (at_once.code, at_once.data["step"]) == ("waiting", "discover")
    assert (later.code, later.standing, later.by) == ("never-seen", "stuck", ["build.changed"])
    assert later.data["virtual"] == "QEMU"
    assert "VirtIO RNG" in later.text


async def test_a_machine_that_nobody_has_begun_to_build(tmp_path: Path) -> None:
    async with boot(tmp_path) as (client, pyxie):
        unseen = await why(pyxie)
        await client.discovers(UEFI_PXE)

        seen = await why(pyxie)

    assert (unseen.code, unseen.standing, unseen.by) == ("not-in-build-mode", "well", [])
    assert (seen.code, seen.by) == ("not-in-build-mode", ["dhcp.silence"])
    assert (unseen.data["seen"], seen.data["seen"]) == (False, True)
    assert f"pyxie build {HOST}" in seen.text


async def test_a_machine_whose_mac_is_mistyped_in_its_file(tmp_path: Path) -> None:
    async with boot(tmp_path) as (client, pyxie):
        client.mac = "52:54:00:12:34:65"
        await client.discovers(UEFI_PXE)

        told = await why(pyxie, client.mac)

    assert (told.code, told.standing, told.by) == ("unknown-machine", "stuck", ["dhcp.silence"])
    assert told.data["near"] == [{"host": HOST, "mac": "52:54:00:12:34:56", "how": "swapped"}]
    assert f"pyxie edit {HOST}" in told.text


async def test_a_machine_in_a_file_with_a_mistake(tmp_path: Path) -> None:
    broken = MACHINE.replace("kernel: linux", "kernle: linux")
    async with boot(tmp_path, machine=broken) as (client, pyxie):
        await client.discovers(UEFI_PXE)

        by_name, by_mac = await why(pyxie), await why(pyxie, client.mac)

    assert (by_name.code, by_mac.code, by_mac.by) == (
        "file-broken",
        "file-broken",
        ["dhcp.silence"],
    )
    assert by_name.data == by_mac.data
    assert f"{HOST}.yaml:1:1: kernle: unknown key" in by_mac.text


async def test_an_installer_with_the_token_of_an_earlier_build(tmp_path: Path) -> None:
    async with boot(tmp_path) as (client, pyxie):
        old = await pyxie.builds()
        await pyxie.builds()
        await client.discovers(BIOS_IPXE)
        await client.runs_script(f"{US}/ipxe/{DASHED}")

        for _ in range(3):
            answer = await client.gets(f"{US}/template/preseed/{HOST}/{old}")
            assert answer.status == 401

        told = await why(pyxie)

    assert (told.code, told.standing, told.by) == ("token-wrong", "stuck", ["token.refused"])
    assert told.data == {"path": f"/template/preseed/{HOST}/***", "peer": "192.168.7.50"}
