"""Is there a boot loader for each machine that asks? Pure: told those that there are."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Final

from pyxie.doctor.found import Finding, Severity, shown

_COMMON: Final = ("BIOS", "x64 UEFI")
_SIGNED: Final = ("x64 UEFI", "arm64 UEFI")
"""Of whose firmware many have Secure Boot on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is there.

    Attributes:
        folder: The operator's own.
        missing: Of clients that have no loader, by name, what brings one.
        signed: Clients for which there is one that somebody has signed.
        seen: Sentences of machines that were not answered for want of one.
        refused: Machines whose Secure Boot is known to be on.
    """

    folder: str = "ipxe"
    missing: dict[str, str] = field(default_factory=dict)
    signed: Collection[str] = ()
    seen: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


def judge(known: Known) -> Iterator[Finding]:
    """Yield which loaders are wanted and not there."""
    lacking = [each for each in _COMMON if each in known.missing]
    if lacking:
        names = " and ".join(lacking)
        yield Finding(
            "no-loader",
            Severity.STOPS if len(lacking) == len(_COMMON) else Severity.LOOK,
            f"there is no boot loader for {names} machines: they are not answered",
            (
                "apt install ipxe     # ipxe-bootimgs on Fedora, EL and SUSE",
                f"or put one of your own into {known.folder}; pyxie loaders lists which there are",
            ),
        )
    for sentence in known.seen:
        yield Finding(
            "no-loader-for-seen",
            Severity.STOPS,
            f"a machine was not answered for want of a boot loader: {shown(sentence)}",
            ("pyxie loaders     # which there are, and what brings the others",),
        )
    there = [each for each in _SIGNED if each not in known.missing]
    unsigned = [each for each in there if each not in known.signed]
    if known.refused:
        machines = ", ".join(map(shown, known.refused[:5]))
        if unsigned:
            yield Finding(
                "secure-boot",
                Severity.STOPS,
                f"Secure Boot is on at {machines}, and no boot loader is signed",
                _SIGN,
            )
    elif "x64 UEFI" in unsigned:
        yield Finding(
            "secure-boot",
            Severity.NOTE,
            "no boot loader for x64 UEFI is signed: machines with Secure Boot on refuse it",
            _SIGN,
        )


_SIGN: Final = (
    "apt install debian-installer-12-netboot-amd64     # Debian's signed GRUB; or",
    "pyxie loaders fetch     # iPXE's own signed release; or switch Secure Boot off there",
)
