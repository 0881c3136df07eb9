"""The folder of media is watched: what is dropped there is read once it is whole."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pyxie import bounds
from pyxie.errors import BusyError, NotServedError
from pyxie.media.extents import MediumError
from pyxie.media.facts import Contents
from pyxie.media.isofolder import Lying, scan
from pyxie.media.shelf import Shelf, State
from pyxie.openfile import OpenFile
from pyxie.registry.doorbell import Doorbell
from pyxie.threads import Pool
from tests.inthread import look_in_thread
from tests.media.isos import FEDORA, UNKNOWN, made
from tests.registry.test_machines import NoMounts
from tests.support import Clock, eventually


@dataclass
class Looks:
    """Reads media, and knows which; fails as a test says."""

    seen: list[str] = field(default_factory=list)
    fails: Exception | None = None

    async def __call__(self, image: OpenFile) -> Contents:
        self.seen.append(image.path.name)
        if self.fails is not None:
            raise self.fails
        return await look_in_thread(image)


@dataclass
class Kept:
    folder: Path
    shelf: Shelf
    looks: Looks
    clock: Clock

    async def later(self, seconds: float = 3.0) -> None:
        self.clock.now += seconds
        await self.shelf.refresh()

    def told(self) -> list[tuple[str, State, str]]:
        return [(each.name, each.state, each.why) for each in self.shelf.all()]


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    (tmp_path / "isos").mkdir()
    clock, looks = Clock(), Looks()
    shelf = Shelf(
        lambda: tmp_path / "isos",
        lambda: tmp_path / "recipes",
        lambda name: name == "debian-12",
        looks,
        Pool("isos"),
        steady=clock,
    )
    return Kept(tmp_path, shelf, looks, clock)


class TestADroppedImage:
    async def test_is_read_once_it_has_been_still(self, kept: Kept) -> None:
        made(kept.folder / "isos/Fedora 40.ISO", FEDORA)

        await kept.shelf.refresh()
        before = kept.told()
        await kept.later(2.0)
        still = kept.told()
        await kept.later(1.0)

        waits = ("fedora-40", State.LOOKING, "is being written, or looked at")
        assert before == still == [waits]
        assert kept.told() == [("fedora-40", State.READY, "")]
        assert (kept.folder / "recipes/fedora-40.yaml").is_file()

    async def test_is_not_read_while_it_grows(self, kept: Kept) -> None:
        whole = made(kept.folder / "f.iso", FEDORA).read_bytes()
        iso = kept.folder / "isos/f.iso"

        for end in (1000, 2000, len(whole)):
            iso.write_bytes(whole[:end])
            await kept.later(10.0)
        growing = list(kept.looks.seen)
        await kept.later()

        assert growing == []
        assert kept.told() == [("f", State.READY, "")]

    async def test_is_read_once(self, kept: Kept) -> None:
        await kept.shelf.add(made(kept.folder / "isos/f.iso", FEDORA))

        for _ in range(5):
            await kept.later(60.0)

        assert kept.looks.seen == ["f.iso"]

    async def test_that_comes_while_the_folder_is_looked_at_is_not_forgotten(
        self, kept: Kept, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        iso, loop = made(kept.folder / "f.iso", FEDORA), asyncio.get_running_loop()

        def just_before(folder: Path, recipes: Path) -> list[Lying]:
            found = scan(folder, recipes)
            monkeypatch.undo()
            moved = iso.rename(folder / "f.iso")
            asyncio.run_coroutine_threadsafe(kept.shelf.add(moved), loop).result()
            return found

        monkeypatch.setattr("pyxie.media.shelf.scan", just_before)
        await kept.shelf.refresh()

        assert kept.told() == [("f", State.LOOKING, "is being looked at")]
        await kept.shelf.refresh()
        assert kept.told() == [("f", State.READY, "")]

    async def test_is_read_again_when_it_is_another(self, kept: Kept) -> None:
        await kept.shelf.add(made(kept.folder / "isos/f.iso", FEDORA))
        await kept.shelf.refresh()
        shutil.copy(made(kept.folder / "u.iso", UNKNOWN), kept.folder / "isos/f.iso")

        await kept.later()
        with pytest.raises(NotServedError, match="is being written, or looked at"):
            kept.shelf.served("f")
        await kept.later()

        _, contents = kept.shelf.served("f")
        assert contents.tree.holds("boot/root.gz")

    async def test_that_is_removed_is_gone_and_its_recipe_stays(self, kept: Kept) -> None:
        await kept.shelf.add(made(kept.folder / "isos/f.iso", FEDORA))
        await kept.shelf.refresh()
        (kept.folder / "isos/f.iso").unlink()

        await kept.later()

        assert kept.told() == []
        assert (kept.folder / "recipes/f.yaml").is_file()

    async def test_with_a_recipe_of_the_operators_is_ready(self, kept: Kept) -> None:
        (kept.folder / "recipes").mkdir()
        (kept.folder / "recipes/own.yaml").write_text("# mine\n")
        await kept.shelf.add(made(kept.folder / "isos/own.iso", UNKNOWN))

        await kept.shelf.refresh()

        assert kept.told() == [("own", State.READY, "")]
        assert (kept.folder / "recipes/own.yaml").read_text() == "# mine\n"

    async def test_that_is_none_is_told_to_be_broken(self, kept: Kept) -> None:
        (kept.folder / "isos/x.iso").write_bytes(b"no medium")
        await kept.shelf.add(kept.folder / "isos/x.iso")

        await kept.shelf.refresh()

        ((name, state, why),) = kept.told()
        assert (name, state) == ("x", State.BROKEN)
        assert why.startswith("is no")
        with pytest.raises(MediumError, match="x is no"):
            await kept.shelf.confirm("x")

    async def test_without_a_kernel_is_a_guess_without_one(self, kept: Kept) -> None:
        await kept.shelf.add(made(kept.folder / "isos/d.iso", {"data.txt": "x"}))

        await kept.shelf.refresh()

        why = "holds no kernel that could be found: name it with --kernel, and --confirm"
        assert kept.told() == [("d", State.GUESS, why)]
        with pytest.raises(MediumError, match="nothing was found on it that boots"):
            await kept.shelf.confirm("d")
        assert (await kept.shelf.confirm("d", kernel="data.txt")).state is State.READY


class TestAFolder:
    async def test_need_not_be_there(self, kept: Kept) -> None:
        (kept.folder / "isos").rmdir()

        await kept.shelf.refresh()

        assert kept.told() == []

    @pytest.mark.parametrize("name", [".iso", "---.iso", "a.txt", ".x.iso.part"])
    async def test_of_what_is_no_image_has_none(self, kept: Kept, name: str) -> None:
        (kept.folder / "isos" / name).write_bytes(b"x")
        (kept.folder / "isos/folder.iso").mkdir()

        await kept.shelf.refresh()

        assert kept.told() == []

    async def test_has_no_more_than_are_looked_at(
        self, kept: Kept, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bounds.MEDIA, "most", 2)
        for name in "abc":
            (kept.folder / f"isos/{name}.iso").write_bytes(b"x")

        await kept.shelf.refresh()

        assert [name for name, *_ in kept.told()] == ["a", "b"]

    async def test_has_no_more_names_than_are_kept(
        self, kept: Kept, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bounds.MEDIA_ENTRIES, "most", 12)
        for name in "ab":
            await kept.shelf.add(made(kept.folder / f"isos/{name}.iso", FEDORA))

        await kept.shelf.refresh()

        assert kept.told() == [
            ("a", State.READY, ""),
            ("b", State.BROKEN, "is one too many: all have over 12 files"),
        ]


class TestReading:
    @pytest.mark.parametrize(
        ("fails", "state", "why"),
        [
            (lambda: MediumError("is bad"), State.BROKEN, "is bad"),
            (lambda: NotServedError("x", "is gone"), State.BROKEN, "is gone"),
            (lambda: BusyError("a medium", "no process"), State.LOOKING, "is being looked at"),
        ],
    )
    async def test_that_fails_is_told(
        self, kept: Kept, fails: Callable[[], Exception], state: State, why: str
    ) -> None:
        kept.looks.fails = fails()
        await kept.shelf.add(made(kept.folder / "isos/f.iso", FEDORA))

        await kept.shelf.refresh()

        assert kept.told() == [("f", state, why)]

    async def test_that_could_not_be_begun_is_tried_again(self, kept: Kept) -> None:
        kept.looks.fails = BusyError("a medium", "no process")
        await kept.shelf.add(made(kept.folder / "isos/f.iso", FEDORA))
        await kept.shelf.refresh()
        kept.looks.fails = None

        await kept.later()

        assert kept.told() == [("f", State.READY, "")]


class TestAtRest:
    async def test_no_thread_is_asked_each_second(
        self, kept: Kept, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        looks, asked, is_at_rest, rung = 0, 0, Doorbell.is_at_rest, Doorbell.rung

        def counted(bell: Doorbell, folders: Collection[Path]) -> bool:
            nonlocal asked
            asked += 1
            return is_at_rest(bell, folders)

        def looked(bell: Doorbell, folders: Iterable[Path]) -> bool:
            nonlocal looks
            looks += 1
            return rung(bell, folders)

        monkeypatch.setattr("pyxie.media.shelf._RESCAN", 0.001)
        monkeypatch.setattr("pyxie.media.shelf._AT_REST", 0.001)
        monkeypatch.setattr("pyxie.registry.doorbell._AT_REST", float("inf"))
        monkeypatch.setattr("pyxie.registry.doorbell.Mounts", NoMounts)
        monkeypatch.setattr(Doorbell, "is_at_rest", counted)
        monkeypatch.setattr(Doorbell, "rung", looked)
        (kept.folder / "recipes").mkdir()
        for _ in range(2):
            await kept.shelf.refresh()
        before = looks
        serving = asyncio.create_task(kept.shelf.serve())
        await eventually(lambda: asked >= 20)
        at_rest = looks - before
        made(kept.folder / "isos/f.iso", FEDORA)

        await eventually(lambda: kept.shelf.all() != [])

        assert at_rest == 0
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
