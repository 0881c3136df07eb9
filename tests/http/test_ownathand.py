"""Files of ours that are kept open for a moment."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyxie.bounds import HTTP_AT_HAND
from pyxie.http.ownathand import OwnAtHand
from pyxie.images.spec import Local
from pyxie.openfile import opened
from tests.support import eventually

LINUX = Local("deb/linux")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "deb").mkdir()
    (tmp_path / "deb/linux").write_bytes(b"abc")
    return tmp_path


def keep(hand: OwnAtHand, folder: Path, image: Local = LINUX) -> None:
    file = opened(hand.locate(image, folder, (folder / "other",)))
    hand.keep(image, file)
    file.close()


class TestAFileAtHand:
    async def test_is_given_without_a_look(self, folder: Path) -> None:
        hand = OwnAtHand()
        assert hand.get(LINUX, folder) is None
        keep(hand, folder)

        found = hand.get(LINUX, folder)

        assert found is not None
        assert found.read(0, 3) == b"abc"
        found.close()
        assert hand.get(LINUX, folder.parent) is None
        hand.clear()
        assert hand.get(LINUX, folder) is None

    async def test_is_none_that_has_changed(self, folder: Path) -> None:
        hand = OwnAtHand()
        keep(hand, folder)
        (folder / "deb/linux").write_bytes(b"abcd")

        assert hand.get(LINUX, folder) is None

    @pytest.mark.parametrize("image", [Local("", path="/x"), Local("x", path="/x"), Local("../x")])
    async def test_is_none_that_may_be_elsewhere(self, folder: Path, image: Local) -> None:
        hand, file = OwnAtHand(), opened(folder / "deb/linux")
        hand.keep(image, file)
        file.close()

        assert len(hand) == 0
        assert hand.get(image, folder) is None

    async def test_is_one_of_a_few(self, folder: Path) -> None:
        hand, before = OwnAtHand(), HTTP_AT_HAND.times
        for at in range(HTTP_AT_HAND.whole + 2):
            (folder / f"deb/{at}").write_bytes(b"")
            keep(hand, folder, Local(f"deb/{at}"))

        assert len(hand) == HTTP_AT_HAND.whole
        assert HTTP_AT_HAND.times == before + 2
        hand.clear()

    async def test_is_closed_after_a_moment(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pyxie.lingering._FOR", 0.02)
        hand = OwnAtHand()
        keep(hand, folder)

        await eventually(lambda: not len(hand))
