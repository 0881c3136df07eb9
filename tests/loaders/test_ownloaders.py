"""A system's own shim and GRUB, below the machine's MAC."""

from __future__ import annotations

import pytest

from pyxie.builds.life import Build, State
from pyxie.errors import NotServedError
from pyxie.loaders.ownloaders import OwnLoaders
from pyxie.recognition.recognise import Known, Mode, Policy, Recognised, Unknown
from pyxie.tftp.source import Found

DASHED, MAC, THEM = "52-54-00-ab-cd-ef", "52:54:00:ab:cd:ef", "192.0.2.7"
BUILD = Build(
    host="web01",
    token="t",
    state=State.INSTALLING,
    begun=0.0,
    changed=0.0,
    macs=(),
    definition="{}",
)
IN_BUILD = Known("web01", Mode.IN_BUILD, BUILD)


async def asked(name: str, client: Recognised = IN_BUILD) -> Found | None:
    async def find(name: str, peer: str) -> Found:
        return Found(data=peer.encode(), what=name)

    return await OwnLoaders({MAC: client}.__getitem__, find).find(name, THEM)


@pytest.mark.parametrize("name", ["bootx64.efi", "grubx64.efi"])
async def test_is_what_the_machine_boots_that_has_this_mac(name: str) -> None:
    assert await asked(f"/{DASHED}/own/{name}") == Found(
        data=THEM.encode(), what=f"boot/web01/shim/{name}"
    )


@pytest.mark.parametrize(
    "name",
    [
        *("ipxe.efi", f"{DASHED}/ipxe.efi", f"{DASHED}/own", "boot/web01/shim/x.efi"),
        *("here/own/x.efi", f"{DASHED}/own/grub.cfg", f"{DASHED}/own/grub.cfg-01-{DASHED}"),
        *(f"{DASHED}/own/revocations.efi", f"{DASHED}/own/fs.lst"),
    ],
)
async def test_anything_else_is_anothers_and_no_mirror_is_asked(name: str) -> None:
    assert await asked(name) is None


async def test_a_machine_that_is_not_in_build_mode_has_none() -> None:
    with pytest.raises(NotServedError, match="of a machine that is not in build mode"):
        await asked(f"{DASHED}/own/bootx64.efi", Unknown(Policy.IGNORE))


async def test_a_shim_that_knows_no_name_of_its_own_finds_its_grub_in_the_root() -> None:
    """And who was given none finds there what all find (rhboot/shim#524)."""
    now = [10.0]

    async def find(name: str, peer: str) -> Found:
        return Found(data=peer.encode(), what="shim" if name.endswith("/bootx64.efi") else name)

    own = OwnLoaders({MAC: IN_BUILD}.__getitem__, find, lambda: now[0])
    await own.find(f"{DASHED}/own/bootx64.efi", THEM)

    found = await own.find("/grubx64.efi", THEM)
    others = await own.find("/grubx64.efi", "192.0.2.8")
    now[0] += 120.0
    later = await own.find("/grubx64.efi", THEM)

    assert found == Found(data=THEM.encode(), what="boot/web01/shim/grubx64.efi")
    assert (others, later) == (None, None)
