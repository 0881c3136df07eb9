"""Whose name Debian's installer takes."""

from __future__ import annotations

import pytest

from pyxie.advice.naming import naming
from pyxie.advice.served import Advice, Served
from pyxie.registry.machine import Machine

WAITRONS = "auto=true url=http://192.0.2.1/x interface=auto hostname=web01 domain=example.org"


def told(cmdline: str, preseed: str = "d-i x") -> list[Advice]:
    machine = Machine(hostname="web01.example.org")
    served = Served(
        machine=machine, base_url="", token="", cmdline=cmdline, texts={"preseed": preseed}
    )
    return list(naming(served))


class TestNaming:
    def test_by_a_word_that_gives_way_to_dhcp_is_told_of(self) -> None:
        (found,) = told(WAITRONS)

        assert found.about == ("cmdline",)
        assert found.sentence == (
            "a name from DHCP or DNS outranks 'hostname=': in place of 'hostname=' and 'domain=' "
            "write {% include 'd-i.cmdline.j2' %}, or 'netcfg/hostname='"
        )

    @pytest.mark.parametrize(
        ("cmdline", "preseed"),
        [
            (f"{WAITRONS} netcfg/hostname=web01", "d-i x"),
            (WAITRONS, "d-i preseed/early_command string echo web01 > /etc/hostname"),
            ("install=http://192.0.2.1/ hostname=web01", "<profile/>"),
            ("auto=true url=http://192.0.2.1/x", "d-i x"),
            ("", ""),
        ],
    )
    def test_that_holds_or_is_not_of_debians_installer_is_not(
        self, cmdline: str, preseed: str
    ) -> None:
        assert told(cmdline, preseed) == []
