"""Media that are named, and cannot be booted."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pyxie.checking import scan
from pyxie.config.settings import load_marked
from pyxie.media.lacking import Lacking
from pyxie.media.shelf import Shelf
from pyxie.threads import Pool
from tests.inthread import look_in_thread
from tests.media.isos import FEDORA, UNKNOWN, made
from tests.support import Clock, eventually


class Site:
    """Media, and a machine that boots of one of them."""

    def __init__(self, folder: Path, kernel: str) -> None:
        self.folder = folder
        self.clock = Clock()
        (folder / "isos").mkdir()
        (folder / "machines").mkdir()
        (folder / "config.yaml").write_text("{}\n")
        (folder / "machines/a.yaml").write_text(
            f"hostname: a.example.org\nkernel: {kernel}\n"
            "network: [{macaddress: 52:54:00:00:00:01}]\n"
        )
        registry = scan(*load_marked(folder / "config.yaml"))
        self.shelf = Shelf(
            lambda: folder / "isos",
            lambda: folder / "recipes",
            lambda _: False,
            look_in_thread,
            Pool("isos"),
            steady=self.clock,
        )
        self.lacking = Lacking(lambda: registry, self.shelf, Pool("machines"))

    async def put(self, name: str) -> None:
        await self.shelf.add(made(self.folder / "isos" / name, FEDORA))

    async def told(self) -> list[str]:
        """Return what is told once the folder has been looked at."""
        self.clock.now += 60
        await self.shelf.refresh()
        return [str(each).rpartition("/machines/")[2] for each in await self.lacking.problems()]


KERNEL = "media:fedora/images/pxeboot/vmlinuz"
PLACE = "a.yaml:2:9: kernel: "


class TestAMedium:
    async def test_that_is_not_there_is_told_until_it_is(self, tmp_path: Path) -> None:
        site = Site(tmp_path, KERNEL)

        before = await site.told()
        await site.put("fedora.iso")
        there = await site.told()
        (tmp_path / "isos/fedora.iso").rename(tmp_path / "isos/other.iso")
        renamed = await site.told()

        why = "there is no such medium in the folder 'isos'"
        assert before == renamed == [f"{PLACE}{KERNEL}: {why}"]
        assert there == []

    async def test_of_which_nothing_is_known_yet_is_not(self, tmp_path: Path) -> None:
        site = Site(tmp_path, KERNEL)

        unseen = await site.lacking.problems()
        made(tmp_path / "isos/fedora.iso", FEDORA)  # and nobody says that it is whole
        being_written = await site.told()

        assert unseen == []
        assert being_written == []

    async def test_that_is_broken_is_told(self, tmp_path: Path) -> None:
        site = Site(tmp_path, KERNEL)
        (tmp_path / "isos/fedora.iso").write_bytes(b"no medium")
        await site.shelf.add(tmp_path / "isos/fedora.iso")

        (said,) = await site.told()

        assert said.startswith(f"{PLACE}{KERNEL}: is not an ISO image that can be read: ")

    async def test_that_is_not_confirmed_is_told(self, tmp_path: Path) -> None:
        site = Site(tmp_path, "media:own/boot/Kernel-5")
        await site.shelf.add(made(tmp_path / "isos/own.iso", UNKNOWN))

        (said,) = await site.told()

        assert said.startswith(f"{PLACE}media:own/boot/Kernel-5: is not known: say what it boots")

    @pytest.mark.parametrize(
        ("file", "why"), [("gone", "no such file"), ("images", "is a folder of fedora.iso")]
    )
    async def test_that_lacks_the_file_is_told(self, tmp_path: Path, file: str, why: str) -> None:
        site = Site(tmp_path, f"media:fedora/{file}")
        await site.put("fedora.iso")

        assert await site.told() == [f"{PLACE}media:fedora/{file}: {why}"]

    async def test_is_logged_once(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        site = Site(tmp_path, KERNEL)
        await site.told()
        running = asyncio.create_task(site.lacking.serve())
        try:
            await eventually(lambda: caplog.messages)
        finally:
            running.cancel()

        (said,) = caplog.messages
        assert said.endswith(f"{PLACE}{KERNEL}: there is no such medium in the folder 'isos'")
