"""What is on its way: one fetch for all who ask, and none that holds up others for ever."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pyxie.bounds import IMAGE_FETCHES
from pyxie.images.spec import Upstream
from pyxie.images.upstream import UpstreamError
from pyxie.imagestore.growth import UncachedError
from pyxie.outbound.reach import Reach
from tests.http.upstream import mirror
from tests.imagestore.stores import KERNEL, got, kept, lies, only, store
from tests.support import Clock, eventually


def written(folder: Path) -> str:
    return "".join(each.read_text() for each in folder.rglob("*.json"))


class TestOneFetch:
    async def test_serves_all_that_ask_meanwhile(self, tmp_path: Path) -> None:
        async with mirror({"linux": KERNEL}) as there, store(tmp_path) as made:
            url = f"{there.url}/linux"
            found = await asyncio.gather(*(got(made, url) for _ in range(100)))

            assert set(found) == {KERNEL}
            assert there.asked == [("GET", "linux")]

    async def test_serves_who_asks_later_also_after_a_restart(self, tmp_path: Path) -> None:
        async with mirror({"linux": KERNEL}) as there:
            url, clock = f"{there.url}/linux", Clock()
            async with store(tmp_path, clock=clock) as made:
                await kept(made, url)
                assert await got(made, url) == KERNEL
            async with store(tmp_path, clock=clock) as made:
                assert await got(made, url) == KERNEL

            assert there.asked == [("GET", "linux")]
            assert lies(tmp_path) == {"blobs": 1, "partial": 0, "urls": 1}

    async def test_goes_on_though_who_asked_has_left(self, tmp_path: Path) -> None:
        async with mirror({"linux": KERNEL}) as there, store(tmp_path) as made:
            there.may.clear()
            first = asyncio.create_task(got(made, f"{there.url}/linux"))
            await eventually(lambda: there.asked)
            first.cancel()
            there.may.set()

            assert await kept(made, f"{there.url}/linux") == KERNEL
            assert len(there.asked) == 1

    async def test_that_fails_fails_for_all(self, tmp_path: Path) -> None:
        async with mirror({"linux": 404}) as there, store(tmp_path) as made:
            url = f"{there.url}/linux"
            found = await asyncio.gather(
                *(got(made, url) for _ in range(10)), return_exceptions=True
            )

            assert {str(each) for each in found} == {f"{url}: answered 404 Not Found"}
            assert len(there.asked) == 1
            assert lies(tmp_path)["blobs"] == 0

    async def test_is_not_for_who_may_not_reach_the_place(self, tmp_path: Path) -> None:
        """A copy of an inner server's file is no way around what a fetch may lead to."""
        async with mirror({"linux": KERNEL}) as there, store(tmp_path) as made:
            await kept(made, f"{there.url}/linux")

            with pytest.raises(UpstreamError, match="only a file of the operator's"):
                async with made.open(Upstream(f"{there.url}/linux", Reach.PUBLIC)):
                    pass

    async def test_waits_for_none_that_leads_to_itself(self, tmp_path: Path) -> None:
        async with mirror({"linux": KERNEL}) as there, store(tmp_path) as made:
            there.may.clear()
            first = asyncio.create_task(got(made, f"{there.url}/linux"))
            await eventually(lambda: there.asked)

            with pytest.raises(UncachedError, match="by somebody else"):
                async with made.open(Upstream(f"{there.url}/linux"), waits=False):
                    pass

            there.may.set()
            assert await first == KERNEL

    async def test_has_no_password_on_disk(self, tmp_path: Path) -> None:
        async with mirror({"linux": KERNEL}) as there, store(tmp_path) as made:
            url = there.url.replace("http://", "http://user:sesame@") + "/linux?sig=s3cret"
            assert await kept(made, url) == KERNEL

            assert only(made).url == f"{there.url}/linux?…"
            assert there.headers[0]["Authorization"].startswith("Basic ")
            assert "sesame" not in written(tmp_path)
            assert "s3cret" not in written(tmp_path)


class TestASlowFetch:
    async def test_makes_room_for_another(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A server may send a byte now and then, for ever."""
        monkeypatch.setattr("pyxie.imagestore.inflight._PATIENT", 0.0)
        monkeypatch.setattr(IMAGE_FETCHES, "most", 2)
        async with mirror({"linux": ("stops", KERNEL[:8])}) as slow, store(tmp_path) as made:
            held = [asyncio.create_task(got(made, f"{slow.url}/{at}/linux")) for at in (1, 2)]
            await eventually(lambda: len(slow.asked) == 2)
            await asyncio.sleep(0.05)  # in which neither has brought 200 bytes

            async with mirror({"linux": KERNEL}) as there:
                assert await got(made, f"{there.url}/linux") == KERNEL

            (ended,) = (await asyncio.wait(held, return_when="FIRST_COMPLETED"))[0]
            assert str(ended.exception()) == "it is slow, and another needs its place in the store"
            for each in held:
                each.cancel()
