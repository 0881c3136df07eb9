"""Which system a medium brings, by files that its makers put on it for that. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from pyxie.config.values import AMD64, ARM64
from pyxie.media.extents import Tree
from pyxie.media.facts import System

_ARCHS: Final = MappingProxyType(
    {
        **dict.fromkeys(("x86_64", "amd64", "x64"), AMD64),
        **dict.fromkeys(("aarch64", "arm64"), ARM64),
    }
)
_TITLE: Final = 80
_LINE: Final = 1000
"""Letters that are looked at of a file which has one line."""

TEXTS: Final = (
    ".treeinfo",
    ".disk/info",
    ".alpine-release",
    "arch/version",
    "media.1/products",
)
"""Files that say which system it is."""

Texts = Mapping[str, str]
"""Of those that are there, what they say."""


@dataclass(frozen=True, slots=True)
class _Medium:
    """What is told by."""

    tree: Tree
    texts: Texts
    volume: str


def known(tree: Tree, texts: Texts, volume: str) -> System | None:
    """Return the system that a medium brings; None if it is not known.

    Args:
        tree: What lies on it.
        texts: Some of `TEXTS`.
        volume: What it calls itself.
    """
    medium = _Medium(tree, texts, volume)
    for find in _FINDERS:
        found = find(medium)
        if found is not None and all(tree.holds(name) for name in found.files):
            return found
    return None


def _coreos(medium: _Medium) -> System | None:
    """Fedora CoreOS: its medium's files are those that its makers have for PXE."""
    if not medium.tree.holds("images/pxeboot/rootfs.img"):
        return None
    version = re.sub(r"^fedora-coreos-", "", medium.volume)
    return System(
        family="coreos",
        title=_title(f"Fedora CoreOS {version}"),
        arch=AMD64 if not medium.tree.holds("EFI/BOOT/BOOTAA64.EFI") else ARM64,
        kernel="images/pxeboot/vmlinuz",
        initrds=(("images/pxeboot/initrd.img", ""), ("images/pxeboot/rootfs.img", "")),
    )


def _anaconda(medium: _Medium) -> System | None:
    """Fedora, and what is made of RHEL: ``.treeinfo`` says it all (productmd's treeinfo 1.2)."""
    said = _ini(medium.texts.get(".treeinfo", ""))
    general = said.get("general", {})
    arch = _ARCHS.get(general.get("arch", ""))
    if arch is None or not medium.tree.holds("images/pxeboot/vmlinuz"):
        return None
    name = general.get("name") or f"{general.get('family', '')} {general.get('version', '')}"
    whole = any(medium.tree.holds(f"{each}repodata/repomd.xml") for each in ("", "BaseOS/"))
    return System(
        family="anaconda" if whole else "anaconda-netinst",
        title=_title(name),
        arch=arch,
        kernel="images/pxeboot/vmlinuz",
        initrds=(("images/pxeboot/initrd.img", ""),),
    )


def _casper(medium: _Medium) -> System | None:
    """Ubuntu's live media, servers and desktops."""
    said = medium.texts.get(".disk/info", "")[:_LINE]
    if "ubuntu" not in said.lower() or not medium.tree.holds("casper/vmlinuz"):
        return None
    words = re.match(r'([^"]*?)\s*"', said) or re.match(r"(\S+ \S+)", said)
    arch = next((_ARCHS[word] for word in re.split(r"[\s()]+", said) if word in _ARCHS), AMD64)
    initrd = next((n for n in ("casper/initrd", "casper/initrd.lz") if medium.tree.holds(n)), "")
    return System(
        family="casper",
        title=_title(words[1] if words else "Ubuntu"),
        arch=arch,
        kernel="casper/vmlinuz",
        initrds=((initrd, ""),),
    )


def _live(medium: _Medium) -> System | None:
    """Whatever is made with Debian's live-boot: Debian Live, GParted, Clonezilla, Kali."""
    if not medium.tree.holds("live/filesystem.squashfs"):
        return None
    kernel, initrd = (
        next((n for n in names if medium.tree.holds(n)), "")
        for names in (("live/vmlinuz",), ("live/initrd.img", "live/initrd"))
    )
    if not (kernel and initrd):
        return None
    said = medium.texts.get(".disk/info", "").split('"')[0].strip()
    return System(
        family="live",
        title=_title(said or medium.volume or "A live system"),
        arch=_by_efi(medium.tree),
        kernel=kernel,
        initrds=((initrd, ""),),
    )


def _suse(medium: _Medium) -> System | None:
    """Of openSUSE and SLE: YaST's media."""
    for folder, arch in (("x86_64", AMD64), ("aarch64", ARM64)):
        kernel = f"boot/{folder}/loader/linux" if arch == AMD64 else f"boot/{folder}/linux"
        if medium.tree.holds(kernel) and (
            "media.1/products" in medium.texts or medium.tree.holds("media.1/media")
        ):
            products = medium.texts.get("media.1/products", "").strip().splitlines()
            name = products[0].lstrip("/ ").replace("-", " ") if products else medium.volume
            return System(
                family="yast",
                title=_title(name or "openSUSE"),
                arch=arch,
                kernel=kernel,
                initrds=((f"{kernel.removesuffix('linux')}initrd", ""),),
            )
    return None


