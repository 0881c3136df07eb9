"""The line at the start that says whom pyxie will answer."""

from __future__ import annotations

from typing import Any

import pytest

from pyxie.announcement import whom

SITE = {
    "mode": "answer",
    "interfaces": "eth0 192.0.2.10/24",
    "building": 1,
    "machines": 12,
    "unknown": "ignore",
    "boot_api": False,
}


WILL = "machine(s) in build mode will netboot"
DISCOVER = "unknown ones are asked what they are"
MENU = "unknown ones get a menu"
RESCUE = "unknown ones get the build type 'rescue'"
ETH0 = "on eth0 192.0.2.10/24"


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({}, f"answer: 1 of 12 {WILL}, {ETH0}; unknown ones get no answer"),
        ({"building": 0}, f"answer: none of 12 {WILL}, {ETH0}; unknown ones get no answer"),
        ({"unknown": "discover"}, f"answer: 1 of 12 {WILL}, {ETH0}; {DISCOVER}"),
        (
            {"unknown": "menu", "boot_api": True},
            f"answer: 1 of 12 {WILL}, {ETH0}; 'boot_api' is asked about unknown ones; else {MENU}",
        ),
        ({"mode": "off", "unknown": "rescue"}, f"off: 1 of 12 {WILL}, led here by DHCP; {RESCUE}"),
        (
            {"mode": "observe"},
            f"observe: nobody is answered {ETH0}; 1 of 12 machine(s) in build mode",
        ),
    ],
    ids=["answer", "none-in-build-mode", "discover", "boot-api", "off", "observe"],
)
def test_says_who_will_netboot(changed: dict[str, Any], line: str) -> None:
    assert whom(**{**SITE, **changed}) == f"DHCP mode is {line}"
