"""Files that stay open for a moment."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pyxie.bounds import TFTP_KEPT
from pyxie.render.uses import state_of
from pyxie.tftp.files import Content, Library, look
from pyxie.tftp.keptopen import KeptOpen
from pyxie.tftp.source import Found
from tests.support import eventually


class Shelf:
    """A folder of files, and what is kept of them."""

    def __init__(self, root: Path) -> None:
        self.root, self.library, self.kept = root, Library(), KeptOpen()

    def found(self, name: str = "a") -> Found:
        path = self.root / name
        if not path.exists():
            path.write_text(name)
        return Found(path=path, what=name, state=state_of(str(path)))

    def lend(self, found: Found, *, netascii: bool = False) -> Content:
        opened = look(found, netascii=netascii)
        self.kept.renew(found, opened)
        content = self.library.lend(opened)
        self.kept.keep(found, opened, content)
        return content


@pytest.fixture
async def shelf(tmp_path: Path) -> AsyncIterator[Shelf]:
    shelf = Shelf(tmp_path)
    yield shelf
    shelf.kept.clear()


class TestAFile:
    async def test_is_the_same_content_for_who_asks_next(self, shelf: Shelf) -> None:
        shelf.lend(shelf.found()).close()

        content = shelf.kept.get(shelf.found())

        assert content is not None
        assert bytes(content.read(0, 1)) == b"a"

    async def test_is_not_that_once_it_is_another(self, shelf: Shelf) -> None:
        shelf.lend(shelf.found()).close()
        (shelf.root / "a").write_text("other")

        assert shelf.kept.get(shelf.found()) is None
        assert shelf.kept.get(Found(path=shelf.root / "a", what="a")) is None
        assert shelf.kept.get(Found(data=b"", what="a")) is None

    async def test_that_has_changed_is_opened_anew_whatever_its_mtime(self, shelf: Shelf) -> None:
        path = shelf.root / "a"
        first = shelf.lend(shelf.found())
        first.close()
        about = path.stat()
        path.write_text("b")
        os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))

        second = shelf.lend(shelf.found())
        second.close()

        assert second is not first
        assert shelf.kept.get(shelf.found()) is second

    async def test_is_closed_when_nobody_asks_for_it(
        self, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pyxie.lingering._FOR", 0.01)
        shelf.lend(shelf.found()).close()

        await eventually(lambda: len(shelf.kept) == len(shelf.library) == 0)

    async def test_is_closed_at_the_end(self, shelf: Shelf) -> None:
        shelf.lend(shelf.found()).close()

        shelf.kept.clear()
        await asyncio.sleep(0)

        assert len(shelf.library) == 0

    async def test_is_one_of_a_bounded_number(self, shelf: Shelf) -> None:
        for number in range(TFTP_KEPT.whole + 2):
            shelf.lend(shelf.found(str(number))).close()

        assert len(shelf.kept) == len(shelf.library) == TFTP_KEPT.whole
        assert shelf.kept.get(shelf.found("1")) is None

    async def test_that_is_converted_or_made_is_not_kept(self, shelf: Shelf) -> None:
        shelf.lend(shelf.found(), netascii=True)
        shelf.lend(Found(data=b"made", what="a"))

        assert len(shelf.kept) == 0
