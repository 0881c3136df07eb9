"""Machines that stand still, each for a reason of its own: the common ones.

How firmware behaves in them is in `tests/dialogue/test_why.py`.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, Final

from pyxie.diagnosis import patience
from tests.browser.stage import Stage, machine
from tests.dhcp.packets import discover
from tests.dialogue.machine import UEFI_IPXE, UEFI_PXE

LONG_AGO: Final = 900.0
"""Seconds: longer than anybody's patience with a step, but for an installer's."""

Trouble = Callable[[Stage, str, int], Awaitable[None]]


async def never_switched_on(site: Stage, host: str, number: int) -> None:
    with site.ago(LONG_AGO):
        await site.builds(host)


async def hears_no_answer(site: Stage, host: str, number: int) -> None:
    """It sends the same DISCOVER again after 4, 8 and 16 seconds, and no REQUEST."""
    client = site.client(number)
    with site.ago(60):
        await site.builds(host)
        await client.discovers(UEFI_PXE)
    for seconds in (56, 48, 32):
        with site.ago(seconds):
            await client.repeats_itself()


async def has_no_loader(site: Stage, host: str, number: int) -> None:
    with site.ago(60):
        await site.builds(host)
        await site.client(number).discovers(discover(11))


async def reaches_no_tftp(site: Stage, host: str, number: int) -> None:
    client = site.client(number)
    with site.ago(LONG_AGO):
        await site.builds(host)
        await client.discovers(UEFI_PXE)
        await client.asks_port_4011(UEFI_PXE)


async def starts_no_loader(site: Stage, host: str, number: int) -> None:
    booting = site.boots(host, number)
    with site.ago(patience.LOADER * 3):
        await site.builds(host)
        await booting.discovers()
        await booting.loads_ipxe()


async def reaches_no_script(site: Stage, host: str, number: int) -> None:
    booting = site.boots(host, number)
    with site.ago(LONG_AGO):
        await site.builds(host)
        await booting.discovers()
        await booting.loads_ipxe()
        await booting.client.discovers(UEFI_IPXE)


async def gets_no_kernel(site: Stage, host: str, number: int) -> None:
    """The mirror does not have it."""
    booting = site.boots(host, number)
    site.mirror.lacks(host)
    with site.ago(30):
        await site.builds(host)
        await booting.discovers()
        await booting.loads_ipxe()
        offer = await booting.client.discovers(UEFI_IPXE)
        assert offer is not None
        await booting.client.gets(offer.file)
        await booting.client.gets(f"http://192.168.7.1:8090/boot/{host}/kernel/linux")


async def gets_no_more_of_its_kernel(site: Stage, host: str, number: int) -> None:
    booting = site.boots(host, number)
    with site.ago(LONG_AGO):
        await site.builds(host)
        await booting.discovers()
        await booting.loads_ipxe()
        await booting.gets_its_script()
        await booting.loads("kernel", 0.3)


async def has_an_installer_without_network(site: Stage, host: str, number: int) -> None:
    booting = site.boots(host, number)
    with site.ago(LONG_AGO):
        await site.builds(host)
        await booting.discovers()
        await booting.loads_ipxe()
        await booting.gets_its_script()
        await booting.starts_its_kernel()


TROUBLES: Final[dict[str, Trouble]] = {
    "never-seen": never_switched_on,
    "answer-lost": hears_no_answer,
    "not-answered": has_no_loader,
    "tftp-unreached": reaches_no_tftp,
    "loader-silent": starts_no_loader,
    "script-unreached": reaches_no_script,
    "image-failed": gets_no_kernel,
    "image-stalled": gets_no_more_of_its_kernel,
    "installer-silent": has_an_installer_without_network,
}
"""By the code of their diagnosis (docs/rest.md)."""
STANDING: Final = {f"{code}.example.org": machine(10 + at) for at, code in enumerate(TROUBLES)}
"""Machine files of those that `stand_still`."""


async def stand_still(site: Stage) -> None:
    """Have a machine in each of the troubles."""
    for at, (host, trouble) in enumerate(zip(STANDING, TROUBLES.values(), strict=True)):
        await trouble(site, host, 10 + at)


async def why(site: Stage, host: str) -> dict[str, Any]:
    """Return what ``pyxie why`` is told of a machine."""
    answer = await site.pyxie.rest("GET", f"/api/v1/machines/{host}/why")
    found: dict[str, Any] = json.loads(answer.text)
    return found
