"""What a shim fetches next, and from where."""

from __future__ import annotations

import pytest

from pyxie.bounds import SHIMS
from pyxie.loaders.shims import ShimMemory, is_shim, second_stage

THEM, OTHERS, MAC = "192.0.2.7", "192.0.2.8", "52:54:00:ab:cd:ef"


@pytest.mark.parametrize(
    ("shim", "starts"),
    [
        ("x86_64-sb/ipxe-shim.efi", "x86_64-sb/ipxe.efi"),
        ("x86_64-sb/snponly-shim.efi", "x86_64-sb/snponly.efi"),
        ("snponly-shimx64.efi", "snponly.efi"),
        ("SNPONLY-SHIMAA64.EFI", "SNPONLY.efi"),
        ("x86_64-sb/shimx64.efi", ""),
        ("shim.efi", ""),
    ],
)
def test_a_shim_starts_what_its_name_says(shim: str, starts: str) -> None:
    assert is_shim(shim)
    assert second_stage(shim) == starts


@pytest.mark.parametrize("name", ["ipxe.efi", "x-shim.efi/ipxe.efi", "a-shimx8664.efi", "shim"])
def test_another_program_is_none(name: str) -> None:
    assert not is_shim(name)
    assert second_stage(name) == ""


class TestWhoAsksInTheRoot:
    def test_means_what_its_shim_starts(self) -> None:
        memory = ShimMemory()
        memory.give(THEM, "x86_64-sb/snponly-shim.efi", MAC, 10.0)

        assert memory.meant(THEM, "IPXE.efi", 11.0) == (
            ["x86_64-sb/snponly.efi", "x86_64-sb/IPXE.efi"],
            MAC,
        )
        assert memory.meant(THEM, "grubx64.efi", 11.0) == (["x86_64-sb/grubx64.efi"], MAC)

    def test_means_a_file_beside_a_shim_whose_name_does_not_tell(self) -> None:
        memory = ShimMemory()
        memory.give(THEM, "debian/shimx64.efi", None, 10.0)

        assert memory.meant(THEM, "ipxe.efi", 11.0) == (["debian/ipxe.efi"], None)

    def test_means_what_is_there_if_it_was_given_no_shim_or_one_of_the_root(self) -> None:
        memory = ShimMemory()
        memory.give(THEM, "ipxe-shim.efi", MAC, 10.0)

        assert memory.meant(THEM, "ipxe.efi", 11.0) == ([], None)
        assert memory.meant(OTHERS, "ipxe.efi", 11.0) == ([], None)

    def test_means_what_is_there_two_minutes_later(self) -> None:
        memory = ShimMemory()
        memory.give(THEM, "x86_64-sb/ipxe-shim.efi", MAC, 10.0)

        assert memory.meant(THEM, "ipxe.efi", 129.0) != ([], None)
        assert memory.meant(THEM, "ipxe.efi", 130.0) == ([], None)

    def test_is_forgotten_where_many_others_were_given_one(self) -> None:
        memory, before = ShimMemory(capacity=2), SHIMS.times

        for client in (THEM, OTHERS, "192.0.2.9"):
            memory.give(client, "x86_64-sb/ipxe-shim.efi", MAC, 10.0)

        assert len(memory) == 2
        assert memory.meant(THEM, "ipxe.efi", 10.0) == ([], None)
        assert SHIMS.times == before + 1
