"""Files within a configuration, encoded as cloud-init and Ignition have them."""

from __future__ import annotations

import base64
import gzip

import pytest

from pyxie.wiping.packed import Unpacking, from_base64

PLAIN = base64.b64encode(b"text").decode()
SMALLER = base64.b64encode(gzip.compress(b"text", mtime=0)).decode()


class TestAFileOfCloudInit:
    @pytest.mark.parametrize(
        ("content", "encoding", "text"),
        [
            ("text", "", "text"),
            ("text", "text/plain", "text"),
            (PLAIN, "b64", "text"),
            (f"{PLAIN[:4]}\n{PLAIN[4:]}\n", "base64", "text"),
            (SMALLER, "gz+b64", "text"),
            (SMALLER, "gzip+base64", "text"),
            (PLAIN, "gz+b64", ""),
            ("?", "b64", ""),
        ],
    )
    def test_is_unpacked(self, content: str, encoding: str, text: str) -> None:
        assert Unpacking().content(content, encoding) == text


class TestBytes:
    def test_that_are_a_bomb_are_their_beginning(self) -> None:
        bomb = gzip.compress(b"a" * (64 << 20))
        unpacking = Unpacking()

        assert len(unpacking.text(bomb, compressed=True)) == 256 << 10
        assert unpacking.is_over
        assert unpacking.text(b"more", compressed=False) == ""

    def test_that_are_no_text_are_taken_for_one(self) -> None:
        unpacking = Unpacking()

        assert unpacking.text(b"a\xff", compressed=False) == "a\N{REPLACEMENT CHARACTER}"
        assert not unpacking.is_over

    def test_that_gzip_did_not_make_are_none(self) -> None:
        assert Unpacking().text(b"a", compressed=True) == ""

    def test_that_are_no_base64_are_none(self) -> None:
        assert from_base64("a\u00e9") == b""
