"""Machine files that another process reads while the daemon is loaded: as if read by itself."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyxie.registry import folder as folders
from pyxie.registry.define import Common
from pyxie.registry.earlyread import EarlyRead
from pyxie.registry.folder import Folder
from pyxie.registry.registry import MachineFile, Registry
from tests.support import until

MACHINE = "hostname: {name}\nnetwork: [{{macaddress: '52:54:00:00:00:{at:02x}'}}]\n"


def lay(folder: Path, many: int) -> Path:
    """Write so many machines; return their folder."""
    machines = folder / "machines"
    machines.mkdir()
    for at in range(many):
        write(machines, at)
    return machines


def write(machines: Path, at: int, more: str = "") -> None:
    (machines / f"web{at}.yaml").write_text(MACHINE.format(name=f"web{at}", at=at) + more)


def early(machines: Path) -> EarlyRead:
    return EarlyRead(machines, least=1, processors=lambda: 2)


def over(reading: EarlyRead) -> None:
    """Wait until the process has ended, whatever of it was read."""
    ended = os.WEXITED | os.WNOHANG | os.WNOWAIT
    until(lambda: os.waitid(os.P_PID, reading._child, ended), "the process to end", seconds=60)


def said(registry: Registry) -> object:
    documents = {host: each.data for host, each in registry.documents.items()}
    broken = {name: [str(each) for each in found] for name, found in registry.broken.items()}
    return (
        *(dict(registry.machines), dict(registry.by_mac), documents, broken),
        *(registry.files, registry.problems, list(registry.claims), registry.blind),
    )


class Reads:
    """Counts how many files are read in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.names: list[str] = []
        read = folders.read_machine

        def counted(path: Path | str, shown: Path) -> MachineFile:
            self.names.append(Path(path).name)
            return read(path, shown)

        monkeypatch.setattr(folders, "read_machine", counted)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    return Reads(monkeypatch)


def link(machines: Path, at: int) -> None:
    (machines / f"link{at}.yml").unlink(missing_ok=True)
    (machines / f"link{at}.yml").symlink_to(f"web{at}.yaml")


EDITS: dict[str, Callable[[Path, int], object]] = {
    "changed": lambda folder, at: write(folder, at, "params: {disk: /dev/sda}\n"),
    "broken": lambda folder, at: (folder / f"web{at}.yaml").write_text("tempalte: x\n"),
    "gone": lambda folder, at: (folder / f"web{at}.yaml").unlink(missing_ok=True),
    "new": lambda folder, at: write(folder, 100 + at),
    "a twin": lambda folder, at: (folder / f"twin{at}.yaml").write_text(
        MACHINE.format(name="twin", at=at)
    ),
    "a folder": lambda folder, at: (folder / f"folder{at}.yaml").mkdir(exist_ok=True),
    "linked": link,
}
SOME = st.lists(st.tuples(st.sampled_from(sorted(EDITS)), st.integers(0, 9)), max_size=5)


class TestWhateverIsRead:
    @settings(max_examples=25, deadline=None)
    @given(many=st.integers(1, 120), before=SOME, meanwhile=SOME, waits=st.booleans())
    def test_is_as_if_nobody_had_read_early(
        self,
        many: int,
        before: list[tuple[str, int]],
        meanwhile: list[tuple[str, int]],
        waits: bool,
    ) -> None:
        with tempfile.TemporaryDirectory() as name:
            machines = lay(Path(name), many)
            for edit, at in before:
                EDITS[edit](machines, at)
            with early(machines) as reading:
                if waits:
                    over(reading)
                for edit, at in meanwhile:
                    EDITS[edit](machines, at)

                found = Folder(machines, shared=Common(), early=reading).scan()

            assert said(found) == said(Folder(machines, shared=Common()).scan())


class TestIsReadOnce:
    def test_by_the_other_process(self, tmp_path: Path, reads: Reads) -> None:
        machines = lay(tmp_path, 120)
        with early(machines) as reading:
            over(reading)

            found = Folder(machines, early=reading).scan()

        assert (len(found.machines), reads.names) == (120, [])

    def test_but_for_what_has_changed_since_or_has_a_mistake(
        self, tmp_path: Path, reads: Reads
    ) -> None:
        machines = lay(tmp_path, 60)
        (machines / "web7.yaml").write_text("nonsense: 1\n")
        with early(machines) as reading:
            over(reading)
            write(machines, 3, "params: {disk: /dev/sda}\n")

            Folder(machines, early=reading).scan()

        assert sorted(reads.names) == ["web3.yaml", "web7.yaml"]

    def test_and_again_only_where_a_file_has_changed(self, tmp_path: Path, reads: Reads) -> None:
        machines = lay(tmp_path, 60)
        with early(machines) as reading:
            over(reading)
            folder = Folder(machines, early=reading)
            first = folder.scan()

        assert folder.scan() is first
        write(machines, 3, "params: {disk: /dev/sda}\n")
        assert folder.scan().machines["web3"] != first.machines["web3"]
        assert reads.names == ["web3.yaml"]


class TestNobodyWaits:
    def test_for_a_process_that_has_read_nothing(
        self, tmp_path: Path, reads: Reads, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        machines = lay(tmp_path, 60)
        monkeypatch.setattr("pyxie.registry.earlyread._read", lambda *_: os._exit(1))
        with early(machines) as reading:
            over(reading)

            found = Folder(machines, early=reading).scan()

        assert (len(found.machines), len(reads.names)) == (60, 60)

    def test_for_what_was_written_in_half(self, tmp_path: Path) -> None:
        machines = lay(tmp_path, 60)
        with early(machines) as reading:
            over(reading)
            assert reading._written is not None
            whole = os.fstat(reading._written).st_size
            os.ftruncate(reading._written, whole - 1)

            assert len(reading.more()) == 50
            assert reading.more() == {}


class TestThereIsNoProcess:
    @pytest.fixture
    def forks(self, monkeypatch: pytest.MonkeyPatch) -> list[int]:
        made: list[int] = []
        monkeypatch.setattr(os, "fork", lambda: made.append(1))
        return made

    @pytest.mark.parametrize(
        ("many", "processors"), [(199, 2), (200, 1)], ids=["few files", "one processor"]
    )
    def test_where_none_pays(
        self, tmp_path: Path, forks: list[int], many: int, processors: int
    ) -> None:
        reading = EarlyRead(lay(tmp_path, many), processors=lambda: processors)

        assert (forks, reading.more()) == ([], {})

    def test_where_there_is_no_folder(self, tmp_path: Path, forks: list[int]) -> None:
        reading = EarlyRead(tmp_path / "none", least=1, processors=lambda: 2)

        assert (forks, reading.more()) == ([], {})

    def test_any_more_once_all_is_read(self, tmp_path: Path) -> None:
        machines = lay(tmp_path, 60)
        reading = early(machines)
        child = reading._child

        Folder(machines, early=reading).scan()

        assert not Path(f"/proc/{child}").exists()
        assert reading.more() == {}
        reading.close()
