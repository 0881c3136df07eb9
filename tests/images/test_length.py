"""How long a kernel's command line may be."""

from __future__ import annotations

import pytest

from pyxie.images.length import ARM32, BIOS, UEFI, Limit, cut, limits_of, sentence
from pyxie.images.load import Load, load


def line(size: int, kernel: str = "linux") -> Load:
    """Return a load whose arguments, with the NIC's, are so many bytes."""
    nic = "01-00-00-00-00-00-00"
    return load(kernel, [], "a" * (size - len(f"BOOTIF={nic} ")), nic)


class TestLimits:
    @pytest.mark.parametrize(
        ("codes", "limits"),
        [
            ((), (BIOS, UEFI)),
            ((0x00,), (BIOS,)),
            ((0x07, 0x0B, 0x10), (UEFI,)),
            ((0x0A, 0x0B), (ARM32, UEFI)),
        ],
    )
    def test_are_those_of_the_machine(self, codes: tuple[int, ...], limits: tuple[Limit]) -> None:
        assert limits_of(codes) == limits


class TestCut:
    @pytest.mark.parametrize(
        ("size", "codes", "over", "all_of_them"),
        [
            (2040, (), [], False),
            (2041, (), [UEFI], False),
            (2046, (), [UEFI], False),
            (2047, (), [BIOS, UEFI], True),
            (2046, (0,), [], False),
            (2047, (0,), [BIOS], True),
            (2040, (7,), [], False),
            (2041, (7,), [UEFI], True),
            (1016, (0x0A,), [], False),
            (1017, (0x0A,), [ARM32], True),
        ],
    )
    def test_is_told_to_the_byte(
        self, size: int, codes: tuple[int, ...], over: list[Limit], all_of_them: bool
    ) -> None:
        assert cut(line(size), codes) == (over, all_of_them)

    def test_counts_bytes_and_all_that_is_added(self) -> None:
        found = load("linux", [("main", "x"), ("", "y")], "\u00e4", "01-x")

        assert BIOS.size(found) == len("initrd=main initrd=initrd1 BOOTIF=01-x ..")
        assert UEFI.size(found) == BIOS.size(found) + len("kernel ")

    def test_is_a_linux_kernels_affair(self) -> None:
        assert cut(load("mboot.efi", [], "-c " + "a" * 9000, ""), ()) == ([], False)
        assert UEFI.size(load("uki.efi", [], "", "")) == 0


def test_a_sentence_says_by_how_much() -> None:
    assert sentence(line(2660), BIOS) == (
        "is 2660 bytes with what is added to it, and a kernel on BIOS cuts it after 2046: "
        "shorten it by 614"
    )
