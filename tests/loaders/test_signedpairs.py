"""Signed shims with their GRUBs, where packages put them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyxie.loaders.signedpairs import packaged

SHIM, GRUB = "shim/shimx64.efi.signed", "grub/x86_64-efi-signed/grubnetx64.efi.signed"
NETBOOT = "debian-installer/images/{}/amd64/text/debian-installer/amd64"
ARM = "debian-installer/images/12/arm64/text/debian-installer/arm64"


def lay(lib: Path, *names: str) -> None:
    for name in names:
        (lib / name).parent.mkdir(parents=True, exist_ok=True)
        (lib / name).write_bytes(b"signed")


def netboot(release: object) -> tuple[str, str]:
    folder = NETBOOT.format(release)
    return f"{folder}/bootnetx64.efi", f"{folder}/grubx64.efi"


def x64(lib: Path, shim: str, grub: str) -> dict[str, Path]:
    return {"shimx64.efi": lib / shim, "grubx64.efi": lib / grub}


def test_without_packages_there_is_none(tmp_path: Path) -> None:
    assert packaged(tmp_path) == {}


def test_what_is_updated_by_itself_comes_before_the_installers(tmp_path: Path) -> None:
    lay(tmp_path, SHIM, GRUB, *netboot(12))

    assert packaged(tmp_path) == x64(tmp_path, SHIM, GRUB)


def test_of_several_installers_the_newest_counts(tmp_path: Path) -> None:
    lay(tmp_path, *netboot(9), *netboot(12), *netboot("daily"))

    assert packaged(tmp_path) == x64(tmp_path, *netboot(12))


@pytest.mark.parametrize("lone", [SHIM, GRUB])
def test_both_are_of_one_origin(tmp_path: Path, lone: str) -> None:
    lay(tmp_path, lone)

    assert packaged(tmp_path) == {}

    lay(tmp_path, *netboot(12))

    assert packaged(tmp_path) == x64(tmp_path, *netboot(12))


def test_those_for_arm64_are_found_on_any_host(tmp_path: Path) -> None:
    lay(tmp_path, f"{ARM}/bootnetaa64.efi", f"{ARM}/grubaa64.efi")

    assert packaged(tmp_path) == {
        "shimaa64.efi": tmp_path / ARM / "bootnetaa64.efi",
        "grubaa64.efi": tmp_path / ARM / "grubaa64.efi",
    }
