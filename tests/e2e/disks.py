"""What a machine looks like whose first disk is a stick, and what its real installer does with it.

The shipped preseed's own command finds the disk, as partman would have it do. partman itself is
not to be had: a script runs the command in its place, and overwrites what it has chosen.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import sys
from itertools import permutations
from pathlib import Path
from typing import Final

from tests.lab import cpio, installer, modules
from tests.lab.guest import Disk
from tests.lab.process import Process
from tests.lab.server import INSTALLER_PRESEED, Server
from tests.verification.signers import signers

PRESEED: Final = (
    """\
{% set shipped %}{% include "debian.preseed.j2" %}{% endset %}
{{- shipped | regex_search("(?s)d-i partman-auto/disk .*?\\n    fi\\n") }}
"""
    + INSTALLER_PRESEED
)
"""Of the shipped one what is on the disk, since the installer takes a second for each line."""

SAYS: Final = "DISKS: "
"""What each line of the script's on the console begins with."""

NONE_LEFT: Final = frozenset(
    f"there is no disk to install on; sda is {one}; sdb is {other}; vda is read-only; vdb is empty"
    for one, other in permutations(("removable", "on USB or FireWire"))
)
"""What the machine says that lacks the right disk; of two on USB either may be the first."""

_SCRIPT: Final = """\
{% from "disk.j2" import find_disk -%}
say() { echo; echo "@SAYS@$*"; }
command_of_partman() { debconf-get partman/early_command; }

insmod /virtio_blk.ko
for wait in 1 2 3 4 5 6 7 8 9 10; do [ -e /sys/block/sdb ] && break; sleep 1; done
udevadm settle
say "the first disk is $(list-devices disk | head -n1)"

{{ find_disk() }}
find_disk serial:RIGHT-1; say "by its serial number: $disk"
find_disk /dev/disk/by-id/virtio-RIGHT-1; say "by its link: $disk"
rm -rf /dev/disk
find_disk /dev/disk/by-id/virtio-RIGHT-1; say "by the name of its link: $disk"

cat > /bin/parted_devices <<'END'
#!/bin/sh
for disk in sda sdb vda vdb vdc; do printf '/dev/%s\\t1000\\tname\\n' "$disk"; done
END
chmod 755 /bin/parted_devices
sh -c "$(command_of_partman)"
disk=$(debconf-get partman-auto/disk)
say "chosen: $disk, boot loader: $(debconf-get grub-installer/bootdev)"
say "partman sees: $(parted_devices | cut -f1)"
dd if=/dev/zero of="$disk" bs=512 count=8; sync

# Another machine's, which has no such disk; it would wait for ever, a minute at a time.
echo 1 > "$(readlink -f "/sys/block/${disk#/dev/}/device")/../remove"
wget -q -O /tmp/other {{ BaseURL }}/template/preseed/@OTHER@
debconf-set-selections /tmp/other
sh -c "sleep() { [ \\$1 != 60 ] || exit; }; $(command_of_partman)"
"""


def said(console: str) -> list[str]:
    """Return what the script said; ``console`` without carriage returns."""
    return re.findall(rf"^{SAYS}(.*)$", console, re.MULTILINE)


class Stack:
    """The disks of a machine: a stick, a USB disk, a read-only one, an empty one, a right one.

    Args:
        folder: For their images.
    """

    def __init__(self, folder: Path) -> None:
        self._images = {
            name: folder / f"{name}.img" for name in ("stick", "usb", "readonly", "empty", "right")
        }
        for name, image in self._images.items():
            image.write_bytes(b"" if name == "empty" else name.encode().ljust(1 << 16, b"."))
        self._before = self._bytes()
        images = self._images
        self.disks = (
            Disk(image=images["stick"], bus="usb", removable=True),
            Disk(image=images["usb"], bus="usb"),
            Disk(image=images["readonly"], readonly=True),
            Disk(image=images["empty"]),
            Disk(image=images["right"], serial="RIGHT-1"),
        )

    def written(self) -> list[str]:
        """Return the names of those that are not what they were."""
        now = self._bytes()
        return [name for name in now if now[name] != self._before[name]]

    def _bytes(self) -> dict[str, bytes]:
        return {name: image.read_bytes() for name, image in self._images.items()}


FILE: Final = "templates: {script: script.j2}\n"
"""What the file of the machine holds that runs the script."""


MIRROR: Final = "mirrors: {debian: http://127.0.0.1:8081/debian}\n"
"""Of the settings, where `lay_out` has a mirror with Debian's installer."""

_IMAGES: Final = "main/installer-amd64/current/images"
_INSTALLER: Final = "netboot/debian-installer/amd64"


def lay_out(server: Server) -> Process:
    """Lay out a preseed; and kernel and initrd on a mirror beside pyxie, as Debian's have them.

    It is signed by a key of ours, in place of Debian's.
    """
    suite = server.folder / "mirror/debian/dists/bookworm"
    images = suite / _IMAGES
    folder = images / _INSTALLER
    folder.mkdir(parents=True)
    shutil.copyfile(installer.kernel(), folder / "linux")
    driver = modules.module("virtio_blk").read_bytes()
    whole = installer.light_initrd()
    # The kernel takes archives one after the other, at multiples of four.
    extra = cpio.pack(cpio.executable("virtio_blk.ko", driver))
    (folder / "initrd.gz").write_bytes(whole + bytes(-len(whole) % 4) + extra)
    (images / "SHA256SUMS").write_text(
        "".join(f"{_digest(file)}  ./{file.relative_to(images)}\n" for file in folder.iterdir())
    )
    with signers() as made:
        keyring = server.folder / "keyrings/debian-archive.gpg"
        keyring.parent.mkdir()
        keyring.write_bytes(made.key("archive"))
        sums = images / "SHA256SUMS"
        told = f"SHA256:\n {_digest(sums)} {sums.stat().st_size} {_IMAGES}/SHA256SUMS\n"
        (suite / "InRelease").write_bytes(made.inline(told.encode(), "archive"))
    (server.folder / "templates/preseed.j2").write_text(PRESEED)
    words = ("-u", "-m", "http.server", "8081", "-b", "127.0.0.1", "-d", server.folder / "mirror")
    mirror = server.host.popen(sys.executable, *words, label="mirror")
    mirror.wait_for("Serving HTTP", 20)
    return mirror


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def lay_script(server: Server, other: str) -> None:
    """Lay out the script, for the machine whose file holds `FILE`.

    Args:
        server: Where it is fetched.
        other: ``HOST/TOKEN`` of a machine in build mode that has no right disk.
    """
    script = _SCRIPT.replace("@SAYS@", SAYS).replace("@OTHER@", other)
    (server.folder / "templates/script.j2").write_text(script)
