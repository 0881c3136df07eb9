"""What each known medium becomes: an image is made as its makers do, and dropped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pyxie.media.asrecipe import of_system
from pyxie.openfile import opened
from tests.inthread import look_in_thread
from tests.media.layouts import LAYOUTS
from tests.media.test_asrecipe import misfits

HERE = "{{ urls.base }}/media"
_SEED = (
    "{% if machine.templates.get('user-data') %} autoinstall ds=nocloud-net;s={{ urls.seed }}"
    "{% endif %}"
)
_KICKSTART = "{% if machine.preseed %} inst.ks={{ urls.template('preseed') }}{% endif %}"
_PROXMOX = (
    "ro ramdisk_size=16777216 rw quiet splash=silent"
    "{% if machine.templates.get('answer') %} proxmox-start-auto-installer{% endif %}"
)

BECOMES: dict[str, dict[str, Any]] = {
    "fedora-40": {
        "title": "Fedora 40",
        "kernel": "images/pxeboot/vmlinuz",
        "initrd": ["images/pxeboot/initrd.img"],
        "cmdline": f"ip=dhcp inst.stage2={HERE}/fedora-40/{_KICKSTART}",
    },
    "rhel-9": {
        "title": "Red Hat Enterprise Linux 9.4.0",
        "kernel": "images/pxeboot/vmlinuz",
        "initrd": ["images/pxeboot/initrd.img"],
        "cmdline": f"ip=dhcp inst.repo={HERE}/rhel-9/{_KICKSTART}",
    },
    "fedora-netinst": {
        "title": "Fedora E dvd x86_64 40",
        "kernel": "images/pxeboot/vmlinuz",
        "initrd": ["images/pxeboot/initrd.img"],
        "cmdline": f"ip=dhcp inst.stage2={HERE}/fedora-netinst/{_KICKSTART}",
    },
    "fedora-live": {
        "title": "Fedora WS Live 43",
        "kernel": "boot/x86_64/loader/linux",
        "initrd": ["boot/x86_64/loader/initrd"],
        "cmdline": "ip=dhcp rd.neednet=1 rd.live.image"
        f" root=live:{HERE}/fedora-live/LiveOS/squashfs.img",
    },
    "ubuntu-server": {
        "title": "Ubuntu-Server 24.04.1 LTS",
        "kernel": "casper/vmlinuz",
        "initrd": ["casper/initrd"],
        "cmdline": f"ip=dhcp url={HERE}/ubuntu-server.iso cloud-config-url=/dev/null{_SEED} ---",
    },
    "debian-live": {
        "title": "Debian GNU/Linux Live 12.5.0",
        "kernel": "live/vmlinuz-6.1.0-18-amd64",
        "initrd": ["live/initrd.img-6.1.0-18-amd64"],
        "cmdline": "boot=live components ip=dhcp"
        f" fetch={HERE}/debian-live/live/filesystem.squashfs",
    },
    "debian-netinst": {"title": "Debian GNU/Linux 12.5.0 Bookworm", "extends": "debian-12"},
    "opensuse-leap": {
        "title": "openSUSE Leap 15.6 1",
        "kernel": "boot/x86_64/loader/linux",
        "initrd": ["boot/x86_64/loader/initrd"],
        "cmdline": f"install={HERE}/opensuse-leap/ ifcfg=*=dhcp hostname={{{{ Hostname }}}}"
        "{% if machine.preseed %} autoyast={{ urls.template('preseed') }}{% endif %}",
    },
    "archlinux": {
        "title": "Arch Linux 2024.05.01",
        "kernel": "arch/boot/x86_64/vmlinuz-linux",
        "initrd": ["arch/boot/x86_64/initramfs-linux.img"],
        "cmdline": f"archisobasedir=arch archiso_http_srv={HERE}/archlinux/ ip=dhcp",
    },
    "alpine": {
        "title": "Alpine Linux 3.19.1",
        "kernel": "boot/vmlinuz-lts",
        "initrd": ["boot/initramfs-lts"],
        "cmdline": f"ip=dhcp modules=loop,squashfs modloop={HERE}/alpine/boot/modloop-lts"
        f" alpine_repo={HERE}/alpine/apks",
    },
    "proxmox-ve": {
        "title": "Proxmox VE 9.2-1",
        "kernel": "boot/linux26",
        "initrd": ["boot/initrd.img", "media:proxmox-ve.cpio/proxmox.iso"],
        "cmdline": _PROXMOX,
    },
    "proxmox-backup": {
        "title": "Proxmox Backup Server 3.2-1",
        "kernel": "boot/linux26",
        "initrd": ["boot/initrd.img", "media:proxmox-backup.cpio/proxmox.iso"],
        "cmdline": _PROXMOX,
    },
    "esxi-8": {
        "title": "VMware ESXi 8.0U2 22380479 STANDARD",
        "kernel": "efi/boot/bootx64.efi",
        "initrd": [],
        "bootif": "true",
        "cmdline": "-c {{ urls.template('boot.cfg') }}",
        "templates": {"boot.cfg": "esxi.boot.cfg.j2"},
        "params": {
            "esxi_medium": "esxi-8",
            "esxi_kernel": "b.b00",
            "esxi_modules": "jumpstrt.gz --- useropts.gz --- k.b00",
        },
    },
    "windows-11": {
        "title": "Windows CCCOMA_X64FRE_EN-US_DV9",
        "kernel": "wimboot",
        "initrd": [
            {"url": "media:windows-11/boot/bcd", "name": "BCD"},
            {"url": "media:windows-11/boot/boot.sdi", "name": "boot.sdi"},
            {"url": "media:windows-11/sources/boot.wim", "name": "boot.wim"},
        ],
    },
}


def test_all_are_looked_at() -> None:
    assert BECOMES.keys() == LAYOUTS.keys()


@pytest.mark.parametrize("name", sorted(LAYOUTS))
async def test_a_medium_becomes_a_recipe(name: str, tmp_path: Path) -> None:
    layout = LAYOUTS[name]
    image = opened(layout.make(tmp_path / f"{name}.iso", layout.files, layout.volume))

    contents = await look_in_thread(image)
    image.close()

    assert contents.facts.system is not None
    made = of_system(name, contents.facts.system)
    said = {key: made[key] for key in BECOMES[name] if key not in ("title", "kernel", "initrd")}
    said["title"] = str(made["title"]).removesuffix(f", of {name}.iso")
    if "kernel" in made:
        initrds = made["initrd"]
        assert isinstance(initrds, list)
        said["kernel"] = plainly(made["kernel"], name)
        said["initrd"] = [plainly(each, name) for each in initrds]
    assert said == BECOMES[name]
    assert misfits(made, contents.facts.system.arch) == []


def plainly(file: Any, name: str) -> Any:
    """Return a file of the medium by its path alone."""
    return file.removeprefix(f"media:{name}/") if isinstance(file, str) else file
