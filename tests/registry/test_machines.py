"""When the machine files are looked at: never too late, and not for each call anew."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Collection, Iterable
from functools import partial
from pathlib import Path

import pytest

from pyxie.config.live import LiveSettings
from pyxie.config.settings import load_marked
from pyxie.metrics import Metrics
from pyxie.registry.doorbell import Doorbell
from pyxie.registry.machines import Machines
from tests.support import Clock, eventually

MACHINE = "hostname: {host}\nnetwork: [{{macaddress: '52:54:00:00:00:{at:02x}'}}]\n"


class Looks:
    """Counts how often the folder's files are looked at."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.count = 0
        self._scandir, self._folder = os.scandir, folder
        monkeypatch.setattr(os, "scandir", self._counted)

    def _counted(self, path: Path) -> object:
        self.count += path == self._folder
        return self._scandir(path)


class Rings:
    """Counts how often it is asked whether a change was heard of."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count, rung = 0, Doorbell.rung

        def counted(bell: Doorbell, folders: Iterable[Path]) -> bool:
            self.count += 1
            return rung(bell, folders)

        monkeypatch.setattr(Doorbell, "rung", counted)


class NoMounts:
    """Nothing is ever mounted: what others do on this host meanwhile is not told."""

    def __init__(self, _file: Path) -> None:
        """Be asked."""

    def changed(self) -> bool:
        return False

    def close(self) -> None:
        """Be asked no more."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "machines"
    path.mkdir()
    for at in range(3):
        (path / f"web{at}.yaml").write_text(MACHINE.format(host=f"web{at}", at=at))
    (tmp_path / "config.yaml").write_text("machinepath: machines\n")
    return path


@pytest.fixture
def machines(folder: Path) -> Machines:
    file = folder.parent / "config.yaml"
    return Machines(LiveSettings(file, *load_marked(file)), Metrics())


