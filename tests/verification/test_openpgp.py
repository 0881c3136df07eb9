"""Messages that are signed inline, and armour."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.verification.faults import ListError
from pyxie.verification.openpgp import keys, split

SIGNATURE = b"""\
-----BEGIN PGP SIGNATURE-----

iIIEARYIACoWIQQ
=LrrH
-----END PGP SIGNATURE-----
"""
MESSAGE = b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n%b\n" + SIGNATURE
URL = "http://mirror.example/CHECKSUM"


def told(data: bytes) -> str:
    with pytest.raises(ListError) as caught:
        split(data, URL)
    return str(caught.value).removeprefix(URL)


class TestAMessage:
    def test_is_its_text_and_its_signature(self) -> None:
        found = split(MESSAGE % b"a\n\nb", URL)

        assert (found.text, found.signature) == (b"a\n\nb", SIGNATURE)

    def test_is_the_text_that_was_signed(self) -> None:
        """RFC 9580 section 7.2: without the dashes' escapes, and blanks at the ends of lines."""
        found = split(MESSAGE % b"- -----BEGIN PGP SIGNATURE-----\r\n- -\n- \n-\nx \t\n", URL)

        assert found.text == b"-----BEGIN PGP SIGNATURE-----\n-\n\n\nx\n"

    def test_may_have_empty_lines_around_it(self) -> None:
        assert split(b"\n" + MESSAGE % b"a" + b"\n \n", URL).text == b"a"

    def test_may_have_no_header(self) -> None:
        assert split((MESSAGE % b"a").replace(b"Hash: SHA512\n", b""), URL).text == b"a"

    @pytest.mark.parametrize(
        ("data", "why"),
        [
            (b"", ": is not signed inline"),
            (b"x" * 64 + b"  linux\n", ":1: is not signed inline"),
            (b"linux\n" + MESSAGE % b"a", ":1: is not signed inline"),
            (MESSAGE % b"a" + b"linux\n", ":10: has text after its signature"),
            (MESSAGE % b"a" * 2, ":10: has text after its signature"),
            ((MESSAGE % b"a")[:-20], ": is cut off: its signature is missing"),
            (b"-----BEGIN PGP SIGNED MESSAGE-----\n", ": is cut off: its signature is missing"),
            (MESSAGE % b"-x", ":4: has a dash where a signed message has '- '"),
            (
                (MESSAGE % b"a").replace(b"Hash:", b"linux:"),
                ":2: has a header that a signed message cannot have",
            ),
        ],
    )
    def test_has_nothing_beside_it_that_would_look_signed(self, data: bytes, why: str) -> None:
        assert told(data) == why


class TestKeys:
    def test_are_taken_as_they_are(self) -> None:
        assert keys(b"\x99\x01abc", URL) == b"\x99\x01abc"

    def test_may_be_in_gnupgs_keybox(self) -> None:
        keybox = b"\0\0\0\x20\x01\x01\0\x02KBXf\0\0"

        assert keys(keybox, URL) == keybox

    def test_are_taken_out_of_armour_all_of_them(self) -> None:
        """As Fedora's fedora.gpg has them, one block a release."""
        block = (
            b"A comment.\n-----BEGIN PGP PUBLIC KEY BLOCK-----\r\nVersion: 1\n\n%b\n=abcd\n"
            b"-----END PGP PUBLIC KEY BLOCK-----\n"
        )
        one, other = base64.encodebytes(b"\x99" * 60), base64.encodebytes(b"\x98" * 9)

        assert keys(block % one + block % other, URL) == b"\x99" * 60 + b"\x98" * 9

    @pytest.mark.parametrize(
        ("data", "why"),
        [
            (b"", "is no keyring: it has no OpenPGP keys"),
            (b"<html>", "is no keyring: it has no OpenPGP keys"),
            (
                b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\na?\n-----END PGP PUBLIC KEY BLOCK-----",
                "is damaged: its keys are not in base64",
            ),
        ],
    )
    def test_that_are_none_are_told(self, data: bytes, why: str) -> None:
        with pytest.raises(ListError) as caught:
            keys(data, "/etc/x.gpg")

        assert str(caught.value) == f"/etc/x.gpg: {why}"


class TestForAnyBytes:
    @given(st.binary() | st.lists(st.sampled_from(MESSAGE.split(b"\n"))).map(b"\n".join))
    def test_it_is_a_message_or_a_list_error(self, data: bytes) -> None:
        try:
            found = split(data, URL)
        except ListError:
            return
        assert found.signature.startswith(b"-----BEGIN PGP SIGNATURE-----\n")

    @given(st.binary())
    def test_they_are_keys_or_a_list_error(self, data: bytes) -> None:
        try:
            keys(data, URL)
        except ListError:
            return

    @given(st.text(st.characters(codec="ascii", exclude_characters="\r")).map(str.encode))
    def test_what_was_signed_comes_out_again(self, text: bytes) -> None:
        lines = [b"- " + line if line.startswith(b"-") else line for line in text.split(b"\n")]

        found = split(MESSAGE % b"\n".join(lines), URL)

        assert found.text == b"\n".join(line.rstrip(b" \t") for line in text.split(b"\n"))
