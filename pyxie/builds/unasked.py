"""Nothing that was not asked to install may serve what wipes a disk.

It was asked for when the build began. A template that is edited since then, or a build type,
may install what began as a rescue; so what is sent is looked at again, of such builds.
"""

from __future__ import annotations

from pyxie.builds.life import Build
from pyxie.errors import NotServedError
from pyxie.registry.machine import Machine
from pyxie.wiping.forecast import Answer, Forecast, refusal


def is_spared(build: Build, machine: Machine) -> bool:
    """Tell whether what a build serves may not wipe a disk."""
    began = build.forecast
    return machine.wipes is False or (began is not None and began.answer is not Answer.YES)


def may(build: Build, machine: Machine, now: Forecast | None) -> bool:
    """Tell whether that may be sent; see `check`."""
    return now is None or refusal(now, build.forecast, forbidden=machine.wipes is False) is None


def check(build: Build, machine: Machine, now: Forecast | None) -> None:
    """Check what is about to be sent.

    Args:
        build: Whose it is.
        machine: What that is built from, now.
        now: What would be sent wipes; None where that was not asked, for it may.

    Raises:
        NotServedError: It wipes a disk, and may not.
    """
    if now is None:
        return
    why = refusal(now, build.forecast, forbidden=machine.wipes is False)
    if why is not None:
        raise NotServedError("wipes" if machine.wipes is False else build.host, why)


def check_unknown(machine: Machine, now: Forecast | None) -> None:
    """Check what a machine without a file is about to boot; raises as `check`."""
    why = refusal(now, None, forbidden=machine.wipes is False) if now is not None else None
    if why is not None:
        raise NotServedError("wipes", why)
