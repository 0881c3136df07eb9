"""What a client says it is: its architecture (RFC 4578), and how iPXE shows itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.architectures import ARCHITECTURES, RASPBERRY, Architecture, Family
from pyxie.dhcp.firmware import (
    ArchitectureFault,
    Features,
    Ipxe,
    NoArchitecture,
    architecture,
    client_fields,
    features,
    ipxe,
    user_classes,
    uuids,
)


class TestArchitecture:
    def test_option_93_tells(self) -> None:
        assert architecture({93: b"\0\7"}) == ARCHITECTURES[7]

    def test_option_93_outranks_option_60(self) -> None:
        assert architecture({93: b"\0\7", 60: b"PXEClient:Arch:00000"}) == ARCHITECTURES[7]

    @pytest.mark.parametrize(
        ("value", "code"),
        [
            (b"\0\7\0\x10", 0x07),
            (b"\xff\xff\0\7", 0x07),
            (b"\0\x21\0\7", 0x07),
            (b"\0\x21\0\x22", 0x21),
            (b"\0\0\0\7\0\6", 0x00),
        ],
    )
    def test_of_several_the_first_with_a_loader_wins(self, value: bytes, code: int) -> None:
        assert architecture({93: value}) == ARCHITECTURES[code]

    @pytest.mark.parametrize("value", [b"", b"\7", b"\0\7\0"])
    def test_option_93_must_be_pairs_of_bytes(self, value: bytes) -> None:
        """Not even option 60 makes good for it: the client is broken, and is told of."""
        found = architecture({93: value, 60: b"PXEClient:Arch:00007"})

        assert found == NoArchitecture(
            ArchitectureFault.MALFORMED, f"option 93 has {len(value)} bytes, not pairs of bytes"
        )

    @pytest.mark.parametrize("value", [b"\xff\xff", b"\x01\x00\xff\xff"])
    def test_codes_that_nobody_assigned_are_quoted(self, value: bytes) -> None:
        assert architecture({93: value}) == NoArchitecture(
            ArchitectureFault.UNKNOWN,
            f"option 93 names no client architecture that pyxie knows: 0x{value.hex()}",
        )

    @pytest.mark.parametrize(
        ("vendor_class", "code"),
        [
            (b"PXEClient:Arch:00007:UNDI:003016", 7),
            (b"HTTPClient:Arch:00016:UNDI:003000", 16),
            (b"PXEClient:Arch:0", 0),
        ],
    )
    def test_option_60_tells_where_93_is_missing(self, vendor_class: bytes, code: int) -> None:
        assert architecture({60: vendor_class}) == ARCHITECTURES[code]

    @pytest.mark.parametrize(
        ("chaddr", "uuid"),
        [
            ("dca632010203", b""),  # a Pi 4, of before its UUID had a name in it
            ("b827eb2faaeb", b"\0" + bytes.fromhex("ebaa2fb2") * 4),  # a Pi 3
            ("020000000001", b"\0RPi4" + bytes(12)),  # with a MAC of its owner's
        ],
    )
    def test_a_raspberry_pi_is_none(self, chaddr: str, uuid: bytes) -> None:
        """It says that it is a BIOS: raspberrypi/firmware#1928."""
        options = {60: b"PXEClient:Arch:00000:UNDI:002001", 93: b"\0\0", 97: uuid}

        assert architecture(options, bytes.fromhex(chaddr)) == ARCHITECTURES[RASPBERRY]

    def test_a_raspberry_pi_that_runs_uefi_says_so_itself(self) -> None:
        assert architecture({93: b"\0\x0b"}, bytes.fromhex("dca632010203")) == ARCHITECTURES[0x0B]

    @pytest.mark.parametrize("options", [{}, {60: b"PXEClient"}, {60: b"PXEClient:Arch:x"}])
    def test_where_neither_tells_it_is_missing(self, options: dict[int, bytes]) -> None:
        assert architecture(options) == NoArchitecture(
            ArchitectureFault.MISSING,
            "neither option 93 nor option 60 tells the client's architecture",
        )

    def test_an_unknown_code_in_option_60_is_quoted(self) -> None:
        assert architecture({60: b"PXEClient:Arch:99999"}) == NoArchitecture(
            ArchitectureFault.UNKNOWN,
            "option 60 names no client architecture that pyxie knows: 0x0001869f",
        )

    @given(st.dictionaries(st.sampled_from([60, 93]), st.binary(max_size=40)))
    def test_any_options_give_a_row_or_a_reason(self, options: dict[int, bytes]) -> None:
        assert isinstance(architecture(options), Architecture | NoArchitecture)


