"""Boot loaders: the operator's own, else the distribution's."""

from __future__ import annotations

from ipaddress import IPv4Address
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from pyxie.confined import OutsideError
from pyxie.errors import NotServedError
from pyxie.loaders.autoexec import autoexec
from pyxie.loaders.folders import DISTRIBUTION, Loaders
from pyxie.tftp.source import Found, ProbeError
from tests.loaders.programs import ARM64

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

    def test_no_spelling_over_tftp_leads_out(self, own: Path, debian: Path) -> None:
        put(own.parent / "secret")
        put(own / "sub/ipxe.efi")
        loaders = Loaders(lambda: own, [debian])
        ups = (
            "..",
            "..\\",
            "..;",
            "...",
            ".. ",
            "%2e%2e",
            "..\t",
            "\u2025",
            "\uff0e\uff0e",
            "..\udc80",
        )
        for up, parted, depth in product(ups, ("/", "\\", "//", "/./", "\\/"), range(1, 4)):
            for before in ("", "/", "sub/", "\\", "52-54-00-ab-cd-ef/", "./", "ipxe.efi/"):
                for target in ("secret", "etc/passwd", str(own.parent / "secret")):
                    name = f"{before}{parted.join([up] * depth)}{parted}{target}"

                    with pytest.raises((NotServedError, FileNotFoundError)):
                        loaders.open(name, US, THEM)

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
        assert loaders.open("52:54:00:ab:cd:ef/ipxe.efi", US, THEM) == Found(
            path=debian / "ipxe.efi", mac="52:54:00:ab:cd:ef", what="ipxe.efi"
        )
        assert loaders.open("ipxe.efi", US, THEM) == Found(
            path=debian / "ipxe.efi", mac=None, what="ipxe.efi"
        )

    def test_what_a_raspberry_pi_asks_for_first_is_not_there(self, own: Path, debian: Path) -> None:
        """Below its serial number, then without: raspberrypi/firmware#801."""
        put(own / "start4.elf")
        loaders = Loaders(lambda: own, [debian])

        with pytest.raises(NotServedError):
            loaders.open("9ffefdef/start4.elf", US, THEM)
        assert loaders.open("start4.elf", US, THEM).path == own / "start4.elf"

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


MAC, SB = "52:54:00:ab:cd:ef", "52-54-00-ab-cd-ef/x86_64-sb"


class TestAShim:
    """A signed iPXE's, as upstream's release has them."""

    @pytest.fixture(autouse=True)
    def _release(self, own: Path) -> None:
        folder = own / "x86_64-sb"
        put(*(folder / f"{stem}{end}.efi" for stem in ("ipxe", "snponly") for end in ("", "-shim")))

    def test_finds_what_it_starts_beside_itself(self, own: Path, debian: Path) -> None:
        loaders = Loaders(lambda: own, [debian])
        loaders.open(f"{SB}/snponly-shim.efi", US, THEM)

        assert loaders.open(f"{SB}/snponly.efi", US, THEM) == Found(
            path=own / "x86_64-sb/snponly.efi", mac=MAC, what="x86_64-sb/snponly.efi"
        )

    def test_finds_it_in_the_root_too_and_not_another_of_that_name(
        self, own: Path, debian: Path
    ) -> None:
        """Firmware that keeps no name for it: ipxe/ipxe#1684."""
        loaders = Loaders(lambda: own, [debian])
        loaders.open(f"{SB}/snponly-shim.efi", US, THEM)

        assert loaders.open("/ipxe.efi", US, THEM) == Found(
            path=own / "x86_64-sb/snponly.efi", mac=MAC, what="x86_64-sb/snponly.efi"
        )
        assert loaders.open("ipxe.efi", US, IPv4Address("192.0.2.8")).path == debian / "ipxe.efi"

    def test_is_told_at_once_what_is_not_there(self, own: Path, debian: Path) -> None:
        loaders = Loaders(lambda: own, [debian])
        loaders.open(f"{SB}/snponly-shim.efi", US, THEM)

        for name in (f"{SB}/revocations.efi", "shim_certificate_0.efi", "ipxe.efi.bak"):
            with pytest.raises(NotServedError):
                loaders.open(name, US, THEM)

    def test_is_forgotten_in_two_minutes(self, own: Path, debian: Path) -> None:
        now = [10.0]
        loaders = Loaders(lambda: own, [debian], clock=lambda: now[0])
        loaders.open(f"{SB}/ipxe-shim.efi", US, THEM)
        now[0] += 120

        assert loaders.open("ipxe.efi", US, THEM).path == debian / "ipxe.efi"


