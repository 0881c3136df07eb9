"""``image_store`` of ``config.yaml``."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyxie.config.settings import image_store_folder, load
from pyxie.errors import ConfigError


def written(folder: Path, text: str) -> Path:
    file = folder / "config.yaml"
    file.write_text(text)
    return file


class TestItsSize:
    @pytest.mark.parametrize(
        ("text", "size"),
        [
            *(("0", 0), ("1000", 1000), ("20 GB", 20 * 10**9), ("20GB", 20 * 10**9)),
            *(("512 MiB", 512 << 20), ("1.5 TB", 1_500_000_000_000), ("3 k", 3000), ("7 B", 7)),
        ],
    )
    def test_is_written_as_people_do(self, tmp_path: Path, text: str, size: int) -> None:
        found = load(written(tmp_path, f"image_store: {{size: {text}}}\n"))

        assert found.image_store.size == size

    @pytest.mark.parametrize("text", ["much", "-1", "5 XB", "5 iB", "1e3", "9999999999 TB"])
    def test_that_is_none_is_refused_with_its_place(self, tmp_path: Path, text: str) -> None:
        with pytest.raises(ConfigError) as caught:
            load(written(tmp_path, f"image_store: {{size: {text}}}\n"))

        (problem,) = caught.value.problems
        assert (problem.line, problem.column, problem.key) == (1, 21, "image_store.size")


class TestItsFolder:
    @pytest.mark.parametrize(
        ("text", "place"),
        [
            ("", "state/image-store"),
            ("state: here/x.sqlite", "here/image-store"),
            ("state: postgresql://db.example/pyxie", "state/image-store"),
            ("image_store: {path: elsewhere}", "elsewhere"),
            ("image_store: {path: /srv/images}", "/srv/images"),
        ],
    )
    def test_is_beside_the_state_by_default(self, tmp_path: Path, text: str, place: str) -> None:
        found = load(written(tmp_path, f"{text}\n"))

        assert image_store_folder(found) == tmp_path / place
