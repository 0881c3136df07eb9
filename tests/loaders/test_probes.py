"""What shim and GRUB look for and go on without."""

from __future__ import annotations

import pytest

from pyxie.loaders.probes import is_entry, is_probe


@pytest.mark.parametrize(
    "name",
    [
        *("revocations.efi", "revocations_sku.efi", "revocations_sbat.efi"),
        *("shim_certificate_0.efi", "shim_certificate.efi"),
        *("command.lst", "fs.lst", "crypto.lst", "terminal.lst", "TERMINAL.LST", "http.mod"),
        "boot-from-disk",
        *("grub.cfg-01-52-54-00-ab-cd-ef", "grub.cfg-C0A84D01", "grub.cfg-C"),
    ],
)
def test_a_probe_is_told_by_its_name(name: str) -> None:
    assert is_probe(name)


@pytest.mark.parametrize(
    "name", ["grub.cfg", "grubx64.efi", "ipxe.efi", "autoexec.ipxe", "linux", "", "a.lst.efi"]
)
def test_anything_else_is_missed(name: str) -> None:
    assert not is_probe(name)


@pytest.mark.parametrize(
    "name",
    [
        *("grub/grub.cfg", "grub.cfg", "boot/grub/grub.cfg", "boot/grub2/grub.cfg"),
        *("debian-installer/amd64/grub/grub.cfg", "debian-installer/arm64/grub/grub.cfg"),
        *("grub/x86_64-efi/grub.cfg", "debian-installer/amd64/grub/x86_64-efi/grub.cfg"),
        *("GRUB/grub.cfg", "own/grub.cfg", "EFI/fedora/grub.cfg", "EFI/BOOT/grub.cfg"),
    ],
)
def test_grubs_first_configuration_is_looked_for_in_many_places(name: str) -> None:
    assert is_entry(name)


@pytest.mark.parametrize("name", ["a/grub.cfg", "grub/other.cfg", "grub/a/b/grub.cfg", "xgrub.cfg"])
def test_in_other_places_there_is_none(name: str) -> None:
    assert not is_entry(name)