class TestAutoexec:
    @pytest.mark.parametrize("folder", ["x86_64-sb/", ""])
    def test_leads_to_the_script_of_the_machine_whose_mac_is_before_it(
        self, own: Path, folder: str
    ) -> None:
        loaders = Loaders(lambda: own, (), http_port=lambda: 8091)

        found = loaders.open(f"52-54-00-ab-cd-ef/{folder}autoexec.ipxe", US, THEM)

        assert found == Found(
            data=autoexec("http://192.0.2.1:8091", MAC).encode(),
            mac=MAC,
            what=f"{folder}autoexec.ipxe",
        )

    @pytest.mark.parametrize("name", ["autoexec.ipxe", "x86_64-sb\\AUTOEXEC.ipxe"])
    def test_is_for_any_machine_without_one(self, own: Path, name: str) -> None:
        found = Loaders(lambda: own, ()).open(name, US, THEM)

        assert found.data == autoexec("http://192.0.2.1:8090", None).encode()

    def test_of_the_operators_own_comes_first(self, own: Path) -> None:
        put(own / "x86_64-sb/autoexec.ipxe")

        found = Loaders(lambda: own, ()).open(f"{SB}/autoexec.ipxe", US, THEM)

        assert found.path == own / "x86_64-sb/autoexec.ipxe"


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
                "or install the package 'ipxe' ('ipxe-bootimgs' on Fedora, EL and SUSE)"
            ),
            (
                f"no boot loader for x64 UEFI machines: put ipxe-x86_64.efi into {own} "
                "or install the package 'ipxe' ('ipxe-bootimgs' on Fedora, EL and SUSE)"
            ),
        ]


