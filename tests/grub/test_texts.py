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

    def test_ends_at_the_next_boot_device_and_at_no_prompt(self) -> None:
        assert commands(ENTRY)[-1] == ["exit"]


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
