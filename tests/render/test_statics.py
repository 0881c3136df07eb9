"""Files of ours that texts name beside the templates."""

from __future__ import annotations

from pathlib import Path

from pyxie.render.statics import statics

OURS = "http://192.0.2.1:8090"


class TestFilesThatTextsName:
    def test_are_read_with_those_that_they_name(self, tmp_path: Path) -> None:
        (tmp_path / "sub").mkdir()
        (tmp_path / "sub/a b.sh").write_text(f"wget {OURS}/files/next; sh {OURS}/files/next")
        (tmp_path / "next").write_text(f"{OURS}/files/sub/a%20b.sh")

        found = statics([f"curl '{OURS}/files/sub/a%20b.sh'|sh"], OURS, {"files": tmp_path})

        assert list(found) == ["files/sub/a b.sh", "files/next"]

    def test_are_none_where_they_cannot_be_served_or_are_no_text(self, tmp_path: Path) -> None:
        (tmp_path / "binary").write_bytes(b"a\0b")
        (tmp_path / "latin").write_bytes(b"\xff")
        (tmp_path / "long").write_text("a" * ((256 << 10) + 1))
        names = ("binary", "latin", "long", "absent", "../x", "%00", "")

        found = statics([f"{OURS}/files/{name}" for name in names], OURS, {"files": tmp_path})

        assert found == {}

    def test_are_those_of_the_folders_that_are_served(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_text("a")
        texts = [f"{OURS}/files/a {OURS}/images/a http://192.0.2.9/images/a {OURS}/boot/a"]

        assert statics(texts, OURS, {"files": None, "images": tmp_path}) == {"images/a": "a"}

    def test_are_not_without_number(self, tmp_path: Path) -> None:
        for at in range(60):
            (tmp_path / f"{at}").write_text(f"{OURS}/files/{at + 1}")

        assert len(statics([f"{OURS}/files/0"], OURS, {"files": tmp_path})) == 50

    def test_are_read_up_to_a_bound_for_all_of_them(self, tmp_path: Path) -> None:
        for at in range(9):
            (tmp_path / str(at)).write_text("a" * (256 << 10))
        texts = [f"{OURS}/files/{at}" for at in range(9)]

        assert len(statics(texts, OURS, {"files": tmp_path})) == 5
