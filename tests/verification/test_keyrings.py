"""Where keys are looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyxie.bounds import VERIFY_KEYRING
from pyxie.verification import keyrings
from pyxie.verification.faults import ListError, UncheckedError
from pyxie.verification.keyrings import read
from tests.verification.signers import Keys

KEY = b"\x99key"


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands for /usr/share/keyrings."""
    folder = tmp_path / "system"
    folder.mkdir()
    monkeypatch.setattr(keyrings, "SYSTEM", (folder,))
    return folder


def refused(keyring: str, own: Path) -> str:
    with pytest.raises((UncheckedError, ListError)) as caught:
        read(keyring, own)
    return str(caught.value)


class TestAKeyring:
    @pytest.mark.parametrize(
        "file",
        ["debian-archive-keyring.gpg", "debian-archive.gpg", "debian-archive-keyring.pgp"],
    )
    def test_is_found_by_its_name(self, file: str, system: Path, tmp_path: Path) -> None:
        (system / file).write_bytes(KEY)

        assert read("debian-archive", tmp_path / "own") == KEY

    def test_of_the_operator_comes_first(self, system: Path, tmp_path: Path) -> None:
        (system / "fedora.gpg").write_bytes(b"\x99theirs")
        (tmp_path / "fedora.asc").write_bytes(KEY)

        assert read("fedora", tmp_path) == KEY

    def test_may_be_any_file_by_its_path(self, tmp_path: Path) -> None:
        (tmp_path / "x").write_bytes(KEY)

        assert read(str(tmp_path / "x"), tmp_path / "own") == KEY

    def test_may_be_in_armour(self, tmp_path: Path, keys: Keys) -> None:
        (tmp_path / "mirror.asc").write_bytes(keys.signers.armoured("mirror"))

        assert read("mirror", tmp_path) == keys.mirror


class TestAKeyringThatIsNotThere:
    @pytest.mark.parametrize(
        ("name", "remedy"),
        [
            ("debian-archive", "install debian-archive-keyring"),
            ("archlinux", "install archlinux-keyring"),
            ("fedora", "put the distribution's keys there as fedora.gpg"),
        ],
    )
    def test_is_told_with_what_to_do(
        self, name: str, remedy: str, system: Path, tmp_path: Path
    ) -> None:
        assert refused(name, tmp_path) == (
            f"keyring {name}: is in none of {tmp_path}, {system}: {remedy}"
        )

    def test_or_cannot_be_read_is_told(self, tmp_path: Path) -> None:
        assert refused("/nowhere/x.gpg", tmp_path) == (
            "keyring /nowhere/x.gpg: cannot be read: No such file or directory"
        )

    def test_or_is_none_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "x.gpg").write_bytes(b"hello")

        assert refused("x", tmp_path) == (
            f"{tmp_path}/x.gpg: is no keyring: it has no OpenPGP keys"
        )

    def test_or_is_huge_is_told(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(VERIFY_KEYRING, "most", 3)
        (tmp_path / "x.gpg").write_bytes(KEY)

        assert refused("x", tmp_path) == "keyring x: is larger than 3 bytes"
