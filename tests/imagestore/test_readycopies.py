"""Copies that are kept open for a moment."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pyxie.bounds import IMAGE_READY
from pyxie.config.imagestore import ImageStore as StoreSettings
from pyxie.images.spec import Upstream
from pyxie.imagestore.entry import Entry
from pyxie.imagestore.readycopies import _FOR, ReadyCopies
from pyxie.openfile import opened
from tests.support import Passing, eventually

SOURCE = Upstream("http://192.0.2.1/linux")
ENTRY = Entry(key="linux", url=SOURCE.url, digest="ab", size=3, checked=5.0)


class Kept:
    """Some, with what they go by."""

    def __init__(self, folder: Path) -> None:
        self.settings = StoreSettings()
        self.entry: Entry | None = ENTRY
        self.copies = ReadyCopies(lambda: self.settings, lambda _key: self.entry)
        self.path = folder / "copy"
        self.path.write_bytes(b"abc")

    def keep(self, source: Upstream = SOURCE) -> None:
        file = opened(self.path)
        self.copies.keep(source, ENTRY, file)
        file.close()

    @property
    def found(self) -> bytes | None:
        got = self.copies.get(SOURCE)
        return None if got is None else got[1].read(0, 3)


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path)


class TestACopyThatWasGiven:
    async def test_stays_open_though_it_was_closed_and_removed(self, kept: Kept) -> None:
        kept.keep()
        kept.path.unlink()

        assert kept.found == b"abc"
        assert kept.copies.get(replace(SOURCE, url="http://192.0.2.1/other")) is None

    async def test_is_told_of_as_it_is_known_now(self, kept: Kept) -> None:
        kept.keep()
        kept.entry = replace(ENTRY, used=7.0, pinned=True)

        found = kept.copies.get(SOURCE)

        assert found is not None
        assert found[0] is kept.entry

    @pytest.mark.parametrize(
        "entry", [None, replace(ENTRY, digest="cd"), replace(ENTRY, checked=6)]
    )
    async def test_is_not_given_once_the_store_has_none_or_another(
        self, kept: Kept, entry: Entry | None
    ) -> None:
        kept.keep()
        kept.entry = entry

        assert kept.found is None
        assert len(kept.copies) == 0

    async def test_is_not_given_by_other_settings(self, kept: Kept) -> None:
        kept.keep()
        kept.settings = StoreSettings()

        assert kept.found is None

    async def test_is_closed_after_a_moment(self, kept: Kept) -> None:
        time = Passing()
        kept.keep()
        kept.keep(Upstream("http://192.0.2.1/other"))
        await time.on(_FOR / 2)
        kept.keep()
        await time.on(_FOR)

        await eventually(lambda: not len(kept.copies))

    async def test_is_not_given_after_that_though_it_is_open_still(
        self, kept: Kept, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pyxie.imagestore.readycopies._FOR", 0.0)
        kept.keep()

        assert kept.found is None

    async def test_is_asked_of_by_one_and_given_to_others_meanwhile(
        self, kept: Kept, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pyxie.imagestore.readycopies._FOR", 60.0)
        time = Passing()
        kept.keep()
        assert kept.found == b"abc"
        await time.on(61)

        assert [kept.found, kept.found, kept.found] == [None, b"abc", b"abc"]
        await time.on(61)  # whoever asks does not come to an end
        assert kept.found is None
        assert len(kept.copies) == 0

    async def test_that_was_asked_of_anew_is_given_as_before(
        self, kept: Kept, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pyxie.imagestore.readycopies._FOR", 60.0)
        time = Passing()
        kept.keep()
        await time.on(61)
        assert kept.found is None
        kept.keep()
        await time.on(30)

        assert [kept.found, kept.found] == [b"abc", b"abc"]

    async def test_is_one_of_a_few(self, kept: Kept) -> None:
        before = IMAGE_READY.times
        for at in range(IMAGE_READY.whole + 2):
            kept.keep(Upstream(f"http://192.0.2.1/{at}"))

        assert len(kept.copies) == IMAGE_READY.whole
        assert IMAGE_READY.times == before + 2
        assert kept.copies.get(Upstream("http://192.0.2.1/1")) is None

        kept.copies.clear()
        kept.copies.clear()
        assert len(kept.copies) == 0
