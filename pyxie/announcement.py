"""What pyxie says of itself when it begins: whom it will answer, where, and with what."""

from __future__ import annotations

from typing import Final, Literal

_UNKNOWN: Final = {
    "ignore": "unknown ones get no answer",
    "discover": "unknown ones are asked what they are",
    "menu": "unknown ones get a menu",
}


def whom(
    mode: Literal["answer", "observe", "off", "serve"],
    interfaces: str,
    *,
    building: int,
    machines: int,
    unknown: str,
    boot_api: bool,
) -> str:
    """Return in one line who will netboot.

    Args:
        mode: The setting ``dhcp.mode``.
        interfaces: Those that are served, with their addresses.
        building: How many machines are in build mode.
        machines: How many have a file.
        unknown: The setting: a policy, or a build type.
        boot_api: An API server is asked about unknown machines.
    """
    strangers = _UNKNOWN.get(unknown, f"unknown ones get the build type {unknown!r}")
    if boot_api:
        strangers = f"'boot_api' is asked about unknown ones; else {strangers}"
    known = f"{building or 'none'} of {machines} machine(s) in build mode"
    if mode == "observe":
        return f"DHCP mode is observe: nobody is answered on {interfaces}; {known}"
    way = "led here by DHCP" if mode == "off" else f"on {interfaces}"
    return f"DHCP mode is {mode}: {known} will netboot, {way}; {strangers}"
