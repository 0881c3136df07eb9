"""A virtual machine under QEMU, whose serial console is the witness of what it did."""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self

from tests.lab import marker, needs
from tests.lab.installer import Keys, aavmf, ipxe, ovmf
from tests.lab.lan import Tap
from tests.lab.process import Process, WaitError

Firmware = Literal[
    "bios",
    "bios-plain",
    "uefi",
    "uefi-http",
    "uefi-secure",
    "uefi-own-key",
    "uefi-own-key-http",
    "arm64-secure",
]
"""What boots: SeaBIOS with QEMU's iPXE as the card's ROM, or with a PXE client that does not say
it is iPXE; or OVMF with its own PXE, with HTTP Boot, or with its own PXE and Secure Boot by
Microsoft's keys; or Secure Boot by the key of OVMF's own package, with PXE or with HTTP Boot; or an
arm64 machine with AAVMF and Microsoft's keys."""

_KEYS: Final[Mapping[Firmware, Keys]] = {
    "uefi-secure": "ms",
    "uefi-own-key": "snakeoil",
    "uefi-own-key-http": "snakeoil",
}

Accelerator = Literal["tcg", "kvm"]

Hurry = Literal["no", "boot", "firmware"]
"""How the guest's clock goes: as ours does; about eight times as fast, or, until UEFI gave
up on the network, thirty times as fast. See `Guest`."""

_QEMU = ("qemu-system-x86_64", "qemu-system-x86")
_QEMU_ARM = ("qemu-system-aarch64", "qemu-system-arm")

# There is no PXE ROM for QEMU but iPXE. Told to call itself something else, it does over the wire
# what a ROM does: it fetches the boot file by TFTP, and serves that as the ROM's PXE interface.
_PLAIN = "#!ipxe\nset user-class PXE\nautoboot\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """A disk beside the marker disk; the firmware boots from none of them.

    Attributes:
        image: Its bytes, as long as it is large.
        bus: It is driven by virtio, or stands on USB.
        removable: Its medium can be taken out; on USB only.
        serial: What it says its serial number is.
        readonly: It cannot be written.
    """

    image: Path
    bus: Literal["virtio", "usb"] = "virtio"
    removable: bool = False
    serial: str = ""
    readonly: bool = False


class Guest:
    """A machine that boots from its network cards in turn, then from the marker disk.

    It runs inside a ``with`` block. An end of what it boots by "reboot" or "power off"
    ends it as well: see `wait_exit`.

    Firmware has long waits: UEFI tries a card for three minutes before it goes on, iPXE
    looks for IPv6 routers for sixteen seconds. A guest in a hurry has a clock that counts
    instructions, and is soon past them. It repeats what is not answered as much sooner,
    so do not count the packets of such a guest.

    Attributes:
        fell_through: On the console when no card booted and the disk's turn came. It
            boots, but under Secure Boot: it bears no signature and is refused. An arm64
            machine has no disk.
    """

    fell_through = re.compile(rf'{re.escape(marker.TEXT)}|"UEFI QEMU HARDDISK.*: Access Denied')

    def __init__(
        self,
        *taps: Tap,
        firmware: Firmware = "bios",
        memory: int = 1024,
        accelerator: Accelerator = "tcg",
        hurry: Hurry = "no",
        label: str = "",
        smbios: str = "",
        vga: bool = False,
        disks: Sequence[Disk] = (),
    ) -> None:
        if len({tap.host.namespace for tap in taps}) != 1:
            raise ValueError("a guest needs taps, all of them on one host")
        self.taps = taps
        self.firmware = firmware
        self.memory = memory
        self.accelerator = accelerator
        self.hurry = hurry
        self.label = label or f"{firmware}-guest"
        self.smbios = smbios
        self.vga = vga
        self.disks = disks
        self._console: Process | None = None

    @property
    def mac(self) -> str:
        """Of the first card."""
        return self.taps[0].mac

    @property
    def console(self) -> Process:
        """QEMU, whose output is the serial console."""
        if self._console is None:
            raise ValueError("the guest was not started; use it in a with block")
        return self._console

    @property
    def text(self) -> str:
        """All that the console showed so far."""
        return self.console.text

    def wait_for(self, what: str | re.Pattern[str], timeout: float) -> re.Match[str]:
        """Return where ``what`` stands on the console, be it there already or to come.

        Raises:
            WaitError: It did not come in time, or QEMU ended; quotes the last 40 lines.
        """
        return self.console.wait_for(what, timeout)

    def wait_exit(self, timeout: float) -> int:
        """Return QEMU's exit status once the machine rebooted or powered itself off."""
        return self.console.wait_exit(timeout)

    def __enter__(self) -> Self:
        host = self.taps[0].host
        folder = Path(tempfile.mkdtemp(prefix=f"{self.label}-", dir=host.folder))
        command = _machine(self.firmware, self.memory, self.accelerator, folder)
        if self.vga:
            command += ["-device", "VGA"]
        if self.smbios:
            command += ["-smbios", f"type=1,{self.smbios}"]
        command += _disks(self.disks)
        for index, tap in enumerate(self.taps):
            # No ROM under UEFI, or iPXE would take over from the firmware's own PXE.
            rom = "" if self.firmware.startswith("bios") else ",romfile="
            # The first place is that of QEMU's own -kernel.
            card = f"virtio-net-pci,netdev=n{index},mac={tap.mac},bootindex={index + 1}{rom}"
            command += [
                "-netdev", f"tap,id=n{index},ifname={tap.name},script=no,downscript=no",
                "-device", card,
            ]  # fmt: skip
        # KVM's guests cannot count instructions; they have the machine's own clock.
        if self.hurry != "no" and self.accelerator == "tcg":
            command += ["-icount", f"shift={self._shift()},sleep=off"]
        host.record.power_on(time.time(), self.firmware)
        self._console = host.popen(*command, label=self.label)
        return self

    def _shift(self) -> int:
        """Each instruction lets the clock go on by two to this many nanoseconds."""
        # At 6, iPXE under BIOS is through before the bridge carries its first packet, and
        # Linux under UEFI does not come up.
        return 6 if self.hurry == "firmware" and not self.firmware.startswith("bios") else 4

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.console.stop()


