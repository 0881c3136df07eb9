"""The store: what is fetched, how often, and what is served."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import pytest

from pyxie.bounds import IMAGE_FETCHES, Bound
from pyxie.errors import NotServedError, PyxieError
from pyxie.images.spec import Upstream
from pyxie.images.upstream import UpstreamError
from pyxie.imagestore.copies import ImageStore
from pyxie.imagestore.entry import Entry, key_of
from pyxie.imagestore.growth import UncachedError
from pyxie.imagestore.ondisk import Disk
from pyxie.outbound.reach import Reach
from tests.http.upstream import File, mirror
from tests.imagestore.liar import liar, says, whole
from tests.imagestore.stores import got, kept, lies, store
from tests.support import Clock, eventually

KERNEL = bytes(range(256)) * 4096
DAY = 86_400.0
NOT_MODIFIED = says("304 Not Modified")


def only(made: ImageStore) -> Entry:
    (entry,) = made.entries()
    return entry


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


class TestACopy:
    async def test_is_asked_about_once_a_day(self, tmp_path: Path) -> None:
        clock = Clock()
        async with liar(whole(KERNEL), NOT_MODIFIED) as there, store(tmp_path, clock=clock) as made:
            url = f"{there.url}/linux"
            await kept(made, url)
            clock.now += DAY - 1
            assert await got(made, url) == KERNEL
            assert len(there.asked) == 1
            clock.now += 1
            assert await got(made, url) == KERNEL
            assert await got(made, url) == KERNEL

            assert [each.headers.get("if-none-match") for each in there.asked] == [None, '"one"']
            assert only(made).checked == clock.now

    async def test_is_asked_about_never(self, tmp_path: Path) -> None:
        clock = Clock()
        async with liar(whole(KERNEL)) as there:
            async with store(tmp_path, {"revalidate": "never"}, clock=clock) as made:
                await kept(made, f"{there.url}/linux")
                clock.now += 1000 * DAY
                await got(made, f"{there.url}/linux")

            assert len(there.asked) == 1

    async def test_is_asked_about_always_and_by_many_at_once_once(self, tmp_path: Path) -> None:
        async with (
            liar(whole(KERNEL), NOT_MODIFIED) as there,
            store(tmp_path, {"revalidate": "always"}) as made,
        ):
            url = f"{there.url}/linux"
            await kept(made, url)
            found = await asyncio.gather(*(got(made, url) for _ in range(20)))

            assert set(found) == {KERNEL}
            assert len(there.asked) == 2

    async def test_that_has_changed_is_fetched_anew_and_the_old_one_is_gone(
        self, tmp_path: Path
    ) -> None:
        new = KERNEL[::-1]
        async with (
            liar(whole(KERNEL), whole(new, etag='"two"')) as there,
            store(tmp_path, {"revalidate": "always"}) as made,
        ):
            await kept(made, f"{there.url}/linux")
            assert await kept(made, f"{there.url}/linux") == new

            assert only(made).etag == '"two"'
            assert lies(tmp_path) == {"blobs": 1, "partial": 0, "urls": 1}

    @pytest.mark.parametrize("status", ["500 Oh", "503 No", "404 Gone", "403 You"])
    async def test_is_served_though_its_server_does_not_give_it(
        self, tmp_path: Path, status: str
    ) -> None:
        clock = Clock()
        async with liar(whole(KERNEL), says(status)) as there, store(tmp_path, clock=clock) as made:
            source = Upstream(f"{there.url}/linux")
            await kept(made, source.url)
            clock.now += 2 * DAY
            async with made.open(source) as copy:
                assert copy.is_whole
                assert copy.stale.startswith(f"answered {status[:3]}")
                assert copy.age == 2 * DAY
            clock.now += 59
            await got(made, source.url)
            assert len(there.asked) == 2, "it is left alone for a minute"
            clock.now += 1
            await got(made, source.url)
            assert len(there.asked) == 3

    async def test_is_served_though_its_server_is_gone(self, tmp_path: Path) -> None:
        clock = Clock()
        async with store(tmp_path, clock=clock) as made:
            async with liar(whole(KERNEL)) as there:
                await kept(made, f"{there.url}/linux")
            clock.now += DAY
            async with made.open(Upstream(f"{there.url}/linux")) as copy:
                assert copy.stale == "Connection refused"

    async def test_that_was_removed_by_somebody_is_streamed_and_then_fetched(
        self, tmp_path: Path
    ) -> None:
        async with mirror({"linux": KERNEL}) as there, store(tmp_path) as made:
            await kept(made, f"{there.url}/linux")
            for path in (tmp_path / "blobs").rglob("*"):
                if path.is_file():
                    path.unlink()

            with pytest.raises(UncachedError):
                await got(made, f"{there.url}/linux")
            assert await kept(made, f"{there.url}/linux") == KERNEL


class TestFetching:
    """For the command line: all of it, and the newest."""

    async def test_gives_what_is_known_of_it(self, tmp_path: Path) -> None:
        seen: list[tuple[int, int | None]] = []
        async with liar(whole(KERNEL), NOT_MODIFIED) as there, store(tmp_path) as made:
            source = Upstream(f"{there.url}/linux")
            first = await made.fetch(source, lambda *moved: seen.append(moved))
            again = await made.fetch(source)

            assert (first.size, again.digest) == (len(KERNEL), first.digest)
            assert seen[-1] == (len(KERNEL), len(KERNEL))
            assert len(there.asked) == 2

    async def test_says_that_there_is_only_the_old_one(self, tmp_path: Path) -> None:
        async with liar(whole(KERNEL), says("503 No")) as there, store(tmp_path) as made:
            await made.fetch(Upstream(f"{there.url}/linux"))

            with pytest.raises(UpstreamError, match="answered 503"):
                await made.fetch(Upstream(f"{there.url}/linux"))
            assert len(made.entries()) == 1


class TestWhole:
    async def test_is_a_copy_whose_size_is_known(self, tmp_path: Path) -> None:
        """TFTP tells it before the first block (RFC 2349)."""
        async with mirror({"linux": KERNEL}) as there, store(tmp_path) as made:
            for _ in range(2):
                async with made.whole(Upstream(f"{there.url}/linux")) as copy:
                    assert await copy.beyond(0) == len(KERNEL)

            assert len(there.asked) == 1


class TestRoom:
    async def test_is_made_by_what_was_used_the_longest_ago(self, tmp_path: Path) -> None:
        clock = Clock()
        files = {name: name.encode() * 100_000 for name in "abc"}
        async with mirror(files) as there, store(tmp_path, {"size": "250 kB"}, clock=clock) as made:
            for name in "aba":
                clock.now += 1
                await kept(made, f"{there.url}/{name}")
            await kept(made, f"{there.url}/c")

            assert {each.url[-1] for each in made.entries()} == {"a", "c"}
            assert lies(tmp_path) == {"blobs": 2, "partial": 0, "urls": 2}

    async def test_is_never_made_by_what_is_served_pinned_or_needed(self, tmp_path: Path) -> None:
        files = {name: name.encode() * 100_000 for name in "abcd"}
        async with mirror(files) as there:
            needed = key_of(f"{there.url}/a", Reach.ANYWHERE)

            async def needs() -> frozenset[str]:
                return frozenset((needed,))

            async with store(tmp_path, {"size": "350 kB"}, needed=needs) as made:
                for name in "abc":
                    await kept(made, f"{there.url}/{name}")
                await made.pin(key_of(f"{there.url}/b", Reach.ANYWHERE))
                async with made.open(Upstream(f"{there.url}/c")):
                    with pytest.raises(UncachedError, match="no room"):
                        await got(made, f"{there.url}/d")
                    assert "no room" in made.problem

                assert {each.url[-1] for each in made.entries()} == set("abc")

    async def test_is_not_made_for_what_is_larger_than_all(self, tmp_path: Path) -> None:
        async with (
            mirror({"a": b"a" * 100, "linux": KERNEL}) as there,
            store(tmp_path, {"size": "250 kB"}) as made,
        ):
            await kept(made, f"{there.url}/a")
            with pytest.raises(UncachedError, match="larger than 'image_store"):
                await got(made, f"{there.url}/linux")

            assert len(made.entries()) == 1

    async def test_is_left_for_others_on_the_disk(self, tmp_path: Path) -> None:
        async with mirror({"linux": KERNEL}) as there, store(tmp_path, spare=1 << 60) as made:
            with pytest.raises(UncachedError, match="no room"):
                await got(made, f"{there.url}/linux")

    async def test_is_made_by_hand(self, tmp_path: Path) -> None:
        clock = Clock()
        async with (
            mirror({"a": b"a", "b": b"b", "c": b"c"}) as there,
            store(tmp_path, clock=clock) as made,
        ):
            for name in "abc":
                await kept(made, f"{there.url}/{name}")
                clock.now += 100
            await made.pin(key_of(f"{there.url}/a", Reach.ANYWHERE))

            assert [each.url[-1] for each in await made.prune(unused=150)] == ["b"]
            assert {each.url[-1] for each in made.entries()} == {"a", "c"}


class TestASlowFetch:
    async def test_makes_room_for_another(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A server may send a byte now and then, for ever."""
        monkeypatch.setattr("pyxie.imagestore.copies._PATIENT", 0.0)
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


