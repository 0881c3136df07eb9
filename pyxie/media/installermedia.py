"""Media that install a system: how each is told, and what of it is booted. Pure."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Final

from pyxie.config.values import AMD64, ARM64
from pyxie.media.facts import System
from pyxie.media.marks import ARCHS, Marks, assignments, ini, titled

MODULES: Final = 512
"""What ESXi's loader loads at most; its media have some 150."""


def anaconda(marks: Marks) -> System | None:
    """Fedora, and what is made of RHEL.

    ``.treeinfo`` says it all (productmd's treeinfo 1.2). Media that lorax made by itself have
    ``.discinfo`` alone, whose lines are a time, the version and the architecture.
    """
    general = ini(marks.texts.get(".treeinfo", "")).get("general", {})
    _, version, arch, *_ = [*marks.says(".discinfo").splitlines(), "", "", ""]
    name = general.get("name") or f"{general.get('family', '')} {general.get('version', '')}"
    if not general and marks.tree.holds("images/install.img"):
        general = {"arch": arch.strip()}
        name = marks.volume.replace("-", " ") or f"Fedora or RHEL {version}"
    processor = ARCHS.get(general.get("arch", ""))
    if processor is None or not marks.tree.holds("images/pxeboot/vmlinuz"):
        return None
    whole = marks.first("repodata/repomd.xml", "BaseOS/repodata/repomd.xml")
    return System(
        family="anaconda" if whole else "anaconda-netinst",
        title=titled(name),
        arch=processor,
        kernel="images/pxeboot/vmlinuz",
        initrds=(("images/pxeboot/initrd.img", ""),),
    )


def suse(marks: Marks) -> System | None:
    """Of openSUSE and SLE: YaST's media."""
    for folder, arch in (("x86_64", AMD64), ("aarch64", ARM64)):
        kernel = f"boot/{folder}/loader/linux" if arch == AMD64 else f"boot/{folder}/linux"
        if marks.tree.holds(kernel) and (
            "media.1/products" in marks.texts or marks.tree.holds("media.1/media")
        ):
            products = marks.says("media.1/products").strip().splitlines()
            name = products[0].lstrip("/ ").replace("-", " ") if products else marks.volume
            return System(
                family="yast",
                title=titled(name or "openSUSE"),
                arch=arch,
                kernel=kernel,
                initrds=((f"{kernel.removesuffix('linux')}initrd", ""),),
            )
    return None


def debian(marks: Marks) -> System | None:
    """Debian's installer: that of its media looks for a disc, so the mirrors' own is booted."""
    said = re.match(r'Debian GNU/Linux (?:(\d+)[.\d]*|testing)\s+"[^"]*"', marks.says(".disk/info"))
    arch = next((each for each in (AMD64, ARM64) if marks.tree.holds(_OF_DEBIAN[each])), "")
    if said is None or not arch:
        return None
    return System(
        family="debian",
        title=titled(said[0].replace('"', "")),
        arch=arch,
        extends=f"debian-{said[1] or 'testing'}",
    )


_OF_DEBIAN: Final = MappingProxyType({AMD64: "install.amd/vmlinuz", ARM64: "install.a64/vmlinuz"})


def proxmox(marks: Marks) -> System | None:
    """Proxmox VE, Backup Server, Mail Gateway: ``.cd-info``, which the installer reads itself.

    The installer looks for its whole medium: on a disc, else as a file beside itself.
    """
    said = assignments(marks.says(".cd-info"))
    if "PRODUCTLONG" not in said:
        return None
    release = "-".join(said[key] for key in ("RELEASE", "ISORELEASE") if said.get(key))
    return System(
        family="proxmox",
        title=titled(f"{said['PRODUCTLONG']} {release}"),
        arch=AMD64,
        kernel="boot/linux26",
        initrds=((marks.first("boot/initrd.img", "boot/initrd"), ""),),
    )


def esxi(marks: Marks) -> System | None:
    """ESXi of VMware: what its loader loads is in ``boot.cfg``.

    Of "About the boot.cfg File" in "ESXi Installation and Setup": for a network the files are named
    without a slash in front. They keep the spelling that they have there, by which ESXi knows them.
    """
    said = assignments(marks.texts.get("boot.cfg") or marks.texts.get("efi/boot/boot.cfg", ""))
    words = [said.get("kernel", ""), *said.get("modules", "").split("---")]
    modules = tuple(first.lstrip("/") for word in words for first in word.split()[:1])
    if "runweasel" not in said.get("kernelopt", "").split() or len(modules) > MODULES:
        return None
    version = re.sub(r"(?i)\besxi\b|-", " ", marks.volume)
    return System(
        family="esxi",
        title=titled(f"VMware ESXi {version}"),
        arch=AMD64,
        kernel="efi/boot/bootx64.efi",
        modules=modules,
    )


def windows(marks: Marks) -> System | None:
    """Windows and Windows PE, by wimboot; the boot files have these names on all their media."""
    files = ("boot/bcd", "boot/boot.sdi", "sources/boot.wim")
    if not all(marks.tree.holds(name) for name in files):
        return None
    return System(
        family="windows",
        title=titled(f"Windows {marks.volume}"),
        arch=marks.by_efi(),
        initrds=tuple(zip(files, _OF_WINDOWS, strict=True)),
    )


_OF_WINDOWS: Final = ("BCD", "boot.sdi", "boot.wim")
"""As wimboot looks for them, in its README."""
