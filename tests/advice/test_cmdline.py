"""Whether a kernel, or another program, understands its command line."""

from __future__ import annotations

import pytest

from pyxie.advice.cmdline import cmdline
from pyxie.advice.served import Advice, Served
from pyxie.images.load import load
from pyxie.registry.machine import Machine

ABOUT = ("cmdline",)


def said(line: str, kernel: str = "linux", **keys: object) -> list[Advice]:
    nics = [{"macaddress": "52:54:00:00:00:0a"}]
    machine = Machine.model_validate({"hostname": "web01", "network": nics, **keys})
    found = load(kernel, [], line, "01-52-54-00-00-00-0a")
    served = Served(
        machine=machine,
        base_url="http://192.0.2.1:8090",
        token="t0ken",
        cmdline=line,
        kernel=kernel,
        load=found,
        texts={},
    )
    return list(cmdline(served))


LEFT_OUT = "left out, as the boot script names the initrds of 'initrd' itself"


class TestOtherLoadersWords:
    @pytest.mark.parametrize(
        ("line", "word", "told"),
        [
            (
                "auto=true initrd=initrd.gz",
                "initrd=initrd.gz",
                f"'initrd=initrd.gz' names a file as pxelinux and GRUB do: {LEFT_OUT}",
            ),
            (
                "APPEND auto=true",
                "APPEND",
                "'APPEND' is pxelinux's word in front of a command line: left out",
            ),
            (
                "auto=true IPAPPEND 2",
                "IPAPPEND",
                "'IPAPPEND' is a directive of pxelinux's, and nothing to the kernel: take it out",
            ),
            (
                "auto=true ip=$prefix",
                "ip=$prefix",
                "'ip=$prefix' has a variable of GRUB's, and nothing to the kernel: take it out",
            ),
        ],
    )
    def test_are_named_one_by_one(self, line: str, word: str, told: str) -> None:
        assert said(line) == [Advice(ABOUT, told, word=word)]

    def test_are_another_programs_own_business(self) -> None:
        assert said("-c boot.cfg initrd=x", "mboot.efi") == []

    def test_of_nothing_that_is_loaded_nothing_is_said(self) -> None:
        machine = Machine(hostname="web01")

        assert list(cmdline(Served(machine=machine, base_url="", token="", texts={}))) == []


class TestBootif:
    def test_of_another_machine_is_said(self) -> None:
        assert said("BOOTIF=01-52-54-00-00-00-0b quiet") == [
            Advice(
                ABOUT,
                "'BOOTIF=01-52-54-00-00-00-0b' is no network card of this machine: without it, "
                "its own is named",
                word="BOOTIF=01-52-54-00-00-00-0b",
            )
        ]

    @pytest.mark.parametrize(
        "line", ["BOOTIF=01-52-54-00-00-00-0A", "BOOTIF=52:54:00:00:00:0a", "BOOTIF=eth0"]
    )
    def test_of_its_own_is_not(self, line: str) -> None:
        assert said(line) == []

    def test_of_a_machine_whose_cards_are_not_known_is_not(self) -> None:
        assert said("BOOTIF=01-52-54-00-00-00-0b", network=[], match={"serial": "VM-17"}) == []


class TestWimboot:
    def test_is_told_of_each_word_that_it_stops_at(self) -> None:
        assert said("gui index=2 auto=true", "wimboot") == [
            Advice(
                ABOUT,
                "wimboot does not know 'auto=true', and stops: `cmdline: ~` passes it nothing",
                word="auto=true",
            )
        ]


class TestAnEfiProgram:
    def test_may_be_a_unified_kernel_image_with_a_line_of_its_own(self) -> None:
        assert said("auto=true", "rescue.efi") == [
            Advice(
                ABOUT,
                "a unified kernel image has a command line of its own, which this replaces: if "
                "'rescue.efi' is one, `cmdline: ~` leaves it",
            )
        ]

    def test_that_is_called_linux_is_one(self) -> None:
        assert said("auto=true", "vmlinuz.efi") == []


class TestALongLine:
    LONG = "a" * (2043 - len("BOOTIF=01-52-54-00-00-00-0a "))

    def test_that_some_machines_cut_is_said(self) -> None:
        assert said(self.LONG) == [
            Advice(
                ABOUT,
                "is 2050 bytes with what is added to it, and a kernel on UEFI cuts it after "
                "2047: shorten it by 3",
            )
        ]

    def test_that_this_machine_takes_is_not(self) -> None:
        assert said(self.LONG, match={"arch": "BIOS"}) == []

    def test_that_all_machines_cut_refuses_the_build_elsewhere(self) -> None:
        assert said(self.LONG + "aaaa") == []
        assert said(self.LONG, match={"arch": "x64 UEFI"}) == []
