"""Debian's Release: the digests that it has, and how long they hold."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.verification.faults import ListError, SignatureError, UnlistedError
from pyxie.verification.release import parse

A, B = "a1" * 32, "b2" * 32
URL = "http://deb.example/debian/dists/bookworm/InRelease"
SUMS = "main/installer-amd64/current/images/SHA256SUMS"
RELEASE = f"""\
Origin: Debian
Date: Sat, 11 Jul 2026 10:16:37 UTC
Acquire-By-Hash: yes
MD5Sum:
 {A[:32]} 78509 {SUMS}
SHA256:
 {A}    78509 {SUMS}
 {B}   1484322 contrib/Contents-all
"""


def release(text: str, now: float = 0.0) -> dict[str, str]:
    return dict(parse(text.encode(), URL, now).digests)


class TestARelease:
    def test_has_the_digest_of_each_list(self) -> None:
        assert release(RELEASE) == {SUMS: A, "contrib/Contents-all": B}

    def test_may_end_its_lines_as_windows_does(self) -> None:
        assert release(RELEASE.replace("\n", "\r\n"))[SUMS] == A

    def test_has_digests_below_their_heading_alone(self) -> None:
        text = f"SHA256:\n {A} 1 a\nDescription: x\n {B} 1 b\nSHA512:\n {B} 1 c\n"

        assert release(text) == {"a": A}

    def test_that_names_no_such_file_says_so(self) -> None:
        with pytest.raises(UnlistedError, match="names no 'main/x'"):
            parse(RELEASE.encode(), URL, 0.0).of("main/x")

    def test_that_contradicts_itself_is_refused_with_its_line(self) -> None:
        found = parse(f"{RELEASE} {B} 1 {SUMS}\n".encode(), URL, 0.0)

        with pytest.raises(ListError) as caught:
            found.of(SUMS)

        assert caught.value.line == 9

    def test_names_nothing_outside_of_its_folder(self) -> None:
        assert release(f"{RELEASE} {B} 1 ../../x\n").keys() == {SUMS, "contrib/Contents-all"}

    def test_without_sha256_is_none(self) -> None:
        with pytest.raises(ListError) as caught:
            release("Origin: Debian\n")

        assert str(caught.value) == (
            f"{URL}: has no list of SHA-256; name an InRelease of Debian's"
        )


class TestValidUntil:
    UNTIL = f"Valid-Until: Sat, 18 Jul 2026 10:16:37 UTC\n{RELEASE}"

    def test_is_heeded(self) -> None:
        assert release(self.UNTIL, now=1_784_369_797.0)
        with pytest.raises(SignatureError) as caught:
            release(self.UNTIL, now=1_784_369_798.0)

        assert str(caught.value) == (
            f"{URL}: was valid until 2026-07-18 10:16 UTC:"
            " its mirror is behind, or this host's clock is wrong"
        )

    @pytest.mark.parametrize(
        "date", ["tomorrow", "Sat, 18 Juli 2026 10:16:37 UTC", "Sat, 31 Feb 2026 10:16:37 UTC"]
    )
    def test_that_is_no_date_is_refused_with_its_line(self, date: str) -> None:
        with pytest.raises(ListError) as caught:
            release(f"Valid-Until: {date}\n{RELEASE}")

        assert str(caught.value) == f"{URL}:1: 'Valid-Until' is no date: {date!r}"

    @pytest.mark.parametrize(
        "line", ["Valid-Until:" + " " * 3_000 + "x" + " " * 3_000 + "y", "Valid-Until:" + " x" * 99]
    )
    def test_that_is_made_to_be_slow_is_refused_at_once(self, line: str) -> None:
        began = time.thread_time()

        with pytest.raises(ListError):
            release(f"{line}\n{RELEASE}")

        assert time.thread_time() - began < 0.5


class TestForAnyBytes:
    @given(st.binary() | st.text("SHA256:\n a1Valid-Unt", max_size=300).map(str.encode))
    def test_it_is_a_release_or_a_documented_error(self, data: bytes) -> None:
        try:
            found = parse(b"SHA256:\n " + A.encode() + b" 1 a\n" + data, URL, 0.0)
        except (ListError, SignatureError):
            return
        assert "a" in found.digests
