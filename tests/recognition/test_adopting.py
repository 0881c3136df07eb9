"""The machine file of a discovered machine."""

from __future__ import annotations

import pytest

from pyxie.recognition.adopting import adopted, arch_of

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


def test_says_the_system_that_it_is_to_get_and_for_which_processor() -> None:
    arm = adopted(MAC, "web07", {"architecture": "arm64 UEFI"}, system="debian-12")
    plain = adopted(MAC, "web07", {"architecture": "x64 UEFI"}, system="debian-12")

    assert (arm["os"], arm["arch"]) == ("debian-12", "arm64")
    assert plain["os"] == "debian-12"
    assert "arch" not in plain
    assert "arch" not in adopted(MAC, "web07", {"architecture": "arm64 UEFI"})


@pytest.mark.parametrize(
    ("said", "arch"),
    [("x64 UEFI", "amd64"), ("arm64 UEFI HTTP", "arm64"), ("ARM64", "arm64"), ("", "amd64")],
)
def test_knows_the_processor_that_a_machine_tells_of(said: str, arch: str) -> None:
    assert arch_of({"architecture": said}) == arch
