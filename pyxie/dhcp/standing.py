"""What the registry and the builds say of a machine, as far as DHCP cares."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a machine is to be network-booted.

    Attributes:
        host: Its hostname; None if the registry does not know the machine.
        in_build: It is in build mode.
        why: If it is not, why, in plain words: ``not in the registry``, ``installed``.
    """

    host: str | None
    in_build: bool
    why: str = ""