class TestIpxe:
    @pytest.mark.parametrize(
        ("value", "kind"),
        [
            (None, Ipxe.NO),
            (b"", Ipxe.NO),
            (b"iPXE", Ipxe.STOCK),
            (b"iPXE\0", Ipxe.STOCK),
            (b"\4iPXE", Ipxe.STOCK),
            (b"\3foo\4iPXE", Ipxe.STOCK),
            (b"pixiecore", Ipxe.PIXIECORE),
            (b"\x09pixiecore", Ipxe.PIXIECORE),
            (b"\3foo\x09pixiecore", Ipxe.PIXIECORE),
            (b"iPXE2", Ipxe.NO),
            (b"gPXE", Ipxe.NO),
            (b"\5iPXE", Ipxe.NO),
            (b"d-i", Ipxe.NO),
        ],
    )
    def test_the_user_class_tells_raw_or_framed(self, value: bytes | None, kind: Ipxe) -> None:
        """RFC 3004 section 4 frames it; iPXE sends it raw."""
        assert ipxe(value) is kind

    @pytest.mark.parametrize(
        ("value", "names"),
        [
            (b"\1a\2bc", (b"a", b"bc")),
            (b"\0\1a", (b"", b"a")),
            (b"\2a", (b"\2a",)),
            (b"", (b"",)),
        ],
    )
    def test_framed_classes_are_split(self, value: bytes, names: tuple[bytes, ...]) -> None:
        assert user_classes(value) == names

    @given(st.binary(max_size=60))
    def test_no_user_class_is_too_odd(self, value: bytes) -> None:
        assert ipxe(value) in Ipxe


class TestFeatures:
    @pytest.mark.parametrize(
        ("value", "found"),
        [
            (None, Features()),
            (b"", Features()),
            ("130101", Features(http=True)),
            ("180101", Features(bzimage=True)),
            ("240101", Features(efi=True)),
            ("b105018086100e 130101 240101 180101", Features(http=True, bzimage=True, efi=True)),
            ("130100", Features()),
            ("1300", Features()),
            ("130101 18", Features()),
        ],
    )
    def test_option_175_lists_them(self, value: bytes | str | None, found: Features) -> None:
        """A malformed list tells of nothing: that iPXE is handed a better one."""
        assert features(bytes.fromhex(value) if isinstance(value, str) else value) == found

    @pytest.mark.parametrize(
        ("has", "family", "lacking"),
        [
            (Features(http=True, bzimage=True), Family.BIOS, ""),
            (Features(http=True, efi=True), Family.UEFI, ""),
            (Features(http=True), Family.OTHER, ""),
            (Features(http=True, efi=True), Family.BIOS, "bzImage"),
            (Features(http=True, bzimage=True), Family.UEFI, "EFI"),
            (Features(bzimage=True), Family.BIOS, "HTTP"),
            (Features(), Family.UEFI, "HTTP and EFI"),
        ],
    )
    def test_what_is_needed_depends_on_the_firmware(
        self, has: Features, family: Family, lacking: str
    ) -> None:
        assert has.lacking(family) == lacking


class TestTold:
    def test_is_what_the_client_says_of_itself(self) -> None:
        """The first three parts of a UUID are little-endian (SMBIOS 3.0, 7.2.1)."""
        options = {
            12: b"web01",
            60: b"PXEClient:Arch:00007:UNDI:003016",
            93: b"\0\x07",
            97: b"\0" + bytes(range(16)),
        }

        assert client_fields(options) == {
            "uuid": "03020100-0504-0706-0809-0a0b0c0d0e0f",
            "vendor_class": "PXEClient:Arch:00007:UNDI:003016",
            "hostname": "web01",
            "architecture": ARCHITECTURES[7].name,
        }

    def test_is_nothing_if_it_says_nothing(self) -> None:
        assert client_fields({}) == {}

    @given(st.dictionaries(st.sampled_from([12, 60, 93, 97]), st.binary(max_size=40)))
    def test_of_any_options_is_text(self, options: dict[int, bytes]) -> None:
        assert all(isinstance(value, str) for value in client_fields(options).values())


class TestUuids:
    def test_are_spelt_as_smbios_means_it_and_in_network_order(self) -> None:
        sent = b"\0" + bytes(range(16))

        assert uuids({97: sent}) == {
            "03020100-0504-0706-0809-0a0b0c0d0e0f",
            "00010203-0405-0607-0809-0a0b0c0d0e0f",
        }

    @pytest.mark.parametrize("sent", [b"", b"\0" + bytes(15), b"\1" + bytes(16)])
    def test_of_another_type_or_length_are_none(self, sent: bytes) -> None:
        assert uuids({97: sent}) == frozenset()
