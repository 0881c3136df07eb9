"""The page of one ISO image, as a browser is given it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.http.page.test_imagesscreen import PAGE, post, words
from tests.http.site import Served, serving
from tests.media.isos import UNKNOWN, made


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(tmp_path) as served:
        (tmp_path / "isos").mkdir()
        await served.parts.media.add(made(tmp_path / "isos/own.iso", UNKNOWN))
        await served.parts.media.refresh()
        yield served


class TestAGuess:
    async def test_is_listed_as_one_that_somebody_has_to_confirm(self, site: Served) -> None:
        said = words(await site.get(PAGE))

        assert "own.iso Our own, of own.iso to be confirmed is not known" in said
        assert "Say what it boots" in said

    async def test_shows_what_it_may_boot_and_the_command_for_it(self, site: Served) -> None:
        answer = await site.get(f"{PAGE}/media/own")

        assert "Our own (the likeliest) Kernel boot/Kernel-5 Initrd boot/root.gz" in words(answer)
        assert 'value="quiet {{ 7 * 7 }}"' in answer.text
        assert "pyxie images import --confirm --kernel boot/Kernel-5" in words(answer)

    async def test_becomes_the_recipe_with_the_command_line_that_was_typed(
        self, site: Served, tmp_path: Path
    ) -> None:
        answer = await post(
            site,
            f"{PAGE}/media/own/confirm",
            kernel="boot/Kernel-5",
            initrd="boot/root.gz",
            cmdline="console=ttyS0",
        )

        assert (answer.status, answer.headers["Location"]) == (303, f"{PAGE}/media/own")
        assert "cmdline: console=ttyS0\n" in (tmp_path / "recipes/own.yaml").read_text()
        assert re.search("State ready by os: own", words(await site.get(f"{PAGE}/media/own")))

    async def test_of_what_is_not_on_it_is_refused_and_keeps_what_was_typed(
        self, site: Served
    ) -> None:
        answer = await post(
            site, f"{PAGE}/media/own/confirm", kernel="boot/Kernel-5", initrd="x", cmdline='"typed'
        )

        assert answer.status == 404
        assert 'role="alert"' in answer.text
        assert 'value="&#34;typed"' in answer.text


class TestAnImage:
    async def test_that_is_not_there_is_not_found(self, site: Served) -> None:
        assert (await site.get(f"{PAGE}/media/other")).status == 404

    async def test_that_could_not_be_fetched_says_why(self, site: Served) -> None:
        site.parts.media_fetches.begin("mine", "http://127.0.0.1:9/mine.iso")
        fetch = site.parts.media_fetches.get("mine")
        assert fetch is not None
        await site.parts.media_fetches._running["mine"]

        said = words(await site.get(f"{PAGE}/media/mine"))

        assert "State not fetched Because could not be fetched: " in said
