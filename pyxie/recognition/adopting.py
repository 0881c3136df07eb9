"""The machine file of a discovered machine, which is adopted by it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from pyxie.config.simple import Plain

_BARE: Final = ("vendor", "product")
_NAMED: Final = ("serial", "asset", "uuid")


def adopted(
    mac: str,
    hostname: str,
    told: Mapping[str, str],
    build_type: str = "",
    groups: Sequence[str] = (),
) -> dict[str, Plain]:
    """Return what its file says.

    Args:
        mac: Its NIC.
        hostname: What it is to be called.
        told: What it reported, by `pyxie.recognition.discovered.FIELDS`.
        build_type: Which of ``build_types`` it is built by; empty for none.
        groups: Those that it is in.
    """
    said = [told[key] for key in _BARE if told.get(key)]
    said += [f"{key} {told[key]}" for key in _NAMED if told.get(key)]
    found: dict[str, Plain] = {
        "hostname": hostname,
        "description": ", ".join(said),
        "network": [{"macaddress": mac}],
        "build_type": build_type,
        "groups": list(groups),
    }
    return {key: value for key, value in found.items() if value or key == "hostname"}
