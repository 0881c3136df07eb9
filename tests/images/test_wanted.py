"""Which file a machine means by a path below ``boot/``."""

from __future__ import annotations

import pytest

from pyxie.errors import NotServedError
from pyxie.images.spec import Images, Local
from pyxie.images.wanted import Wanted, wanted

IMAGES = Images(Local("deb/linux"), (Local("deb/initrd.gz"), Local("firmware.cpio")))


class TestAPath:
    @pytest.mark.parametrize(
        ("at", "name", "found"),
        [
            (None, "linux", Wanted(Local("deb/linux"), "kernel", extra=False)),
            (None, "grub/x", Wanted(Local("deb/grub/x"), "grub/x beside kernel", extra=True)),
            ("0", "initrd.gz", Wanted(Local("deb/initrd.gz"), "initrd 0", extra=False)),
            ("1", "x", Wanted(Local("x"), "x beside initrd 1", extra=True)),
        ],
    )
    def test_means_a_file_or_one_beside_it(self, at: str | None, name: str, found: Wanted) -> None:
        assert wanted(IMAGES, at, name, "web01") == found

    @pytest.mark.parametrize("at", ["2", "x", "-1", "", "0000"])
    def test_means_no_initrd_that_there_is_not(self, at: str) -> None:
        with pytest.raises(NotServedError, match="web01 has 2"):
            wanted(IMAGES, at, "initrd.gz", "web01")
