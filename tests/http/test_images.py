"""The REST API of the image store, and of recipes."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from pyxie.events.kinds import StoreFailed, StoreFetched
from pyxie.imagestore.entry import key_of
from pyxie.outbound.reach import Reach
from tests.http.site import CONFIG, HOST, MACHINE, Served, serving
from tests.http.upstream import Mirror, mirror
from tests.imagestore.stores import lies
from tests.support import eventually

KERNEL, INITRD = b"k" * 5000, b"i" * 700
OLD = "http://files.internal:81/bookworm/amd64/"
BOOTS = {"linux": KERNEL, "initrd.gz": INITRD}


@asynccontextmanager
async def of_mirror(folder: Path, there: Mirror, **more: Any) -> AsyncIterator[Served]:
    """Serve the site with its machine's files on a mirror."""
    async with serving(folder, machine=MACHINE.replace(OLD, f"{there.url}/"), **more) as site:
        yield site


@pytest.fixture
async def there() -> AsyncIterator[Mirror]:
    async with mirror(BOOTS) as found:
        yield found


@pytest.fixture
async def site(tmp_path: Path, there: Mirror) -> AsyncIterator[Served]:
    async with of_mirror(tmp_path, there) as served:
        yield served


async def call(site: Served, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    sent = json.dumps(body).encode() if body is not None else None
    answer = await site.ask(method, f"/api/v1/{path}", sent)
    return answer.status, json.loads(answer.body)


async def fetched(site: Served, *words: str) -> list[Any]:
    """Have files fetched, and return how each ended."""
    status, answer = await call(site, "POST", "images/fetch", {"what": list(words or [HOST])})
    assert status == 202, answer
    await eventually(lambda: all(each.has_ended for each in site.parts.prefetches.all()))
    _, now = await call(site, "GET", "images/fetches")
    ids = {each["id"] for each in answer["fetches"]}
    return [each for each in now["fetches"] if each["id"] in ids]


async def kept(site: Served) -> list[Any]:
    images: list[Any] = (await call(site, "GET", "images"))[1]["images"]
    return images


def damage(folder: Path, digest: str) -> None:
    (blob,) = folder.rglob(digest)
    blob.chmod(0o600)
    blob.write_bytes(b"x" * 5000)


class TestAFetch:
    async def test_brings_what_a_machine_names_before_it_asks(
        self, site: Served, there: Mirror
    ) -> None:
        kernel, initrd = await fetched(site)

        assert (kernel["by"], kernel["part"], kernel["state"]) == (HOST, "kernel", "fetched")
        assert (initrd["part"], initrd["there"], initrd["size"]) == ("initrd 0", 700, 700)
        listed = {each["url"]: each for each in await kept(site)}
        assert listed[f"{there.url}/linux"]["digest"] == hashlib.sha256(KERNEL).hexdigest()
        assert listed[f"{there.url}/linux"]["verified"] == ""
        await site.build()
        assert (await site.get(f"/boot/{HOST}/kernel/linux")).body == KERNEL
        assert sorted(there.asked) == [("GET", "initrd.gz"), ("GET", "linux")]

    async def test_is_told_by_events(self, site: Served, there: Mirror) -> None:
        await fetched(site)

        told = [each.what for each in site.parts.trace.recent()]
        assert StoreFetched(source=f"{there.url}/linux", size=5000, verified="") in told

    async def test_may_be_of_a_url_that_a_machine_names(self, site: Served, there: Mirror) -> None:
        (only,) = await fetched(site, f"{there.url}/linux")

        assert (only["state"], only["by"]) == ("fetched", HOST)

    async def test_of_any_other_url_is_refused(self, site: Served, there: Mirror) -> None:
        """Nobody has pyxie fetch a URL of their own."""
        body = {"what": [f"{there.url}/other?token=s3cret"]}

        status, answer = await call(site, "POST", "images/fetch", body)

        assert (status, answer["detail"]) == (
            404,
            f"{there.url}/other?…: is named by no recipe and by no machine",
        )
        assert there.asked == []

    async def test_of_nothing_that_there_is_is_refused_with_the_nearest(self, site: Served) -> None:
        status, answer = await call(site, "POST", "images/fetch", {"what": ["linux01.internal"]})

        assert (status, answer["detail"]) == (
            404,
            "'linux01.internal': is no system and no machine; did you mean 'linux001.internal'?",
        )

    async def test_says_what_is_all_of_this_host(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as site:
            status, answer = await call(site, "POST", "images/fetch", {"what": ["memtest86+"]})

        assert (status, answer) == (202, {"fetches": [], "nothing": ["memtest86+"]})

    async def test_that_fails_says_why(self, tmp_path: Path) -> None:
        async with mirror({**BOOTS, "linux": 404}) as there, of_mirror(tmp_path, there) as site:
            kernel, _ = await fetched(site)

            assert (kernel["state"], kernel["why"]) == ("failed", "answered 404 Not Found")
            told = [each.what for each in site.parts.trace.recent()]
            url = f"{there.url}/linux"
            assert StoreFailed(source=url, why="answered 404 Not Found") in told

    async def test_goes_on_at_the_next_mirror(self, tmp_path: Path, there: Mirror) -> None:
        async with mirror({**BOOTS, "linux": 503}) as down:
            config = f"{CONFIG}mirrors: {{lab: [{down.url}, {there.url}]}}\n"
            async with of_mirror(tmp_path, down, config=config) as site:
                kernel, initrd = await fetched(site)

        assert (kernel["state"], initrd["state"]) == ("fetched", "fetched")
        assert there.asked == [("GET", "linux")]

    async def test_of_a_system_for_another_architecture_is_refused(self, site: Served) -> None:
        body = {"what": ["archlinux"], "arch": "arm64"}

        status, answer = await call(site, "POST", "images/fetch", body)

        assert status == 404
        assert "'arch' is arm64" in answer["detail"]

    async def test_names_something_and_not_too_much(self, site: Served) -> None:
        for what in ([], [""], ["x"] * 65):
            assert (await call(site, "POST", "images/fetch", {"what": what}))[0] == 400


class TestACancelledFetch:
    async def test_ends_and_leaves_nothing(
        self, site: Served, there: Mirror, tmp_path: Path
    ) -> None:
        there.may.clear()
        await call(site, "POST", "images/fetch", {"what": [f"{there.url}/linux"]})
        await eventually(lambda: there.asked)
        key = key_of(f"{there.url}/linux", Reach.ANYWHERE)

        status, answer = await call(site, "DELETE", f"images/fetches/{key}")

        assert (status, answer) == (200, {"id": key, "url": f"{there.url}/linux"})
        await eventually(lambda: not site.parts.image_store.fetching())
        (fetch,) = (await call(site, "GET", "images/fetches"))[1]["fetches"]
        assert (fetch["state"], fetch["why"]) == ("failed", "was cancelled")
        told = [each.what for each in site.parts.trace.recent()]
        assert StoreFailed(source=f"{there.url}/linux", why="was cancelled") in told
        assert lies(tmp_path / "state/image-store")["partial"] == 0
        assert (await call(site, "DELETE", f"images/fetches/{key}"))[0] == 404

    async def test_can_be_asked_for_again_at_once(self, site: Served, there: Mirror) -> None:
        there.may.clear()
        await call(site, "POST", "images/fetch", {"what": [f"{there.url}/linux"]})
        await eventually(lambda: there.asked)
        key = key_of(f"{there.url}/linux", Reach.ANYWHERE)
        await call(site, "DELETE", f"images/fetches/{key}")
        there.may.set()

        (only,) = await fetched(site, f"{there.url}/linux")

        assert only["state"] == "fetched"

    async def test_goes_on_for_a_machine_that_is_sent_it(self, site: Served, there: Mirror) -> None:
        await site.build()
        there.may.clear()
        boot = asyncio.create_task(site.get(f"/boot/{HOST}/kernel/linux"))
        await eventually(lambda: any(each.readers for each in site.parts.image_store.fetching()))
        key = key_of(f"{there.url}/linux", Reach.ANYWHERE)

        status, answer = await call(site, "DELETE", f"images/fetches/{key}")

        there.may.set()
        assert status == 409
        assert answer["detail"].endswith(
            ": a machine is being sent it as it comes; cancel its build first"
        )
        assert (await boot).body == KERNEL


class TestAList:
    async def test_has_what_is_on_its_way(self, site: Served, there: Mirror) -> None:
        there.may.clear()
        await call(site, "POST", "images/fetch", {"what": [f"{there.url}/linux"]})
        await eventually(lambda: there.asked)

        _, answer = await call(site, "GET", "images")

        there.may.set()
        url = f"{there.url}/linux"
        key = key_of(url, Reach.ANYWHERE)
        assert answer["fetching"] == [{"id": key, "url": url, "there": 0, "size": None}]
        assert (answer["images"], answer["size"], answer["problem"]) == ([], 0, "")

    async def test_may_be_of_one_machine_alone(self, site: Served, there: Mirror) -> None:
        await fetched(site)

        assert len((await call(site, "GET", f"images?of={HOST}"))[1]["images"]) == 2
        assert (await call(site, "GET", "images?of=debian-12"))[1]["images"] == []
        assert (await call(site, "GET", "images?of=nobody"))[0] == 404

    async def test_shows_no_password(self, tmp_path: Path, there: Mirror) -> None:
        secret = there.url.replace("http://", "http://me:sesame@")
        machine = MACHINE.replace(OLD, f"{secret}/")
        async with serving(tmp_path, machine=machine) as site:
            await fetched(site)

            assert "sesame" not in (await site.get("/api/v1/images")).text
            assert "sesame" not in (await site.get("/api/v1/images/fetches")).text
            (only,) = await fetched(site, f"{there.url}/linux")
            assert only["state"] == "fetched"


class TestACopy:
    async def test_stays_when_it_is_pinned(self, site: Served) -> None:
        await fetched(site)
        one, other = await kept(site)

        assert (await call(site, "PUT", f"images/{one['id']}/pin"))[1]["pinned"]
        status, answer = await call(site, "POST", "images/prune", {"unused": 0})

        assert (status, answer["size"]) == (200, other["size"])
        assert [each["url"] for each in answer["removed"]] == [other["url"]]
        assert [each["id"] for each in await kept(site)] == [one["id"]]
        assert not (await call(site, "DELETE", f"images/{one['id']}/pin"))[1]["pinned"]

    async def test_that_was_wanted_lately_may_stay(self, site: Served) -> None:
        await fetched(site)
        site.clock.now += 3599

        assert (await call(site, "POST", "images/prune", {"unused": 3600}))[1]["removed"] == []

    async def test_that_is_damaged_is_told_with_both_digests_and_removed(
        self, site: Served, tmp_path: Path
    ) -> None:
        await fetched(site)
        one = next(each for each in await kept(site) if each["size"] == 5000)
        damage(tmp_path, one["digest"])

        status, answer = await call(site, "POST", f"images/{one['id']}/verify")

        assert (status, answer) == (
            200,
            {
                "id": one["id"],
                "url": one["url"],
                "digest": one["digest"],
                "found": hashlib.sha256(b"x" * 5000).hexdigest(),
                "whole": False,
            },
        )
        assert len(await kept(site)) == 1

    async def test_that_is_sound_is_told_so(self, site: Served) -> None:
        await fetched(site)
        one = (await kept(site))[0]

        _, answer = await call(site, "POST", f"images/{one['id']}/verify")

        assert (answer["whole"], answer["found"]) == (True, one["digest"])

    async def test_is_removed_by_itself(self, site: Served) -> None:
        await fetched(site)
        one, other = await kept(site)

        status, answer = await call(site, "DELETE", f"images/{one['id']}")

        assert (status, answer) == (200, one)
        assert await kept(site) == [other]

    async def test_that_a_build_needs_is_not_removed_and_whose_is_told(self, site: Served) -> None:
        await fetched(site)
        await site.build()
        one, _ = await kept(site)

        status, answer = await call(site, "DELETE", f"images/{one['id']}")

        assert (status, answer["detail"]) == (
            409,
            f"{one['url']}: {HOST} in build mode may boot it yet: cancel that first, or wait",
        )
        assert len(await kept(site)) == 2

    @pytest.mark.parametrize(
        ("method", "path"),
        [("PUT", "/pin"), ("DELETE", "/pin"), ("POST", "/verify"), ("DELETE", "")],
    )
    async def test_has_to_be_there(self, site: Served, method: str, path: str) -> None:
        status, answer = await call(site, method, f"images/{'0' * 64}{path}")

        assert status == 404
        assert "no such image" in answer["detail"]


class TestRecipes:
    async def test_say_who_has_seen_them_boot(self, site: Served) -> None:
        _, answer = await call(site, "GET", "recipes")

        by_name = {each["name"]: each for each in answer["recipes"]}
        assert by_name["debian-12"]["title"]
        assert by_name["debian-12"]["archs"][0]["verified"]["date"]
        assert not any(each["own"] or each["problem"] for each in answer["recipes"])

    async def test_with_mistakes_say_where(self, tmp_path: Path) -> None:
        (tmp_path / "recipes").mkdir()
        (tmp_path / "recipes/own.yaml").write_text(
            "version: 1\ntitle: Own\nunverified: true\nkernel: '{nothing}/linux'\n"
        )
        async with serving(tmp_path) as site:
            _, answer = await call(site, "GET", "recipes")
            status, refused = await call(site, "POST", "images/fetch", {"what": ["own"]})

        own = next(each for each in answer["recipes"] if each["name"] == "own")
        assert own["own"]
        assert "own.yaml:4:" in own["problem"]
        assert status in (404, 409)
        assert "own.yaml:4:" in refused["detail"]


class TestARecipesFiles:
    async def test_are_looked_for_where_it_says(self, tmp_path: Path, there: Mirror) -> None:
        (tmp_path / "recipes").mkdir()
        (tmp_path / "recipes/own.yaml").write_text(
            "version: 1\ntitle: Own\nunverified: true\n"
            f"kernel: {there.url}/linux\ninitrd: {there.url}/initrd.gz\n"
            f"cmdline: ip=dhcp url={there.url}/gone.iso\n"
        )
        async with serving(tmp_path) as site:
            status, answer = await call(site, "POST", "recipes/own/check")

        assert (status, answer["recipe"]) == (200, "own")
        assert [(each["part"], each["state"], each["size"]) for each in answer["files"]] == [
            ("kernel", "answers", 5000),
            ("initrd 0", "answers", 700),
            ("url", "refused", None),
        ]

    async def test_are_none_where_you_provide_them(self, site: Served) -> None:
        status, answer = await call(site, "POST", "recipes/memtest86%2B/check")

        assert (status, answer) == (200, {"recipe": "memtest86+", "files": []})

    async def test_are_those_of_one_that_there_is(self, site: Served) -> None:
        assert (await call(site, "POST", "recipes/nothing/check"))[0] == 404


async def test_a_stranger_may_do_none_of_it(tmp_path: Path) -> None:
    async with serving(tmp_path, to_strangers=True) as site:
        for method, path in [
            ("GET", "images"),
            ("POST", "images/fetch"),
            ("GET", "images/fetches"),
            ("POST", "images/prune"),
            ("PUT", f"images/{'0' * 64}/pin"),
            ("GET", "recipes"),
        ]:
            assert (await site.ask(method, f"/api/v1/{path}")).status in (401, 403)
