"""The machine file of a discovered machine, which is adopted by it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from pyxie.config.simple import Plain
from pyxie.config.values import AMD64, ARM64

_BARE: Final = ("vendor", "product")
_NAMED: Final = ("serial", "asset", "uuid")


def adopted(
    mac: str,
    hostname: str,
    told: Mapping[str, str],
    build_type: str = "",
    groups: Sequence[str] = (),
    system: str = "",
) -> dict[str, Plain]:
    """Return what its file says.

    Args:
        mac: Its NIC.
        hostname: What it is to be called.
        told: What it reported, by `pyxie.recognition.discovered.FIELDS`.
        build_type: Which of ``build_types`` it is built by; empty for none.
        groups: Those that it is in.
        system: By its recipe, as ``debian-12``; empty for none. It is that for the machine's
            processor.
    """
    said = [told[key] for key in _BARE if told.get(key)]
    said += [f"{key} {told[key]}" for key in _NAMED if told.get(key)]
    found: dict[str, Plain] = {
        "hostname": hostname,
        "description": ", ".join(said),
        "network": [{"macaddress": mac}],
        "os": system,
        "arch": arch if system and (arch := arch_of(told)) != AMD64 else "",
        "build_type": build_type,
        "groups": list(groups),
    }
    return {key: value for key, value in found.items() if value or key == "hostname"}


def arch_of(told: Mapping[str, str]) -> str:
    """Return which processor a machine has, as recipes call it, by what it has told."""
    said = told.get("architecture", "").lower()
    return ARM64 if "arm64" in said or "aarch64" in said else AMD64
