"""Does a daemon run, and may it do what it has to? Pure: told processes and the systemd unit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from pyxie.doctor.found import Finding, Severity, shown

_NEEDED: Final[Mapping[str, int]] = MappingProxyType(
    {"cap_net_bind_service": 10, "cap_net_raw": 13}
)
"""By their numbers of linux/capability.h."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The daemon, as it runs or would.

    Attributes:
        running: A pyxie serves on this host.
        unit: What ``systemctl show`` says of its unit; None if there is no systemd, or no unit.
        drop: The setting ``user`` is used, and it starts as root.
        bind: The setting ``dhcp.bind``.
        observes: ``dhcp.mode`` is ``observe``.
        root: Who looks is root.
        effective: The capabilities of who looks, as the kernel counts them.
    """

    running: bool
    unit: Mapping[str, str] | None = None
    bind: bool = False
    observes: bool = False
    root: bool = True
    effective: int = 0


def unit_of(text: str) -> dict[str, str] | None:
    """Return what ``systemctl show`` has printed; None if it knows no such unit."""
    found = dict(line.partition("=")[::2] for line in text.splitlines() if "=" in line)
    return found if found.get("LoadState") == "loaded" else None


def judge(service: Service) -> Iterator[Finding]:
    """Yield why no daemon answers, or would not."""
    if service.observes:
        yield Finding(
            "observing",
            Severity.LOOK,
            "pyxie only observes (dhcp.mode): it offers no machine anything",
            ("take 'mode: observe' out of config.yaml, then: systemctl reload pyxie (or SIGHUP)",),
        )
    unit = service.unit
    if unit is not None:
        yield from _of_unit(unit, service)
    elif not service.running:
        if not service.root and not _has_all(service.effective, service.bind):
            yield Finding(
                "capabilities",
                Severity.NOTE,
                "pyxie may not be started by this user: it needs the ports 67, 69 and 4011, and a"
                " raw socket",
                ("run it as root, or by the systemd unit, which has both rights and no others",),
            )
        yield Finding(
            "not-running",
            Severity.LOOK,
            "no pyxie runs on this host",
            ("pyxie serve --config /etc/pyxie/config.yaml     # or as a service: docs/install.md",),
        )


def _of_unit(unit: Mapping[str, str], service: Service) -> Iterator[Finding]:
    state = unit.get("ActiveState", "")
    if not service.running and state not in ("active", "activating", "reloading"):
        told = f"the service pyxie does not run ({shown(state) or 'unknown'}"
        if unit.get("Result", "success") != "success":
            told += f": {shown(unit['Result'])}, exit code {shown(unit.get('ExecMainStatus', '?'))}"
        yield Finding(
            "not-running",
            Severity.STOPS,
            f"{told})",
            (
                "journalctl -u pyxie -n 20     # its last lines say what to do",
                "systemctl enable --now pyxie",
            ),
        )
    elif unit.get("UnitFileState") == "disabled":
        yield Finding(
            "not-enabled",
            Severity.LOOK,
            "the service pyxie runs, and will not start by itself when this host starts",
            ("systemctl enable pyxie",),
        )
    if unit.get("NRestarts", "0") not in ("0", ""):
        yield Finding(
            "restarted",
            Severity.LOOK,
            f"systemd has restarted the service pyxie {shown(unit['NRestarts'])} time(s)",
            ("journalctl -u pyxie -n 50",),
        )
    lacking = [each for each in _wanted(service.bind) if not _in_unit(unit, each)]
    if lacking and unit.get("User", "") not in ("", "root", "0"):
        names = " ".join(each.upper() for each in lacking)
        yield Finding(
            "capabilities",
            Severity.STOPS,
            f"the systemd unit does not give pyxie {names}: " + _without(lacking),
            (
                "systemctl edit pyxie     # and write:",
                "[Service]",
                f"AmbientCapabilities={names}",
                f"CapabilityBoundingSet={names}",
            ),
        )


def _wanted(bind: bool) -> list[str]:
    return [each for each in _NEEDED if not bind or each != "cap_net_raw"]


def _in_unit(unit: Mapping[str, str], capability: str) -> bool:
    return all(
        capability in unit.get(key, "").lower().split()
        for key in ("AmbientCapabilities", "CapabilityBoundingSet")
    )


def _without(lacking: list[str]) -> str:
    said = {
        "cap_net_bind_service": "ports 67, 69 and 4011 are refused",
        "cap_net_raw": "it cannot hear DHCP beside another server",
    }
    return "; ".join(said[each] for each in lacking)


def _has_all(effective: int, bind: bool) -> bool:
    return all(effective >> _NEEDED[each] & 1 for each in _wanted(bind))