def _alpine(medium: _Medium) -> System | None:
    """Alpine Linux; its flavours differ in their kernel alone."""
    said = medium.texts.get(".alpine-release", "").strip()
    flavour = next((f for f in ("lts", "virt") if medium.tree.holds(f"boot/vmlinuz-{f}")), "")
    arch = next(
        (each for each in ("x86_64", "aarch64") if _is_there(medium.tree, f"apks/{each}")), ""
    )
    if not (said and flavour and arch):
        return None
    version = re.search(r"\d+(\.\d+)+", said)
    return System(
        family="alpine",
        title=_title(f"Alpine Linux {version[0] if version else said}"),
        arch=_ARCHS[arch],
        kernel=f"boot/vmlinuz-{flavour}",
        initrds=((f"boot/initramfs-{flavour}", ""),),
    )


def _archiso(medium: _Medium) -> System | None:
    """Arch Linux, and SystemRescue, which is made likewise."""
    for base, title in (("arch", "Arch Linux"), ("sysresccd", "SystemRescue")):
        folder = f"{base}/boot/x86_64"
        initrd = next(
            (n for n in ("initramfs-linux.img", "archiso.img", "sysresccd.img")
             if medium.tree.holds(f"{folder}/{n}")), "",
        )  # fmt: skip
        kernel = next(
            (n for n in ("vmlinuz-linux", "vmlinuz") if medium.tree.holds(f"{folder}/{n}")), ""
        )
        if initrd and kernel:
            version = medium.texts.get(f"{base}/version", "").strip()
            return System(
                family=base,
                title=_title(f"{title} {version}".strip()),
                arch=AMD64,
                kernel=f"{folder}/{kernel}",
                initrds=((f"{folder}/{initrd}", ""),),
            )
    return None


def _debian(medium: _Medium) -> System | None:
    """Debian's installer: that of its media looks for a disc, so the mirrors' own is booted."""
    said = re.match(
        r'Debian GNU/Linux (\d+)[.\d]*\s+"[^"]*"', medium.texts.get(".disk/info", "")[:_LINE]
    )
    arch = next((each for each in (AMD64, ARM64) if medium.tree.holds(_OF_DEBIAN[each])), "")
    if said is None or not arch:
        return None
    return System(
        family="debian",
        title=_title(said[0].replace('"', "")),
        arch=arch,
        extends=f"debian-{said[1]}",
    )


_OF_DEBIAN: Final = MappingProxyType({AMD64: "install.amd/vmlinuz", ARM64: "install.a64/vmlinuz"})


def _windows(medium: _Medium) -> System | None:
    """Windows and Windows PE, by wimboot; the boot files have these names on all their media."""
    files = ("boot/bcd", "boot/boot.sdi", "sources/boot.wim")
    if not all(medium.tree.holds(name) for name in files):
        return None
    return System(
        family="windows",
        title=_title(f"Windows {medium.volume}"),
        arch=AMD64,
        initrds=tuple(zip(files, _OF_WINDOWS, strict=True)),
    )


_OF_WINDOWS: Final = ("BCD", "boot.sdi", "boot.wim")
"""As wimboot looks for them, in its README."""

_FINDERS: Final[tuple[Callable[[_Medium], System | None], ...]] = (
    _coreos,
    _anaconda,
    _casper,
    _live,
    _suse,
    _alpine,
    _archiso,
    _debian,
    _windows,
)


def _by_efi(tree: Tree) -> str:
    """Return the architecture that a medium has a loader for."""
    only_arm = tree.holds("EFI/BOOT/BOOTAA64.EFI") and not tree.holds("EFI/BOOT/BOOTX64.EFI")
    return ARM64 if only_arm else AMD64


def _is_there(tree: Tree, name: str) -> bool:
    """Tell whether there is a folder of that name: one with an index of packages."""
    return tree.holds(f"{name}/APKINDEX.tar.gz")


def _ini(text: str) -> dict[str, dict[str, str]]:
    """Return what the sections of an INI file say; what is none of it is passed over."""
    found: dict[str, dict[str, str]] = {}
    section: dict[str, str] = {}
    for line in text.splitlines():
        if head := re.fullmatch(r"\s*\[([^\]]*)\]\s*", line):
            section = found.setdefault(head[1], {})
        elif "=" in line and not line.lstrip().startswith((";", "#")):
            key, _, value = line.partition("=")
            section[key.strip()] = value.strip()
    return found


def _title(text: str) -> str:
    """Return a title without what cannot be shown, or means something in a recipe."""
    shown = "".join(c if c.isprintable() and c not in "{}" else " " for c in text)
    return " ".join(shown.split())[:_TITLE]
