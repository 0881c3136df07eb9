"""What the kernel says beside pyxie's answers, where nobody has bound port 67: that it is closed.

It knows nothing of who reads a raw socket, and answers a datagram that was sent to this host
alone, as a relay agent's is, with ICMP's "port unreachable" (RFC 1122 section 4.1.3.1). A
bound socket of ours would keep it from that, and from then on no DHCP server from starting on
this host; see docs/decisions.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from pyxie.dhcp.decide import LIMITED_BROADCAST, Destination, Port

log = logging.getLogger(__name__)

_TABLES: Final = (Path("/proc/net/udp"), Path("/proc/net/udp6"))


def is_bound(port: int, tables: Sequence[Path] = _TABLES) -> bool:
    """Tell whether a program on this host has bound a UDP port (proc_pid_net(5)).

    If that cannot be told, it is taken to be.
    """
    wanted = f":{port:04X}"
    try:
        for table in tables:
            with table.open() as lines:
                if any(line.split()[1].endswith(wanted) for line in lines):
                    return True
    except (OSError, IndexError):
        return True
    return False


class ClosedPort:
    """Says so in the log, once, when somebody is answered who hears the kernel too."""

    def __init__(self, is_bound: Callable[[int], bool] = is_bound) -> None:
        """Take what tells whether a UDP port is bound."""
        self._is_bound = is_bound
        self._looked = False

    def answered(self, to: Destination, port: Port) -> None:
        """Take note of an answer, from a raw socket that hears ``port``."""
        if self._looked or port != 67 or to.address is LIMITED_BROADCAST:
            return
        self._looked = True
        if not self._is_bound(port):
            log.info(
                "DHCP: nothing on this host has bound port 67, so that the kernel tells %s that it"
                " is closed, beside pyxie's answer; dhcp: {bind: true} ends that",
                to.address,
            )
