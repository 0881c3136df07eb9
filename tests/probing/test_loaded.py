"""What a fetched file is."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.probing.loaded import Loaded, chained, judged, named
from pyxie.probing.questions import CLIENTS, Firmware, then_ipxe

BIOS, X64, ARM64, HTTP, IPXE = (CLIENTS[each] for each in Firmware)
NO_PROGRAM = "it is no EFI program, and UEFI firmware starts nothing else"
BIOS_IPXE = then_ipxe(BIOS)


def program(machine: int, after: bytes = b"") -> bytes:
    """Return the head of a UEFI program."""
    return (
        b"MZ".ljust(0x3C, b"\0")
        + struct.pack("<I", 64)
        + b"PE\0\0"
        + struct.pack("<H18x", machine)
        + bytes(400)
        + after
    )


class TestAProgram:
    def test_for_the_machine_starts(self) -> None:
        assert judged(X64, "shimx64.efi", program(0x8664)) == Loaded("an EFI program for x64")
        assert judged(HTTP, "http://a/b", program(0x8664)) == Loaded("an EFI program for x64")

    @pytest.mark.parametrize(
        ("mark", "what"), [(b"UEFI SHIM", "shim for x64"), (b"GNU GRUB", "GRUB for x64")]
    )
    def test_of_another_kind_is_told_by_its_bytes(self, mark: bytes, what: str) -> None:
        assert judged(X64, "a.efi", program(0x8664, mark)) == Loaded(what)

    @pytest.mark.parametrize(
        ("machine", "wrong"),
        [
            (0x014C, "it is for 32-bit x86, and this machine is x64"),
            (0xAA64, "it is for arm64, and this machine is x64"),
            (0x1234, "it is for machine 0x1234, and this machine is x64"),
        ],
    )
    def test_for_another_processor_does_not(self, machine: int, wrong: str) -> None:
        assert judged(X64, "a.efi", program(machine)).wrong == wrong

    def test_for_uefi_does_not_start_under_bios(self) -> None:
        assert judged(BIOS, "a.efi", program(0x8664)).wrong == (
            "it is for UEFI, and this is a BIOS machine"
        )

    def test_for_uefi_may_be_a_kernel_that_ipxe_boots_under_bios(self) -> None:
        assert judged(BIOS_IPXE, "vmlinuz", program(0x8664)).wrong == ""

    def test_that_is_ipxe_is_told_by_its_bytes_or_its_name(self) -> None:
        assert judged(X64, "a.efi", program(0x8664, b"iPXE")).is_ipxe
        assert judged(ARM64, "a/snponly-arm64.EFI", program(0xAA64)).is_ipxe
        assert not judged(X64, "grubx64.efi", program(0x8664)).is_ipxe


class TestForBios:
    @pytest.mark.parametrize("name", ["undionly.kpxe", "tftp://h/a/ipxe.pxe", "undionly.kkpxe"])
    def test_ipxe_is_told_by_its_name_since_it_is_compressed(self, name: str) -> None:
        assert judged(BIOS, name, bytes(9)) == Loaded("iPXE for BIOS", is_ipxe=True)

    def test_another_loader_is_a_program(self) -> None:
        assert judged(BIOS, "pxelinux.0", b"\xfa\0") == Loaded("a program")


class TestAScript:
    def test_is_run_by_ipxe_alone(self) -> None:
        wrong = "only iPXE runs its scripts"

        assert judged(IPXE, "x", b"#!ipxe\n") == Loaded("a script of iPXE's", is_script=True)
        assert judged(BIOS, "x", b"#!ipxe\n").wrong == wrong

    def test_names_what_it_loads(self) -> None:
        script = """#!ipxe
kernel --name linux http://192.168.7.1/linux initrd=a || goto failed
initrd http://192.168.7.1/initrd.gz http://192.168.7.1/initrd.gz
kernel http://${next-server}/linux
imgfetch http://192.168.7.1/booting
chain http://192.168.7.1/again
echo http://192.168.7.1/

module "https://192.168.7.1/last"
"""
        urls = ["http://192.168.7.1/linux", "http://192.168.7.1/initrd.gz"]

        assert named(script, 9) == [*urls, "https://192.168.7.1/last"]
        assert named(script, 2) == urls


class TestAScriptThatOnlyChains:
    @pytest.mark.parametrize(
        ("line", "url"),
        [
            ("chain --replace http://a/ipxe/${netX/mac}", "http://a/ipxe/52:54:00:12:34:56"),
            ("chain http://a/${mac:hexhyp}", "http://a/52-54-00-12-34-56"),
            ("chain http://a/b || goto failed", "http://a/b"),
            ("chain http://a/b\nchain http://a/c", None),
            ("chain http://a/${serial}", None),
            ("chain b.ipxe", None),
            ("echo http://a/b", None),
            ("chain http://a/b\nboot", None),
        ],
    )
    def test_leads_to_another(self, line: str, url: str | None) -> None:
        assert chained(f"#!ipxe\n\n{line}\n", "52:54:00:12:34:56") == url


class TestAnythingElse:
    @pytest.mark.parametrize(
        ("data", "found"),
        [
            (b"", Loaded("an empty file", wrong="it is empty")),
            (
                b"hello",
                Loaded(
                    "a text", wrong="it is no EFI program, and UEFI firmware starts nothing else"
                ),
            ),
            (
                b" <!DOCTYPE HTML>",
                Loaded(
                    "a page of HTML",
                    wrong="it is no EFI program, and UEFI firmware starts nothing else",
                ),
            ),
        ],
    )
    def test_does_not_start_under_uefi(self, data: bytes, found: Loaded) -> None:
        assert judged(X64, "a.efi", data) == found

    @pytest.mark.parametrize("name", ["http://a/debian.iso", "http://a/disk.IMG?x=1"])
    def test_may_be_a_medium_that_http_boot_starts(self, name: str) -> None:
        assert judged(HTTP, name, bytes(600)) == Loaded("a medium")
        assert judged(X64, name, bytes(600)).wrong


class TestForAnyBytes:
    @given(st.sampled_from([BIOS, X64, IPXE]), st.text(), st.binary(), st.text())
    def test_nothing_is_raised(self, client: object, name: str, data: bytes, text: str) -> None:
        judged(client, name, data)  # type: ignore[arg-type]
        judged(X64, name, b"MZ".ljust(0x3C, b"\0") + data)
        assert len(named(text, 3)) <= 3
        chained(text, "52:54:00:12:34:56")
