"""What is passed to a kernel, and under which names it finds its files."""

from __future__ import annotations

import pytest

from pyxie.errors import NotServedError
from pyxie.images.load import Program, load, program_of

NIC = "01-52-54-00-00-00-0b"


class TestAProgram:
    @pytest.mark.parametrize(
        ("kernel", "cmdline", "program"),
        [
            ("linux", "", Program.LINUX),
            ("vmlinuz-6.1.0-18-amd64", "auto=true", Program.LINUX),
            ("vmlinuz.efi", "auto=true --- quiet", Program.LINUX),
            ("vmlinuz", "--- quiet", Program.LINUX),
            ("shimmer", "", Program.OTHER),
            ("bootable-linux", "", Program.LINUX),
            ("uki.efi", "", Program.SEALED),
            ("Metal-AMD64.EFI", "", Program.SEALED),
            ("uki.efi", "console=ttyS0", Program.LINUX),
            ("wimboot", "", Program.WIMBOOT),
            ("wimboot.x86_64.efi", "gui", Program.WIMBOOT),
            ("WIMBOOT-2.8.0", "", Program.WIMBOOT),
            ("memtest86+x64.bin", "", Program.OTHER),
            ("memtest86+x64.efi", "", Program.OTHER),
            ("mt86p_700_x86_64", "", Program.OTHER),
            ("mboot.efi", "-c http://192.0.2.1/boot.cfg", Program.OTHER),
            ("mboot.c32", "-c boot.cfg", Program.OTHER),
            ("shimx64.efi", "", Program.OTHER),
            ("grubaa64.efi", "", Program.OTHER),
            ("bootx64.efi", "", Program.OTHER),
            ("bootnetx64.efi", "", Program.OTHER),
            ("mmx64.efi", "", Program.OTHER),
            ("memdisk", "iso raw", Program.OTHER),
            ("ipxe.lkrn", "", Program.OTHER),
            ("pxelinux.0", "", Program.OTHER),
            ("anything", "-c options", Program.OTHER),
            ("anything", "--config x", Program.OTHER),
        ],
    )
    def test_is_told_by_its_name_and_command_line(
        self, kernel: str, cmdline: str, program: Program
    ) -> None:
        assert program_of(kernel, cmdline) is program


class TestALinuxKernel:
    def test_is_told_its_initrds_and_its_nic(self) -> None:
        found = load("linux", [("", "initrd.gz"), ("", "fw.cpio")], "auto --- quiet", NIC)

        assert (found.kernel, found.initrds) == ("kernel", ("initrd0", "initrd1"))
        assert found.arguments == f"initrd=initrd0 initrd=initrd1 BOOTIF={NIC} auto --- quiet"

    def test_finds_an_initrd_by_the_name_that_is_written(self) -> None:
        found = load("linux", [("main", "a.img"), ("", "b.img")], "quiet", "")

        assert found.initrds == ("main", "initrd1")
        assert found.arguments == "initrd=main initrd=initrd1 quiet"

    @pytest.mark.parametrize("own", ["BOOTIF=x", "a BOOTIF=x b"])
    @pytest.mark.parametrize("wish", [None, True])
    def test_keeps_the_nic_that_the_operator_wrote(self, own: str, wish: bool | None) -> None:
        assert load("linux", [], own, NIC, wish).arguments == own

    @pytest.mark.parametrize(
        ("wish", "arguments"), [(False, "quiet"), (True, f"BOOTIF={NIC} quiet")]
    )
    def test_is_told_its_nic_as_the_operator_wishes(self, wish: bool, arguments: str) -> None:
        assert load("linux", [], "quiet", NIC, wish).arguments == arguments

    def test_without_a_command_line_is_told_all_the_same(self) -> None:
        found = load("linux", [("", "initrd.gz")], "", NIC)

        assert found.arguments == f"initrd=initrd0 BOOTIF={NIC}"


class TestWimboot:
    FILES = (("BCD", "bcd-7f3a"), ("", "boot.sdi"), ("", "boot.wim"))

    def test_finds_its_files_by_their_own_names_and_is_told_nothing(self) -> None:
        found = load("wimboot", self.FILES, "", NIC)

        assert (found.kernel, found.initrds) == ("wimboot", ("BCD", "boot.sdi", "boot.wim"))
        assert found.arguments == ""

    def test_is_passed_what_is_written(self) -> None:
        assert load("wimboot", self.FILES, "gui", NIC).arguments == "gui"


class TestAUnifiedKernelImage:
    def test_is_passed_nothing_not_even_a_name(self) -> None:
        found = load("uki.efi", [], "", NIC)

        assert (found.kernel, found.arguments) == ("", "")

    def test_has_a_name_if_it_is_to_be_told_something(self) -> None:
        found = load("uki.efi", [], "", NIC, wish=True)

        assert (found.kernel, found.arguments) == ("kernel", f"BOOTIF={NIC}")


class TestAnotherLoader:
    def test_keeps_its_options_in_front(self) -> None:
        found = load("mboot.efi", [], "-c boot.cfg", NIC, wish=True)

        assert (found.kernel, found.arguments) == ("mboot.efi", f"-c boot.cfg BOOTIF={NIC}")

    def test_is_passed_what_is_written_and_nothing_else(self) -> None:
        assert load("mboot.efi", [], "-c boot.cfg", NIC).arguments == "-c boot.cfg"

    def test_finds_files_by_their_own_names(self) -> None:
        found = load("shimx64.efi", [("", "grubx64.efi")], "", NIC)

        assert (found.kernel, found.initrds) == ("shimx64.efi", ("grubx64.efi",))
        assert found.arguments == ""

    def test_of_a_strange_name_is_called_kernel(self) -> None:
        assert load("grub 2.efi", [], "", NIC).kernel == "kernel"


class TestNames:
    @pytest.mark.parametrize(
        ("kernel", "initrds", "twice"),
        [
            ("linux", [("initrd1", "a"), ("", "b")], "initrd1"),
            ("wimboot", [("", "BCD"), ("", "bcd")], "bcd"),
            ("wimboot", [("wimboot", "x")], "wimboot"),
            ("shimx64.efi", [("", "shimx64.efi")], "shimx64.efi"),
        ],
    )
    def test_are_each_of_one_file(
        self, kernel: str, initrds: list[tuple[str, str]], twice: str
    ) -> None:
        with pytest.raises(NotServedError) as caught:
            load(kernel, initrds, "", "")

        assert str(caught.value) == (
            f"initrd: {twice!r} is the name of two files; give each its own"
        )

    def test_that_ipxe_cannot_take_are_asked_for(self) -> None:
        with pytest.raises(NotServedError) as caught:
            load("wimboot", [("", "my boot.wim")], "", "")

        assert str(caught.value) == (
            "initrd: 'my boot.wim' is no name for iPXE: write {name: …, url: …} with another"
        )

    def test_of_a_linux_kernels_files_do_not_matter(self) -> None:
        assert load("linux", [("", "my initrd"), ("", "my initrd")], "", "").initrds == (
            "initrd0",
            "initrd1",
        )
