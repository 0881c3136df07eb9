"""Media whose system runs from them: how each is told, and what of it is booted. Pure."""

from __future__ import annotations

import re

from pyxie.config.values import AMD64, ARM64
from pyxie.media.extents import Folder
from pyxie.media.facts import System
from pyxie.media.marks import ARCHS, Marks, arch_among, titled


def coreos(marks: Marks) -> System | None:
    """Fedora CoreOS: its medium's files are those that its makers have for PXE."""
    if not marks.tree.holds("images/pxeboot/rootfs.img"):
        return None
    version = re.sub(r"^fedora-coreos-", "", marks.volume)
    return System(
        family="coreos",
        title=titled(f"Fedora CoreOS {version}"),
        arch=AMD64 if not marks.tree.holds("EFI/BOOT/BOOTAA64.EFI") else ARM64,
        kernel="images/pxeboot/vmlinuz",
        initrds=(("images/pxeboot/initrd.img", ""), ("images/pxeboot/rootfs.img", "")),
    )


def casper(marks: Marks) -> System | None:
    """Ubuntu's live media, servers and desktops, and what is made of them, as Linux Mint."""
    said = marks.says(".disk/info")
    ours = "ubuntu" in said.lower() or marks.tree.holds("casper/filesystem.squashfs")
    if not ours or not marks.tree.holds("casper/vmlinuz"):
        return None
    words = re.match(r'([^"]*?)\s*"', said) or re.match(r"(\S+ \S+)", said)
    return System(
        family="casper",
        title=titled(words[1] if words else "Ubuntu"),
        arch=arch_among(re.split(r"[\s()]+", said)),
        kernel="casper/vmlinuz",
        initrds=((marks.first("casper/initrd", "casper/initrd.lz", "casper/initrd.gz"), ""),),
    )


def live(marks: Marks) -> System | None:
    """Whatever is made with Debian's live-boot: Debian Live, GParted, Clonezilla, Kali."""
    if not marks.tree.holds("live/filesystem.squashfs"):
        return None
    kernel = marks.first("live/vmlinuz") or _newest(marks, "live", "vmlinuz-")
    version = kernel.removeprefix("live/vmlinuz")
    initrd = marks.first(f"live/initrd.img{version}", f"live/initrd{version}")
    if not (kernel and initrd):
        return None
    said = marks.says(".disk/info").split('"')[0].strip()
    return System(
        family="live",
        title=titled(said or marks.volume or "A live system"),
        arch=marks.by_efi(),
        kernel=kernel,
        initrds=((initrd, ""),),
    )


def dracut(marks: Marks) -> System | None:
    """Live media that dracut starts (dracut.cmdline(7), "Booting live images").

    Of Fedora and what is made of it; of openSUSE, and its newer installer, Agama.
    """
    if not marks.tree.holds("LiveOS/squashfs.img"):
        return None
    for kernel, initrd, arch in (
        ("images/pxeboot/vmlinuz", "images/pxeboot/initrd.img", marks.by_efi()),
        ("boot/x86_64/loader/linux", "boot/x86_64/loader/initrd", AMD64),
        ("boot/aarch64/loader/linux", "boot/aarch64/loader/initrd", ARM64),
        ("boot/aarch64/linux", "boot/aarch64/initrd", ARM64),
        ("isolinux/vmlinuz", "isolinux/initrd.img", AMD64),
    ):
        if marks.tree.holds(kernel) and marks.tree.holds(initrd):
            return System(
                family="dracut",
                title=titled(marks.volume.replace("-", " ") or "A live system"),
                arch=arch,
                kernel=kernel,
                initrds=((initrd, ""),),
            )
    return None


def alpine(marks: Marks) -> System | None:
    """Alpine Linux; its flavours differ in their kernel alone."""
    said = marks.says(".alpine-release").strip()
    flavour = next((f for f in ("lts", "virt") if marks.tree.holds(f"boot/vmlinuz-{f}")), "")
    # A folder with an index of packages.
    arch = next(
        (each for each in ("x86_64", "aarch64")
         if marks.tree.holds(f"apks/{each}/APKINDEX.tar.gz")), "",
    )  # fmt: skip
    if not (said and flavour and arch):
        return None
    version = re.search(r"\d+(\.\d+)+", said)
    return System(
        family="alpine",
        title=titled(f"Alpine Linux {version[0] if version else said}"),
        arch=ARCHS[arch],
        kernel=f"boot/vmlinuz-{flavour}",
        initrds=((f"boot/initramfs-{flavour}", ""),),
    )


def archiso(marks: Marks) -> System | None:
    """Arch Linux, and SystemRescue, which is made likewise."""
    for base, title in (("arch", "Arch Linux"), ("sysresccd", "SystemRescue")):
        folder = f"{base}/boot/x86_64"
        initrd = marks.first(
            *(
                f"{folder}/{name}"
                for name in ("initramfs-linux.img", "archiso.img", "sysresccd.img")
            )
        )
        kernel = marks.first(f"{folder}/vmlinuz-linux", f"{folder}/vmlinuz")
        if initrd and kernel:
            version = marks.says(f"{base}/version").strip()
            return System(
                family=base,
                title=titled(f"{title} {version}".strip()),
                arch=AMD64,
                kernel=kernel,
                initrds=((initrd, ""),),
            )
    return None


def _newest(marks: Marks, folder: str, beginning: str) -> str:
    """Return the file of a folder whose name begins so and has the highest numbers; or nothing."""
    found = marks.tree.root.names.get(folder)
    names = found.names if isinstance(found, Folder) else {}
    fitting = [f"{folder}/{name}" for name in names if name.startswith(beginning)]
    return max(filter(marks.tree.holds, fitting), key=_numbers, default="")


def _numbers(name: str) -> list[tuple[bool, int, str]]:
    parts = re.findall(r"\d{1,18}|\D+", name)
    return [(part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts]
