"""Any text that an installer is given, and any kernel's command line: whether it wipes a disk."""

from __future__ import annotations

from pyxie.bounds import WIPING_LENGTH
from pyxie.images.foreign import foreign, mended
from pyxie.render.grubwords import kernel_words
from pyxie.wiping.kernelwords import read_cmdline
from pyxie.wiping.reading import read_template
from tests.fuzz.target import Feed, Target, text


def take(data: bytes) -> None:
    feed = Feed(data)
    script = bool(feed.number(2))
    said = text(feed.rest())
    read_template(said, "http://192.0.2.1:8090", script=script)
    read_template(f"#!/bin/sh\n{said}", "http://192.0.2.1:8090")
    line = " ".join(said.split())[:65_536]
    read_cmdline(line)
    kernel_words(line)
    list(foreign(line))
    mended(line)


TARGET = Target(
    take=take,
    longest=WIPING_LENGTH.whole,
    words=(
        *(b"#cloud-config\n", b"%pre\n", b"%end\n", b"d-i partman-auto/disk string /dev/sda\n"),
        *(b"clearpart --all\n", b"#!/bin/sh\n", b"dd of=/dev/sda;", b"$(", b"`", b"'", b'"', b"\\"),
        *(
            b"<<E\n",
            b"echo ",
            b"pyxie-wipes: ",
            b"a: ",
            b"- ",
            b"[",
            b"{",
            b"<a>",
            b"data:;base64,",
        ),
        *(
            b"---\n",
            b"sh -c ",
            b"if ",
            b"%include http://a/b\n",
            b"ExecStart=",
            b"[a.b]\n",
            b"a.b.",
        ),
    ),
)
