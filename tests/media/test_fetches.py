"""Images that are fetched from other servers: what breaks off goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pyxie import bounds
from pyxie.errors import NotServedError, PyxieError
from pyxie.media.fetches import Fetch, Fetches
from pyxie.media.wishes import Wishes
from pyxie.threads import Pool
from tests.support import eventually

URL = "http://mirror.example.org/a.iso"


class PassingError(PyxieError):
    """What may be over in a while."""


@dataclass
class Upstream:
    """Gives a file in as many tries as a test says: each has how far it comes, or what is wrong."""

    tries: list[int | Exception]
    content: bytes = b"0123456789"
    asked: list[str] = field(default_factory=list)
    breaks: Exception = field(default_factory=lambda: PassingError("broke off"))

    async def get(
        self,
        url: str,
        write: Callable[[bytes], Awaitable[None]],
        moved: Callable[[int, int | None], None],
    ) -> None:
        self.asked.append(url)
        end = self.tries.pop(0) if self.tries else len(self.content)
        if isinstance(end, Exception):
            raise end
        await write(self.content[:end])
        moved(end, len(self.content))
        if end < len(self.content):
            raise self.breaks


@dataclass
class Site:
    folder: Path
    upstream: Upstream
    came: list[Path] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)

    @property
    def wishes(self) -> Wishes:
        return Wishes(self.folder / "state")

    async def take(self, path: Path) -> None:
        self.came.append(path)

    def fetches(self, wait: float = 0.0) -> Fetches:
        return Fetches(
            lambda: self.folder / "isos",
            self.upstream.get,
            Pool("isos"),
            self.take,
            self.wishes,
            lambda error: isinstance(error, PassingError),
            waits=(wait,),
            drop=self.dropped.append,
        )


def site(folder: Path, *tries: int | Exception) -> Site:
    return Site(folder, Upstream(list(tries)))


async def ended(fetches: Fetches, name: str) -> Fetch | None:
    """Return what is known of a fetch once it has ended: nothing, of one that is there."""
    await eventually(lambda: (found := fetches.get(name)) is None or bool(found.why))
    return fetches.get(name)


async def waiting(fetches: Fetches, name: str) -> Fetch:
    """Return a fetch that waits for another try."""
    return await eventually(lambda: found if (found := fetches.get(name)) and found.waits else None)


class TestAFetch:
    async def test_that_breaks_off_is_tried_again(self, tmp_path: Path) -> None:
        kept = site(tmp_path, 3, 7, PassingError("answered 503"))

        async with kept.fetches() as fetches:
            fetches.begin("a", URL)
            found = await ended(fetches, "a")

        assert found is None
        assert kept.came == [tmp_path / "isos/a.iso"]
        assert kept.came[0].read_bytes() == b"0123456789"
        assert kept.upstream.asked == [URL] * 4
        assert kept.wishes.all() == []

    async def test_says_what_it_waits_for(self, tmp_path: Path) -> None:
        kept = site(tmp_path, 3)

        async with kept.fetches(wait=60.0) as fetches:
            fetches.begin("a", URL)
            found = await waiting(fetches, "a")

        assert (found.there, found.size) == (3, 10)
        assert found.waits == "broke off; it is tried again after 60 s"

    async def test_that_gets_no_further_is_given_up(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bounds.MEDIA_TRIES, "most", 3)
        kept = site(tmp_path, 3, 2, 3, 3, 3)

        async with kept.fetches() as fetches:
            fetches.begin("a", URL)
            found = await ended(fetches, "a")

        assert found is not None
        assert found.why == "could not be fetched: broke off"
        assert len(kept.upstream.asked) == 3
        assert kept.wishes.all() == []
        assert list((tmp_path / "isos").iterdir()) == []

    @pytest.mark.parametrize(
        "error",
        [PassingError("cannot be reached"), PyxieError("answered 404"), OSError(28, "full")],
    )
    async def test_that_has_brought_nothing_is_not_tried_again(
        self, tmp_path: Path, error: Exception
    ) -> None:
        kept = site(tmp_path, error)

        async with kept.fetches() as fetches:
            fetches.begin("a", URL)
            found = await ended(fetches, "a")

        assert found is not None
        assert found.why.startswith("could not be fetched: ")
        assert len(kept.upstream.asked) == 1

    async def test_that_fails_for_good_half_way_is_not_either(self, tmp_path: Path) -> None:
        kept = site(tmp_path, 3)
        kept.upstream.breaks = PyxieError("is not what it should be")

        async with kept.fetches() as fetches:
            fetches.begin("a", URL)
            found = await ended(fetches, "a")

        assert found is not None
        assert found.why == "could not be fetched: is not what it should be"

    async def test_is_joined_by_who_asks_for_the_same(self, tmp_path: Path) -> None:
        kept = site(tmp_path)

        async with kept.fetches() as fetches:
            fetches.begin("a", URL)
            fetches.begin("a", URL)
            with pytest.raises(FileExistsError):
                fetches.begin("a", f"{URL}?other")
            await ended(fetches, "a")

        assert kept.upstream.asked == [URL]


class TestAFailedFetch:
    async def test_is_told_of_until_it_is_forgotten(self, tmp_path: Path) -> None:
        kept = site(tmp_path, PyxieError("answered 404"))

        async with kept.fetches() as fetches:
            fetches.begin("a", URL)
            assert await ended(fetches, "a") is not None
            await eventually(lambda: "a" not in fetches._running)
            fetches.forget("a")

            assert fetches.all() == []

    async def test_is_alone_forgotten(self, tmp_path: Path) -> None:
        kept = site(tmp_path, 3)

        async with kept.fetches(wait=60.0) as fetches:
            fetches.begin("a", URL)
            await waiting(fetches, "a")
            fetches.forget("a")

            assert fetches.get("a") is not None


class TestACancelledFetch:
    async def test_ends_for_good_and_leaves_nothing(self, tmp_path: Path) -> None:
        kept = site(tmp_path, 3)
        async with kept.fetches(wait=60.0) as fetches:
            fetches.begin("a", URL)
            await waiting(fetches, "a")

            assert await fetches.cancel("a") == URL

            await eventually(lambda: fetches.get("a") is None)
            with pytest.raises(NotServedError):
                await fetches.cancel("a")
            fetches.begin("a", URL)  # which may be wanted again at once
            await ended(fetches, "a")

        assert kept.dropped == [URL]
        assert kept.wishes.all() == []
        assert [each.name for each in (tmp_path / "isos").iterdir()] == ["a.iso"]

    async def test_is_not_gone_on_with_however_early_that_was(self, tmp_path: Path) -> None:
        """Its wish may just be being written."""
        kept = site(tmp_path)
        async with kept.fetches() as fetches:
            fetches.begin("a", URL)
            await asyncio.sleep(0)
            await fetches.cancel("a")

        assert (kept.wishes.all(), kept.upstream.asked) == ([], [])


class TestAfterARestart:
    async def test_it_goes_on(self, tmp_path: Path) -> None:
        kept = site(tmp_path, 3, PassingError("no network yet"))
        async with kept.fetches(wait=60.0) as before:
            before.begin("a", URL)
            await waiting(before, "a")

        async with kept.fetches() as fetches:
            await fetches.resume()
            await ended(fetches, "a")

        assert kept.came == [tmp_path / "isos/a.iso"]
        assert kept.wishes.all() == []

    async def test_what_is_there_by_now_is_not_fetched_again(self, tmp_path: Path) -> None:
        kept = site(tmp_path)
        kept.wishes.keep("a", URL)
        (tmp_path / "isos").mkdir()
        (tmp_path / "isos/a.iso").write_bytes(b"whole")

        async with kept.fetches() as fetches:
            await fetches.resume()
            found = await ended(fetches, "a")

        assert found is not None
        assert found.why == "a.iso is in the folder 'isos' already"
        assert (kept.upstream.asked, kept.wishes.all()) == ([], [])


class TestWishes:
    def test_are_nobody_elses_to_read(self, tmp_path: Path) -> None:
        wishes = Wishes(tmp_path / "state")

        wishes.keep("a", "http://user:secret@mirror.example.org/a.iso")

        (path,) = (tmp_path / "state").iterdir()
        assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)

    def test_that_are_none_are_passed_over(self, tmp_path: Path) -> None:
        for name, text in {
            "a": '{"url": "file:///etc/passwd"}',
            "b": "{",
            "c": "[]",
            "d": '{"url": 7}',
            "..e": f'{{"url": "{URL}"}}',
            "f": f'{{"url": "{URL}"}}',
        }.items():
            (tmp_path / f"{name}.json").write_text(text)

        assert Wishes(tmp_path).all() == [("f", URL)]

    def test_of_no_folder_are_none(self, tmp_path: Path) -> None:
        wishes = Wishes(tmp_path / "none")
        wishes.drop("a")

        assert wishes.all() == []
