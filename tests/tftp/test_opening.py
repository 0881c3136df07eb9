"""Requests for what is known, and open: answered without a thread, and as by one."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import AsyncIterator, Callable
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from pyxie.loaders.folders import Loaders
from pyxie.tftp.source import Found
from tests.tftp.lab import Client, Lab, serving

RRQ = b"\0\1loader\0octet\0tsize\x000\0"
FIRST = bytes(n * 31 % 256 for n in range(5000))
MOUNTED = "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"


class Looked(Loaders):
    """Loaders that count in how many requests a thread looked for them."""

    times = 0

    def open(self, name: str, local: IPv4Address, peer: IPv4Address) -> Found:
        assert threading.current_thread() is not threading.main_thread()
        self.times += 1
        return super().open(name, local, peer)


class Site:
    """A server of the operator's folder, and a client."""

    def __init__(self, lab: Lab, loaders: Looked, folder: list[Path]) -> None:
        self.lab, self.loaders, self.folder = lab, loaders, folder

    @property
    def path(self) -> Path:
        return self.folder[0] / "loader"

    async def fetch(self, request: bytes = RRQ) -> bytes:
        with contextlib.closing(Client(self.lab.server)) as client:
            fetched = bytes(await client.fetch(request))
        await self.lab.quiet()
        return fetched

    async def ask(self, request: bytes = RRQ) -> bytes:
        with contextlib.closing(Client(self.lab.server)) as client:
            return await client.ask(request)


@pytest.fixture(params=[False, True], ids=["ports", "one-port"])
async def site(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Site]:
    folder = [tmp_path / "ipxe"]
    folder[0].mkdir()
    (folder[0] / "loader").write_bytes(FIRST)
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTED)
    loaders = Looked(lambda: folder[0], (), clock=lambda: 0.0, mounts=mounts)
    async with serving(
        tmp_path, source=loaders, ready=loaders.ready, single_port=request.param
    ) as lab:
        yield Site(lab, loaders, folder)


class TestWhatIsKnown:
    async def test_is_sent_without_a_thread_and_told_of_as_ever(self, site: Site) -> None:
        assert [await site.fetch() for _ in range(3)] == [FIRST] * 3

        assert site.loaders.times == 1
        assert site.lab.counted("completed") == 3
        assert len({(step, mac) for step, _, mac, _ in site.lab.trace.events}) == 1
        assert len(site.lab.trace.events) == 3

    async def test_is_known_of_who_leads_it_by_a_mac(self, site: Site) -> None:
        await site.fetch()

        assert await site.fetch(b"\0\x0152-54-00-12-34-56/loader\0octet\0") == FIRST

        assert site.loaders.times == 1
        assert site.lab.trace.events[-1][2] == "52:54:00:12:34:56"

    async def test_is_converted_by_a_thread(self, site: Site) -> None:
        await site.fetch()
        await site.fetch(b"\0\1loader\0netascii\0")

        assert site.loaders.times == 2

    async def test_is_answered_once_however_often_it_is_asked_for(self, site: Site) -> None:
        await site.fetch()
        with contextlib.closing(Client(site.lab.server)) as client:
            client.say(RRQ)
            client.say(RRQ)
            heard, to = await client.hear()
            client.say(b"\0\5\0\0enough\0", to)
            await site.lab.quiet()

            assert client.hears_nothing()
            assert heard.startswith(b"\0\6tsize\x005000\0")
        assert site.lab.counted("repeated") == 1


def replaced(site: Site) -> None:
    new = site.path.with_name("new")
    new.write_bytes(b"replaced")
    new.rename(site.path)


def overwritten(site: Site) -> None:
    site.path.write_bytes(b"overwritten")


def linked(site: Site) -> None:
    site.path.with_name("other").write_bytes(b"linked")
    site.path.unlink()
    site.path.symlink_to("other")


def reconfigured(site: Site) -> None:
    site.folder[0] = site.path.parent.with_name("another")
    site.folder[0].mkdir()
    site.path.write_bytes(b"reconfigured")


class TestChanges:
    @pytest.mark.parametrize("change", [replaced, overwritten, linked, reconfigured])
    async def test_are_sent_to_who_asks_next(
        self, site: Site, change: Callable[[Site], None]
    ) -> None:
        assert [await site.fetch() for _ in range(2)] == [FIRST] * 2

        change(site)

        assert [await site.fetch() for _ in range(2)] == [change.__name__.encode()] * 2

    async def test_a_file_that_is_gone_is_refused(self, site: Site) -> None:
        await site.fetch()
        site.path.unlink()

        assert await site.ask() == b"\0\5\0\1no such file\0"

    async def test_a_file_that_may_not_be_read_is_looked_for(self, site: Site) -> None:
        await site.fetch()
        site.path.chmod(0)
        await site.ask()

        assert site.loaders.times == 2

    async def test_of_a_file_that_is_being_sent_it_is_sent_whole(self, site: Site) -> None:
        await site.fetch()
        with contextlib.closing(Client(site.lab.server)) as client:
            client.say(RRQ)
            _, to = await client.hear()
            replaced(site)
            with contextlib.closing(Client(site.lab.server)) as another:
                assert await another.fetch(RRQ) == b"replaced"

            client.say(b"\0\4\0\0", to)

            assert (await client.hear())[0] == b"\0\3\0\1" + FIRST[:512]
