"""By which chain of loaders a client boots: a policy. Pure.

Lane A is Debian's signed shim and GRUB, which goes on by a configuration of ours: to iPXE where
Secure Boot is off, to the signed kernel where it is on. That GRUB asks whom ``siaddr`` of the DHCP
server's ACK names, a proxy's offer or not (rhboot/grub2#82, which Debian's has not), and where that
is another it asks there for minutes, or stops: so it is for clients of whom it is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from pyxie.architectures import ARCHITECTURES, Transport
from pyxie.config.values import SecureBootWish


class SecureBoot(StrEnum):
    """What is known of a machine's Secure Boot."""

    ON = "on"
    OFF = "off"
    UNKNOWN = "unknown"


class Lane(StrEnum):
    """A chain of loaders."""

    IPXE = "ipxe"
    """iPXE, or what ``loader`` names, by itself."""
    GRUB = "grub"
    """A signed shim, and the signed GRUB that it starts."""


class WhyNot(StrEnum):
    """Why a client does not boot by a lane; the first that holds."""

    NEVER = "never"
    """``secure_boot: never``."""
    OVER_HTTP = "over-http"
    """It boots over HTTP, which signed GRUBs cannot."""
    NOT_SIGNED = "not-signed"
    """Nobody signs a loader for its architecture."""
    NOT_THERE = "not-there"
    """There is no shim with its GRUB."""
    NAMED = "named"
    """``loader`` names a file."""
    SWITCHED_OFF = "switched-off"
    """It needs none: its Secure Boot is off."""
    SERVER_UNKNOWN = "server-unknown"
    """What its DHCP server gives as ``siaddr`` is not known."""
    SERVER_ELSEWHERE = "server-elsewhere"
    """Its DHCP server gives another's address as ``siaddr``."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What a shim and its second stage are called: shim asks for it beside itself."""

    shim: str
    grub: str


_X64: Final = Pair("shimx64.efi", "grubx64.efi")
_ARM64: Final = Pair("shimaa64.efi", "grubaa64.efi")

PAIRS: Final[Mapping[int, Pair]] = MappingProxyType({0x07: _X64, 0x09: _X64, 0x0B: _ARM64})
"""By option 93's code, over TFTP."""
_SIGNED: Final = frozenset(ARCHITECTURES[code].machine for code in PAIRS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a lane is chosen by.

    Attributes:
        wish: What the machine's layers say.
        code: Its architecture, by option 93.
        usual: What it gets by itself; None if there is nothing.
        named: ``loader`` names that.
        signed: The shim's name, where it and its GRUB are there; None if not.
        state: Of its Secure Boot.
        from_us: Whether its DHCP server is known to give our address as ``siaddr``; None if
            nothing is known of it.
    """

    wish: SecureBootWish = "auto"
    code: int
    usual: str | None
    named: bool = False
    signed: str | None = None
    state: SecureBoot = SecureBoot.UNKNOWN
    from_us: bool | None = None


@dataclass(frozen=True, slots=True)
class Chain:
    """What a client is handed.

    Attributes:
        lane: Which.
        loader: The first file's name; None if there is none.
        why_not: Of each lane that was to be preferred, why it is not that one.
    """

    lane: Lane
    loader: str | None
    why_not: Mapping[Lane, WhyNot]


def chain(facts: Facts) -> Chain:
    """Choose a lane.

    ``always`` asks neither for the state nor for the DHCP server, and where Secure Boot is off
    GRUB goes on to what ``loader`` names.
    """
    why = _why_not_grub(facts)
    if why is None:
        return Chain(Lane.GRUB, facts.signed, MappingProxyType({}))
    return Chain(Lane.IPXE, facts.usual, MappingProxyType({Lane.GRUB: why}))


def _why_not_grub(facts: Facts) -> WhyNot | None:
    if facts.wish == "never":
        return WhyNot.NEVER
    if facts.code not in PAIRS:
        row = ARCHITECTURES.get(facts.code)
        by_http = row and row.transport is Transport.HTTP and row.machine in _SIGNED
        return WhyNot.OVER_HTTP if by_http else WhyNot.NOT_SIGNED
    if facts.signed is None:
        return WhyNot.NOT_THERE
    if facts.wish == "always":
        return None
    if facts.named:
        return WhyNot.NAMED
    if facts.state is SecureBoot.OFF:
        return WhyNot.SWITCHED_OFF
    if facts.from_us is None:
        return WhyNot.SERVER_UNKNOWN
    return None if facts.from_us else WhyNot.SERVER_ELSEWHERE
