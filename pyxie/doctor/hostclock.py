"""Is this host's clock right? Pure: told the time, and what the kernel says of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pyxie.doctor.found import Finding, Severity

EARLIEST: Final = 1_767_225_600.0
"""2026-01-01, seconds since the epoch: no pyxie is older."""
LATEST: Final = 4_102_444_800.0
"""2100-01-01."""
_UNSYNCHRONISED: Final = 0x0040
"""STA_UNSYNC of adjtimex(2)."""
_HOW: Final = (
    "timedatectl     # what this host thinks; then",
    "apt install systemd-timesyncd     # or chrony, which sets it and keeps it right",
)


def judge(now: float, status: int | None) -> Iterator[Finding]:
    """Yield what is wrong with the clock.

    Args:
        now: Seconds since the epoch.
        status: adjtimex(2)'s; None if the kernel does not say.
    """
    if not EARLIEST <= now < LATEST:
        when = "before 2026" if now < EARLIEST else "after 2099"
        yield Finding(
            "clock-wrong",
            Severity.STOPS,
            f"this host's clock says that it is {when}: certificates and signatures of what is"
            " fetched count as not valid",
            _HOW,
        )
    elif status is not None and status & _UNSYNCHRONISED:
        yield Finding(
            "clock-unsynchronised",
            Severity.LOOK,
            "nothing keeps this host's clock right: builds, tokens and signatures go by it",
            _HOW,
        )
