"""A medium becomes a recipe: what is booted of it, and with which words. Pure.

What a medium says of itself is text that anybody may have written. In a recipe it is passed to a
kernel and no more: it is no template, and fills in nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, TypeAlias
from urllib.parse import quote

from pyxie.config.simple import Plain
from pyxie.config.values import AMD64, ARM64
from pyxie.media.facts import Facts, System
from pyxie.media.loaderconfig import Entry

Recipe: TypeAlias = dict[str, Plain]
"""A recipe's file, as plain data."""

MEDIUM: Final = "media:"
"""Before the name of a medium and of a file on it, where a kernel is named."""

CPIO: Final = ".cpio"
"""Behind the name of a medium: its whole image, as the one file of an archive that is an initrd.
No medium is called so."""

_WHOLE: Final = "proxmox.iso"
"""Where Proxmox's installer looks for its medium, from the root of its initrds on."""

_KICKSTART: Final = "{% if machine.preseed %} inst.ks={{ urls.template('preseed') }}{% endif %}"
_AUTOYAST: Final = "{% if machine.preseed %} autoyast={{ urls.template('preseed') }}{% endif %}"
_SEED: Final = (
    "{% if machine.templates.get('user-data') %}"
    " autoinstall ds=nocloud-net;s={{ urls.seed }}{% endif %}"
)
_ANSWER: Final = "{% if machine.templates.get('answer') %} proxmox-start-auto-installer{% endif %}"
_IGNITION: Final = (
    "{% if machine.templates.get('ignition') %}"
    " ignition.config.url={{ urls.template('ignition') }}{% endif %}"
)

LINES: Final[Mapping[str, str | None]] = MappingProxyType(
    {
        # Anaconda, "Boot options": inst.repo is where the packages are, and the rest of itself.
        "anaconda": "ip=dhcp inst.repo=@/" + _KICKSTART,
        "anaconda-netinst": "ip=dhcp inst.stage2=@/" + _KICKSTART,
        # casper(7): the image is fetched whole. cloud-init would take url= for its own.
        "casper": "ip=dhcp url=@.iso cloud-config-url=/dev/null" + _SEED + " ---",
        # live-boot(7).
        "live": "boot=live components ip=dhcp fetch=@/live/filesystem.squashfs",
        # linuxrc, "install".
        "yast": "install=@/ ifcfg=*=dhcp hostname={{ Hostname }}" + _AUTOYAST,
        # mkinitfs-bootparam(7).
        "alpine": "ip=dhcp modules=loop,squashfs modloop=@/boot/modloop-<flavour>"
        " alpine_repo=@/apks",
        # archiso, README.bootparams.
        "arch": "archisobasedir=arch archiso_http_srv=@/ ip=dhcp",
        "sysresccd": "archisobasedir=sysresccd archiso_http_srv=@/ ip=dhcp",
        # dracut.cmdline(7), "Booting live images".
        "dracut": "ip=dhcp rd.neednet=1 rd.live.image root=live:@/LiveOS/squashfs.img",
        # As on its medium's menu; proxmox-auto-installer's own word before its answers.
        "proxmox": "ro ramdisk_size=16777216 rw quiet splash=silent" + _ANSWER,
        "esxi": "-c {{ urls.template('boot.cfg') }}",
        "coreos": "ignition.firstboot ignition.platform.id=metal" + _IGNITION,
        "windows": None,
        "debian": None,
    }
)
"""The command line of each family; @ stands for where the medium is, <flavour> for a kernel's."""

_NEEDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "windows": "wimboot in the folder 'images' (https://ipxe.org/wimboot)",
        "alpine": "a virtual machine: the medium's initramfs has drivers for virtio NICs alone",
        "dracut": "memory for the system's image, which the machine fetches",
        "esxi": "UEFI: iPXE cannot start its loader for BIOS",
        "proxmox": "4 GB of memory, for the machine is given the whole medium; to install by itself"
        " one that was prepared for that, and a template 'answer' (docs/templates.md)",
        "casper": "memory for the whole medium, which the machine fetches",
    }
)


