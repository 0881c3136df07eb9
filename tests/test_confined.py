from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.confined import OutsideError, find, normalise
from pyxie.errors import NotServedError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder that is served, with a secret beside it."""
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "secret").write_text("secret")
    root = tmp_path / "served"
    (root / "Boot" / "x64").mkdir(parents=True)
    (root / "undionly.kpxe").write_text("loader")
    (root / "Boot" / "x64" / "WDSNBP.com").write_text("wds")
    return root


def why(root: Path, name: str) -> str:
    with pytest.raises(NotServedError) as caught:
        find(root, name)
    return caught.value.why


class TestNormalise:
    @pytest.mark.parametrize(
        ("name", "plain"),
        [
            ("undionly.kpxe", "undionly.kpxe"),
            ("/undionly.kpxe", "undionly.kpxe"),
            ("//undionly.kpxe", "undionly.kpxe"),
            ("./undionly.kpxe", "undionly.kpxe"),
            ("/././undionly.kpxe", "undionly.kpxe"),
            ("\\Boot\\x64\\wdsnbp.com", "Boot/x64/wdsnbp.com"),
            ("Boot//x64/./wdsnbp.com", "Boot/x64/wdsnbp.com"),
            ("Boot/", "Boot"),
            ("...", "..."),
            ("..a/b..", "..a/b.."),
            ("a b\nc", "a b\nc"),
            ("", ""),
            ("/", ""),
            (".", ""),
        ],
    )
    def test_leaves_plain_segments(self, name: str, plain: str) -> None:
        assert normalise(name) == plain

    @pytest.mark.parametrize("name", ["..", "../x", "a/../b", "a/..", "\\..\\x", "/..//x", "a\\.."])
    def test_refuses_to_climb(self, name: str) -> None:
        with pytest.raises(OutsideError) as caught:
            normalise(name)

        assert str(caught.value) == f"{name}: leads out of the folder that is served"

    def test_refuses_a_zero_byte(self) -> None:
        with pytest.raises(NotServedError, match="a name cannot hold a zero byte"):
            normalise("a\0b")

    @given(st.text(st.sampled_from("./\\a\0") | st.characters(), max_size=20))
    def test_whatever_the_name_the_result_is_plain_and_stays_so(self, name: str) -> None:
        try:
            plain = normalise(name)
        except NotServedError:
            return

        assert not {"", ".", ".."} & set(plain.split("/")) or plain == ""
        assert normalise(plain) == plain


class TestFind:
    def test_returns_the_file(self, root: Path) -> None:
        assert find(root, "undionly.kpxe") == root / "undionly.kpxe"
        assert find(root, "/Boot/x64/WDSNBP.com") == root / "Boot/x64/WDSNBP.com"

    def test_tolerates_letter_case_in_every_segment(self, root: Path) -> None:
        assert find(root, "\\BOOT\\X64\\wdsnbp.COM") == root / "Boot/x64/WDSNBP.com"

    def test_prefers_the_exact_name(self, root: Path) -> None:
        (root / "UNDIONLY.KPXE").write_text("another")

        assert find(root, "undionly.kpxe") == root / "undionly.kpxe"
        assert find(root, "UNDIONLY.KPXE") == root / "UNDIONLY.KPXE"

    def test_does_not_guess_between_names_alike(self, root: Path) -> None:
        (root / "UNDIONLY.KPXE").write_text("another")

        assert why(root, "Undionly.kpxe") == "could be UNDIONLY.KPXE or undionly.kpxe"

    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ("missing", "no such file"),
            ("Boot/x64/missing", "no such file"),
            ("missing/x64/missing", "no such file"),
            ("", "is not a file"),
            ("Boot", "is not a file"),
            ("boot/X64/", "is not a file"),
            ("undionly.kpxe/x", "cannot be opened"),
            ("a" * 300, "cannot be opened"),
            ("\ud800", "cannot be opened"),
            ("a\0b", "a name cannot hold a zero byte"),
            ("../secret", "leads out of the folder that is served"),
            ("Boot/../../secret", "leads out of the folder that is served"),
        ],
    )
    def test_says_why_not(self, root: Path, name: str, reason: str) -> None:
        assert why(root, name) == reason

    def test_serves_no_device_and_no_pipe(self, root: Path) -> None:
        os.mkfifo(root / "pipe")

        assert why(root, "pipe") == "is not a file"

    def test_a_folder_that_is_gone_serves_nothing(self, tmp_path: Path) -> None:
        assert why(tmp_path / "gone", "f") == "no such file"


class TestSymbolicLinks:
    def test_may_lead_to_anywhere_inside(self, root: Path) -> None:
        (root / "current").symlink_to("Boot/x64")
        (root / "absolute").symlink_to(root / "undionly.kpxe")

        assert find(root, "current/wdsnbp.com") == root / "Boot/x64/WDSNBP.com"
        assert find(root, "absolute") == root / "undionly.kpxe"

    def test_must_not_lead_out(self, root: Path) -> None:
        (root / "file").symlink_to("../secret")
        (root / "folder").symlink_to("../beside")
        (root / "away").symlink_to("/etc")

        for name in ("file", "FILE", "folder/secret", "Folder/Secret", "away/passwd"):
            with pytest.raises(OutsideError):
                find(root, name)

    def test_do_not_tell_what_is_outside(self, root: Path) -> None:
        (root / "folder").symlink_to("../beside")

        assert why(root, "folder/secret") == why(root, "folder/missing") == why(root, "FOLDER/x")

    def test_a_folder_whose_name_begins_alike_is_outside(self, root: Path) -> None:
        sibling = root.with_name("served-not")
        sibling.mkdir()
        (sibling / "f").touch()
        (root / "link").symlink_to(sibling / "f")

        assert why(root, "link") == "leads out of the folder that is served"

    def test_may_be_the_way_to_the_folder_itself(self, root: Path, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(root)

        assert find(tmp_path / "link", "undionly.kpxe") == root / "undionly.kpxe"

    def test_that_lead_nowhere_or_in_circles_are_no_files(self, root: Path) -> None:
        (root / "nowhere").symlink_to("missing")
        (root / "circle").symlink_to("circle")

        assert why(root, "nowhere") == "no such file"
        assert why(root, "circle") == "cannot be opened"