class TestWhatWasBrokenOff:
    """Whoever may ask for a file beside a kernel may ask for any number that are not there."""

    async def test_leaves_nothing_where_there_was_nothing(self, tmp_path: Path) -> None:
        async with mirror({"linux": 404}) as there, store(tmp_path) as made:
            for at in range(20):
                with pytest.raises(UpstreamError):
                    await kept(made, f"{there.url}/{at}")

            await eventually(lambda: not made.fetching())
            assert lies(tmp_path) == {"blobs": 0, "partial": 0, "urls": 0}

    async def test_takes_no_more_than_there_is_room_for(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pyxie.imagestore.fetching._WAITS", ())
        settings = {"size": 3 * len(KERNEL)}
        cut = whole(KERNEL, cut=len(KERNEL) - 1000)
        async with liar(cut) as there, store(tmp_path, settings) as made:
            for at in range(8):
                with pytest.raises(UpstreamError):
                    await kept(made, f"{there.url}/{at}")
                await eventually(lambda: not made.fetching())

            parts = [each.stat().st_size for each in (tmp_path / "partial").glob("*.part")]
            assert parts
            assert sum(parts) <= 3 * len(KERNEL)

    async def test_is_so_many_files(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("pyxie.imagestore.fetching._WAITS", ())
        monkeypatch.setattr("pyxie.imagestore.copies.IMAGE_PARTS", Bound("x", 3, "files", "gone"))
        async with liar(whole(b"kernel", cut=3)) as there, store(tmp_path) as made:
            for at in range(6):
                with pytest.raises(UpstreamError):
                    await kept(made, f"{there.url}/{at}")
                await eventually(lambda: not made.fetching())

            assert len(list((tmp_path / "partial").glob("*.part"))) == 3


class TestPins:
    async def test_last(self, tmp_path: Path) -> None:
        async with mirror({"linux": KERNEL}) as there:
            async with store(tmp_path) as made:
                await kept(made, f"{there.url}/linux")
                assert (await made.pin(only(made).key)).pinned
            async with store(tmp_path) as made:
                assert only(made).pinned
                assert not (await made.pin(only(made).key, pinned=False)).pinned

    async def test_are_of_what_is_there(self, tmp_path: Path) -> None:
        async with store(tmp_path) as made:
            with pytest.raises(NotServedError):
                await made.pin("x")


class TestVerifying:
    async def test_tells_what_is_damaged_and_removes_it(self, tmp_path: Path) -> None:
        async with mirror({"linux": KERNEL}) as there, store(tmp_path) as made:
            await kept(made, f"{there.url}/linux")
            key = only(made).key
            assert await made.verify(key) == only(made).digest

            (blob,) = (each for each in (tmp_path / "blobs").rglob("*") if each.is_file())
            blob.chmod(0o600)
            blob.write_bytes(b"x" + KERNEL[1:])

            assert await made.verify(key) == sha256(b"x" + KERNEL[1:]).hexdigest()
            assert made.entries() == []
            assert lies(tmp_path) == {"blobs": 0, "partial": 0, "urls": 0}


class TestAllAtOnce:
    @pytest.mark.parametrize("seed", range(5))
    async def test_leave_in_memory_what_is_on_disk(self, tmp_path: Path, seed: int) -> None:
        """Fetches, copies that make room, pins, prunings and checks, in any order."""
        chance = random.Random(seed)
        files: dict[str, File] = {str(n): str(n % 5).encode() * 50_000 for n in range(8)}
        async with mirror(files) as there:
            settings = {"size": "150 kB", "revalidate": "always"}
            async with store(tmp_path, settings) as made:

                async def something() -> None:
                    url = f"{there.url}/{chance.randrange(8)}"
                    key = key_of(url, Reach.ANYWHERE)
                    with suppress(PyxieError):
                        match chance.randrange(8):
                            case 0:
                                await made.pin(key, pinned=chance.random() < 0.3)
                            case 1:
                                await made.prune()
                            case 2:
                                assert await made.verify(key)
                            case _:
                                assert await got(made, url) == files[url[-1]]

                for _ in range(10):
                    await asyncio.gather(*(something() for _ in range(12)))
                await eventually(lambda: not made.fetching())
                in_memory = {(each.key, each.digest, each.pinned) for each in made.entries()}

        disk = Disk(tmp_path)
        await asyncio.to_thread(disk.claim)
        before = lies(tmp_path)["blobs"]
        on_disk = await asyncio.to_thread(disk.load, 100)
        await asyncio.to_thread(disk.leave)
        assert {(each.key, each.digest, each.pinned) for each in on_disk} == in_memory
        assert before == len({each.digest for each in on_disk})


class TestWithoutAFolder:
    async def test_nothing_is_kept_and_that_is_said(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("x")
        async with mirror({"linux": KERNEL}) as there, store(tmp_path / "file/store") as made:
            assert made.problem == f"no images are kept: {tmp_path}/file/store: Not a directory"
            with pytest.raises(UncachedError):
                await got(made, f"{there.url}/linux")

    async def test_that_another_pyxie_has_nothing_is_kept(self, tmp_path: Path) -> None:
        async with store(tmp_path), store(tmp_path) as second:
            assert second.problem.endswith("another pyxie is using it")

    async def test_it_is_kept_once_there_is_one(self, tmp_path: Path) -> None:
        file = tmp_path / "file"
        file.write_text("x")
        async with store(file / "store") as made:
            serving = asyncio.create_task(made.serve())
            file.unlink()
            made.wake()
            await eventually(lambda: not made.problem)
            serving.cancel()

    async def test_a_size_of_nothing_makes_none(self, tmp_path: Path) -> None:
        async with mirror({"linux": KERNEL}) as there:
            async with store(tmp_path / "x", {"size": 0}) as made:
                with pytest.raises(UncachedError):
                    await got(made, f"{there.url}/linux")

            assert not (tmp_path / "x").exists()
            assert there.asked == []
