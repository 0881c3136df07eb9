"""Digests of files of this host's."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from pyxie.bounds import VERIFY_FILES
from pyxie.openfile import opened
from pyxie.verification.faults import MismatchError, UncheckedError
from pyxie.verification.ownfiles import OwnFiles

GOOD = hashlib.sha256(b"kernel").hexdigest()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "linux"
    path.write_bytes(b"kernel")
    return path


def _rewrite(path: Path, content: bytes) -> None:
    """Change a file, and have it look as old as it was."""
    before = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


class TestAFile:
    async def test_with_the_digest_that_it_must_have_is_good(self, path: Path) -> None:
        await OwnFiles().check(opened(path), GOOD, "deb/linux")

    async def test_with_another_is_refused_and_both_are_named(self, path: Path) -> None:
        with pytest.raises(MismatchError) as caught:
            await OwnFiles().check(opened(path), "a" * 64, "deb/linux")

        assert str(caught.value) == (
            f"deb/linux: its SHA-256 is {GOOD}, and should be {'a' * 64} by 'sha256'"
        )

    async def test_may_be_told_by_its_sha512_and_has_a_sha256_all_the_same(
        self, path: Path
    ) -> None:
        long, files = hashlib.sha512(b"kernel").hexdigest(), OwnFiles()

        assert await files.check(opened(path), long, "deb/linux") == GOOD
        with pytest.raises(MismatchError) as caught:
            await files.check(opened(path), "a" * 128, "deb/linux")
        assert str(caught.value) == (
            f"deb/linux: its SHA-512 is {long}, and should be {'a' * 128} by 'sha512'"
        )

    async def test_is_read_again_once_it_has_changed(self, path: Path) -> None:
        files = OwnFiles()
        await files.check(opened(path), GOOD, "linux")
        _rewrite(path, b"KERNEL")

        with pytest.raises(MismatchError):
            await files.check(opened(path), GOOD, "linux")

    async def test_is_not_read_again_as_long_as_it_has_not(self, path: Path) -> None:
        files, file = OwnFiles(), opened(path)
        await files.check(file, GOOD, "linux")
        file.close()

        await files.check(file, GOOD, "linux")

    async def test_that_cannot_be_read_is_told(self, path: Path) -> None:
        file = opened(path)
        file.close()

        with pytest.raises(UncheckedError, match="linux: cannot be read: Bad file descriptor"):
            await OwnFiles().check(file, GOOD, "linux")

    async def test_is_one_of_so_many_in_memory(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(VERIFY_FILES, "most", 1)
        before, files = VERIFY_FILES.times, OwnFiles()
        for name in ("a", "b"):
            (tmp_path / name).write_bytes(b"kernel")
            await files.check(opened(tmp_path / name), GOOD, name)

        assert VERIFY_FILES.times == before + 1
