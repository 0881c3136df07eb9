"""GRUB's configurations that do not depend on what is booted."""

from __future__ import annotations

from pyxie.grub.texts import ENTRY, local, notice
from tests.render.grub import commands

AGAIN = ["set", "again=y"]


class TestEntry:
    def test_goes_on_to_a_file_of_the_machine_by_whether_it_is_locked_down(self) -> None:
        sourced = [each for each in commands(ENTRY) if each[0] == "source"]

        assert sourced == [["source", "/grub/$net_default_mac/$grub_cpu/$secure_boot.cfg"]]
        assert commands(ENTRY)[0] == ["if", "[", "$lockdown", "=", "y", "]"]

    def test_ends_at_the_disk_and_at_no_prompt(self) -> None:
        """GRUB's exit is a success to firmware, and led to OVMF's menu."""
        ending = commands(ENTRY)
        [loop] = [each for each in ending if each[0] == "for"]

        assert loop[:4] == ["for", "loader", "in", "/EFI/debian/shim${cpu}.efi"]
        assert loop[-1] == "/EFI/BOOT/boot${cpu}.efi"
        assert ending[ending.index(loop) + 1 :] == [
            ["do"],
            ["if", "search", "--no-floppy", "--set=disk", "--file", "$loader"],
            ["then"],
            ["if", "chainloader", "($disk)$loader"],
            ["then", "boot"],
            ["fi"],
            ["fi"],
            ["done"],
            ["exit"],
        ]
        assert ["then", "set", "cpu=aa64"] in ending


class TestLocal:
    def test_says_why_and_does_not_wait(self) -> None:
        assert commands(local("it's idle")) == [
            ["echo", "pyxie: it's idle"],
            ["set", "wait=n"],
        ]
        assert ["if", "[", "$wait", "!=", "n", "]"] in commands(ENTRY)


class TestNotice:
    def test_says_why_whatever_is_in_it(self) -> None:
        assert commands(notice("it's $0; boot", again=False)) == [["echo", "pyxie: it's $0; boot"]]

    def test_asks_again_where_that_is_of_use(self) -> None:
        assert commands(notice("why", again=True))[-2:] == [["sleep", "30"], AGAIN]
