"""Other people's TFTP clients fetch files from ours, and get them whole."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import tftpy

from pyxie.tftp.carrying import carry
from pyxie.tftp.limits import Limits
from pyxie.workers.forkserver import ForkServer
from tests.interop.clients import run
from tests.needs import program
from tests.tftp.lab import Lab, all_apart, serving

pytestmark = pytest.mark.interop

SIZES = {"empty": 0, "short": 700, "even": 512 * 8, "loader": 1_100_007}
NAMES = sorted(SIZES)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("served")
    for name, size in SIZES.items():
        (root / name).write_bytes(random.Random(name).randbytes(size))
    return root


@pytest.fixture(scope="module")
def forks() -> Iterator[ForkServer]:
    with ForkServer(carry) as running:
        yield running


@pytest.fixture(params=["event loop", "process"])
async def lab(root: Path, forks: ForkServer, request: pytest.FixtureRequest) -> AsyncIterator[Lab]:
    limits = Limits(max_blksize=65464)
    apart = request.param == "process"
    async with all_apart(root, forks, limits) if apart else serving(root, limits) as lab:
        yield lab


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


async def received(lab: Lab, name: str, path: Path) -> None:
    assert digest(path) == digest(lab.folder.root / name)
    await lab.quiet()
    assert lab.counted("completed") == 1
    assert lab.sample("pyxie_tftp_sent_bytes_total") == SIZES[name]


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"empty"}))
class TestWholeUnlessEmpty:
    """curl takes a `tsize` of 0 for a mistake of the server's; RFC 2349 does not."""

    @pytest.mark.parametrize("blksize", [512, 1468, 65464])
    async def test_curl(self, lab: Lab, tmp_path: Path, name: str, blksize: int) -> None:
        curl = program("curl", "curl")
        url = f"tftp://127.0.0.1:{lab.server.port}/{name}"

        command = (curl, "-sS", "--tftp-blksize", str(blksize), "-o", "got", url)
        status, printed = await run(*command, cwd=tmp_path)

        assert (status, printed) == (0, "")
        await received(lab, name, tmp_path / "got")


@pytest.mark.parametrize("name", NAMES)
class TestWhole:
    async def test_curl_without_options(self, lab: Lab, tmp_path: Path, name: str) -> None:
        curl = program("curl", "curl")
        url = f"tftp://127.0.0.1:{lab.server.port}/{name}"

        command = (curl, "-sS", "--tftp-no-options", "-o", "got", url)
        status, printed = await run(*command, cwd=tmp_path)

        assert (status, printed) == (0, "")
        (tmp_path / "got").touch()  # which curl does not do for an empty file
        await received(lab, name, tmp_path / "got")

    @pytest.mark.parametrize("blksize", [512, 1468])
    async def test_busybox(self, lab: Lab, tmp_path: Path, name: str, blksize: int) -> None:
        busybox = program("busybox", "busybox")

        status, _ = await run(
            *(busybox, "tftp", "-g", "-b", str(blksize), "-r", name, "-l", "got"),
            *("127.0.0.1", str(lab.server.port)),
            cwd=tmp_path,
        )

        assert status == 0
        await received(lab, name, tmp_path / "got")

    @pytest.mark.parametrize(
        "options",
        [
            (),
            ("tsize 0",),
            ("blksize 1468", "timeout 2"),
            ("blksize 1468", "windowsize 16"),
            ("blksize 1024", "windowsize 64"),
        ],
        ids=" ".join,
    )
    async def test_atftp(
        self, lab: Lab, tmp_path: Path, name: str, options: tuple[str, ...]
    ) -> None:
        atftp = program("atftp", "atftp")
        chosen = [part for option in options for part in ("--option", option)]

        status, printed = await run(
            *(atftp, *chosen, "--get", "--remote-file", name, "--local-file", "got"),
            *("127.0.0.1", str(lab.server.port)),
            cwd=tmp_path,
        )

        assert status == 0, printed
        await received(lab, name, tmp_path / "got")

    @pytest.mark.parametrize("options", [{}, {"blksize": 1468}, {"tsize": 0}], ids=str)
    async def test_tftpy(
        self, lab: Lab, tmp_path: Path, name: str, options: dict[str, int]
    ) -> None:
        client = tftpy.TftpClient("127.0.0.1", lab.server.port, options)

        await asyncio.to_thread(client.download, name, str(tmp_path / "got"))

        await received(lab, name, tmp_path / "got")


class TestLong:
    """A hundred megabytes have more blocks than their numbers count."""

    async def test_atftp_gets_all_of_it_with_windows_of_64(self, lab: Lab, tmp_path: Path) -> None:
        atftp = program("atftp", "atftp")
        with (lab.folder.root / "image").open("wb") as file:
            for block in (1, 65_535, 65_536, 65_537):
                file.seek(block * 1468)
                file.write(f"after block {block}".encode())
            file.truncate(100_000_000)

        status, printed = await run(
            *(atftp, "--option", "blksize 1468", "--option", "windowsize 64"),
            *("--get", "--remote-file", "image", "--local-file", "got"),
            *("127.0.0.1", str(lab.server.port)),
            cwd=tmp_path,
            patience=300,  # what it misses on a busy host it waits seconds for
        )

        assert status == 0, printed
        assert digest(tmp_path / "got") == digest(lab.folder.root / "image")


class TestRefusal:
    async def test_curl_is_told_that_there_is_no_such_file(self, lab: Lab, tmp_path: Path) -> None:
        curl = program("curl", "curl")

        status, _ = await run(
            curl, "-sS", f"tftp://127.0.0.1:{lab.server.port}/missing", cwd=tmp_path
        )

        assert status == 68  # "File not found on TFTP server", by its manual page

    async def test_curl_cannot_leave_a_file(self, lab: Lab, tmp_path: Path) -> None:
        curl = program("curl", "curl")
        (tmp_path / "mine").write_text("mine")

        url = f"tftp://127.0.0.1:{lab.server.port}/mine"
        status, _ = await run(curl, "-sS", "-T", "mine", url, cwd=tmp_path)

        assert status == 71  # "Illegal TFTP operation"
        assert not (lab.folder.root / "mine").exists()

    async def test_tftpy_is_told_that_there_is_no_such_file(self, lab: Lab, tmp_path: Path) -> None:
        client = tftpy.TftpClient("127.0.0.1", lab.server.port)

        with pytest.raises(tftpy.TftpShared.TftpFileNotFoundError):
            await asyncio.to_thread(client.download, "missing", str(tmp_path / "got"))
