"""The store's folder: whoever is killed leaves what was or what is, and no half of it."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from pyxie.imagestore.entry import Entry, Head, head_text
from pyxie.imagestore.ondisk import Disk, InUseError, digest_of, sync
from tests.imagestore.stores import lies

KEY, OTHER = "0a" * 32, "0b" * 32
HEAD = Head(size=6, etag='"x"')
DIGEST = hashlib.sha256(b"kernel").hexdigest()


def entry(key: str = KEY, digest: str = DIGEST, size: int = 6) -> Entry:
    return Entry(key=key, url="http://mirror.example/linux", digest=digest, size=size)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    made = Disk(tmp_path)
    made.claim()
    yield made
    made.leave()


def fetch(disk: Disk, key: str = KEY, data: bytes = b"kernel") -> None:
    """Do all that is done with one file, in its order."""
    part = disk.begun(key)
    part.again()
    disk.note(key, HEAD)
    part.is_of(HEAD)
    while part.size < len(data):
        part.append(data[part.size : part.size + 2])
    digest = part.digest()
    sync(part.file)
    disk.land(key, digest)
    part.file.close()
    disk.write(entry(key, digest, len(data)))


class KilledError(BaseException):
    """As if the process had ended."""


class TestWhoeverIsKilled:
    @pytest.mark.parametrize("step", range(40))
    def test_before_any_step_leaves_no_half_file_in_use(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
    ) -> None:
        left = [step]

        def killing(call: Callable[..., Any]) -> Callable[..., Any]:
            def killed(*args: Any, **named: Any) -> Any:
                if not left[0]:
                    raise KilledError
                left[0] -= 1
                return call(*args, **named)

            return killed

        disk = Disk(tmp_path)
        disk.claim()
        with monkeypatch.context() as patched:
            for name in ("open", "pwrite", "write", "fsync", "ftruncate"):
                patched.setattr(os, name, killing(getattr(os, name)))
            for name in ("rename", "unlink", "mkdir", "chmod"):
                patched.setattr(Path, name, killing(getattr(Path, name)))
            with suppress(KilledError):
                fetch(disk)
                assert step > 20, "a step was not counted"
        disk.leave()

        after = Disk(tmp_path)
        after.claim()
        found = after.load(10)
        for each in found:
            assert digest_of(after.open(each.digest)) == DIGEST
        fetch(after)

        assert [each.digest for each in after.load(10)] == [DIGEST]
        assert lies(tmp_path) == {"blobs": 1, "partial": 0, "urls": 1}
        after.leave()

    def test_at_random_by_the_kernel_neither(self, tmp_path: Path) -> None:
        program = (
            "import sys, hashlib; from pathlib import Path\n"
            "from pyxie.imagestore.ondisk import Disk\n"
            "from tests.imagestore.test_ondisk import fetch\n"
            "disk = Disk(Path(sys.argv[1])); disk.claim(); print(flush=True)\n"
            "for at in range(10**9):\n"
            "    key = hashlib.sha256(str(at).encode()).hexdigest()\n"
            "    fetch(disk, key, key.encode() * 1000)\n"
        )
        for wait in (0.0, 0.013, 0.05, 0.11):
            command = [sys.executable, "-c", program, str(tmp_path)]
            with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
                assert child.stdout is not None
                child.stdout.readline()
                time.sleep(wait)
                child.send_signal(signal.SIGKILL)

            disk = Disk(tmp_path)
            disk.claim()
            for each in disk.load(10**6):
                assert digest_of(disk.open(each.digest)) == each.digest
            disk.leave()


class TestAFolder:
    def test_is_one_pyxies(self, disk: Disk, tmp_path: Path) -> None:
        with pytest.raises(InUseError, match="another pyxie is using it"):
            Disk(tmp_path).claim()

    def test_is_nobody_elses_to_read(self, tmp_path: Path) -> None:
        disk = Disk(tmp_path / "store")
        disk.claim()
        fetch(disk)

        assert (tmp_path / "store").stat().st_mode & 0o777 == 0o700
        assert disk.path(DIGEST).stat().st_mode & 0o777 == 0o400
        disk.leave()

    def test_loses_what_is_of_no_use(self, disk: Disk, tmp_path: Path) -> None:
        fetch(disk)
        fetch(disk, OTHER, b"initrd")
        (tmp_path / "urls/notes.txt").write_text("x")
        (tmp_path / f"urls/{'0c' * 32}.json").write_text("{")
        (tmp_path / "urls/half.new").write_text("{")
        blob = disk.path(DIGEST)
        blob.chmod(0o600)
        blob.write_bytes(b"shorter"[:3])
        stray = disk.path("ff" * 32)
        stray.parent.mkdir()
        stray.write_text("stray")
        old = tmp_path / "partial/old.part"
        old.write_text("x")
        os.utime(old, (0, 0))

        assert [each.key for each in disk.load(10)] == [OTHER]
        assert lies(tmp_path) == {"blobs": 1, "partial": 0, "urls": 1}

    def test_has_no_more_entries_than_it_may(self, disk: Disk) -> None:
        fetch(disk)
        fetch(disk, OTHER, b"initrd")

        assert len(disk.load(1)) == 1


class TestAPart:
    def test_is_gone_on_with(self, disk: Disk) -> None:
        part = disk.begun(KEY)
        part.again()
        disk.note(KEY, HEAD)
        part.append(b"ker")
        part.file.close()

        again = disk.begun(KEY)
        again.again()
        again.append(b"nel")

        assert again.head == HEAD
        assert again.digest() == DIGEST
        assert again.has(b"rne", 2)
        assert not again.has(b"xxx", 2)
        again.file.close()

    @pytest.mark.parametrize("beside", [None, "{", head_text(HEAD, "another start")])
    def test_of_another_start_of_the_host_or_unknown_is_worth_nothing(
        self, disk: Disk, tmp_path: Path, beside: str | None
    ) -> None:
        """After a power cut it may have holes."""
        part = disk.begun(KEY)
        part.again()
        part.append(b"ker")
        part.file.close()
        if beside is not None:
            (tmp_path / f"partial/{KEY}.json").write_text(beside)

        again = disk.begun(KEY)
        again.again()

        assert (again.head, again.size) == (None, 0)
        again.file.close()

    def test_that_nobody_is_at_makes_room(self, disk: Disk, tmp_path: Path) -> None:
        for key in (KEY, OTHER):
            disk.begun(key).file.close()

        disk.leftovers({KEY})

        assert [each.stem for each in (tmp_path / "partial").iterdir()] == [KEY]
