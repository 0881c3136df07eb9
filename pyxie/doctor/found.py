"""What a check has found: how bad it is, a sentence, and what to do. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from pyxie.diagnosis.remedy import Remedy


class Severity(IntEnum):
    """How bad it is; the worst first."""

    STOPS = 0
    """No machine boots, or some kind of machines does not."""
    LOOK = 1
    """It may stop boots, or will in time; somebody should look."""
    NOTE = 2
    """Good to know, and no fault."""


WORDS: Final = {
    Severity.STOPS: "stops boots",
    Severity.LOOK: "look at this",
    Severity.NOTE: "note",
}
"""As people read it."""

_MOST_SHOWN: Final = 300
"""Letters of a text that other programs, or the LAN, have made."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be.

    Attributes:
        code: Its stable name, as scripts and the documents know it.
        severity: How bad it is.
        sentence: What it is, in the operator's words.
        remedy: What to do, a line each: commands as they are typed, or sentences.
        servers: What to change in other DHCP servers, for each kind of them.
    """

    code: str
    severity: Severity
    sentence: str
    remedy: tuple[str, ...] = ()
    servers: tuple[Remedy, ...] = ()


def ordered(found: Iterable[Finding]) -> list[Finding]:
    """Return findings, what stops boots first; else as they came."""
    return sorted(dict.fromkeys(found), key=lambda each: each.severity)


def exit_code(found: Iterable[Finding]) -> int:
    """Return 2 if one stops boots, 1 if there is one to look at, else 0."""
    worst = min((each.severity for each in found), default=Severity.NOTE)
    return {Severity.STOPS: 2, Severity.LOOK: 1, Severity.NOTE: 0}[worst]


def as_data(finding: Finding) -> dict[str, Any]:
    """Return a finding as JSON has it."""
    return {
        "code": finding.code,
        "severity": finding.severity.name.lower(),
        "sentence": finding.sentence,
        "remedy": list(finding.remedy),
        "servers": [each.as_data() for each in finding.servers],
    }


def shown(text: str) -> str:
    """Return what others have written so that it can stand in a sentence."""
    plain = "".join(each if each.isprintable() else "?" for each in text)
    return plain if len(plain) <= _MOST_SHOWN else f"{plain[:_MOST_SHOWN]}…"
