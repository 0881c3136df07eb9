"""Media, read in a process: what it holds, and what becomes of one that takes too much."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyxie import bounds
from pyxie.media.extents import File, MediumError
from pyxie.media.facts import Contents
from pyxie.openfile import opened
from pyxie.workers import medium
from pyxie.workers.forkserver import ForkServer
from pyxie.workers.frames import HEAD, packed
from pyxie.workers.looks import Looks
from tests.media.isos import FEDORA, UNKNOWN, made, made_with_udf
from tests.procfs import children
from tests.support import until
from tests.workers.test_forkserver import pid_of
from tests.workers.threads import Threads


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

        until(lambda: children(pid_of(forks)) == [], "the process to be gone")

    async def test_says_why_a_file_is_no_medium(self, forks: ForkServer, tmp_path: Path) -> None:
        (tmp_path / "no.iso").write_bytes(b"no ISO image" * 10_000)

        with pytest.raises(MediumError, match="is not an ISO image that can be read: "):
            await seen(Looks(forks), tmp_path / "no.iso")


def _send(line: socket.socket, answer: bytes) -> None:
    line.sendall(answer)
    line.shutdown(socket.SHUT_WR)


def hang(line: socket.socket) -> None:
    line.recv(1)


def said(index: str, **facts: object) -> bytes:
    return packed(json.dumps({"facts": facts}).encode(), index)


class TestAProcessThatWasTakenOver:
    @pytest.mark.parametrize(
        ("answer", "why"),
        [
            (b"", "ended the process that read it: it takes too much"),
            (b"\xff" * 8, "cannot be read: what read it announced 4294967295 and"),
            (packed(b"{}"), "cannot be read: what read it answers nonsense (KeyError)"),
            (packed(b"[]"), "cannot be read: what read it answers nonsense (TypeError)"),
            (packed(b'{"error": "\\u001b[2J"}'), "?[2J"),
            (said("", names=7), "cannot be read: what read it answers nonsense"),
            (said("k\tfile\t0+999999999"), "has a file that ends beyond it: 'k'; is it whole?"),
            (said("../k\tfile\t0+1"), "has a folder whose name cannot be: '..'"),
            (said("", volume="\x1b"), "says what cannot be shown"),
            (said("", entries=[{"label": "", "kernel": "k"}]), "boots files that it does not hold"),
            (HEAD.pack(2, 20 << 20), "has a list of files of 20,971,520 bytes"),
        ],
    )
    async def test_is_believed_nothing_that_cannot_be(
        self, tmp_path: Path, answer: bytes, why: str
    ) -> None:
        (tmp_path / "x.iso").write_bytes(b"x" * 100)
        workers = Threads(lambda line: _send(line, answer))
        try:
            with pytest.raises(MediumError) as caught:
                await seen(Looks(workers), tmp_path / "x.iso")
        finally:
            workers.close()

        assert str(caught.value).startswith(why)
        assert workers.killed == [1]

    async def test_is_ended_where_it_says_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "x.iso").write_bytes(b"x")
        workers = Threads(hang)
        try:
            with pytest.raises(
                MediumError, match=r"takes over 0\.05 s to be read, and was given up"
            ):
                await seen(Looks(workers, patience=0.05), tmp_path / "x.iso")
        finally:
            workers.close()

        assert workers.killed == [1]


SECTOR = 2048


def changed(iso: Path, name: bytes, extent: int | None = None, size: int | None = None) -> None:
    """Have the directory records of a name say something else."""
    data = bytearray(iso.read_bytes())
    at = data.find(bytes([len(name)]) + name)
    while at >= 0:
        for offset, value in ((at - 30, extent), (at - 22, size)):
            if value is not None:
                data[offset : offset + 8] = struct.pack("<I", value) + struct.pack(">I", value)
        at = data.find(bytes([len(name)]) + name, at + 1)
    iso.write_bytes(data)


class TestAHostileMedium:
    async def test_of_folders_in_a_circle_has_an_end(
        self, forks: ForkServer, tmp_path: Path
    ) -> None:
        iso = made(tmp_path / "c.iso", {"a/b/c.txt": "x"}, "-r")
        root = int.from_bytes(iso.read_bytes()[16 * SECTOR + 158 : 16 * SECTOR + 162], "little")
        changed(iso, b"B", extent=root, size=SECTOR)

        with pytest.raises(MediumError, match=r"loop|ISO image|whole"):
            await seen(Looks(forks), iso)

    async def test_whose_file_ends_beyond_it_gives_no_byte_from_elsewhere(
        self, forks: ForkServer, tmp_path: Path
    ) -> None:
        iso = made(tmp_path / "c.iso", {"a.txt": "x" * 100, "b.txt": "y"}, "-r")
        changed(iso, b"A.TXT;1", size=0x7FFFFFFF)

        try:
            found = await seen(Looks(forks), iso)
        except MediumError:
            return

        file = found.tree.find("a.txt")
        assert isinstance(file, File)
        assert all(at >= 0 and at + size <= iso.stat().st_size for at, size in file.extents)

    async def test_that_was_cut_is_told_to_be_so(self, forks: ForkServer, tmp_path: Path) -> None:
        iso = made(tmp_path / "c.iso", {"a.bin": bytes(4 << 20), "b.bin": bytes(4 << 20)})
        os.truncate(iso, 3 << 20)

        with pytest.raises(MediumError, match="is not whole: 3,145,728 bytes of "):
            await seen(Looks(forks), iso)

    async def test_leaves_out_what_has_no_name(self, forks: ForkServer, tmp_path: Path) -> None:
        iso = made(tmp_path / "c.iso", {"a\x1b[2J.txt": "x", "b\\c": "x", "good": "x"})

        found = await seen(Looks(forks), iso)

        assert [name for name, _ in found.tree.files()] == ["good"]
        assert found.facts.left_out == 2

    async def test_that_takes_too_much_memory_is_given_up(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def greedy(_image: object) -> None:
            bytearray(bounds.MEDIUM_MEMORY.whole << 21)

        before = bounds.MEDIUM_MEMORY.times
        monkeypatch.setattr(medium, "look", greedy)
        (tmp_path / "x.iso").write_bytes(b"x")
        with ForkServer() as forks, pytest.raises(MediumError) as caught:
            await seen(Looks(forks), tmp_path / "x.iso")

        assert str(caught.value) == "takes more than 512 MiB to be read"
        assert bounds.MEDIUM_MEMORY.times == before + 1

    async def test_at_which_its_reader_stumbles_is_told_to_be_wrong(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def stumble(_image: object) -> None:
            raise IndexError

        monkeypatch.setattr(medium, "look", stumble)
        (tmp_path / "x.iso").write_bytes(b"x")
        with ForkServer() as forks, pytest.raises(MediumError) as caught:
            await seen(Looks(forks), tmp_path / "x.iso")

        assert str(caught.value) == "cannot be read: what it says cannot be (IndexError)"

    async def test_of_too_many_files_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bounds.MEDIUM_ENTRIES, "most", 3)
        iso = made(tmp_path / "c.iso", {f"{at}.txt": "x" for at in range(5)})
        with ForkServer() as forks, pytest.raises(MediumError, match="over 3 files and folders"):
            await seen(Looks(forks), iso)


class TestForAnyMedium:
    def test_changed_bytes_never_hang_it_and_lead_nowhere(self, tmp_path: Path) -> None:
        """Where the bytes stand that a reader believes: descriptors, tables, folders."""
        files = {**FEDORA, **UNKNOWN, "l": "->../../x", "deep/er/and/deep/er": "x"}
        media = [
            made(tmp_path / "j.iso", files).read_bytes(),
            made_with_udf(tmp_path / "u.iso", files, "-allow-lowercase").read_bytes(),
        ]
        believed = [
            [at for at in range(16 * SECTOR, min(len(data), 500 * SECTOR)) if data[at]]
            for data in media
        ]
        iso = tmp_path / "changed.iso"
        loop = asyncio.new_event_loop()
        told: list[str] = []

        with ForkServer() as forks:
            looks = Looks(forks, patience=20)

            @settings(max_examples=60, deadline=None, database=None, derandomize=True)
            @given(st.data())
            def one(drawn: st.DataObject) -> None:
                which = drawn.draw(st.integers(0, len(media) - 1))
                data = bytearray(media[which])
                places = st.integers(0, len(believed[which]) - 1)
                for place in drawn.draw(st.lists(places, min_size=1, max_size=8)):
                    data[believed[which][place]] = drawn.draw(st.integers(0, 255))
                iso.write_bytes(data[: drawn.draw(st.integers(0, len(data)) | st.just(len(data)))])
                try:
                    found = loop.run_until_complete(seen(looks, iso))
                except MediumError as exc:
                    told.append(str(exc))
                    return
                size = iso.stat().st_size
                for _, file in found.tree.files():
                    assert all(at >= 0 and at + count <= size for at, count in file.extents)

            one()
        loop.close()
        assert not [each for each in told if "given up" in each or not each.isprintable()]