class TestPackages:
    """What distributions' packages and upstream's archive are, as their file lists say."""

    @pytest.mark.parametrize(
        ("files", "found"),
        [
            pytest.param(
                ["undionly.kpxe", "undionly.kkpxe", "ipxe.pxe", "ipxe.efi", "snponly.efi"],
                {0x00: "undionly.kpxe", 0x07: "ipxe.efi"},
                id="Debian",
            ),
            pytest.param(
                ["undionly.kpxe", "ipxe.efi", "ipxe-arm64.efi", "snponly-arm64.efi"],
                {0x00: "undionly.kpxe", 0x07: "ipxe.efi", 0x0B: "ipxe-arm64.efi"},
                id="Ubuntu",
            ),
            pytest.param(
                [
                    *("undionly.kpxe", "ipxe-i386.efi", "ipxe-x86_64.efi"),
                    *("ipxe-snponly-x86_64.efi", "arm64-efi/snponly.efi"),
                ],
                {
                    0x00: "undionly.kpxe",
                    0x06: "ipxe-i386.efi",
                    0x07: "ipxe-x86_64.efi",
                    0x0B: "arm64-efi/snponly.efi",
                },
                id="EL 9",
            ),
            pytest.param(
                ["undionly.kpxe", "ipxe-snponly-x86_64.efi", "arm64-efi/snponly.efi"],
                {
                    0x00: "undionly.kpxe",
                    0x07: "ipxe-snponly-x86_64.efi",
                    0x0B: "arm64-efi/snponly.efi",
                },
                id="Fedora and EL 10",
            ),
            pytest.param(
                [
                    *("undionly.kpxe", "ipxe-i386.efi", "snp-i386.efi", "ipxe-x86_64.efi"),
                    *("snp-x86_64.efi", "snp-arm64.efi"),
                ],
                {
                    0x00: "undionly.kpxe",
                    0x06: "ipxe-i386.efi",
                    0x07: "ipxe-x86_64.efi",
                    0x0B: "snp-arm64.efi",
                },
                id="SUSE",
            ),
            pytest.param(
                ["ipxe.pxe", "x86_64/ipxe.efi"],
                {0x00: "ipxe.pxe", 0x07: "x86_64/ipxe.efi"},
                id="Arch",
            ),
        ],
    )
    @pytest.mark.parametrize("whose", ["the distribution's", "the operator's"])
    def test_are_found(
        self, own: Path, tmp_path: Path, whose: str, files: list[str], found: dict[int, str]
    ) -> None:
        packaged = tmp_path / "usr/share/ipxe"
        put(*((own if whose == "the operator's" else packaged) / name for name in files))
        loaders = Loaders(lambda: own, [packaged])

        asked = (0x00, 0x06, 0x07, 0x0B)
        assert {
            code: loaders.by_architecture[code] for code in asked if code in loaders.by_architecture
        } == found
        assert all(loaders.find(name).is_file() for name in files)

    @pytest.mark.parametrize("beneath", ["", "ipxeboot/"])
    def test_upstreams_archive_is_found_as_it_is_unpacked(self, own: Path, beneath: str) -> None:
        """``ipxeboot.tar.gz`` of 2.0.0, in the folder or with its own."""
        cpus = ("arm32", "arm64", "i386", "loong64", "riscv32", "riscv64", "x86_64")
        base = own / beneath
        put(*(base / cpu / name for cpu in cpus for name in ("ipxe.efi", "snponly.efi")))
        put(*(base / cpu / "undionly.kpxe" for cpu in ("i386", "x86_64")))
        put(base / "x86_64-sb/snponly.efi", base / "x86_64-sb/shimx64.efi")
        for name in ("ipxe.efi", "snponly.efi", "undionly.kpxe"):
            (base / name).symlink_to(Path("x86_64", name))
        (base / "sb").symlink_to("x86_64-sb")

        loaders = Loaders(lambda: own, [])

        usual = loaders.by_architecture
        assert usual[0x07] == ("ipxeboot/x86_64/ipxe.efi" if beneath else "ipxe.efi")
        assert usual[0x00] == ("ipxeboot/i386/undionly.kpxe" if beneath else "undionly.kpxe")
        others = {0x06: "i386", 0x0A: "arm32", 0x0B: "arm64", 0x19: "riscv32", 0x1B: "riscv64"}
        assert {code: usual[code] for code in others} == {
            code: f"{beneath}{cpu}/ipxe.efi" for code, cpu in others.items()
        }
        assert usual[0x27] == f"{beneath}loong64/ipxe.efi"
        loaders.check(f"{beneath}sb/shimx64.efi")  # by way of a link

    def test_alpines_is_not_taken_for_one_since_it_boots_from_alpine(self) -> None:
        assert Path("/usr/share/alpine-ipxe") not in DISTRIBUTION


class TestWanted:
    def test_what_is_there_is_good_also_a_distributions(self, own: Path, debian: Path) -> None:
        put(own / "sub/Own.efi")
        loaders = Loaders(lambda: own, [debian])

        for wanted in ("", "ipxe.efi", "sub/own.efi", {"BIOS": "undionly.kpxe"}):
            loaders.check(wanted)

    def test_what_is_not_there_is_told_with_a_near_name(self, own: Path, debian: Path) -> None:
        with pytest.raises(NotServedError) as caught:
            Loaders(lambda: own, [debian]).check("undionly.kpx")

        assert str(caught.value) == (
            f"loader: there is no boot loader 'undionly.kpx' in {own}; "
            "did you mean 'undionly.kpxe'?"
        )

    def test_what_was_laid_down_or_removed_since_is_looked_for(self, own: Path) -> None:
        loaders = Loaders(lambda: own, [])

        put(own / "late.efi")
        loaders.check("late.efi")
        assert loaders.catalogue.choice("late.efi").by_architecture[0x07] == "late.efi"

        (own / "late.efi").unlink()
        with pytest.raises(NotServedError):
            loaders.check("late.efi")

    def test_a_file_whose_content_is_for_another_processor_is_refused(self, own: Path) -> None:
        (own / "snponly.efi").write_bytes(ARM64)

        with pytest.raises(NotServedError) as caught:
            Loaders(lambda: own, []).check({"x64 UEFI": "snponly.efi"})

        assert caught.value.why == "'snponly.efi' is for arm64 UEFI, not for x64 UEFI"


