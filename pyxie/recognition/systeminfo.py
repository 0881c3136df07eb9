"""What Proxmox VE's automatic installer tells of its machine, when it fetches its answer file.

It sends JSON by POST: among much else ``{"network_interfaces": [{"link", "mac"}, …]}``.
"""

from __future__ import annotations

import json
from typing import Final

from pyxie.config.values import mac as canonical

_MOST_NICS: Final = 64


def macs_in(body: bytes) -> tuple[str, ...]:
    """Return the MAC addresses of the machine's NICs, each once, in their order.

    Those that are no Ethernet address are left out.

    Raises:
        ValueError: It is not such JSON, or has no NIC, or more than 64.
    """
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise ValueError(f"the body is not JSON: {exc}") from None
    nics = told.get("network_interfaces") if isinstance(told, dict) else None
    if not isinstance(nics, list) or not nics:
        raise ValueError("the body has no 'network_interfaces', a list of the machine's NICs")
    if len(nics) > _MOST_NICS:
        raise ValueError(f"'network_interfaces' has {len(nics)} entries; {_MOST_NICS} are read")
    found = []
    for nic in nics:
        try:
            found.append(canonical(str(nic["mac"])))
        except (KeyError, TypeError, ValueError):
            continue
    if not found:
        raise ValueError("none of 'network_interfaces' has a 'mac' like 52:54:00:12:34:56")
    return tuple(dict.fromkeys(found))
