"""What a file is to be, and what a list calls it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.verification.expected import (
    Expected,
    Listed,
    OwnSignature,
    expected,
    expected_at,
    name_in,
)

A = "a1" * 32
SUMS = "https://deb.example/debian/images/SHA256SUMS"
LIST = Listed(url=SUMS)


class TestNameIn:
    @pytest.mark.parametrize(
        ("url", "name"),
        [
            ("https://deb.example/debian/images/netboot/linux", "netboot/linux"),
            ("http://deb.example:80/debian/images//./linux?x=1", "linux"),
            ("https://DEB.example:443/debian/images/linux", "linux"),
            ("https://user:word@deb.example/debian/images/a%20b", "a b"),
            ("https://deb.example/debian/linux", ""),
            ("https://deb.example/debian/images2/linux", ""),
            ("https://deb.example/debian/images/../linux", ""),
            ("https://deb.example/debian/images/%2e%2e/linux", ""),
            ("https://deb.example/debian/images/", ""),
            ("https://other.example/debian/images/linux", ""),
            ("https://deb.example:8443/debian/images/linux", ""),
            ("https://deb.example:x/debian/images/linux", ""),
        ],
    )
    def test_is_the_path_below_the_lists_folder(self, url: str, name: str) -> None:
        assert name_in(SUMS, url) == name

    def test_of_a_list_at_the_top_is_the_whole_path(self) -> None:
        assert name_in("http://deb.example/SHA256SUMS", "http://deb.example/a/linux") == "a/linux"

    def test_of_a_list_whose_folder_cannot_be_told_is_none(self) -> None:
        assert name_in("http://deb.example/a/../SHA256SUMS", "http://deb.example/linux") == ""

    @given(st.text(), st.text())
    def test_of_any_texts_leads_nowhere_else(self, listed: str, url: str) -> None:
        name = name_in(f"http://deb.example/{listed}", f"http://deb.example/{url}")

        assert ".." not in name.split("/")
        assert not name.startswith("/")


class TestExpected:
    URL = "http://deb.example/debian/images/linux"

    def test_is_what_is_written_or_listed_or_both(self) -> None:
        assert expected(self.URL, A) == Expected(sha256=A)
        assert expected(self.URL, "", LIST) == Expected(listed=LIST, name="linux")
        assert expected(self.URL, A, LIST) == Expected(sha256=A, listed=LIST, name="linux")

    def test_of_a_file_that_is_not_below_the_list_is_not_known(self) -> None:
        assert expected("http://other.example/linux", "", LIST) is None
        assert expected("http://other.example/linux", A, LIST) == Expected(sha256=A)

    def test_may_be_the_longer_digest_or_a_signature(self) -> None:
        signature = OwnSignature(url=f"{self.URL}.sig", keyring="flatcar")

        assert expected(self.URL, sha512=A + A) == Expected(sha512=A + A)
        assert expected(self.URL, "", LIST, signature=signature) == Expected(
            signature=signature, listed=LIST, name="linux"
        )

    def test_of_a_file_without_either_is_not_known(self) -> None:
        assert expected(self.URL) is None


class TestElsewhere:
    TREES = ("https://deb.example/debian", "http://b.example/d")

    def test_are_the_list_and_the_signature(self) -> None:
        signature = OwnSignature(url=f"{self.TREES[0]}/linux.sig", keyring="k")
        known = Expected(signature=signature, listed=LIST, name="linux")

        there = expected_at(known, self.TREES[0], self.TREES)

        assert there == known
        assert there.signature is not None
        assert there.signature.elsewhere == ("http://b.example/d/linux.sig",)
        assert there.listed is not None
        assert there.listed.elsewhere == (Listed(url="http://b.example/d/images/SHA256SUMS"),)

    def test_is_nothing_of_what_lies_beside_the_tree(self) -> None:
        signature = OwnSignature(url="http://keys.example/linux.sig", keyring="k")
        known = Expected(signature=signature, listed=LIST, name="linux")

        there = expected_at(known, "http://c.example/x", ("http://c.example/x", *self.TREES))

        assert there.signature is not None
        assert there.signature.elsewhere == ()
        assert there.listed is not None
        assert there.listed.elsewhere == ()


class TestInWords:
    @pytest.mark.parametrize(
        ("listed", "told"),
        [
            (LIST, "SHA256SUMS, which is not signed"),
            (Listed(url="http://deb.example"), "http://deb.example, which is not signed"),
            (
                Listed(url=SUMS, signature=f"{SUMS}.gpg", keyring="ubuntu"),
                "SHA256SUMS, signed by one of the keyring ubuntu",
            ),
            (
                Listed(
                    url=SUMS,
                    signature="inline",
                    keyring="debian-archive",
                    release="https://deb.example/debian/InRelease",
                ),
                "SHA256SUMS of InRelease, signed by one of the keyring debian-archive",
            ),
        ],
    )
    def test_a_list_is_told_with_who_has_to_sign(self, listed: Listed, told: str) -> None:
        assert Expected(listed=listed, name="linux").in_words == told

    def test_what_stands_beside_it_is_told_by_its_key(self) -> None:
        signature = OwnSignature(url="http://a.example/linux.sig", keyring="flatcar")

        assert Expected(sha256=A).in_words == "its 'sha256'"
        assert Expected(sha512=A + A, listed=LIST).in_words == "its 'sha512'"
        assert Expected(signature=signature).in_words == "linux.sig by one of the keyring flatcar"

    def test_a_digest_may_be_from_elsewhere(self) -> None:
        assert Expected(sha256=A, written="its name").in_words == "its name"

    def test_a_digest_comes_before_a_list(self) -> None:
        assert Expected(sha256=A, listed=LIST, name="linux").in_words == "its 'sha256'"
