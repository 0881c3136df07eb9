"""A machine that boots before the eyes of who looks at the page, a step at a time."""

from __future__ import annotations

import asyncio
import re

from tests.browser.mirror import Mirror
from tests.dialogue.ipxe import Ran
from tests.dialogue.machine import UEFI_IPXE, UEFI_PXE, Machine
from tests.support import eventually

PARTS = ("kernel", "initrd")


class Booting:
    """A boot by UEFI PXE; each step ends with the machine waiting for the next to be called.

    Args:
        host: Its hostname.
        client: The machine.
        mirror: Where its kernel and initrd come from.
    """

    def __init__(self, host: str, client: Machine, mirror: Mirror) -> None:
        self.host = host
        self.client = client
        self._mirror = mirror
        self._loader = self._cmdline = self._preseed = ""
        self._script: asyncio.Task[Ran] | None = None

    async def discovers(self) -> None:
        """Broadcast a DISCOVER, and take what is offered."""
        offer = await self.client.discovers(UEFI_PXE)
        assert offer is not None, f"{self.host} is not answered"
        await self.client.requests_its_lease(UEFI_PXE)
        reply = await self.client.asks_port_4011(UEFI_PXE)
        assert reply is not None
        self._loader = reply.file

    async def loads_ipxe(self) -> None:
        """Fetch the loader, over TFTP."""
        loader = await self.client.fetches(self._loader)
        assert isinstance(loader, bytes), loader

    async def gets_its_script(self) -> None:
        """Run iPXE's script, as far as the kernel's first byte."""
        for part in PARTS:
            await self._mirror.holds(self.host, part)
        offer = await self.client.discovers(UEFI_IPXE)
        assert offer is not None
        self._script = asyncio.create_task(self.client.runs_script(offer.file))
        await self._loaded("kernel", 0)

    async def loads(self, part: str, share: float) -> None:
        """Load so much of the kernel or the initrd: a share of 1 is all of it."""
        await self._mirror.lets(self.host, part, share)
        await self._loaded(part, share - 0.05)

    async def starts_its_kernel(self) -> None:
        """Load what is left, and start the kernel."""
        for part in PARTS:
            await self._mirror.lets(self.host, part, 1)
        assert self._script is not None
        ran = await self._script
        assert ran.ended == "boot", ran
        self._cmdline = ran.cmdline

    async def starts_its_installer(self) -> None:
        """Start the kernel; the installer fetches its preseed."""
        await self.starts_its_kernel()
        found = re.search(r"url=(\S+)", self._cmdline)
        assert found is not None, self._cmdline
        self._preseed = (await self.client.gets(found[1])).text

    async def is_done(self) -> None:
        """Say that it is installed, as the preseed has it do at the end."""
        done = re.search(r"http:\S+/done/\S+", self._preseed)
        assert done is not None, self._preseed
        assert (await self.client.gets(done[0])).status == 200

    async def boots(self) -> None:
        """Do all of that."""
        await self.discovers()
        await self.loads_ipxe()
        await self.gets_its_script()
        await self.starts_its_installer()
        await self.is_done()

    async def _loaded(self, part: str, share: float) -> None:
        await eventually(
            lambda: self._mirror.given.get((self.host, part), -1) >= share or self._ended()
        )

    def _ended(self) -> bool:
        """Tell whether the script has come to its end; raises what it raised."""
        if self._script is None or not self._script.done():
            return False
        self._script.result()
        return True

    async def switched_off(self) -> None:
        """Be silent from now on."""
        if self._script is not None:
            self._script.cancel()
            await asyncio.wait([self._script])
        self.client.leaves()
