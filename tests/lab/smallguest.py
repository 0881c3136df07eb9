"""The small guest: what an installer does with a PXE server, in a fraction of its time.

The Debian installer's kernel, with an initrd of busybox that takes an address, fetches
the ``url=`` of its command line, calls the ``done`` URL that it finds there, and reboots,
which ends its QEMU. Each step is a line on the console that begins with `SAYS`.
"""

from __future__ import annotations

import gzip
import re
from functools import cache
from pathlib import PurePath
from typing import Final

from tests.lab import cpio, installer, needs
from tests.lab.installer import Architecture

SAYS = "SMALL GUEST: "
"""What each line of its own begins with."""

PRESEED_BEGINS = f"{SAYS}the preseed begins"
PRESEED_ENDS = f"{SAYS}the preseed ends"
"""Around the preseed, as it was fetched."""

DONE_SAID = f"{SAYS}done said: "
"""Before the answer of the ``done`` URL: the boot went well to its end."""

FAILED = f"{SAYS}failed: "
"""Before the reason why it gave up; it then powers off."""

CMDLINE = "console=ttyS0 quiet panic=-1"
"""What its command line needs, beside ``url=`` and possibly ``BOOTIF=`` and ``done=``."""

# In the order in which they can be loaded; a later one needs those before it. Kernels
# newer than Debian 12's have some of them built in, under which they are passed over.
_MODULES = (
    "virtio", "virtio_ring", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci",
    "failover", "net_failover", "virtio_net",
)  # fmt: skip

_TOOLS: Final = re.compile(
    r"(?:bin|sbin|lib|usr|usr/bin|usr/lib|lib/aarch64-linux-gnu|usr/lib/aarch64-linux-gnu)"
    r"|s?bin/[^/]+|usr/bin/(?:wget|tr|head)"
    r"|lib/(?:aarch64-linux-gnu/)?ld-[^/]+|(?:usr/)?lib/(?:aarch64-linux-gnu/)?lib[^/]+\.so[^/]*"
)
"""Of the installer's own initrd, what the small guest does its work with where no busybox of this
machine's can."""

_INIT = r"""#!/bin/busybox sh
export PATH=/bin:/sbin:/usr/bin
busybox mkdir -p /proc /sys /dev
busybox mount -t proc proc /proc
[ -e /usr/bin/wget ] || busybox --install -s /bin
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
echo 4 > /proc/sys/kernel/printk

say() { echo "@SAYS@$*"; }
failed() { say "failed: $*"; poweroff -f; }
argument() { sed -n "s/.*\b$1=\([^ ]*\).*/\1/p" /proc/cmdline; }

for module in @MODULES@; do
    [ ! -e /$module.ko ] || insmod /$module.ko || failed "insmod $module"
done

# pxelinux's form: the hardware type, 01 for Ethernet, before the address.
mac=$(argument BOOTIF | sed 's/^01-//; s/-/:/g' | tr A-F a-f)
for path in /sys/class/net/e*; do
    [ -e "$path" ] || failed "no network card"
    card=${path##*/}
    [ "$mac" ] || break
    [ "$(cat $path/address)" != "$mac" ] || { mac=; break; }
done
[ -z "$mac" ] || failed "no network card $mac, as BOOTIF says"
say "network card $card $(cat /sys/class/net/$card/address)"

ip link set lo up
ip link set $card up
udhcpc -q -n -t 60 -T 1 -i $card -s /lease >/dev/null 2>&1 || failed "no DHCP server answers"
say "address $(ip -4 -o address show dev $card | sed 's/.*inet \([^ ]*\).*/\1/')"

url=$(argument url)
[ "$url" ] || failed "no url= on the command line"
wget -q -O /preseed "$url" || failed "cannot fetch $url"
say "the preseed begins"
cat /preseed
echo
say "the preseed ends"

done=$(argument done)
pattern="https\\?://[^ \"']*/done/[^ \"';)]*"
[ "$done" ] || done=$(sed -n "s,.*\($pattern\).*,\1,p" /preseed | head -n 1)
[ "$done" ] || failed "neither done= on the command line nor http://.../done/... in the preseed"
wget -q -O /answer "$done" || failed "cannot call $done"
say "done said: $(cat /answer)"
reboot -f
"""

_LEASE = """#!/bin/busybox sh
[ "$1" = bound ] || exit 0
ip address add $ip/$mask dev $interface
[ -z "$router" ] || ip route add default via ${router%% *}
"""


@cache
def initrd(architecture: Architecture = "amd64") -> bytes:
    """Build the initrd, from busybox and what the installer's own initrd has."""
    init = _INIT.replace("@SAYS@", SAYS).replace("@MODULES@", " ".join(_MODULES))
    archive = cpio.pack(
        *(_busybox() if architecture == "amd64" else ()),
        *_installers(architecture),
        cpio.executable("init", init.encode()),
        cpio.executable("lease", _LEASE.encode()),
    )
    return gzip.compress(archive, compresslevel=6, mtime=0)


def _busybox() -> tuple[cpio.Entry, ...]:
    file = needs.file(needs.program("busybox", "busybox-static"), "busybox-static")
    return cpio.folder("bin"), cpio.executable("bin/busybox", file.read_bytes())


def _installers(architecture: Architecture) -> list[cpio.Entry]:
    """Return modules, and tools where this machine's busybox is for another architecture."""
    wanted = {f"{name}.ko" for name in _MODULES}
    found: list[cpio.Entry] = []
    with gzip.open(installer.initrd(architecture)) as archive:
        for entry in cpio.unpack(archive):
            name = PurePath(entry.name).name
            if name in wanted:
                found.append(cpio.executable(name, entry.data))
                # The rest of its 137 MB need not be read.
                if architecture == "amd64" and len(found) == len(wanted):
                    break
            elif architecture != "amd64" and _TOOLS.fullmatch(entry.name):
                found.append(entry)
    return found