@pytest.fixture
def looks(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Looks:
    return Looks(monkeypatch, folder)


def in_place(folder: Path) -> None:
    (folder / "web1.yaml").write_text(MACHINE.format(host="db1", at=1))


def renamed_over(folder: Path) -> None:
    (folder / ".new").write_text(MACHINE.format(host="db1", at=1))
    (folder / ".new").rename(folder / "web1.yaml")


def behind_a_link(folder: Path) -> None:
    (folder.parent / "db1.yaml").write_text(MACHINE.format(host="db1", at=1))


class TestACall:
    @pytest.mark.parametrize("change", [in_place, renamed_over])
    async def test_sees_what_was_changed_just_before_it(
        self, machines: Machines, folder: Path, change: Callable[[Path], None]
    ) -> None:
        async with machines:
            for _ in range(20):
                (folder / "web1.yaml").write_text(MACHINE.format(host="web1", at=1))
                assert "db1" not in await machines.refresh()

                change(folder)

                assert "db1" in await machines.refresh()

    async def test_sees_what_was_changed_behind_a_link(
        self, machines: Machines, folder: Path, looks: Looks
    ) -> None:
        """As where a deployment links the files into their folder."""
        real = folder.parent / "db1.yaml"
        real.write_text(MACHINE.format(host="other", at=1))
        (folder / "web1.yaml").unlink()
        (folder / "web1.yaml").symlink_to(real)
        async with machines:
            await machines.refresh()

            behind_a_link(folder)

            assert "db1" in await machines.refresh()

    async def test_sees_what_was_changed_by_another_name_of_the_file(
        self, machines: Machines, folder: Path
    ) -> None:
        os.link(folder / "web1.yaml", folder.parent / "db1.yaml")
        async with machines:
            await machines.refresh()

            behind_a_link(folder)

            assert "db1" in await machines.refresh()

    async def test_sees_what_changed_while_another_looked(
        self, machines: Machines, folder: Path
    ) -> None:
        async with machines:
            created = folder / "web9.yaml"
            created.write_text(MACHINE.format(host="web9", at=9))
            first = asyncio.create_task(machines.refresh())
            await asyncio.sleep(0)  # it has begun

            in_place(folder)

            assert "db1" in await machines.refresh()
            await first

    async def test_sees_what_changed_before_one_that_was_broken_off(
        self, machines: Machines, folder: Path
    ) -> None:
        async with machines:
            in_place(folder)
            broken_off = asyncio.create_task(machines.refresh())
            await asyncio.sleep(0)
            broken_off.cancel()
            await asyncio.gather(broken_off, return_exceptions=True)

            assert "db1" in await machines.refresh()

    async def test_sees_a_folder_that_was_missing(self, tmp_path: Path, machines: Machines) -> None:
        async with machines:
            (tmp_path / "machines").rename(tmp_path / "gone")
            assert not (await machines.refresh()).machines

            (tmp_path / "gone").rename(tmp_path / "machines")

            assert "web1" in await machines.refresh()


class TestFiles:
    async def test_that_did_not_change_are_not_looked_at_again(
        self, machines: Machines, looks: Looks
    ) -> None:
        async with machines:
            before = looks.count

            for _ in range(100):
                await machines.refresh()

            assert looks.count - before == 0

    async def test_are_known_for_a_second_without_a_thread(
        self, machines: Machines, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pyxie.registry.doorbell.rely_on", lambda *_: None)
        monkeypatch.setattr("pyxie.registry.doorbell._FOR", 60.0)
        async with machines:
            await machines.refresh()
            heard = Rings(monkeypatch)

            for _ in range(100):
                await machines.refresh()

            assert heard.count == 0

    async def test_are_looked_at_once_for_all_who_ask_at_one_time(
        self, machines: Machines, folder: Path, looks: Looks
    ) -> None:
        os.link(folder / "web1.yaml", folder.parent / "elsewhere.yaml")  # so that each looks
        async with machines:
            before = looks.count

            await asyncio.gather(*(machines.refresh() for _ in range(100)))

            # The one under way, and one for all who came after it had begun.
            assert 1 <= looks.count - before <= 2

    async def test_are_looked_at_now_and_then_even_if_nothing_is_heard(
        self, folder: Path, looks: Looks, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """But not each second: of 10,000 that is work without end, for a host that is idle."""
        file, clock = folder.parent / "config.yaml", Clock()
        machines = Machines(LiveSettings(file, *load_marked(file)), Metrics(), steady=clock)
        heard = Rings(monkeypatch)
        monkeypatch.setattr("pyxie.registry.machines._LISTEN", 0.001)
        monkeypatch.setattr("pyxie.registry.doorbell._AT_REST", 0.0)
        async with machines:
            before = looks.count
            serving = asyncio.create_task(machines.serve())
            await eventually(lambda: heard.count >= 10)
            at_rest = looks.count - before
            clock.now += 120

            await eventually(lambda: looks.count == before + 1)

            assert at_rest == 0
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)

    async def test_are_not_asked_for_in_a_thread_each_second(
        self, machines: Machines, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What wakes a host that is idle: the event loop alone, and it asks no file system."""
        rings, asked = Rings(monkeypatch), 0
        monkeypatch.setattr("pyxie.registry.machines._LISTEN", 0.001)
        monkeypatch.setattr("pyxie.registry.machines._AT_REST", 0.001)
        monkeypatch.setattr("pyxie.registry.doorbell._AT_REST", float("inf"))
        monkeypatch.setattr("pyxie.registry.doorbell.Mounts", NoMounts)
        is_at_rest = Doorbell.is_at_rest

        def counted(bell: Doorbell, folders: Collection[Path]) -> bool:
            nonlocal asked
            asked += 1
            return is_at_rest(bell, folders)

        monkeypatch.setattr(Doorbell, "is_at_rest", counted)
        async with machines:
            await machines.refresh()
            before = rings.count
            serving = asyncio.create_task(machines.serve())
            await eventually(lambda: asked >= 20)
            at_rest = rings.count - before
            (folder / "web9.yaml").write_text(MACHINE.format(host="web9", at=9))

            await eventually(lambda: "web9" in machines().machines)

            assert at_rest == 0
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)

    async def test_that_change_wake_who_is_at_rest(
        self, machines: Machines, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """However seldom it looks by itself."""
        monkeypatch.setattr("pyxie.registry.machines._LISTEN", 0.001)
        monkeypatch.setattr("pyxie.registry.machines._AT_REST", 86400.0)
        monkeypatch.setattr("pyxie.registry.doorbell._AT_REST", float("inf"))
        monkeypatch.setattr("pyxie.registry.doorbell.Mounts", NoMounts)
        async with machines:
            for _ in range(2):
                await machines.refresh()
            serving = asyncio.create_task(machines.serve())
            for at in (7, 8, 9):
                (folder / f"web{at}.yaml").write_text(MACHINE.format(host=f"web{at}", at=at))

                await eventually(partial(_knows, machines, f"web{at}"))

            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)

    async def test_that_are_changed_unheard_of_are_looked_at_each_second(
        self, machines: Machines, folder: Path, looks: Looks, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        os.link(folder / "web1.yaml", folder.parent / "elsewhere.yaml")
        monkeypatch.setattr("pyxie.registry.machines._LISTEN", 0.001)
        async with machines:
            before = looks.count
            serving = asyncio.create_task(machines.serve())

            await eventually(lambda: looks.count >= before + 3)

            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)


def _knows(machines: Machines, host: str) -> bool:
    return host in machines().machines


class TestMistakes:
    async def test_of_thousands_of_files_a_hundred_are_logged(
        self, folder: Path, machines: Machines, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("INFO", "pyxie.registry.machines")
        await machines.refresh()
        caplog.clear()
        for at in range(250):
            (folder / f"bad{at:03}.yaml").write_text("nonsense: 1\n")
        await machines.refresh()
        broken = caplog.messages[:]
        caplog.clear()
        for at in range(250):
            (folder / f"bad{at:03}.yaml").unlink()
        await machines.refresh()

        assert [len(broken), broken[100]] == [
            101,
            "and 150 more mistakes: pyxie check lists them all",
        ]
        assert [len(caplog.messages), caplog.messages[100]] == [101, "and 150 more are mended"]
