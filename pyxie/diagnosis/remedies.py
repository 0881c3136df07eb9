"""What to change in other DHCP servers so that machines boot beside them. Pure.

A name in capitals (``INTERFACE``) is what only the operator knows. Why a wish helps:

- ``siaddr`` of RFC 2131, which all servers call next-server, is where Debian's signed GRUB looks
  for its files; without a file name beside it, firmware goes on taking the proxy's offer.
- Options 60, 66 and 67 of the server that hands out addresses outrank a proxy's on most firmware.
- A client whose broadcasts reach pyxie neither by themselves nor by a relay knows only what its
  DHCP server tells it: a boot file for its architecture (option 93).
"""

from __future__ import annotations

from pyxie.diagnosis import appliances, daemons
from pyxie.diagnosis.remedy import Remedy, Site, Wish

_SERVERS = (
    *(daemons.dnsmasq, daemons.dhcpd, daemons.kea),
    appliances.mikrotik,
    *(appliances.opnsense_dnsmasq, appliances.opnsense_kea, appliances.opnsense_isc),
    appliances.windows,
)


def remedies(wish: Wish, site: Site) -> tuple[Remedy, ...]:
    """Return what to change for ``wish`` to come true, for each kind of server that we know."""
    known = tuple(of(wish, site) for of in _SERVERS)
    return (*known, appliances.switch(site)) if wish is Wish.RELAY else known
