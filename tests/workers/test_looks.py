"""Media, read in a process: what it holds, and what becomes of one that takes too much."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pyxie.media.extents import MediumError
from pyxie.media.facts import Contents
from pyxie.openfile import opened
from pyxie.workers.forkserver import ForkServer
from pyxie.workers.looks import Looks
from tests.media.isos import FEDORA, made
from tests.support import until
from tests.workers.test_forkserver import child_of, pid_of


@pytest.fixture
def forks() -> Iterator[ForkServer]:
    with ForkServer() as running:
        yield running


async def seen(looks: Looks, path: Path) -> Contents:
    image = opened(path)
    try:
        return await looks(image)
    finally:
        image.close()


class TestAProcess:
    async def test_tells_what_a_medium_holds(self, forks: ForkServer, tmp_path: Path) -> None:
        iso = made(tmp_path / "f.iso", FEDORA, volume="Fedora-40")

        found = await seen(Looks(forks), iso)

        assert found.facts.system is not None
        assert (found.facts.volume, found.facts.system.title) == ("Fedora-40", "Fedora 40")
        assert found.tree.holds("images/pxeboot/vmlinuz")

    async def test_is_gone_afterwards(self, forks: ForkServer, tmp_path: Path) -> None:
        await seen(Looks(forks), made(tmp_path / "f.iso", FEDORA))

        until(lambda: child_of(pid_of(forks)) == [], "the process to be gone")

    async def test_says_why_a_file_is_no_medium(self, forks: ForkServer, tmp_path: Path) -> None:
        (tmp_path / "no.iso").write_bytes(b"no ISO image" * 10_000)

        with pytest.raises(MediumError, match="is not an ISO image that can be read: "):
            await seen(Looks(forks), tmp_path / "no.iso")
