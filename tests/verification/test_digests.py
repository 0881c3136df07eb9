"""Lists of digests, as each distribution writes them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.verification.digests import parse, plain
from pyxie.verification.faults import ListError, UnlistedError

A, B = "a1" * 32, "b2" * 32
URL = "http://user:secret@mirror.example/d/SHA256SUMS"


def parsed(text: str) -> dict[str, str]:
    return dict(parse(text.encode(), URL).digests)


class TestAList:
    @pytest.mark.parametrize(
        ("text", "name"),
        [
            pytest.param(f"{A}  linux\n", "linux", id="sha256sum"),
            pytest.param(f"{A} *linux\n", "linux", id="sha256sum of a binary file, as Ubuntu's"),
            pytest.param(
                f"{A}  ./netboot/debian-installer/amd64/linux\n",
                "netboot/debian-installer/amd64/linux",
                id="Debian's",
            ),
            pytest.param(f"{A}  a name\r\n", "a name", id="from Windows"),
            pytest.param(f"{A.upper()}  linux", "linux", id="without an end of line"),
            pytest.param(f"\\{A}  a\\\\b\\nc\n", "a\\b\nc", id="with coreutils' escapes"),
            pytest.param(
                f"# Fedora.iso: 42 bytes\nSHA256 (Fedora.iso) = {A}\n", "Fedora.iso", id="Fedora's"
            ),
            pytest.param(f"SHA256(x)= {A}\n", "x", id="openssl's"),
            pytest.param(f"SHA256 (a) = b) = {A}\n", "a) = b", id="BSD's, of an odd name"),
            pytest.param(
                f"[checksums]\nimages/pxeboot/vmlinuz = sha256:{A}\n",
                "images/pxeboot/vmlinuz",
                id=".treeinfo",
            ),
        ],
    )
    def test_is_read_in_each_form(self, text: str, name: str) -> None:
        assert parsed(text) == {name: A}

    def test_may_have_other_algorithms_beside(self) -> None:
        text = f"MD5 (a) = {A[:32]}\nSHA512 (a) = {A}{A}\n{A}{A}  a\nSHA256 (a) = {B}\n"

        assert parsed(text) == {"a": B}

    @pytest.mark.parametrize(
        "text",
        [
            f"{A}{A}  linux\n",
            f"SHA512 (linux) = {A}{A}\n",
            f"[checksums]\nlinux = sha512:{A}{A}\n",
            f"# MD5 HASH\n{A[:32]}  linux\n# SHA512 HASH\n{A}{A}  linux\n",
        ],
    )
    def test_may_have_the_longer_digest_alone(self, text: str) -> None:
        """As SHA512SUMS, or Flatcar's DIGESTS."""
        assert parsed(text) == {"linux": A + A}

    @pytest.mark.parametrize("lines", [(f"{A}{A}  a", f"{B}  a"), (f"{B}  a", f"{A}{A}  a")])
    def test_with_both_counts_by_the_shorter(self, lines: tuple[str, str]) -> None:
        assert parsed("\n".join(lines)) == {"a": B}

    def test_of_one_digest_alone_is_of_any_file(self) -> None:
        found = parse(f"{A}\n".encode(), URL)

        assert found.of("linux") == A

    def test_that_does_not_name_the_file_says_so(self) -> None:
        found = parse(f"{A}\n{B}  other\n".encode(), URL)

        with pytest.raises(UnlistedError) as caught:
            found.of("linux")

        assert str(caught.value) == "http://mirror.example/d/SHA256SUMS: names no 'linux'"

    def test_that_names_a_file_twice_is_believed_if_both_are_the_same(self) -> None:
        assert parse(f"{A}  a\n{A} *./a\n".encode(), URL).of("a") == A

    def test_that_contradicts_itself_is_refused_with_the_line_and_only_for_that_file(self) -> None:
        found = parse(f"{A}  a\n{B}  a\n{A}  b\n".encode(), URL)

        with pytest.raises(ListError) as caught:
            found.of("a")

        assert str(caught.value) == (
            "http://mirror.example/d/SHA256SUMS:2: has another digest for 'a', too"
        )
        assert found.of("b") == A

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("", "has no checksum in it; name a list of SHA-256, as SHA256SUMS"),
            ("<html>404</html>", "has no checksum in it; name a list of SHA-256, as SHA256SUMS"),
            (
                f"{A[:40]}  linux\nSHA512 (linux) = {A}\nSHA1 (a) = {A[:40]}\n",
                "has checksums, but no SHA-256 or SHA-512; name a list of SHA-256, as SHA256SUMS",
            ),
        ],
    )
    def test_without_sha256_says_what_to_name(self, text: str, why: str) -> None:
        with pytest.raises(ListError) as caught:
            parse(text.encode(), URL)

        assert caught.value.why == why

    @pytest.mark.parametrize("name", ["../linux", "a/../../linux", "/etc/passwd", ".", "//linux"])
    def test_names_nothing_outside_its_folder(self, name: str) -> None:
        assert parsed(f"{A}  {name}\n{B}  b\n") == {"b": B}

    def test_whose_names_are_no_utf_8_still_names_the_others(self) -> None:
        found = parse(b"%b  \xff\xfe\n%b  linux\n" % (A.encode(), B.encode()), URL)

        assert found.of("linux") == B

    def test_that_is_huge_is_read_all_the_same(self) -> None:
        text = "".join(f"{n:064x}  file{n}\n" for n in range(20_000))

        assert parse(text.encode(), URL).of("file19999") == f"{19_999:064x}"

    @pytest.mark.parametrize(
        "line",
        [
            "a" + " " * 16_000 + "x",
            "a" + " =" * 8_000,
            "a=" + "\t" * 16_000 + "sha256:",
            "SHA256 (" + ") = " * 4_000,
            "MD5 (" + ") = " * 4_000,
            f"\\{A}  " + "\\" * 16_000,
            f"a{' ' * 4_000_000}x",
        ],
        ids=["blanks", "equals", "tabs", "BSD's", "other", "escapes", "one line"],
    )
    def test_that_is_made_to_be_slow_is_read_at_once(self, line: str) -> None:
        """A pattern that tries each blank with each holds Python's lock, and all of pyxie."""
        data = f"{line}\n{B}  linux\n".encode()
        began = time.thread_time()

        found = parse(data, URL)

        assert found.of("linux") == B
        assert time.thread_time() - began < 0.5

    @pytest.mark.parametrize("line", [f" a = sha256:{A}", f"= sha256:{A}", f"a = sha256:{A[:-2]}"])
    def test_that_is_hardly_a_treeinfos_says_nothing(self, line: str) -> None:
        assert parsed(f"{line}\n{B}  b\n") == {"b": B}


