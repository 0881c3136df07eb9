"""What the tests of the page stand on: a browser that complains, and a machine that boots."""

from __future__ import annotations

import pytest

from tests.browser.conftest import OnStage
from tests.browser.people import People, accessible, fits, keyboard_alone

SITE = "http://127.0.0.1:9"


FORBIDDEN = "<meta http-equiv=Content-Security-Policy content=\"script-src 'none'\">"


class TestWhatDispleasesABrowser:
    async def test_fails_the_test(self, people: People) -> None:
        page = await people.comes(SITE)
        await page.set_content("<script>console.error('oh')</script>")
        await page.set_content("<script>nothing()</script>")
        await page.set_content("<img src=http://cdn.example/x.png>")
        await page.set_content(f"{FORBIDDEN}<script>1</script>")
        await people.leave()

        with pytest.raises(AssertionError) as caught:
            people.assert_content()

        said = str(caught.value)
        assert "error: oh" in said
        assert "script: nothing is not defined" in said
        assert "asks another server: http://cdn.example/x.png" in said
        assert "Content Security Policy" in said

    async def test_is_forgiven_where_it_is_expected(self, people: People) -> None:
        page = await people.comes(SITE)
        with people.forgiving("expected"):
            await page.set_content("<script>console.error('expected')</script>")
        await people.leave()

        people.assert_content()

    async def test_is_what_cannot_be_read_by_all(self, people: People) -> None:
        page = await people.comes(SITE)
        await page.set_content("<html lang=en><title>x</title><main><h1>x</h1><img src=data:,>")

        with pytest.raises(AssertionError, match="light: image-alt"):
            await accessible(page)

        await people.leave()

    @pytest.mark.parametrize(
        ("content", "fault"),
        [
            ("<a href=/x tabindex=-1>x</a>", "is not reached by Tab: <a href"),
            ("<a href=/x style='outline: none'>x</a>", "is not seen to have the focus: <a href"),
        ],
    )
    async def test_is_what_the_keyboard_does_not_get_at(
        self, people: People, content: str, fault: str
    ) -> None:
        page = await people.comes(SITE)
        await page.set_content(f"<a href=/y>y</a> {content}")

        with pytest.raises(AssertionError, match=fault):
            await keyboard_alone(page)

        await people.leave()

    async def test_is_what_is_wider_than_the_screen(self, people: People) -> None:
        page = await people.comes(SITE)
        await page.set_content("<p style='width: 800px'>x")

        await fits(page, 900)
        with pytest.raises(AssertionError, match=r"808 px wide in 360.*P"):
            await fits(page, 360)

        await people.leave()


class TestAMachine:
    async def test_boots_step_by_step(self, onscreen: OnStage) -> None:
        async with onscreen() as site:
            await site.builds()
            booting = site.boots()
            site.pyxie.said()

            await booting.discovers()
            await booting.loads_ipxe()
            await booting.gets_its_script()
            await booting.loads("kernel", 0.4)
            half = site.pyxie.said()[-1]
            await booting.loads("kernel", 1)
            await booting.starts_its_installer()
            await booting.is_done()

            assert (
                half == "fetching kernel, streamed from http://mirror.example/linux, not verified"
            )
            assert site.pyxie.said() == [
                "fetching initrd 0, streamed from http://mirror.example/initrd.gz, not verified",
                "leaves iPXE for its kernel",
                "installing",
                "fetched preseed",
                "installed; pyxie is silent to it from here on",
            ]

    async def test_is_seen_by_a_browser_and_after_pyxie_was_started_anew(
        self, onscreen: OnStage
    ) -> None:
        async with onscreen() as site:
            with site.people.forgiving("status of 404"):  # the build, at first, and an icon
                page = await site.visits("/status/web01.example.org")
                before = await page.inner_text("body")
                await site.builds()
                await site.stop()
                await site.start()

                await page.reload()

                assert before == "Unknown state\n"
                assert await page.inner_text("body") == "Installing"
