"""The media of makers of systems: their names, menus and options, with small files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from tests.media.isos import FEDORA, Files, made, made_by_genisoimage

Make: TypeAlias = Callable[[Path, Files, str], Path]


def rock_ridge(iso: Path, files: Files, volume: str) -> Path:
    """As makers of Linux systems have it."""
    return made(iso, files, volume=volume)


def plain(iso: Path, files: Files, volume: str) -> Path:
    """ISO 9660 alone, in capitals, as VMware has it."""
    return made_by_genisoimage(iso, files, volume=volume)


def as_windows(iso: Path, files: Files, volume: str) -> Path:
    """All of it in UDF, and in ISO 9660 one file that says so, as oscdimg has it."""
    hidden = [
        word for name in sorted({each.split("/")[0] for each in files}) for word in ("-hide", name)
    ]
    files = {**files, "README.TXT": "This disc has UDF"}
    return made_by_genisoimage(iso, files, "-udf", *hidden, volume=volume)


@dataclass(frozen=True, slots=True)
class Layout:
    """A medium.

    Attributes:
        files: What lies on it.
        volume: What it calls itself.
        make: How it is made.
    """

    files: Files
    volume: str
    make: Make = rock_ridge


GRUB = "menuentry 'Install' {{\n  linux {} quiet\n  initrd {}\n}}\n"

LAYOUTS: dict[str, Layout] = {
    "fedora-40": Layout(FEDORA, "Fedora-40"),
    "rhel-9": Layout(
        {
            ".treeinfo": "[general]\nname = Red Hat Enterprise Linux 9.4.0\narch = x86_64\n",
            "BaseOS/repodata/repomd.xml": "<repomd/>",
            "images/install.img": b"stage2",
            "images/pxeboot/vmlinuz": b"kernel",
            "images/pxeboot/initrd.img": b"initrd",
            "isolinux/isolinux.cfg": "label linux\n  kernel vmlinuz\n  append initrd=initrd.img\n",
        },
        "RHEL-9-4-0-BaseOS-x86_64",
    ),
    "fedora-netinst": Layout(
        {
            ".discinfo": "1713218160.560219\n40\nx86_64\n",
            "images/install.img": b"stage2",
            "images/pxeboot/vmlinuz": b"kernel",
            "images/pxeboot/initrd.img": b"initrd",
            "EFI/BOOT/grub.cfg": GRUB.format(
                "/images/pxeboot/vmlinuz", "/images/pxeboot/initrd.img"
            ),
        },
        "Fedora-E-dvd-x86_64-40",
    ),
    "fedora-live": Layout(
        {
            "boot/x86_64/loader/linux": b"kernel",
            "boot/x86_64/loader/initrd": b"initrd",
            "LiveOS/squashfs.img": b"hsqs",
        },
        "Fedora-WS-Live-43",
    ),
    "ubuntu-server": Layout(
        {
            ".disk/info": 'Ubuntu-Server 24.04.1 LTS "Noble Numbat" - Release amd64 (20240827)',
            "casper/vmlinuz": b"kernel",
            "casper/initrd": b"initrd",
            "boot/grub/grub.cfg": GRUB.format("/casper/vmlinuz", "/casper/initrd"),
        },
        "Ubuntu-Server 24.04.1 LTS amd64",
    ),
    "debian-live": Layout(
        {
            ".disk/info": 'Debian GNU/Linux Live 12.5.0 "Bookworm" - Official amd64 ISO',
            "live/vmlinuz-6.1.0-18-amd64": b"kernel",
            "live/initrd.img-6.1.0-18-amd64": b"initrd",
            "live/filesystem.squashfs": b"hsqs",
            "EFI/boot/bootx64.efi": b"MZ",
        },
        "d-live 12.5.0 st amd64",
    ),
    "debian-netinst": Layout(
        {
            ".disk/info": 'Debian GNU/Linux 12.5.0 "Bookworm" - Official amd64 NETINST',
            "install.amd/vmlinuz": b"kernel",
            "install.amd/initrd.gz": b"initrd",
            "debian": "->.",
        },
        "Debian 12.5.0 amd64 n",
    ),
    "opensuse-leap": Layout(
        {
            "media.1/products": "/ openSUSE-Leap 15.6-1\n",
            "boot/x86_64/loader/linux": b"kernel",
            "boot/x86_64/loader/initrd": b"initrd",
        },
        "openSUSE-Leap-15.6-DVD-x86_64710",
    ),
    "archlinux": Layout(
        {
            "arch/version": "2024.05.01\n",
            "arch/boot/x86_64/vmlinuz-linux": b"kernel",
            "arch/boot/x86_64/initramfs-linux.img": b"initrd",
            "arch/x86_64/airootfs.sfs": b"hsqs",
        },
        "ARCH_202405",
    ),
    "alpine": Layout(
        {
            ".alpine-release": "alpine-standard 3.19.1 240126\n",
            "apks/x86_64/APKINDEX.tar.gz": b"index",
            "boot/vmlinuz-lts": b"kernel",
            "boot/initramfs-lts": b"initrd",
            "boot/modloop-lts": b"modules",
        },
        "alpine-std 3.19.1 x86_64",
    ),
    "proxmox-ve": Layout(
        {
            ".cd-info": "RELEASE='9.2'\nISORELEASE='1'\nISONAME='proxmox-ve'\nPRODUCT='pve'\n"
            "PRODUCTLONG='Proxmox VE'\n",
            "boot/linux26": b"kernel",
            "boot/initrd.img": b"initrd",
            "pve-installer.squashfs": b"hsqs",
        },
        "PVE",
    ),
    "proxmox-backup": Layout(
        {
            ".cd-info": "RELEASE='3.2'\nISORELEASE='1'\nPRODUCT='pbs'\n"
            "PRODUCTLONG='Proxmox Backup Server'\n",
            "boot/linux26": b"kernel",
            "boot/initrd.img": b"initrd",
        },
        "PBS",
    ),
    "esxi-8": Layout(
        {
            "BOOT.CFG": "bootstate=0\ntitle=Loading ESXi installer\ntimeout=5\nprefix=\n"
            "kernel=/b.b00\nkernelopt=runweasel cdromBoot\n"
            "modules=/jumpstrt.gz --- /useropts.gz --- /k.b00\nbuild=8.0.2\nupdated=0\n",
            "EFI/BOOT/BOOTX64.EFI": b"MZ",
            "ISOLINUX.CFG": "DEFAULT menu.c32\nLABEL install\n  KERNEL mboot.c32\n"
            "  APPEND -c boot.cfg\n",
            "MBOOT.C32": b"comboot",
            **dict.fromkeys(("B.B00", "JUMPSTRT.GZ", "USEROPTS.GZ", "K.B00"), b"a module"),
        },
        "ESXI-8.0U2-22380479-STANDARD",
        plain,
    ),
    "windows-11": Layout(
        {
            "boot/bcd": b"bcd",
            "boot/boot.sdi": b"sdi",
            "sources/boot.wim": b"wim",
            "sources/install.wim": b"a long one",
            "efi/boot/bootx64.efi": b"MZ",
            "bootmgr": b"manager",
        },
        "CCCOMA_X64FRE_EN-US_DV9",
        as_windows,
    ),
}
"""By what each is called."""