class TestPlain:
    @pytest.mark.parametrize(
        ("name", "found"),
        [("./a//b/", "a/b"), ("a", "a"), ("a/../b", ""), ("/a", ""), ("...", "..."), ("", "")],
    )
    def test_is_a_path_below_the_folder_or_nothing(self, name: str, found: str) -> None:
        assert plain(name) == found


class TestForAnyBytes:
    @given(st.binary() | st.text("a1 \\*()=\nSHA256/.:", max_size=300).map(str.encode))
    def test_it_is_a_list_or_one_documented_error(self, data: bytes) -> None:
        try:
            found = parse(data, URL)
        except ListError:
            return
        assert all(len(digest) == 64 for digest in found.digests.values())
        assert all(plain(name) == name for name in found.digests)

    @given(
        st.dictionaries(
            st.text(st.characters(exclude_characters="\0/", exclude_categories=["Cs"]), min_size=1)
            .filter(lambda name: name not in (".", ".."))
            .filter(lambda name: not name.endswith("\r")),
            st.binary(min_size=32, max_size=32).map(bytes.hex),
            min_size=1,
        )
    )
    def test_what_sha256sum_writes_is_read_back(self, digests: dict[str, str]) -> None:
        lines = []
        for name, digest in digests.items():
            escaped = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
            lines.append(f"{chr(92) if escaped != name else ''}{digest}  {escaped}\n")

        assert parsed("".join(lines)) == digests
