"""Sites as administrators have them: nothing there yet, and all at once."""

from __future__ import annotations

from typing import Final

from tests.browser.stage import HOST, Stage, machine
from tests.browser.troubles import TROUBLES
from tests.dialogue.machine import UEFI_PXE
from tests.media.isos import UNKNOWN as UNKNOWN_ISO
from tests.media.isos import made

LONG: Final = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61])
"""A hostname of 253 letters, as many as one may have (RFC 1035 section 2.3.4)."""
UNKNOWN: Final = 99
SOME: Final = ("loader-silent", "image-failed", "image-stalled")
"""Of the `TROUBLES`."""
BUSY: Final = {
    HOST: machine(1),
    "db01.example.org": machine(2),
    "idle.example.org": machine(3),
    "long": machine(4, hostname=LONG),
    **{f"{code}.example.org": machine(10 + at) for at, code in enumerate(SOME)},
    "broken": "kernle: linux\n",
}
"""Machine files of `busy`."""


async def busy(site: Stage) -> None:
    """Machines that boot, that are installed, that stand still; one, and a medium, that are new."""
    (site.folder / "isos").mkdir()
    await site.parts.media.add(made(site.folder / "isos/own.iso", UNKNOWN_ISO))
    await site.parts.media.refresh()
    for at, code in enumerate(SOME):
        await TROUBLES[code](site, f"{code}.example.org", 10 + at)
    with site.ago(3600):
        await site.builds("db01.example.org")
        await site.boots("db01.example.org", 2).boots()
        await site.client(UNKNOWN).discovers(UEFI_PXE)
    await site.builds(LONG)
    booting = site.boots()
    with site.ago(20):
        await site.builds()
        await booting.discovers()
        await booting.loads_ipxe()
        await booting.gets_its_script()
    await booting.loads("kernel", 0.4)
