"""Boot loaders: the operator's own, else the distribution's."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path

import pytest

from pyxie.confined import OutsideError
from pyxie.errors import NotServedError
from pyxie.loaders import Loaders
from pyxie.tftp.source import Found

US, THEM = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.7")


def put(*files: Path) -> None:
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"loader")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "ipxe").mkdir()
    return tmp_path / "ipxe"


@pytest.fixture
def debian(tmp_path: Path) -> Path:
    place = tmp_path / "usr/lib/ipxe"
    put(place / "undionly.kpxe", place / "ipxe.efi", place / "rtl8139.rom")
    return place


class TestFinding:
    def test_the_operators_file_wins_over_the_distributions(self, own: Path, debian: Path) -> None:
        put(own / "undionly.kpxe")
        loaders = Loaders(lambda: own, [debian])

        assert loaders.find("undionly.kpxe") == own / "undionly.kpxe"
        assert loaders.find("ipxe.efi") == debian / "ipxe.efi"

    def test_the_first_of_the_distributions_folders_wins(self, own: Path, tmp_path: Path) -> None:
        put(tmp_path / "a/ipxe.efi", tmp_path / "b/ipxe.efi", tmp_path / "b/undionly.kpxe")
        loaders = Loaders(lambda: own, [tmp_path / "none", tmp_path / "a", tmp_path / "b"])

        assert loaders.find("ipxe.efi") == tmp_path / "a/ipxe.efi"
        assert loaders.find("undionly.kpxe") == tmp_path / "b/undionly.kpxe"

    def test_letter_case_is_tolerated_in_both(self, own: Path, debian: Path) -> None:
        put(own / "Own.efi")
        loaders = Loaders(lambda: own, [debian])

        assert loaders.find("OWN.EFI") == own / "Own.efi"
        assert loaders.find("UNDIONLY.KPXE") == debian / "undionly.kpxe"

    def test_any_file_of_the_operators_is_served_and_of_the_distributions_loaders_only(
        self, own: Path, debian: Path
    ) -> None:
        put(own / "sub/notes.txt")
        loaders = Loaders(lambda: own, [debian])

        assert loaders.find("sub/notes.txt") == own / "sub/notes.txt"
        with pytest.raises(NotServedError) as caught:
            loaders.find("rtl8139.rom")
        assert str(caught.value) == "rtl8139.rom: no such file"

    @pytest.mark.parametrize("name", ["../usr/lib/ipxe/rtl8139.rom", "../../etc/passwd", "a/../.."])
    def test_nothing_is_found_outside(self, own: Path, debian: Path, name: str) -> None:
        with pytest.raises(OutsideError):
            Loaders(lambda: own, [debian]).find(name)

    def test_a_missing_folder_of_the_operators_is_an_empty_one(
        self, tmp_path: Path, debian: Path
    ) -> None:
        loaders = Loaders(lambda: tmp_path / "none", [debian])

        assert loaders.find("ipxe.efi") == debian / "ipxe.efi"


class TestOverTftp:
    def test_a_name_may_be_led_by_the_machines_mac(self, own: Path, debian: Path) -> None:
        loaders = Loaders(lambda: own, [debian])

        assert loaders.open("52-54-00-AB-CD-EF/ipxe.efi", US, THEM) == Found(
            path=debian / "ipxe.efi", mac="52:54:00:ab:cd:ef", what="ipxe.efi"
        )
        assert loaders.open("ipxe.efi", US, THEM) == Found(
            path=debian / "ipxe.efi", mac=None, what="ipxe.efi"
        )

    @pytest.mark.parametrize("name", ["/ipxe.efi", "//ipxe.efi", "\\ipxe.efi", ".\\.//IPXE.EFI"])
    def test_slashes_of_any_kind_and_number_lead_to_it(
        self, own: Path, debian: Path, name: str
    ) -> None:
        assert Loaders(lambda: own, [debian]).open(name, US, THEM).path == debian / "ipxe.efi"

    def test_a_folder_of_the_operators_may_be_named_by_a_mac(self, own: Path, debian: Path) -> None:
        put(own / "52-54-00-ab-cd-ef/x")
        loaders = Loaders(lambda: own, [debian])

        assert loaders.open("52-54-00-ab-cd-ef/x", US, THEM) == Found(
            path=own / "52-54-00-ab-cd-ef/x",
            mac="52:54:00:ab:cd:ef",
            what="52-54-00-ab-cd-ef/x",
        )
        with pytest.raises(NotServedError) as caught:
            loaders.open("52-54-00-ab-cd-ef/y", US, THEM)
        assert str(caught.value) == "y: no such file"


class TestArchitectures:
    def test_get_the_best_loader_that_is_there(self, own: Path, debian: Path) -> None:
        loaders = Loaders(lambda: own, [debian])

        assert dict(loaders.by_architecture) == {
            0x00: "undionly.kpxe",
            0x07: "ipxe.efi",
            0x09: "ipxe.efi",
            0x10: "ipxe.efi",
            0x14: "undionly.kpxe",
        }

    def test_a_name_with_the_architecture_in_it_comes_first(self, own: Path, debian: Path) -> None:
        put(own / "ipxe-x86_64.efi", own / "snponly-arm64.efi")
        loaders = Loaders(lambda: own, [debian])

        assert loaders.by_architecture[0x07] == "ipxe-x86_64.efi"
        assert loaders.by_architecture[0x0B] == "snponly-arm64.efi"

    def test_are_looked_for_again_on_demand(self, own: Path) -> None:
        loaders = Loaders(lambda: own, [])
        before = dict(loaders.by_architecture)
        put(own / "undionly.kpxe")
        loaders.refresh()

        assert (before, dict(loaders.by_architecture)) == (
            {},
            {0x00: "undionly.kpxe", 0x14: "undionly.kpxe"},
        )

    def test_without_one_are_told_if_they_are_common(self, own: Path, debian: Path) -> None:
        assert Loaders(lambda: own, [debian]).missing() == []
        assert Loaders(lambda: own, []).missing() == [
            (
                f"no boot loader for BIOS machines: put undionly.kpxe into {own} "
                "or install the package 'ipxe'"
            ),
            (
                f"no boot loader for x64 UEFI machines: put ipxe-x86_64.efi into {own} "
                "or install the package 'ipxe'"
            ),
        ]