def _disks(disks: Sequence[Disk]) -> list[str]:
    command = ["-device", "qemu-xhci,id=usb"] if any(each.bus == "usb" for each in disks) else []
    for at, each in enumerate(disks):
        device = "virtio-blk-pci" if each.bus == "virtio" else "usb-storage,bus=usb.0"
        device += ",removable=on" if each.removable else ""
        device += f",serial={each.serial}" if each.serial else ""
        readonly = ",readonly=on" if each.readonly else ""
        command += [
            "-drive", f"if=none,id=more{at},format=raw,file={each.image}{readonly}",
            "-device", f"{device},drive=more{at}",
        ]  # fmt: skip
    return command


@cache
def accelerator(timeout: float = 5.0) -> Accelerator:
    """Return "kvm" where a guest proves to run under it, else "tcg".

    That /dev/kvm opens proves little: in some virtual machines it does, and guests hang.
    """
    with tempfile.TemporaryDirectory(prefix="kvm-probe-") as name:
        command = [*_machine("bios", 64, "kvm", Path(name)), "-nic", "none"]
        with Process(command, Path(name, "kvm-probe.log")) as probe:
            try:
                probe.wait_for(marker.TEXT, timeout)
            except WaitError:
                return "tcg"
    return "kvm"


def _machine(firmware: Firmware, memory: int, accelerator: Accelerator, folder: Path) -> list[str]:
    """Return QEMU's command line for a machine without network cards."""
    if firmware == "arm64-secure":
        return _arm64_machine(memory, folder)
    disk = folder / "disk.img"
    disk.write_bytes(marker.disk())
    command = [
        needs.program(*_QEMU),
        "-accel", accelerator, "-m", str(memory), "-smp", "1",
        # SeaBIOS and iPXE write to the serial console only without graphics; and without a
        # graphics card Linux has a driver less to load, and boots faster.
        "-nographic", "-vga", "none", "-serial", "stdio", "-monitor", "none",
        "-no-reboot",
        "-device", "virtio-rng-pci",
        "-drive", f"if=none,id=disk,format=raw,file={disk}",
        "-device", "ide-hd,drive=disk,bootindex=9",
    ]  # fmt: skip
    if accelerator == "kvm":
        command += ["-cpu", "host"]
    if firmware == "bios-plain":
        script = folder / "plain.ipxe"
        script.write_text(_PLAIN)
        command += ["-kernel", str(ipxe("ipxe.lkrn")), "-initrd", str(script)]
    if firmware.startswith("bios"):
        return [*command, "-machine", "pc"]
    secure = _KEYS.get(firmware, "")
    command += _flash(*ovmf(secure), folder)
    command += ["-machine", "q35,smm=on" if secure else "q35"]
    if secure:
        command += ["-global", "driver=cfi.pflash01,property=secure,value=on"]
    # PXE, if it is there, is tried before HTTP.
    return command + _without("IPv6PXE", *(["IPv4PXE"] if firmware.endswith("-http") else []))


def _arm64_machine(memory: int, folder: Path) -> list[str]:
    """Return QEMU's command line for an arm64 machine without disks and network cards."""
    return [
        needs.program(*_QEMU_ARM),
        "-accel", "tcg", "-machine", "virt", "-cpu", "cortex-a57", "-m", str(memory), "-smp", "1",
        "-nographic", "-serial", "stdio", "-monitor", "none", "-no-reboot",
        "-device", "virtio-rng-pci",
        *_flash(*aavmf(), folder),
        *_without("IPv6PXE"),
    ]  # fmt: skip


def _flash(code: Path, template: Path, folder: Path) -> list[str]:
    """Return what gives a machine UEFI, with variables of its own."""
    variables = folder / "variables.fd"
    shutil.copyfile(template, variables)
    return [
        "-drive", f"if=pflash,format=raw,readonly=on,file={code}",
        "-drive", f"if=pflash,format=raw,file={variables}",
    ]  # fmt: skip


def _without(*protocols: str) -> list[str]:
    """Return what keeps UEFI from trying these: IPv6 would come after IPv4, slowly."""
    words = (f"name=opt/org.tianocore/{each}Support,string=n" for each in protocols)
    return [word for each in words for word in ("-fw_cfg", each)]
