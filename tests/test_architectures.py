"""The table of client architectures (IANA; RFC 5970, RFC 4578)."""

from __future__ import annotations

import pytest

from pyxie.architectures import ARCHITECTURES, BY_IPXE, Family, Transport


class TestTable:
    def test_every_row_stands_under_its_own_code(self) -> None:
        assert sorted(ARCHITECTURES) == list(range(0x2A))
        assert all(code == row.code for code, row in ARCHITECTURES.items())

    @pytest.mark.parametrize(
        ("code", "family", "transport", "first"),
        [
            (0x00, Family.BIOS, Transport.TFTP, "undionly.kpxe"),
            (0x06, Family.UEFI, Transport.TFTP, "ipxe-i386.efi"),
            (0x07, Family.UEFI, Transport.TFTP, "ipxe-x86_64.efi"),
            (0x09, Family.UEFI, Transport.TFTP, "ipxe-x86_64.efi"),
            (0x0A, Family.UEFI, Transport.TFTP, "ipxe-arm32.efi"),
            (0x0B, Family.UEFI, Transport.TFTP, "ipxe-arm64.efi"),
            (0x0F, Family.UEFI, Transport.HTTP, "ipxe-i386.efi"),
            (0x10, Family.UEFI, Transport.HTTP, "ipxe-x86_64.efi"),
            (0x12, Family.UEFI, Transport.HTTP, "ipxe-arm32.efi"),
            (0x13, Family.UEFI, Transport.HTTP, "ipxe-arm64.efi"),
            (0x14, Family.BIOS, Transport.HTTP, "undionly.kpxe"),
            (0x29, Family.OTHER, Transport.TFTP, "bootcode.bin"),
        ],
    )
    def test_an_architecture_that_boots_has_its_loaders(
        self, code: int, family: Family, transport: Transport, first: str
    ) -> None:
        row = ARCHITECTURES[code]

        assert (row.family, row.transport, row.loaders[0]) == (family, transport, first)

    def test_debians_plain_names_are_for_x64_only(self) -> None:
        takers = {code for code, row in ARCHITECTURES.items() if "ipxe.efi" in row.loaders}

        assert takers == {0x07, 0x09, 0x10}

    def test_names_with_the_processor_in_them_come_before_plain_ones(self) -> None:
        assert ARCHITECTURES[7].loaders[:4] == (
            *("ipxe-x86_64.efi", "snponly-x86_64.efi"),
            *("ipxe.efi", "snponly.efi"),
        )

    def test_a_loader_in_a_folder_is_for_the_processor_that_the_folder_names(self) -> None:
        assert {row.name for row in ARCHITECTURES.values() if "arm64/ipxe.efi" in row.loaders} == {
            "arm64 UEFI",
            "arm64 UEFI HTTP",
        }

    def test_shims_of_a_signed_ipxe_are_those_of_the_releases_folders(self) -> None:
        shims = {code: row.shims for code, row in ARCHITECTURES.items() if row.shims}

        assert set(shims) == {0x07, 0x09, 0x0B, 0x10, 0x13}
        assert shims[0x13][0] == "arm64-sb/snponly-shim.efi"
        assert shims[0x07][2] == "x86_64-sb/ipxe-shim.efi"
        assert "ipxe-shimx64.efi" in shims[0x10]

    def test_a_machine_is_the_same_however_it_fetches(self) -> None:
        names = {ARCHITECTURES[code].machine for code in (0x07, 0x09, 0x10)}

        assert names == {"x64 UEFI"}

    def test_ipxe_names_architectures_that_there_are(self) -> None:
        assert set(BY_IPXE.values()) <= set(ARCHITECTURES)

    def test_all_others_are_known_by_name_only(self) -> None:
        nameless = {code for code, row in ARCHITECTURES.items() if not row.loaders}

        assert nameless == set(range(0x2A)) - {
            0, 6, 7, 9, 0x0A, 0x0B, 0x0F, 0x10, 0x12, 0x13, 0x14,
            0x19, 0x1A, 0x1B, 0x1C, 0x27, 0x28, 0x29,
        }  # fmt: skip
