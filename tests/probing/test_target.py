"""Where an answer leads."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from pyxie.probing.questions import CLIENTS, Firmware
from pyxie.probing.target import ByHttp, ByTftp, Nowhere, Target, target
from tests.probing.test_choice import PROXY, THIRD, heard

URL = "http://192.168.7.2/boot.efi"


def leads(
    firmware: Firmware, file: str, next_server: IPv4Address | None = None, **options: bytes
) -> Target:
    server = {"next_server": next_server} if next_server else {}
    return target(CLIENTS[firmware], heard(PROXY, file=file.encode(), **server, **options))  # type: ignore[arg-type]


class TestAFile:
    @pytest.mark.parametrize(
        ("options", "next_server", "server"),
        [
            ({}, THIRD, THIRD),
            ({}, None, PROXY),
            ({"o43": b"\x06\x01\x08\x08\x07\x80\x01\x01\xc0\xa8\x07\x03"}, PROXY, THIRD),
            ({"o43": b"\x06\x01\x03\x08\x07\x80\x01\x01\xc0\xa8\x07\x03"}, PROXY, PROXY),
            ({"o43": b"\x06\x01\x08\x08\x03\x80\x01\x00"}, PROXY, PROXY),
        ],
        ids=[
            "at siaddr",
            "else at option 54",
            "at a listed server",
            "listed to ask",
            "listed none",
        ],
    )
    def test_is_fetched_by_tftp(
        self, options: dict[str, bytes], next_server: IPv4Address | None, server: IPv4Address
    ) -> None:
        assert leads(Firmware.UEFI_X64, "a/b.efi", next_server, **options) == ByTftp(
            str(server), "a/b.efi"
        )

    def test_is_told_as_a_url(self) -> None:
        assert str(ByTftp("192.168.7.2", "/a b.efi")) == "tftp://192.168.7.2/a b.efi"
        assert str(ByHttp(URL)) == URL


class TestAUrl:
    @pytest.mark.parametrize("firmware", [Firmware.HTTP, Firmware.IPXE])
    def test_is_fetched_by_http(self, firmware: Firmware) -> None:
        assert leads(firmware, URL) == ByHttp(URL)

    @pytest.mark.parametrize(
        ("url", "port"),
        [
            ("http://192.168.7.2/a", 80),
            ("HTTPS://192.168.7.2/a", 443),
            ("http://192.168.7.2:8090/a", 8090),
            ("http://192.168.7.2:none/a", 80),
        ],
    )
    def test_has_a_port(self, url: str, port: int) -> None:
        assert ByHttp(url).port == port

    def test_of_tftp_is_for_ipxe(self) -> None:
        assert leads(Firmware.IPXE, "tftp://192.168.7.9/a%20b.efi") == ByTftp(
            "192.168.7.9", "/a b.efi"
        )


class TestNowhere:
    @pytest.mark.parametrize(
        ("firmware", "file", "why"),
        [
            (Firmware.BIOS, "", "the answer of 192.168.7.2 names no boot file"),
            (
                Firmware.UEFI_X64,
                URL,
                f"{URL} is a URL, and this firmware fetches by TFTP alone",
            ),
            (Firmware.HTTP, "boot.efi", "boot.efi is no URL, which HTTP Boot needs"),
            (
                Firmware.IPXE,
                "a.efi",
                "192.168.7.2 names a.efi, and no next-server to fetch it from",
            ),
            (Firmware.IPXE, "tftp:///a.efi", "tftp:///a.efi names no host"),
            (Firmware.IPXE, "tftp://[a/b", "tftp://[a/b names no host"),
            (
                Firmware.UEFI_X64,
                "a" * 1025,
                "the boot file that 192.168.7.2 names is 1025 letters long",
            ),
        ],
    )
    def test_is_where_such_a_client_cannot_go(
        self, firmware: Firmware, file: str, why: str
    ) -> None:
        assert leads(firmware, file) == Nowhere(why)
