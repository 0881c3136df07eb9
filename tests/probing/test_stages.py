"""What a loader that is not iPXE fetches next."""

from __future__ import annotations

import pytest

from pyxie.probing.stages import configuration, second
from pyxie.probing.target import ByHttp, ByTftp
from tests.probing.test_choice import PLAIN, PROXY, ROUTER, heard

SHIM = b"...UEFI SHIM\n..." + "\\\\grubx64.efi".encode("utf-16-le")
MUTE = b"...UEFI SHIM\n..."
GRUB = b"...GNU GRUB..."


class TestShim:
    @pytest.mark.parametrize(
        ("name", "next_"),
        [
            ("aa-bb/shimx64.efi", "aa-bb/grubx64.efi"),
            ("bootnetx64.efi", "grubx64.efi"),
            ("ipxe/snponly-shimx64.efi", "ipxe/snponly.efi"),
        ],
        ids=["in a folder", "in the root", "by its own name"],
    )
    def test_starts_what_is_beside_it(self, name: str, next_: str) -> None:
        assert second(ByTftp("192.168.7.2", name), SHIM) == ByTftp("192.168.7.2", next_)

    def test_goes_on_by_http_where_it_came_by_http(self) -> None:
        assert second(ByHttp("http://a/b/shimx64.efi"), SHIM) == ByHttp("http://a/b/grubx64.efi")

    def test_may_not_tell(self) -> None:
        assert second(ByTftp("192.168.7.2", "shimx64.efi"), MUTE) is None

    def test_is_told_by_its_bytes(self) -> None:
        assert second(ByTftp("192.168.7.2", "shimx64.efi"), GRUB) is None


class TestGrub:
    def test_asks_the_dhcp_servers_next_server_for_its_configuration(self) -> None:
        lease = heard(ROUTER, lease=True, next_server=PROXY)

        assert configuration(lease, 0x07, GRUB) == ByTftp("192.168.7.2", "grub/grub.cfg")

    @pytest.mark.parametrize(("arch", "folder"), [(0x07, "amd64"), (0x0B, "arm64")])
    def test_of_the_installer_looks_in_a_folder_of_its_own(self, arch: int, folder: str) -> None:
        grub = GRUB + f"/debian-installer/{folder}/grub\0".encode()

        found = configuration(PLAIN, arch, grub)

        assert found == ByTftp("0.0.0.0", f"debian-installer/{folder}/grub/grub.cfg")

    def test_is_told_by_its_bytes(self) -> None:
        assert configuration(PLAIN, 0x07, SHIM) is None
