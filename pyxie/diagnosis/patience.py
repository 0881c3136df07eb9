"""How long real firmware, loaders and installers take for a step, before silence means something.

All are seconds. A step that takes longer by right would make a diagnosis a false alarm, and one
that is waited for too long makes somebody look at a black screen.
"""

from __future__ import annotations

from typing import Final

POWER_ON: Final = 300.0
"""From power-on to the first DISCOVER: servers train memory and start their cards' ROMs first."""
POWER_ON_VM: Final = 60.0
"""The same of a virtual machine."""
OFFER: Final = 30.0
"""From an offer to the next step. Firmware gathers offers for 4 s; if it hears none that it can use
it asks again after 4, 8, 16 and 32 s (PXE 2.1 section 2.2.3, EDK2's `mPxeDhcpTimeout`). Once it has
a lease the request on port 4011 follows at once, and is repeated for some seconds."""
CONFIRMED: Final = 15.0
"""From the answer on port 4011 to the end of a boot loader's first transfer: some seconds, or there
is progress."""
LOADER: Final = 60.0
"""From the loader's last block to its DISCOVER: iPXE waits 15 s for a link (`LINK_WAIT_TIMEOUT`),
and spanning tree lets nothing through for up to 30 s more."""
LEASE: Final = 45.0
"""From an offer to iPXE to its request for the script: its DHCP tries for up to some 20 s, and its
connection for as long again."""
SCRIPT: Final = 30.0
"""From the script to the first image; after a mistake the script waits 5 s, a notice 30 s."""
IMAGE: Final = 60.0
"""Without a byte more of an image, as long as a connection may stand still (`HTTP_STILL`)."""
START: Final = 60.0
"""From the last byte of the last image to the report that the kernel is started."""
KERNEL: Final = 300.0
"""From the kernel to the first file that the installer fetches: it loads drivers, waits for the
link and for a lease; on slow machines for minutes."""
INSTALLING: Final = 7200.0
"""For an installation, where none of this system is known: as `stale_build_threshold_secs`."""
LONGER: Final = 1.5
"""Times the longest of this system, before one takes too long."""
SHORTEST: Final = 300.0
"""One never takes too long before that."""
