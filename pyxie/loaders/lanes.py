"""By which chain of loaders a client boots: a policy. Pure.

Lane A is Debian's signed shim and GRUB, which goes on by a configuration of ours to the kernel,
over TFTP; it tells whether Secure Boot is on. That GRUB asks whom ``siaddr`` of the DHCP
server's ACK names, a proxy's offer or not (rhboot/grub2#82, which Debian's has not), and where that
is another it asks there for minutes, or stops: so it is for clients of whom it is known.

Lane B is an operator's signed iPXE with its shim. It asks nobody but us, boots by HTTP as well, and
borrows the shim of whatever system it loads: it comes first. Lane C is the shim and the GRUB of the
system that is to be installed, whose kernel no other shim trusts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from pyxie.architectures import ARCHITECTURES, Transport
from pyxie.config.values import SecureBootWish
from pyxie.loaders.shims import is_shim


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
    SIGNED_IPXE = "signed-ipxe"
    """A shim, and the signed iPXE that it starts."""
    OWN = "own"
    """The shim and GRUB of the system itself."""


class WhyNot(StrEnum):
    """Why a client does not boot by a lane; the first that holds."""

    NEVER = "never"
    """``secure_boot: never``."""
    OVER_HTTP = "over-http"
    """It boots over HTTP, by which GRUB gets nothing from us; and Debian's has no HTTP."""
    NOT_SIGNED = "not-signed"
    """Nobody signs a loader for its architecture."""
    NOT_THERE = "not-there"
    """There is no shim with what it starts."""
    NOT_NEEDED = "not-needed"
    """Another lane boots that system as well, or Secure Boot is not known to be on."""
    NAMED = "named"
    """``loader`` names a file."""
    NEEDS_IPXE = "needs-ipxe"
    """What it boots takes an iPXE, as what asks the machine, or has a menu."""
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
        signed_ipxe: The same of an operator's signed iPXE.
        own: The same of the system that it is to boot.
        foreign: Debian's shim does not trust that system's kernel.
        by_grub: GRUB can boot that as well as iPXE can, as far as is known.
        state: Of its Secure Boot.
        from_us: Whether its DHCP server is known to give our address as ``siaddr``; None if
            nothing is known of it.
    """

    wish: SecureBootWish = "auto"
    code: int
    usual: str | None
    named: bool = False
    signed: str | None = None
    signed_ipxe: str | None = None
    own: str | None = None
    foreign: bool = False
    by_grub: bool = True
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

    ``always`` asks neither for the state nor for the DHCP server, nor for what ``loader`` names.
    """
    why: dict[Lane, WhyNot] = {}
    for lane, loader, why_not in (
        (Lane.SIGNED_IPXE, _signed_ipxe(facts), _why_not_signed_ipxe(facts)),
        (Lane.OWN, facts.own, _why_not_own(facts)),
        (Lane.GRUB, facts.signed, _why_not_grub(facts)),
    ):
        if why_not is None:
            return Chain(lane, loader, MappingProxyType(why))
        why[lane] = why_not
    return Chain(Lane.IPXE, facts.usual, MappingProxyType(why))


def _signed_ipxe(facts: Facts) -> str | None:
    """Return a signed iPXE's shim: what ``loader`` names, if it is one."""
    is_named = facts.named and facts.usual is not None and is_shim(facts.usual)
    return facts.usual if is_named else facts.signed_ipxe


def _why_not_signed_ipxe(facts: Facts) -> WhyNot | None:
    row = ARCHITECTURES.get(facts.code)
    if row is None or not row.shims:
        return WhyNot.NOT_SIGNED
    if facts.wish == "never":
        return WhyNot.NEVER
    shim = _signed_ipxe(facts)
    if shim is None:
        return WhyNot.NOT_THERE
    by_name = facts.named and shim != facts.usual and facts.wish != "always"
    return WhyNot.NAMED if by_name else None


def _why_not_own(facts: Facts) -> WhyNot | None:
    """Where it is known that Secure Boot is on, all else would be refused: nothing is lost."""
    if facts.wish == "never":
        return WhyNot.NEVER
    if facts.own is None:
        return WhyNot.NOT_THERE
    row = ARCHITECTURES.get(facts.code)
    if row is None or row.transport is Transport.HTTP:
        return WhyNot.OVER_HTTP
    if facts.signed is not None and not facts.foreign:
        return WhyNot.NOT_NEEDED
    if facts.wish == "always":
        return None
    if facts.named:
        return WhyNot.NAMED
    return None if facts.state is SecureBoot.ON else WhyNot.NOT_NEEDED


def _why_not_grub(facts: Facts) -> WhyNot | None:
    if facts.wish == "never":
        return WhyNot.NEVER
    if facts.code not in PAIRS:
        row = ARCHITECTURES.get(facts.code)
        by_http = row and row.transport is Transport.HTTP and row.machine in _SIGNED
        return WhyNot.OVER_HTTP if by_http else WhyNot.NOT_SIGNED
    if facts.signed is None:
        return WhyNot.NOT_THERE
    if not facts.by_grub and facts.state is not SecureBoot.ON:
        return WhyNot.NEEDS_IPXE
    if facts.wish == "always":
        return None
    if facts.named:
        return WhyNot.NAMED
    if facts.state is SecureBoot.OFF:
        return WhyNot.SWITCHED_OFF
    if facts.from_us is None:
        return WhyNot.SERVER_UNKNOWN
    return None if facts.from_us else WhyNot.SERVER_ELSEWHERE
