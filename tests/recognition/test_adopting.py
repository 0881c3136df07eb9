"""The machine file of a discovered machine."""

from __future__ import annotations

from pyxie.recognition.adopting import adopted

MAC = "52:54:00:12:34:56"


def test_says_what_the_machine_has_told_and_what_it_inherits() -> None:
    told = {"vendor": "QEMU", "product": "Standard PC", "serial": "VM-17", "architecture": "x64"}

    assert adopted(MAC, "web07", told, "debian12", ["web", "rack1"]) == {
        "hostname": "web07",
        "description": "QEMU, Standard PC, serial VM-17",
        "network": [{"macaddress": MAC}],
        "build_type": "debian12",
        "groups": ["web", "rack1"],
    }


def test_says_no_more_of_one_that_has_told_nothing() -> None:
    assert adopted(MAC, "", {}) == {"hostname": "", "network": [{"macaddress": MAC}]}
