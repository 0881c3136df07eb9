"""What machines were given is stored some at a time, and once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pyxie.builds import gathering
from pyxie.builds.gathering import Gathering
from pyxie.builds.index import BuildIndex
from pyxie.builds.life import Build, GivenFile, State
from tests.support import eventually

KERNEL, INITRD = (GivenFile(part, part * 8, "") for part in ("kernel", "initrd 0"))


class Site:
    def __init__(self) -> None:
        self.index = BuildIndex()
        self.stored: list[Build] = []
        self.gathering = Gathering(self.index, self.stored.append)

    def build(self, token: str = "a", host: str = "web01", *given: GivenFile) -> Build:
        build = Build(
            host=host, token=token, state=State.PENDING, begun=0.0, changed=0.0, macs=(),
            definition="{}", given=given,
        )  # fmt: skip
        self.index.put(build)
        return build


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "GATHER", 0.02)


async def test_is_stored_soon_all_files_of_a_machine_together() -> None:
    site = Site()
    site.gathering.put(site.build("a", "web01", KERNEL))
    site.gathering.put(both := site.build("a", "web01", KERNEL, INITRD))
    site.gathering.put(other := site.build("b", "web02", KERNEL))
    assert (len(site.gathering), site.stored) == (2, [])

    await eventually(lambda: site.stored)

    assert site.stored == [both, other]
    assert len(site.gathering) == 0


async def test_is_not_stored_again_with_what_comes_of_the_build() -> None:
    site = Site()
    given = site.build("a", "web01", KERNEL)
    site.gathering.put(given)
    site.index.put(replace(given, state=State.INSTALLING))

    site.gathering.flush()

    assert site.stored == []


async def test_is_stored_of_a_build_that_another_has_replaced() -> None:
    site = Site()
    given = site.build("a", "web01", KERNEL)
    site.gathering.put(given)
    site.build("b", "web01")

    site.gathering.flush()

    assert site.stored == [given]


async def test_is_stored_once_where_it_does_not_wait() -> None:
    site = Site()
    site.gathering.put(given := site.build("a", "web01", KERNEL))

    site.gathering.flush()
    site.gathering.flush()

    assert site.stored == [given]
