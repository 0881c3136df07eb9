"""Machines with disks, as sysfs shows them, for the rule that the shipped templates share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

from pyxie.render.strict import Renderer
from pyxie.shipped import shipped
from tests.needs import program
from tests.render.judges import judged

PCI: Final = "pci0000:00/0000:00:17.0"
SCSI: Final = f"{PCI}/ata1/host0/target0:0:0/0:0:0:0"
USB: Final = "pci0000:00/0000:00:14.0/usb2/2-3/2-3:1.0/host1/target1:0:0/1:0:0:0"

SHELLS: Final = {
    "dash": ("sh", "dash"),
    "bash": ("bash", "bash"),
    "busybox": ("busybox", "busybox-static"),
}
"""What /bin/sh is in installers, with its program and package."""

STAND_INS: Final = """
sleep() { :; };
udevadm() { for last in "$@"; do :; done; cat "/udev/${last##*/}" 2>/dev/null; };
"""
"""Of udev, what is laid out as `Machine.udev`; its links are not made."""

_OURS = re.compile(
    r"(?<![\w.{}])/(?:(?:sys|proc|dev|udev|tmp|run)/(?!null|the-disk)|autoinstall\.yaml)"
)
"""What is the machine's own, in a script."""

_FUNCTIONS: Final = '{% from "disk.j2" import find_disk %}{{ find_disk() }}\n'


@dataclass
class Machine:
    """A tree of files that a shell takes for the machine's own.

    Attributes:
        root: An empty folder, for it.
    """

    root: Path
    _mounts: list[str] = field(default_factory=lambda: ["1 1 0:22 / / rw - rootfs none rw"])

    def __post_init__(self) -> None:
        for name in ("sys/block", "sys/class/block", "sys/dev/block", "proc/self", "dev", "udev"):
            (self.root / name).mkdir(parents=True)
        self._write_mounts()

    def disk(
        self,
        name: str,
        on: str = SCSI,
        *,
        size: str = "1000",
        ro: str = "0",
        removable: str = "0",
        number: str = "8:0",
        udev: str = "",
        attributes: Mapping[str, str | bytes] = MappingProxyType({}),
    ) -> Path:
        """Lay out a disk, with more files like ``device/type``; bytes are their whole text."""
        parent = self.root / "sys/devices" / on
        made = parent / "block" / name
        made.mkdir(parents=True)
        (made / "device").symlink_to(parent)
        given = {"size": size, "ro": ro, "removable": removable, **attributes}
        for key, value in given.items():
            file = made / key
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(value if isinstance(value, bytes) else f"{value}\n".encode())
        (self.root / "sys/block" / name).symlink_to(made)
        self._known(name, made, number)
        (self.root / "dev" / name).touch()
        if udev:
            (self.root / "udev" / name).write_text(udev)
        return made

    def partition(self, disk: str, name: str, number: str = "8:1") -> Path:
        """Lay out a partition of a disk."""
        made = (self.root / "sys/block" / disk).resolve() / name
        made.mkdir()
        (made / "partition").write_text("1\n")
        self._known(name, made, number)
        return made

    def virtual(self, name: str, *below: Path, number: str = "7:0") -> Path:
        """Lay out a block device without hardware, with what it lies on."""
        made = self.root / "sys/devices/virtual/block" / name
        (made / "slaves").mkdir(parents=True)
        for each in below:
            (made / "slaves" / each.name).symlink_to(each)
        for key, value in {"size": "1000", "ro": "0", "removable": "0"}.items():
            (made / key).write_text(f"{value}\n")
        (self.root / "sys/block" / name).symlink_to(made)
        self._known(name, made, number)
        return made

    def attribute(self, file: str, text: str) -> None:
        """Write a file below ``/sys/devices``."""
        (self.root / "sys/devices" / file).write_text(f"{text}\n")

    def link(self, link: str, name: str) -> None:
        """Lay out what udev links to a disk."""
        path = self.root / link.removeprefix("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(self.root / "dev" / name)

    def mount(self, source: str, number: str) -> None:
        """Have the installer run from a block device."""
        self._mounts.append(f"2 1 {number} / /run/medium ro - iso9660 {source} ro")
        self._write_mounts()

    def run(self, script: str, shell: str = "dash") -> tuple[int, str]:
        """Run a script on the machine; its code, and what it prints, without our own root."""
        text = re.sub(_OURS, rf"{self.root}\g<0>", script)
        command = [program(*SHELLS[shell]), *(["sh"] if shell == "busybox" else [])]
        code, said = judged([*command, "-c", text])
        return code, said.replace(str(self.root), "")

    def found(self, wanted: str = "", shell: str = "dash", *, joined: bool = False) -> str:
        """Return the disk that the rule finds, or why there is none.

        Args:
            wanted: What `params.disk` comes to.
            shell: One of `SHELLS`.
            joined: All in one line, as a preseed's command is.
        """
        text = f"{STAND_INS}{functions()}\nif find_disk '{wanted}' 2>/dev/null; then\n"
        text += 'printf %s "$disk";\nelse\nprintf "none: %s" "$why";\nfi;\n'
        return self.run(text.replace("\n", " ").strip() if joined else text, shell)[1]

    def _known(self, name: str, made: Path, number: str) -> None:
        (self.root / "sys/class/block" / name).symlink_to(made)
        (self.root / "sys/dev/block" / number).unlink(missing_ok=True)
        (self.root / "sys/dev/block" / number).symlink_to(made)

    def _write_mounts(self) -> None:
        folder = self.root / "proc/self"
        (folder / "mountinfo").write_text("".join(f"{each}\n" for each in self._mounts))
        words = [each.split() for each in self._mounts]
        lines = (f"{self._here(each[8])} {each[4]} {each[7]} ro 0 0\n" for each in words)
        (folder / "mounts").write_text("".join(lines))

    def _here(self, source: str) -> str:
        return f"{self.root}{source}" if source.startswith("/") else source


def functions() -> str:
    """Return the rule, as shell functions."""
    return Renderer([shipped("templates")]).text("t", _FUNCTIONS, {})
