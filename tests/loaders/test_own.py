"""The shim and GRUB of the system that a machine is to boot."""

from __future__ import annotations

import pytest

from pyxie.config.build import BuildKeys
from pyxie.loaders.own import is_debians, own_shim

URL = "http://mirror.example/EFI/BOOT/BOOTX64.EFI?x=/y"


@pytest.mark.parametrize(
    ("shim", "arch", "name", "codes"),
    [
        ("deb/shimx64.efi", "amd64", "own/shimx64.efi", {0x07, 0x09, 0x10}),
        (URL, "amd64", "own/BOOTX64.EFI", {0x07, 0x09, 0x10}),
        ({"url": "media:f/EFI/BOOT/BOOTAA64.EFI"}, "arm64", "own/BOOTAA64.EFI", {0x0B, 0x13}),
    ],
)
def test_is_served_by_its_own_name_to_its_processor(
    shim: str, arch: str, name: str, codes: set[int]
) -> None:
    machine = BuildKeys.model_validate({"shim": shim, "grub": "grubx64.efi", "arch": arch})

    assert own_shim(machine) == (name, frozenset(codes))


@pytest.mark.parametrize("keys", [{}, {"shim": "s.efi"}, {"grub": "g.efi"}])
def test_is_none_where_one_of_the_two_is_not_named(keys: dict[str, str]) -> None:
    assert own_shim(BuildKeys.model_validate(keys)) == ("", frozenset())


@pytest.mark.parametrize(
    ("system", "is_so"),
    [("Debian 12", True), (" debian", True), ("Ubuntu 24.04", False), ("", False)],
)
def test_debians_shim_trusts_debians_kernels_alone(system: str, is_so: bool) -> None:
    assert is_debians(BuildKeys(operatingsystem=system)) is is_so
