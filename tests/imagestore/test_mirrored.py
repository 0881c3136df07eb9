"""Which paths of an archive are served, and which of them never change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.imagestore.mirrored import digest_in, is_immutable, kept_as, path_of

SHA256 = "0" * 64


class TestPath:
    @pytest.mark.parametrize(
        "path",
        [
            "dists/bookworm/InRelease",
            "dists/bookworm/main/installer-amd64/current/images/netboot/netboot.tar.gz",
            "pool/main/g/gcc-12/libstdc++6_12.2.0-14+deb12u1_amd64.deb",
            "pool/main/0/0ad/0ad_0.0.26-3~bpo_amd64.deb",
            "releases/43/Everything/x86_64/os/.treeinfo",
            "releases/43/Everything/x86_64/os/Packages/g/git-2.5^20260101-1.fc43.x86_64.rpm",
        ],
    )
    def test_of_an_archive_is_itself(self, path: str) -> None:
        assert path_of(path) == path

    def test_has_one_spelling(self) -> None:
        """Apt writes ``+`` and ``~`` percent-encoded."""
        assert path_of("pool/a/g%2b%2b_1%7erc1_%61ll.deb") == "pool/a/g++_1~rc1_all.deb"
        assert path_of("Packages/a-1%5e2.rpm") == "Packages/a-1^2.rpm"

    @pytest.mark.parametrize(
        "raw",
        [
            "",
            "../secret",
            "pool/../../secret",
            "pool/%2e%2e/secret",
            "pool/.",
            "pool/.htaccess",
            ".treeinfo/x/../y",
            ".treeinfo2",
            "pool%2fmain/a.deb",
            "pool%2Fmain/a.deb",
            "pool%252fmain/a.deb",
            "pool//a.deb",
            "/pool/a.deb",
            "pool/",
            "pool/a.deb?x",
            "pool/a%3Fx.deb",
            "pool/a#b",
            "pool\\a.deb",
            "pool/a%5c..%5cb",
            "pool/a%00.deb",
            "pool/a%0d%0ab",
            "pool/a%ff.deb",
            "pool/é.deb",
            "pool/" + "a" * 508,
        ],
    )
    def test_that_is_none_of_an_archive_is_refused(self, raw: str) -> None:
        assert path_of(raw) == ""

    def test_may_be_long_within_bounds(self) -> None:
        path = "pool/" + "a" * 507

        assert path_of(path) == path


class TestForAnyPath:
    @given(st.text())
    def test_it_stays_below_and_is_its_own_spelling(self, raw: str) -> None:
        path = path_of(raw)

        if path:
            assert path_of(path) == path
            assert ".." not in path.split("/")
            assert not set(path) & set("?#\\% ")


class TestImmutable:
    @pytest.mark.parametrize(
        "path",
        [
            "pool/main/h/hello/hello_2.10-3_amd64.deb",
            "pool/main/h/hello/hello_2.10.orig.tar.gz",
            "debian/pool/main/h/hello/hello_2.10-3_amd64.deb",
            f"dists/bookworm/main/binary-amd64/by-hash/SHA256/{SHA256}",
            "dists/bookworm/main/binary-amd64/by-hash/MD5Sum/" + "a" * 32,
            "hello_2.10-3_all.deb",
            "releases/43/Everything/x86_64/os/Packages/h/hello-2.12-1.fc43.x86_64.rpm",
            "updates/43/Everything/x86_64/drpms/hello-2.11-1_2.12-1.fc43.x86_64.drpm",
            f"releases/43/Everything/x86_64/os/repodata/{SHA256}-primary.xml.zst",
            "tumbleweed/repo/oss/repodata/" + "b" * 128 + "-primary.xml.zst",
            "v3.22/main/x86_64/busybox-1.37.0-r18.apk",
            "core/os/x86_64/bash-5.3-1-x86_64.pkg.tar.zst",
        ],
    )
    def test_are_packages_and_files_of_a_pool_and_by_their_digest(self, path: str) -> None:
        assert is_immutable(path)

    @pytest.mark.parametrize(
        "path",
        [
            "InRelease",
            "dists/bookworm/InRelease",
            "dists/bookworm/Release",
            "dists/bookworm/main/binary-amd64/Packages.xz",
            "dists/bookworm/main/i18n/Translation-de.bz2",
            "dists/bookworm/main/installer-amd64/current/images/SHA256SUMS",
            "dists/pool/InRelease",
            "pool",
            "dists/by-hash",
            "dists/by-hash/SHA256/" + "a" * 63,
            "dists/by-hash/SHA256/" + "g" * 64,
            "dists/by-hash/SHA1/" + SHA256,
            "dists/by-hash/CRC/00",
            "dists/by-hash/CRC/" + "",
            f"dists/SHA256/{SHA256}",
            "releases/43/Everything/x86_64/os/repodata/repomd.xml",
            f"repodata/{SHA256}",
            "repodata/" + "a" * 63 + "-primary.xml.zst",
            f"images/{SHA256}-primary.xml.zst",
            "releases/43/Everything/x86_64/os/images/pxeboot/vmlinuz",
            "v3.22/main/x86_64/APKINDEX.tar.gz",
            "core/os/x86_64/core.db",
            "24.04/ubuntu-24.04.3-live-server-amd64.iso",
            ".deb",
        ],
    )
    def test_are_no_others(self, path: str) -> None:
        assert not is_immutable(path)


class TestDigest:
    def test_is_the_name_of_a_file_by_its_sha256(self) -> None:
        digest = "0a" * 32

        assert digest_in(f"dists/bookworm/main/binary-amd64/by-hash/SHA256/{digest}") == digest
        assert digest_in(f"43/os/repodata/{digest}-primary.xml.zst") == digest

    @pytest.mark.parametrize(
        "path",
        [
            "dists/bookworm/main/binary-amd64/by-hash/MD5Sum/" + "a" * 32,
            f"dists/by-hash/SHA1/{SHA256}",
            "dists/by-hash/SHA256/" + "a" * 63,
            f"dists/{SHA256}",
            "repodata/" + "a" * 40 + "-primary.xml.gz",
            f"repodata/{SHA256}",
            SHA256,
        ],
    )
    def test_is_in_no_other_name(self, path: str) -> None:
        assert digest_in(path) == ""


class TestTree:
    MIRROR = {"debian": ("http://ftp.example/debian", "http://b.example/debian")}  # noqa: RUF012
    MIRRORS = {"debian": ("http://kernel.example/debian",), "ubuntu": ("http://u.example",)}  # noqa: RUF012

    @pytest.mark.parametrize(
        "url",
        [
            "http://ftp.example/debian",
            "http://ftp.example/debian/",
            "http://b.example/debian",
            "http://kernel.example/debian",
        ],
    )
    def test_is_kept_by_any_of_its_urls(self, url: str) -> None:
        assert kept_as(url, self.MIRROR, self.MIRRORS) == "debian"

    @pytest.mark.parametrize(
        ("url", "path"),
        [
            ("http://b.example/debian/dists/", "debian/dists/"),
            ("http://b.example/debian/a%2bb", "debian/a+b"),
            ("http://b.example/debian/../secret", ""),
            ("http://b.example/debian/a?x=1", ""),
        ],
    )
    def test_has_what_is_below_it(self, url: str, path: str) -> None:
        assert kept_as(url, self.MIRROR, self.MIRRORS) == path

    def test_within_another_is_the_nearer(self) -> None:
        both = {"all": ("http://a.example",), "debian": ("http://a.example/debian",)}

        assert kept_as("http://a.example/debian/x", both, {}) == "debian/x"

    @pytest.mark.parametrize(
        "url", ["http://u.example", "http://ours.example/debian", "http://ftp.example/debian2", ""]
    )
    def test_of_another_is_not(self, url: str) -> None:
        assert kept_as(url, self.MIRROR, self.MIRRORS) == ""

    def test_is_not_kept_where_none_is(self) -> None:
        assert kept_as("http://mirrors.kernel.org/debian", {}, self.MIRRORS) == ""
