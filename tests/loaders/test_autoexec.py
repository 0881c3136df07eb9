"""The script that an iPXE finds beside itself."""

from __future__ import annotations

import pytest

from pyxie.loaders.autoexec import autoexec, is_autoexec
from tests.render.ipxe import lines

US, MAC = "http://192.0.2.1:8090", "52:54:00:ab:cd:ef"
HERE = "chain --replace --autofree http://192.0.2.1:8090/ipxe/${net${idx}/mac}"


@pytest.mark.parametrize(
    "name", ["autoexec.ipxe", "x86_64-sb/autoexec.ipxe", "EFI\\BOOT\\AUTOEXEC.IPXE"]
)
def test_is_asked_for_in_any_folder_and_letter_case(name: str) -> None:
    assert is_autoexec(name)
    assert not is_autoexec(f"{name}/x")


def test_leads_to_the_script_of_the_nic_that_reaches_us() -> None:
    script = autoexec(US, None)

    assert script.startswith("#!ipxe\n")
    assert [line for line in lines(script) if line and not line.startswith("#")] == [
        "set idx:int32 0",
        ":next",
        "isset ${net${idx}/mac} || goto none",
        "dhcp net${idx} || goto other",
        f"{HERE}?sb=${{efi/SecureBoot}} ||",
        ":other",
        "inc idx && goto next ||",
        ":none",
        "autoboot",
    ]


def test_tries_no_other_nic_where_it_is_known_by_which_it_came() -> None:
    added = set(autoexec(US, MAC).splitlines()) - set(autoexec(US, None).splitlines())

    assert added == {f"iseq ${{net${{idx}}/mac}} {MAC} || goto other"}