class TestTheFolder:
    def test_links_in_circles_and_out_of_it_do_no_harm(self, own: Path, tmp_path: Path) -> None:
        put(own / "a/ipxe.efi", tmp_path / "secret")
        (own / "a/round").symlink_to(own)
        (own / "out.efi").symlink_to(tmp_path / "secret")
        (own / "nowhere.efi").symlink_to("gone")

        loaders = Loaders(lambda: own, [])

        loaders.check("a/ipxe.efi")
        for name in ("out.efi", "nowhere.efi"):
            with pytest.raises(NotServedError):
                loaders.check(name)

    def test_of_very_many_files_some_are_looked_at(self, own: Path, monkeypatch: Any) -> None:
        monkeypatch.setattr("pyxie.loaders.folders._MOST_LISTED", 2)
        put(*(own / f"{number}.efi" for number in range(3)))

        loaders = Loaders(lambda: own, [])

        loaders.check("1.efi")
        assert loaders.find("2.efi") == own / "2.efi"
        assert 0x07 not in loaders.catalogue.choice("2.efi").by_architecture


class TestSignedPairs:
    def test_of_packages_are_served_by_their_names(self, own: Path, tmp_path: Path) -> None:
        put(tmp_path / "a.signed", tmp_path / "b.signed")
        there = {"shimx64.efi": tmp_path / "a.signed", "grubx64.efi": tmp_path / "b.signed"}
        loaders = Loaders(lambda: own, [], pairs=lambda: there)

        found = loaders.open("52-54-00-ab-cd-ef/grubx64.efi", US, THEM)

        assert found.path == tmp_path / "b.signed"
        assert found.mac == "52:54:00:ab:cd:ef"
        assert loaders.find("SHIMX64.EFI") == tmp_path / "a.signed"

    def test_are_passed_over_where_the_operator_has_that_name(
        self, own: Path, tmp_path: Path
    ) -> None:
        put(tmp_path / "a.signed", own / "shimx64.efi")

        loaders = Loaders(lambda: own, [], pairs=lambda: {"shimx64.efi": tmp_path / "a.signed"})

        assert loaders.find("shimx64.efi") == own / "shimx64.efi"

    def test_that_are_gone_meanwhile_are_not_there(self, own: Path, tmp_path: Path) -> None:
        loaders = Loaders(lambda: own, [], pairs=lambda: {"shimx64.efi": tmp_path / "none"})

        assert loaders.catalogue.fitting(0x07) == []
        with pytest.raises(NotServedError):
            loaders.find("shimx64.efi")


class TestGrubsFirstConfiguration:
    @pytest.mark.parametrize("name", ["grub/grub.cfg", "52-54-00-ab-cd-ef/grub/grub.cfg"])
    def test_is_ours_where_the_operator_has_none(self, own: Path, name: str) -> None:
        loaders = Loaders(lambda: own, [], entry=b"# ours")

        assert loaders.open(name, US, THEM).data == b"# ours"

        put(own / "grub/grub.cfg")

        assert loaders.open(name, US, THEM).path == own / "grub/grub.cfg"


@pytest.mark.parametrize("name", ["revocations_sku.efi", "grub/x86_64-efi/command.lst"])
def test_what_loaders_go_on_without_is_a_probe(own: Path, name: str) -> None:
    with pytest.raises(ProbeError):
        Loaders(lambda: own, []).open(name, US, THEM)

    put(own / name)

    assert Loaders(lambda: own, []).open(name, US, THEM).path == own / name
