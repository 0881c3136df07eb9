"""The kernel is told who is known, and again when that changes."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager

import pytest

from pyxie.bounds import DHCP_LOUD
from pyxie.dhcp import sorting
from pyxie.dhcp.decide import Port
from pyxie.dhcp.sieve import FEWEST, MOST, Sieve
from pyxie.dhcp.sorting import Macs, Sorting
from tests.support import eventually

SECRET = 0x9E3779B1
LOUD = "52:54:00:00:00:01"


def mac_of(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


class Socket:
    """A kernel that keeps so many bytes."""

    port: Port = 67

    def __init__(self, *, strangers: bool, room: int = 1 << 20) -> None:
        self.strangers = strangers
        self.room = room
        self.told: list[bytes] = []

    def sift(self, program: bytes) -> None:
        if len(program) > self.room:
            raise OSError(errno.ENOMEM, "Cannot allocate memory")
        self.told.append(program)


class Site:
    def __init__(self, room: int = 1 << 20) -> None:
        self.macs: Iterable[str] = ["52:54:00:00:00:01"]
        self.sockets = [Socket(strangers=each, room=room) for each in (False, True)]
        self.asked = 0
        self.sorting = Sorting(self._macs, SECRET)

    def _macs(self) -> Macs:
        self.asked += 1
        return lambda: self.macs

    def programs(self, most: int = MOST) -> list[bytes]:
        known = [mac_of(mac) for mac in self.macs]
        return [Sieve(known, SECRET, most).program(67, known=each) for each in (True, False)]

    @property
    def told(self) -> list[bytes]:
        return [each.told[-1] for each in self.sockets if each.told]


@asynccontextmanager
async def keeping(site: Site) -> AsyncIterator[Site]:
    task = asyncio.create_task(site.sorting.keep(site.sockets))
    try:
        yield site
    finally:
        task.cancel()


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sorting, "PAUSE", 0.01)


async def test_is_told_at_the_start_and_after_a_change() -> None:
    async with keeping(Site()) as site:
        await eventually(lambda: site.told == site.programs())
        before = site.programs()

        site.macs = ["52:54:00:00:00:02", "52:54:00:00:00:03"]
        site.sorting.changed()

        await eventually(lambda: site.told == site.programs())
        assert site.told != before


async def test_is_told_nothing_while_nothing_changes() -> None:
    async with keeping(Site()) as site:
        await eventually(lambda: site.told == site.programs())
        await asyncio.sleep(0.05)

        assert [len(each.told) for each in site.sockets] == [1, 1]


async def test_is_told_nothing_when_it_is_the_same_machines_that_are_known() -> None:
    async with keeping(Site()) as site:
        await eventually(lambda: site.told == site.programs())

        site.sorting.changed()
        await eventually(lambda: site.asked == 2)
        site.macs = ["52:54:00:00:00:02"]
        site.sorting.changed()

        await eventually(lambda: site.told == site.programs())
        assert [len(each.told) for each in site.sockets] == [2, 2]


class Once(list[str]):
    """MACs that may be gone through once."""

    def __iter__(self) -> Iterator[str]:
        found = list(super().__iter__())
        self.clear()
        return iter(found)


async def test_does_not_go_through_all_again_while_the_same_list_is_given() -> None:
    site = Site()
    site.macs = Once([LOUD])
    async with keeping(site):
        await eventually(lambda: len(site.told) == 2)
        before = site.told

        site.sorting.changed()
        await eventually(lambda: site.asked == 2)
        site.sorting.changed()
        await eventually(lambda: site.asked == 3)  # the second is over

        assert [len(each.told) for each in site.sockets] == [1, 1]
        assert site.told == before


async def test_is_told_again_when_a_known_machine_comes_with_strangers() -> None:
    async with keeping(Site()) as site:
        await eventually(lambda: site.told == site.programs())

        site.sorting.missed(mac_of(LOUD))

        await eventually(lambda: [len(each.told) for each in site.sockets] == [2, 2])
        assert site.told == site.programs()


async def test_that_has_no_room_for_a_large_one_is_told_a_smaller(
    caplog: pytest.LogCaptureFixture,
) -> None:
    site = Site(room=2000)
    site.macs = [f"52:54:00:00:00:{at:02x}" for at in range(100)]
    async with keeping(site):
        await eventually(lambda: len(site.told) == 2)

        assert site.told in [site.programs(most) for most in (62, 31, FEWEST)]
        assert caplog.messages == []


async def test_that_has_room_for_none_goes_on_as_before_and_that_is_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with keeping(Site(room=100)) as site:
        await eventually(lambda: bool(caplog.messages))

        assert site.told == []
        assert caplog.messages == [
            "DHCP: the kernel is not told which machines are known: Cannot allocate memory"
        ]


async def test_leaves_out_a_machine_while_a_flood_is_made_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sorting, "LOUD", 60.0)
    async with keeping(Site()) as site:
        site.macs = [LOUD, "52:54:00:00:00:02"]
        await eventually(lambda: site.told == site.programs())
        both = site.programs()

        site.sorting.loud(mac_of(LOUD))

        site.macs = ["52:54:00:00:00:02"]
        await eventually(lambda: site.told == site.programs())
        site.macs = [LOUD, "52:54:00:00:00:02"]
        count = len(site.sockets[0].told)
        for _ in range(5):
            site.sorting.missed(mac_of(LOUD))
            await asyncio.sleep(0.01)
        assert len(site.sockets[0].told) == count
        monkeypatch.setattr(sorting, "LOUD", 0.0)
        site.sorting.loud(mac_of(LOUD))  # the last that is heard of it
        await eventually(lambda: site.told == both)
        site.sorting.missed(mac_of(LOUD))
        await eventually(lambda: len(site.sockets[0].told) == count + 2)


async def test_leaves_out_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DHCP_LOUD, "most", 1)
    before = DHCP_LOUD.times
    async with keeping(Site()) as site:
        site.macs = [LOUD, "52:54:00:00:00:02"]
        for mac in site.macs:
            site.sorting.loud(mac_of(mac))

        site.macs = ["52:54:00:00:00:02"]
        await eventually(lambda: site.told == site.programs())

    assert DHCP_LOUD.times == before + 1
