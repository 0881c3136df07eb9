"""Which file a machine means by a path below ``boot/``."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pyxie.errors import NotServedError
from pyxie.images.spec import Images, Local
from pyxie.images.wanted import Wanted, wanted

IMAGES = Images(Local("deb/linux"), (Local("deb/initrd.gz"), Local("firmware.cpio")))
SHIM = Images(Local("linux"), (), shim=Local("efi/shim.efi"))


class TestAPath:
    @pytest.mark.parametrize(
        ("of", "at", "name", "found"),
        [
            ("kernel", "", "linux", Wanted(Local("deb/linux"), "kernel", extra=False)),
            (
                "kernel",
                "",
                "grub/x",
                Wanted(Local("deb/grub/x"), "grub/x beside kernel", extra=True),
            ),
            ("initrd", "0", "initrd.gz", Wanted(Local("deb/initrd.gz"), "initrd 0", extra=False)),
            ("initrd", "1", "x", Wanted(Local("x"), "x beside initrd 1", extra=True)),
        ],
    )
    def test_means_a_file_or_one_beside_it(
        self, of: str, at: str, name: str, found: Wanted
    ) -> None:
        assert wanted(IMAGES, of, at, name, "web01") == found

    def test_means_the_shim_and_what_lies_beside_it(self) -> None:
        shim, grub = Local("efi/shim.efi"), Local("efi/grubx64.efi")

        assert wanted(SHIM, "shim", "", "shim.efi", "w") == Wanted(shim, "shim", extra=False)
        assert wanted(SHIM, "shim", "", "grubx64.efi", "w") == Wanted(
            grub, "grubx64.efi beside shim", extra=True
        )

    def test_means_the_grub_beside_the_shim_wherever_that_is(self) -> None:
        images = replace(SHIM, grub=Local("elsewhere/grubx64.efi"))

        assert wanted(images, "shim", "", "grubx64.efi", "w") == Wanted(
            Local("elsewhere/grubx64.efi"), "grub", extra=False
        )

    def test_means_no_shim_where_there_is_none(self) -> None:
        with pytest.raises(NotServedError, match=r"^shim: web01 has none$"):
            wanted(IMAGES, "shim", "", "shim.efi", "web01")

    @pytest.mark.parametrize("at", ["2", "x", "-1", "", "0000"])
    def test_means_no_initrd_that_there_is_not(self, at: str) -> None:
        with pytest.raises(NotServedError, match="web01 has 2"):
            wanted(IMAGES, "initrd", at, "initrd.gz", "web01")
