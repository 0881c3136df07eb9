"""Any text on a medium: its boot loader's configuration, and what tells its system."""

from __future__ import annotations

from contextlib import suppress

from pyxie.errors import NotServedError
from pyxie.media.extents import MediumError, is_name, read
from pyxie.media.guess import CONFIGURATIONS, guessed
from pyxie.media.knownmedia import TEXTS, known
from pyxie.media.loaderconfig import entries
from tests.fuzz.target import Feed, Target, text

_NAMES = ("isolinux/isolinux.cfg", "boot/grub/grub.cfg", "loader/entries/a.conf", "txt.cfg")
_FILES = (
    *("casper/vmlinuz", "casper/initrd", "live/vmlinuz", "live/initrd.img", "install.amd/vmlinuz"),
    *("live/filesystem.squashfs", "boot/vmlinuz-lts", "apks/x86_64/APKINDEX.tar.gz", "efi.img"),
    *("images/pxeboot/vmlinuz", "images/pxeboot/initrd.img", "install.amd/initrd.gz"),
    *TEXTS,
)


def take(data: bytes) -> None:
    feed = Feed(data)
    name = _NAMES[feed.number(len(_NAMES))]
    said = text(feed.rest())
    offered = entries(name, said)
    for each in offered:
        assert each.kernel
        assert ".." not in each.kernel.split("/")
        assert all(map(str.isprintable, (each.label, each.kernel, each.cmdline)))
    CONFIGURATIONS.fullmatch(said[:4096])
    is_name(said)
    tree = read([f"{file}\tfile\t0+10" for file in _FILES], 10)
    guessed(tree, offered)
    system = known(tree, dict.fromkeys(TEXTS, said), said)
    assert system is None or system.title.isprintable()
    with suppress(MediumError, NotServedError):
        read(said.splitlines(), 1000).find(said)


TARGET = Target(
    take=take,
    longest=65_536,
    words=(
        *(b"label x\n", b"kernel x\n", b"append ", b"initrd=", b"menuentry 'x' {\n", b"}\n"),
        *(b"linux /x ", b"submenu ", b"set x=", b"$x", b"title x\n", b'"\\"', b"'", b"\\\n"),
        *(
            b"[x]\n",
            b"a=b\n",
            b'Ubuntu 24.04 "x"',
            b"default ",
            b"options ",
            b"x\tfile\t1+1\n",
            b"a/",
        ),
    ),
)
