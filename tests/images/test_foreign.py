"""Words of a command line that mean something to another boot loader only."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.images.foreign import foreign, mended


class TestForeign:
    @pytest.mark.parametrize(
        ("cmdline", "words"),
        [
            ("initrd=initrd.gz auto=true", ["initrd=initrd.gz"]),
            ("auto=true initrd=a.gz,b.gz quiet", ["initrd=a.gz,b.gz"]),
            (
                "KERNEL linux APPEND initrd=i.gz quiet IPAPPEND 2",
                ["KERNEL", "linux", "APPEND", "initrd=i.gz", "IPAPPEND"],
            ),
            ("append quiet", ["append"]),
            ("linuxefi /vmlinuz quiet", ["linuxefi"]),
            ("quiet \\ splash", ["\\"]),
            ("BOOT_IMAGE=/vmlinuz quiet", ["BOOT_IMAGE=/vmlinuz"]),
            ("quiet $vt_handoff", ["$vt_handoff"]),
            ("ip=${net_default_ip} root=$root", ["ip=${net_default_ip}", "root=$root"]),
            ("BOOTIF=01-${net_efinet0_mac}", ["BOOTIF=01-${net_efinet0_mac}"]),
            ("nfsroot=${serverip}:/x", ["nfsroot=${serverip}:/x"]),
        ],
    )
    def test_each_word_is_found(self, cmdline: str, words: list[str]) -> None:
        assert [each.word for each in foreign(cmdline)] == words

    @pytest.mark.parametrize(
        "cmdline",
        [
            "",
            "auto=true priority=critical url=http://192.0.2.1/x interface=auto --- quiet",
            "vga=788 ip=192.0.2.5::192.0.2.1:255.255.255.0::eth0:none BOOTIF=01-52-54-00-00-00-01",
            "inst.ks=http://x/ks rd.live.image root=live:http://x/squashfs.img -- console=ttyS0",
            "mac=${net0/mac} uuid=${uuid} next=${next-server} file=${filename} ip=${ip}",
            "pass=$6$root$x preseed/kernel=linux default_hugepagesz=1G module_blacklist=x",
            "noinitrd rdinitrd=x initrd_timeout=3 linux=yes menu=no",
        ],
    )
    def test_what_is_for_a_kernel_or_for_ipxe_is_none(self, cmdline: str) -> None:
        assert list(foreign(cmdline)) == []


class TestMended:
    @pytest.mark.parametrize(
        ("cmdline", "line"),
        [
            ("initrd=initrd.gz auto=true", "auto=true"),
            ("auto=true initrd=a initrd=b  quiet", "auto=true  quiet"),
            ("APPEND initrd=i.gz quiet", "quiet"),
            ("append quiet", "quiet"),
            ("initrd=initrd.gz", ""),
            ("quiet append", "quiet append"),
            ('a="x  y" noinitrd', 'a="x  y" noinitrd'),
            ("initrd=a initrd=a.b", ""),
        ],
    )
    def test_words_that_cannot_be_meant_are_left_out(self, cmdline: str, line: str) -> None:
        assert mended(cmdline) == line

    @given(
        st.lists(st.sampled_from(["initrd=a", "initrd=b.*", "append", "quiet", "a=b", "(", "-"]))
    )
    def test_of_any_words_the_others_stay(self, words: list[str]) -> None:
        kept = mended(" ".join(words)).split()

        assert [word for word in kept if word != "append"] == [
            word for word in words if not word.startswith("initrd=") and word != "append"
        ]
