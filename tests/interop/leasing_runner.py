"""Gives addresses, for a test to start in a network namespace.

``python -m tests.interop.leasing_runner '{"range": …}' USER``: becomes that user, if one is named,
as soon as it is ready for that.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Iterable
from ipaddress import IPv4Address

from pyxie import privileges
from pyxie.config.dhcpmode import Dhcp
from pyxie.dhcp.others import Others
from pyxie.leasing.serving import AddressServer
from pyxie.net.interfaces import read
from pyxie.service import supervise


async def nobody_else(_interface: str) -> Iterable[tuple[IPv4Address, str]]:
    return ()


async def main(written: str, user: str | None) -> None:
    dhcp = Dhcp.model_validate(json.loads(written))
    assert dhcp.leases is not None
    others = Others(lambda: 0.0)
    served = AddressServer(dhcp, dhcp.leases, user, read, others, nobody_else)

    def bound() -> None:
        if user is not None:
            privileges.drop(user)

    await supervise([served], asyncio.Event(), bound=bound)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
    asyncio.run(main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None))
