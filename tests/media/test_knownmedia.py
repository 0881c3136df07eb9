"""Which system a medium brings."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.media.extents import Tree, read
from pyxie.media.facts import System
from pyxie.media.installermedia import MODULES
from pyxie.media.knownmedia import TEXTS, known

PXEBOOT = ("images/pxeboot/vmlinuz", "images/pxeboot/initrd.img")
TREEINFO = (
    "; a comment = none\n[general]\nname = Rocky Linux 9.4\nfamily = Rocky Linux\n"
    "version = 9.4\narch = x86_64\nnonsense\n[stage2]\nmainimage = images/install.img\n"
)
BOOT_CFG = (
    "bootstate=0\ntitle=Loading ESXi installer\ntimeout=5\nprefix=\nkernel=/b.b00\n"
    "kernelopt=runweasel cdromBoot\nmodules=/jumpstrt.gz --- /k.b00 a word\nbuild=8.0.2\n"
)


def holding(*names: str) -> Tree:
    return read([f"{name}\tfile\t0+1" for name in names], 10)


def of(
    names: tuple[str, ...], texts: Mapping[str, str] | None = None, volume: str = "V"
) -> System | None:
    return known(holding(*names), texts or {}, volume)


CASES: dict[str, tuple[tuple[str, ...], dict[str, str], str, System]] = {
    "rocky": (
        (*PXEBOOT, "BaseOS/repodata/repomd.xml"),
        {".treeinfo": TREEINFO},
        "Rocky-9-4-x86_64-dvd",
        System(
            family="anaconda",
            title="Rocky Linux 9.4",
            arch="amd64",
            kernel=PXEBOOT[0],
            initrds=((PXEBOOT[1], ""),),
        ),
    ),
    "netinst": (
        PXEBOOT,
        {".treeinfo": TREEINFO.replace("name =", "nome =").replace("x86_64", "aarch64")},
        "V",
        System(
            family="anaconda-netinst",
            title="Rocky Linux 9.4",
            arch="arm64",
            kernel=PXEBOOT[0],
            initrds=((PXEBOOT[1], ""),),
        ),
    ),
    "coreos": (
        (*PXEBOOT, "images/pxeboot/rootfs.img"),
        {},
        "fedora-coreos-40.20240616.3.0",
        System(
            family="coreos",
            title="Fedora CoreOS 40.20240616.3.0",
            arch="amd64",
            kernel=PXEBOOT[0],
            initrds=((PXEBOOT[1], ""), ("images/pxeboot/rootfs.img", "")),
        ),
    ),
    "ubuntu": (
        ("casper/vmlinuz", "casper/initrd"),
        {".disk/info": 'Ubuntu-Server 24.04.1 LTS "Noble Numbat" - Release amd64 (20240827)'},
        "V",
        System(
            family="casper",
            title="Ubuntu-Server 24.04.1 LTS",
            arch="amd64",
            kernel="casper/vmlinuz",
            initrds=(("casper/initrd", ""),),
        ),
    ),
    "live": (
        ("live/vmlinuz", "live/initrd.img", "live/filesystem.squashfs", "EFI/BOOT/BOOTAA64.EFI"),
        {".disk/info": 'Debian GNU/Linux Live 12.5.0 "Bookworm" - Official arm64 ISO'},
        "V",
        System(
            family="live",
            title="Debian GNU/Linux Live 12.5.0",
            arch="arm64",
            kernel="live/vmlinuz",
            initrds=(("live/initrd.img", ""),),
        ),
    ),
    "suse": (
        ("boot/x86_64/loader/linux", "boot/x86_64/loader/initrd"),
        {"media.1/products": "/ openSUSE-Leap 15.6-1\n"},
        "V",
        System(
            family="yast",
            title="openSUSE Leap 15.6 1",
            arch="amd64",
            kernel="boot/x86_64/loader/linux",
            initrds=(("boot/x86_64/loader/initrd", ""),),
        ),
    ),
    "suse on arm": (
        ("boot/aarch64/linux", "boot/aarch64/initrd", "media.1/media"),
        {},
        "SLE",
        System(
            family="yast",
            title="SLE",
            arch="arm64",
            kernel="boot/aarch64/linux",
            initrds=(("boot/aarch64/initrd", ""),),
        ),
    ),
    "alpine": (
        ("boot/vmlinuz-virt", "boot/initramfs-virt", "apks/x86_64/APKINDEX.tar.gz"),
        {".alpine-release": "alpine-virt 3.19.1 240126\n"},
        "V",
        System(
            family="alpine",
            title="Alpine Linux 3.19.1",
            arch="amd64",
            kernel="boot/vmlinuz-virt",
            initrds=(("boot/initramfs-virt", ""),),
        ),
    ),
    "alpine edge": (
        ("boot/vmlinuz-lts", "boot/initramfs-lts", "apks/aarch64/APKINDEX.tar.gz"),
        {".alpine-release": "edge\n"},
        "V",
        System(
            family="alpine",
            title="Alpine Linux edge",
            arch="arm64",
            kernel="boot/vmlinuz-lts",
            initrds=(("boot/initramfs-lts", ""),),
        ),
    ),
    "arch": (
        ("arch/boot/x86_64/vmlinuz-linux", "arch/boot/x86_64/initramfs-linux.img"),
        {"arch/version": "2024.05.01\n"},
        "V",
        System(
            family="arch",
            title="Arch Linux 2024.05.01",
            arch="amd64",
            kernel="arch/boot/x86_64/vmlinuz-linux",
            initrds=(("arch/boot/x86_64/initramfs-linux.img", ""),),
        ),
    ),
    "rescue": (
        ("sysresccd/boot/x86_64/vmlinuz", "sysresccd/boot/x86_64/sysresccd.img"),
        {},
        "V",
        System(
            family="sysresccd",
            title="SystemRescue",
            arch="amd64",
            kernel="sysresccd/boot/x86_64/vmlinuz",
            initrds=(("sysresccd/boot/x86_64/sysresccd.img", ""),),
        ),
    ),
    "debian": (
        ("install.a64/vmlinuz",),
        {".disk/info": 'Debian GNU/Linux 12.5.0 "Bookworm" - Official arm64 NETINST'},
        "V",
        System(
            family="debian",
            title="Debian GNU/Linux 12.5.0 Bookworm",
            arch="arm64",
            extends="debian-12",
        ),
    ),
    "windows": (
        ("boot/bcd", "boot/boot.sdi", "sources/boot.wim"),
        {},
        "CCCOMA_X64FRE_EN-US_DV9",
        System(
            family="windows",
            title="Windows CCCOMA_X64FRE_EN-US_DV9",
            arch="amd64",
            initrds=(
                ("boot/bcd", "BCD"),
                ("boot/boot.sdi", "boot.sdi"),
                ("sources/boot.wim", "boot.wim"),
            ),
        ),
    ),
    "lorax's own": (
        (*PXEBOOT, "images/install.img"),
        {".discinfo": "1713218160.560219\n40\nx86_64\n"},
        "Fedora-E-dvd-x86_64-40",
        System(
            family="anaconda-netinst",
            title="Fedora E dvd x86_64 40",
            arch="amd64",
            kernel=PXEBOOT[0],
            initrds=((PXEBOOT[1], ""),),
        ),
    ),
    "a live system of dracut's": (
        ("boot/aarch64/loader/linux", "boot/aarch64/loader/initrd", "LiveOS/squashfs.img"),
        {},
        "Fedora-WS-Live-43",
        System(
            family="dracut",
            title="Fedora WS Live 43",
            arch="arm64",
            kernel="boot/aarch64/loader/linux",
            initrds=(("boot/aarch64/loader/initrd", ""),),
        ),
    ),
    "mint": (
        ("casper/vmlinuz", "casper/initrd.lz", "casper/filesystem.squashfs"),
        {".disk/info": 'Linux Mint 21.3 "Virginia" - Release amd64 20231227'},
        "V",
        System(
            family="casper",
            title="Linux Mint 21.3",
            arch="amd64",
            kernel="casper/vmlinuz",
            initrds=(("casper/initrd.lz", ""),),
        ),
    ),
    "proxmox": (
        ("boot/linux26", "boot/initrd.img"),
        {".cd-info": "RELEASE='9.2'\nISORELEASE='1'\nPRODUCT='pve'\nPRODUCTLONG='Proxmox VE'\n\n"},
        "PVE",
        System(
            family="proxmox",
            title="Proxmox VE 9.2-1",
            arch="amd64",
            kernel="boot/linux26",
            initrds=(("boot/initrd.img", ""),),
        ),
    ),
    "esxi": (
        ("efi/boot/bootx64.efi", "b.b00", "jumpstrt.gz", "k.b00"),
        {"boot.cfg": BOOT_CFG},
        "ESXI-8.0U2-22380479-STANDARD",
        System(
            family="esxi",
            title="VMware ESXi 8.0U2 22380479 STANDARD",
            arch="amd64",
            kernel="efi/boot/bootx64.efi",
            modules=("b.b00", "jumpstrt.gz", "k.b00"),
        ),
    ),
    "debian testing": (
        ("install.amd/vmlinuz",),
        {".disk/info": 'Debian GNU/Linux testing "Forky" - Official Snapshot amd64 NETINST'},
        "V",
        System(
            family="debian",
            title="Debian GNU/Linux testing Forky",
            arch="amd64",
            extends="debian-testing",
        ),
    ),
    "windows on arm": (
        ("boot/bcd", "boot/boot.sdi", "sources/boot.wim", "EFI/BOOT/BOOTAA64.EFI"),
        {},
        "V",
        System(
            family="windows",
            title="Windows V",
            arch="arm64",
            initrds=(
                ("boot/bcd", "BCD"),
                ("boot/boot.sdi", "boot.sdi"),
                ("sources/boot.wim", "boot.wim"),
            ),
        ),
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_system_is_known_by_what_its_makers_put_there(
    case: tuple[tuple[str, ...], dict[str, str], str, System],
) -> None:
    names, texts, volume, system = case

    assert of(names, texts, volume) == system


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_one_that_lacks_a_file_is_not(
    case: tuple[tuple[str, ...], dict[str, str], str, System],
) -> None:
    names, texts, volume, _ = case

    assert of((), texts, volume) is None
    assert of(names[:1], {}, volume) is None or len(names) == 1


@pytest.mark.parametrize(
    ("names", "texts"),
    [
        ((*PXEBOOT,), {".treeinfo": "[general]\narch = s390x\n"}),
        (("casper/vmlinuz",), {".disk/info": "Ubuntu"}),
        (("casper/vmlinuz", "casper/initrd"), {".disk/info": "Mint"}),
        (("live/filesystem.squashfs", "live/vmlinuz"), {}),
        (("install.amd/vmlinuz",), {".disk/info": "Debian testing"}),
        ((*PXEBOOT, "images/install.img"), {".discinfo": "nothing"}),
        ((*PXEBOOT, "images/install.img"), {}),
        (("LiveOS/squashfs.img", "isolinux/vmlinuz"), {}),
        (("live",), {}),
        (("live/vmlinuz-6.1", "live/filesystem.squashfs"), {}),
        (("boot/linux26", "boot/initrd.img"), {".cd-info": "RELEASE='9'"}),
        (("boot/linux26",), {".cd-info": "PRODUCTLONG='Proxmox VE'"}),
        (("efi/boot/bootx64.efi", "b.b00"), {"boot.cfg": BOOT_CFG}),
        (("efi/boot/bootx64.efi", "b.b00"), {"boot.cfg": "kernel=b.b00\nkernelopt=other"}),
        (
            ("efi/boot/bootx64.efi", "b.b00"),
            {"boot.cfg": BOOT_CFG.replace("/k.b00", "--- b.b00 " * MODULES)},
        ),
    ],
)
def test_what_is_like_one_is_not_it(names: tuple[str, ...], texts: dict[str, str]) -> None:
    assert of(names, texts) is None


def test_ubuntu_without_a_name_is_ubuntu() -> None:
    names = ("casper/vmlinuz", "casper/initrd.lz")

    found = [of(names, {".disk/info": said}) for said in ("Ubuntu 18.04 x", "ubuntu")]

    assert [each.title for each in found if each] == ["Ubuntu 18.04", "Ubuntu"]


def test_of_several_kernels_of_a_live_system_it_is_the_newest() -> None:
    kernels = [
        f"live/{name}-{v}" for v in ("6.9.0", "6.10.2") for name in ("vmlinuz", "initrd.img")
    ]

    found = of((*kernels, "live/filesystem.squashfs"))

    assert found is not None
    assert (found.kernel, found.initrds) == (
        "live/vmlinuz-6.10.2",
        (("live/initrd.img-6.10.2", ""),),
    )


def test_a_live_system_without_a_name_has_its_volumes() -> None:
    names = ("live/vmlinuz", "live/initrd", "live/filesystem.squashfs")

    found = [of(names, {}, volume) for volume in ("GParted{live}\n", "")]

    assert [each.title for each in found if each] == ["GParted live", "A live system"]


class TestForAnyTexts:
    @given(st.dictionaries(st.sampled_from(TEXTS), st.text()), st.text())
    def test_its_title_can_be_shown_and_means_nothing_in_a_recipe(
        self, texts: dict[str, str], volume: str
    ) -> None:
        for names, *_ in CASES.values():
            found = of(names, texts, volume)
            if found is not None:
                assert found.title.isprintable()
                assert not set("{}") & set(found.title)
