"""Near MACs: a digit mistyped, two swapped, or another NIC of the same board."""

from __future__ import annotations

import pytest

from pyxie.diagnosis.makers import virtual
from pyxie.diagnosis.nearness import near
from pyxie.diagnosis.situation import Near

MAC = "00:25:90:12:34:56"


@pytest.mark.parametrize(
    ("other", "how"),
    [
        ("00:25:90:12:34:57", "board"),
        ("00:25:90:12:34:5e", "board"),
        ("00:25:90:12:34:4f", "board"),
        ("00:25:90:12:34:5f", "digit"),
        ("00:25:90:12:34:6f", None),
        ("00:25:90:12:34:96", "digit"),
        ("00:25:90:19:34:56", "digit"),
        ("10:25:90:12:34:56", "digit"),
        ("00:25:90:12:43:56", "swapped"),
        ("00:25:90:12:35:46", "swapped"),
        ("00:25:90:12:36:54", None),
        ("00:25:90:13:35:56", None),
        (MAC, None),
    ],
)
def test_is_told_by_how_it_came_to_be(other: str, how: str | None) -> None:
    wanted = () if how is None else (Near("web01", other, how),)

    assert near(MAC, [(other, "web01")]) == wanted


def test_the_three_likeliest_are_told() -> None:
    known = [
        ("00:25:90:12:34:57", "a"),
        ("00:25:90:12:34:58", "b"),
        ("00:25:90:12:43:56", "c"),
        ("00:25:91:12:34:56", "d"),
    ]

    assert [each.host for each in near(MAC, known)] == ["d", "c", "a"]


def test_a_virtual_machine_is_told_by_its_makers_number() -> None:
    assert virtual("bc:24:11:00:00:01") == "Proxmox VE"
    assert virtual("52:54:00:00:00:01") == "QEMU"
    assert virtual(MAC) == ""