_OTHERWISE: Final = frozenset(("windows", "esxi"))
"""Families whose kernel is a program for UEFI itself."""


def of_system(medium: str, system: System, loaders: Sequence[str] = ()) -> Recipe:
    """Return the recipe of a medium of a known system.

    Args:
        medium: Its name.
        system: What it brings.
        loaders: Its programs for UEFI.
    """
    recipe: Recipe = {"version": "1", "title": f"{system.title}, of {medium}.iso"}
    if system.extends:
        return {**recipe, "extends": system.extends, "unverified": "true"}
    line = LINES[system.family]
    initrds: list[Plain] = [
        {"url": _file(medium, name), "name": word} if word else _file(medium, name)
        for name, word in system.initrds
    ]
    recipe |= {
        "operatingsystem": system.title,
        "unverified": "true",
        "kernel": _file(medium, system.kernel) if system.kernel else "wimboot",
        "initrd": initrds,
    }
    if line is not None:
        place = f"{{{{ urls.base }}}}/media/{quote(medium)}"
        recipe["cmdline"] = _line(line, place, system.kernel)
    if system.family in _NEEDS:
        recipe["needs"] = _NEEDS[system.family]
    if system.family == "proxmox":
        recipe["initrd"] = [*initrds, f"{MEDIUM}{medium}{CPIO}/{_WHOLE}"]
    if system.modules:
        kernel, *modules = system.modules
        recipe |= {
            "bootif": "true",
            "templates": {"boot.cfg": "esxi.boot.cfg.j2"},
            "params": {
                "esxi_medium": medium,
                "esxi_kernel": kernel,
                "esxi_modules": " --- ".join(modules),
            },
        }
    if system.family in _OTHERWISE:
        return {**recipe, "arch": {system.arch: {}}}
    return {**recipe, **_signed(medium, loaders, system.arch), "arch": {system.arch: {}}}


def of_entry(medium: str, entry: Entry, facts: Facts) -> Recipe:
    """Return the recipe of what was guessed, or said by the operator, to boot.

    Args:
        medium: The medium's name.
        entry: Kernel, initrds and command line.
        facts: What else is known.
    """
    first = {loader.rpartition("/")[2].lower() for loader in facts.loaders}
    arch = ARM64 if "bootaa64.efi" in first and "bootx64.efi" not in first else AMD64
    return {
        "version": "1",
        "title": f"{entry.label or facts.volume or medium}, of {medium}.iso",
        "unverified": "true",
        "kernel": _file(medium, entry.kernel),
        "initrd": [_file(medium, name) for name in entry.initrds],
        "cmdline": literal(entry.cmdline) or None,
        **_signed(medium, facts.loaders, arch),
        "arch": {arch: {}},
    }


def _signed(medium: str, loaders: Sequence[str], arch: str) -> Recipe:
    """Return a medium's shim and GRUB: what firmware starts is one, where a GRUB lies beside it."""
    cpu = {AMD64: "x64", ARM64: "aa64"}[arch]
    by_name = {loader.rpartition("/")[2].lower(): loader for loader in loaders}
    shim = by_name.get(f"boot{cpu}.efi")
    grub = by_name.get(f"grub{cpu}.efi") or by_name.get("grub.efi")  # which is SUSE's
    if shim is None or grub is None:
        return {}
    return {"shim": _file(medium, shim), "grub": _file(medium, grub)}


def without_cpio(name: str) -> str:
    """Return the medium that is meant, be it as an archive or not."""
    return name.removesuffix(CPIO)


def literal(text: str) -> str:
    """Return a template that is rendered as ``text``, and no brace of a recipe's in it."""
    return re.sub(r"[{}]+", lambda found: f"{{{{ '{found[0]}' }}}}", text)


def _line(line: str, place: str, kernel: str) -> str:
    return line.replace("<flavour>", kernel.rpartition("-")[2]).replace("@", place)


def _file(medium: str, name: str) -> str:
    return f"{MEDIUM}{medium}/{name}"
