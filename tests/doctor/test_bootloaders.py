"""Which boot loaders are wanted and not there."""

from __future__ import annotations

from typing import Any

from pyxie.doctor.bootloaders import Known, judge
from pyxie.doctor.found import Severity

SIGNED = ("x64 UEFI",)


def told(**said: Any) -> list[tuple[str, Severity]]:
    found = judge(Known(**{"signed": SIGNED, **said}))
    return [(each.code, each.severity) for each in found]


def test_nothing_is_found_where_all_are_there() -> None:
    assert told() == []


def test_without_any_nobody_boots() -> None:
    missing = {"BIOS": "put undionly.kpxe into /etc/pyxie/ipxe", "x64 UEFI": "put ipxe.efi there"}

    (found,) = judge(Known(missing=missing))

    assert (found.code, found.severity) == ("no-loader", Severity.STOPS)
    assert found.sentence == (
        "there is no boot loader for BIOS and x64 UEFI machines: they are not answered"
    )
    assert found.remedy[0].startswith("apt install ipxe ")
    assert found.remedy[1].startswith("or put one of your own into ipxe; ")


def test_without_one_some_do_not() -> None:
    assert told(missing={"BIOS": "x"}) == [("no-loader", Severity.LOOK)]


def test_odd_ones_are_missed_by_machines_that_were_seen_alone() -> None:
    assert told(missing={"riscv64 UEFI": "x"}) == []
    assert told(missing={"riscv64 UEFI": "x"}, seen=("52:54:00:00:00:01: no loader",)) == [
        ("no-loader-for-seen", Severity.STOPS)
    ]


class TestSecureBoot:
    def test_without_a_signed_loader_it_is_noted(self) -> None:
        assert told(signed=()) == [("secure-boot", Severity.NOTE)]

    def test_where_it_is_known_to_be_on_it_stops_boots(self) -> None:
        machines = tuple(f"pc{at}" for at in range(9))

        (found,) = judge(Known(refused=machines))

        assert (found.code, found.severity) == ("secure-boot", Severity.STOPS)
        assert "on at pc0, pc1, pc2, pc3, pc4, and" in found.sentence

    def test_with_signed_loaders_it_may_be_on(self) -> None:
        assert told(signed=("x64 UEFI", "arm64 UEFI"), refused=("pc1",)) == []

    def test_nothing_is_said_of_loaders_that_are_not_there(self) -> None:
        assert told(signed=(), missing={"x64 UEFI": "x"}) == [("no-loader", Severity.LOOK)]
