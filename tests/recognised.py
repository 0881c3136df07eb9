"""What tests ask of a recognition: the machine, whether it is network-booted, and why not."""

from __future__ import annotations

from dataclasses import dataclass

from pyxie.builds.life import Build, State
from pyxie.recognition.recognise import (
    Known,
    Mode,
    Policy,
    Recognised,
    Unidentified,
    Unknown,
    boots,
    host_of,
    why_not,
)

IN_BUILD = Known("web01", Mode.IN_BUILD)
CONTESTED = (
    "recognised as web01, whose build {} has: if both are NICs of one machine, write both into its "
    "file; if not, two machines have one identity"
)
"""Why a second NIC gets nothing; of the first one's MAC."""
IGNORED = Unknown(Policy.IGNORE)


@dataclass(frozen=True)
class Standing:
    """What a machine is to DHCP.

    Attributes:
        host: None where it is not known, or iPXE is to be asked first.
        in_build: It is network-booted.
        why: If it is not, why.
    """

    host: str | None
    in_build: bool
    why: str = ""


def standing(found: Recognised) -> Standing:
    if isinstance(found, Unidentified) and found.mode is Mode.IN_BUILD:
        return Standing(None, in_build=True)
    booted = boots(found)
    return Standing(host_of(found), booted, "" if booted else why_not(found))


def ended(host: str, state: State = State.INSTALLED) -> Known:
    """Return a machine whose build has ended so."""
    build = Build(
        host=host, token="", state=state, begun=0.0, changed=0.0, macs=(), definition="{}"
    )
    return Known(host, Mode.IDLE, build)
