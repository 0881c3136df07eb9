"""The page of one copy, as a browser is given it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.http.page.test_imagesscreen import PAGE, post, pressed, words
from tests.http.site import HOST, Served
from tests.http.test_images import BOOTS, damage, fetched, of_mirror
from tests.http.upstream import mirror


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Served]:
    async with mirror(BOOTS) as there, of_mirror(tmp_path, there) as served:
        await fetched(served)
        yield served


def kernel(site: Served) -> str:
    """Return where the page of the kernel's copy is."""
    (found,) = (
        each for each in site.parts.image_store.cache.entries() if each.url.endswith("linux")
    )
    return f"{PAGE}/copies/{found.key}"


class TestACopy:
    async def test_says_what_is_known_of_it_and_what_is_lost_with_it(self, site: Served) -> None:
        said = words(await site.get(kernel(site)))

        assert "Size 5 kB SHA-256" in said
        assert "Verified by nothing" in said
        assert re.search(r"5 kB, fetched \d+ days ago, are gone from the disk\.", said)
        assert "pyxie images remove http://" in said

    async def test_that_is_not_there_is_not_found(self, site: Served) -> None:
        answer = await site.get(f"{PAGE}/copies/{'0' * 64}")

        assert answer.status == 404

    async def test_is_removed(self, site: Served) -> None:
        answer = await post(site, f"{kernel(site)}/remove")

        assert (answer.status, answer.headers["Location"]) == (303, PAGE)
        (left,) = site.parts.image_store.cache.entries()
        assert left.url.endswith("initrd.gz")

    async def test_that_a_build_needs_says_whose_and_stays(self, site: Served) -> None:
        await site.build()
        page = await site.get(kernel(site))

        answer = await post(site, f"{kernel(site)}/remove")

        assert f"{HOST} in build mode may boot it yet" in words(page)
        assert "Remove it</button>" not in page.text
        assert answer.status == 409
        assert f"{HOST} in build mode may boot it yet" in words(answer)
        assert len(site.parts.image_store.cache.entries()) == 2

    async def test_is_pinned_and_unpinned(self, site: Served) -> None:
        path = kernel(site)

        pinned = await pressed(site, f"{path}/pin", pinned="yes")
        page = words(await site.get(path))
        listed = words(await site.get(PAGE))
        unpinned = await post(site, f"{path}/pin", pinned="no")

        assert pinned.text.lstrip().startswith('<section id="copy"')
        assert "It is kept until it is unpinned." in words(pinned)
        assert "It is pinned: unpin it first." in page
        assert "pyxie images unpin http://" in page
        assert "linux pinned" in listed
        assert (unpinned.status, unpinned.headers["Location"]) == (303, path)
        assert not any(each.pinned for each in site.parts.image_store.cache.entries())

    async def test_is_read_again(self, site: Served) -> None:
        answer = await post(site, f"{kernel(site)}/verify")

        assert answer.status == 200
        assert "It is as it was fetched." in words(answer)

    async def test_that_is_damaged_is_told_on_the_list(self, site: Served, tmp_path: Path) -> None:
        path = kernel(site)
        (digest,) = (
            each.digest
            for each in site.parts.image_store.cache.entries()
            if each.url.endswith("linux")
        )
        damage(tmp_path, digest)

        answer = await post(site, f"{path}/verify")

        assert answer.status == 409
        assert "linux was damaged, and is removed" in words(answer)
        assert "<h1>Images</h1>" in answer.text
