"""The screen Images, as a browser is given it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from pyxie.access.scope import Scope
from pyxie.imagestore.entry import Entry, key_of
from pyxie.outbound.reach import Reach
from tests.http.site import CONFIG, HOST, Answer, Served, serving
from tests.http.test_images import BOOTS, KERNEL, call, fetched, of_mirror
from tests.http.upstream import Mirror, mirror
from tests.support import eventually

PAGE = "/page/images"


@pytest.fixture
async def there() -> AsyncIterator[Mirror]:
    async with mirror(BOOTS) as found:
        yield found


@pytest.fixture
async def site(tmp_path: Path, there: Mirror) -> AsyncIterator[Served]:
    async with of_mirror(tmp_path, there) as served:
        yield served


async def post(site: Served, path: str, **fields: str) -> Answer:
    """Send a form as a browser without scripts does."""
    headers = {"Content_Type": "application/x-www-form-urlencoded", "Sec_Fetch_Site": "same-origin"}
    return await site.ask("POST", path, urlencode(fields).encode(), **headers)


async def pressed(site: Served, path: str, **fields: str) -> Answer:
    """Send a form as htmx does."""
    headers = {"Content_Type": "application/x-www-form-urlencoded", "Sec_Fetch_Site": "same-origin"}
    sent = urlencode(fields).encode()
    return await site.ask("POST", path, sent, HX_Request="true", **headers)


def words(answer: Answer) -> str:
    """Return what of a screen can be read, with single spaces."""
    return words_of(answer.text)


def words_of(html: str) -> str:
    """Return what can be read, but for what buttons say that copy a command."""
    html = re.sub(r'<button type="button" class="copy".*?</button>', "", html)
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


class TestThePartsOfTheScreen:
    async def test_are_led_to_at_its_top(self, site: Served) -> None:
        text = (await site.get(PAGE)).text

        (parts,) = re.findall(r'<nav class="parts".*?</nav>', text, re.DOTALL)
        ids = re.findall(r'href="#([a-z-]+)"', parts)
        assert ids == ["images-systems", "images-media", "images-copies"]
        assert all(text.count(f'id="{each}"') == 1 for each in ids)
        assert text.index(parts) < text.index('id="images-store"')


class TestSystems:
    async def test_are_listed_with_what_the_words_for_them_mean(self, site: Served) -> None:
        said = words(await site.get(PAGE))

        assert "“verified” once somebody saw it boot" in said
        assert "“unverified” nobody has seen boot yet" in said
        assert "makers' word" in said

    async def test_are_listed_with_who_has_seen_them_boot(self, site: Served) -> None:
        answer = await site.get(PAGE)

        assert answer.status == 200
        said = words(answer)
        assert re.search(r"debian-12 Debian 12.*?amd64 verified \d{4}-\d\d-\d\d: ", said)
        assert re.search(r"archlinux .*? amd64 ", said)

    async def test_are_found_by_a_part_of_their_names(self, site: Served) -> None:
        text = (await site.get(f"{PAGE}?system=debian-12")).text
        said = words_of(text)

        assert "pyxie images fetch --arch amd64 debian-12" in said
        assert "archlinux" not in said
        assert 'name="system" type="search" maxlength="253" value="debian-12"' in text
        assert "system%3Ddebian-12" in text or "system=debian-12" in text
        none = words(await site.get(f"{PAGE}?system=%3Cb%3E"))
        assert "No system has “&lt;b&gt;” in its name" in none

    async def test_stay_those_that_were_found_when_one_is_fetched(self, site: Served) -> None:
        form = "application/x-www-form-urlencoded"
        answer = await site.ask(
            *("POST", f"{PAGE}/fetch", b"system=memtest86%2B&arch=amd64"),
            Content_Type=form,
            HX_Request="true",
            HX_Current_URL="http://x/page/images?system=memtest",
        )

        assert "memtest86+" in words(answer)
        assert "archlinux" not in words(answer)

    async def test_that_are_none_say_why(self, tmp_path: Path) -> None:
        async with serving(tmp_path, config=CONFIG.replace("machines", "nowhere")) as site:
            answer = await site.get(PAGE)

        section = r'<section id="images-systems".*?</section>'
        (systems,) = re.findall(section, answer.text, re.DOTALL)
        assert "No recipe could be read, for machines' files cannot be" in words_of(systems)
        assert re.search(r"nowhere.*mkdir -p", words_of(systems))
        assert "<table" not in systems

    async def test_that_are_broken_say_where(self, tmp_path: Path) -> None:
        (tmp_path / "recipes").mkdir()
        (tmp_path / "recipes/own.yaml").write_text(
            "version: 1\ntitle: Own\nunverified: true\nkernel: '{nothing}/linux'\n"
        )
        async with serving(tmp_path) as site:
            said = words(await site.get(PAGE))

        assert re.search(r"own .*broken .*recipes/own.yaml:4:9: .*nothing", said)

    async def test_are_fetched_at_the_press_of_a_button(self, tmp_path: Path) -> None:
        async with mirror({"linux": b"k" * 5000}) as there:
            (tmp_path / "recipes").mkdir()
            (tmp_path / "recipes/own.yaml").write_text(
                f"version: 1\ntitle: Own\nunverified: true\nkernel: {there.url}/linux\n"
            )
            async with serving(tmp_path) as site:
                answer = await post(site, f"{PAGE}/fetch", system="own", arch="amd64")
                await eventually(
                    lambda: all(each.has_ended for each in site.parts.prefetches.all())
                )
                after = words(await site.get(PAGE))

        assert (answer.status, answer.headers["Location"]) == (303, PAGE)
        assert re.search(r"own Own amd64 unverified on disk 5 kB not verified, fetched", after)
        assert f"{there.url}/linux own amd64: kernel fetched 5 kB of 5 kB" in after

    async def test_that_are_not_there_are_refused_on_the_screen(self, site: Served) -> None:
        answer = await post(site, f"{PAGE}/fetch", system="<b>", arch="amd64")

        assert answer.status == 404
        assert "&lt;b&gt;" in answer.text
        assert "<b>" not in answer.text
        assert 'role="alert"' in answer.text


class TestAFetch:
    async def test_under_way_is_shown_and_can_be_cancelled(
        self, site: Served, there: Mirror
    ) -> None:
        there.may.clear()
        await call(site, "POST", "images/fetch", {"what": [f"{there.url}/linux"]})
        await eventually(lambda: there.asked)
        key = key_of(f"{there.url}/linux", Reach.ANYWHERE)
        before = words(await site.get(PAGE))

        answer = await pressed(site, f"{PAGE}/fetches/{key}/cancel")

        there.may.set()
        assert f"{there.url}/linux {HOST}: kernel fetching 0 bytes Cancel" in before
        assert answer.status == 200
        assert "failed was cancelled" in words(answer)
        assert f"{there.url}/linux is fetched no further." in words(answer)

    async def test_pressed_by_htmx_gives_each_region_its_place(self, site: Served) -> None:
        answer = await pressed(site, f"{PAGE}/fetch", system="memtest86+", arch="amd64")

        places = re.findall(r'<(?:section|div) id="([a-z-]+)"[^>]* hx-swap-oob="true"', answer.text)
        assert places == [
            *("images-store", "images-coming", "images-systems", "images-media", "notices"),
        ]

    async def test_that_begins_is_not_said_to_have_ended(self, tmp_path: Path) -> None:
        async with mirror({"linux": ("late", b"k" * 5000)}) as there:
            there.may.clear()
            (tmp_path / "recipes").mkdir()
            (tmp_path / "recipes/own.yaml").write_text(
                f"version: 1\ntitle: Own\nunverified: true\nkernel: {there.url}/linux\n"
            )
            async with serving(tmp_path) as site:
                answer = await pressed(site, f"{PAGE}/fetch", system="own", arch="amd64")
                there.may.set()

        assert "1 file of own amd64 is being fetched." in words(answer)

    async def test_that_is_none_is_said_to_be(self, site: Served) -> None:
        answer = await pressed(site, f"{PAGE}/fetches/{'0' * 64}/cancel")

        assert answer.status == 404
        assert "is not being fetched" in words(answer)


class TestCopies:
    async def test_are_listed_with_what_is_known_of_them(self, site: Served, there: Mirror) -> None:
        await fetched(site)

        said = words(await site.get(f"{PAGE}?q=LINUX"))

        assert re.search(rf"{re.escape(there.url)}/linux nothing .*5 kB 1 file, page 1 of 1", said)
        assert f"{there.url}/initrd.gz nothing" not in said

    async def test_that_are_none_say_what_to_do(self, site: Served) -> None:
        assert "Nothing is kept yet" in words(await site.get(PAGE))
        assert "No file has “<script>” in its name".replace("<", "&lt;").replace(">", "&gt;") in (
            (await site.get(f"{PAGE}?q=%3Cscript%3E")).text
        )

    async def test_of_ten_thousand_are_shown_a_hundred_with_hostile_names(
        self, site: Served
    ) -> None:
        entries = site.parts.image_store.cache._entries
        for at in range(10_000):
            url = f"http://m.example/<img src=x onerror=alert({at})>"
            key = f"{at:064}"
            entries[key] = Entry(key=key, url=url, digest=key, size=at, verified="<script>")

        answer = await site.get(f"{PAGE}?order=size&page=100")

        assert answer.status == 200
        assert "<img" not in answer.text
        assert "<script>" not in answer.text
        assert answer.text.count('href="/page/images/copies/') == 100
        assert "10000 files, page 100 of 100" in words(answer)


class TestWithoutAStore:
    async def test_says_what_is_wrong(self, tmp_path: Path) -> None:
        config = (
            "templatepath: templates\nmachinepath: machines\nstate: state/pyxie.sqlite\n"
            "image_store: {path: /proc/none/store}\n"
        )
        async with serving(tmp_path, config=config) as site:
            answer = await site.get(PAGE)

        assert answer.status == 200
        assert "no images are kept: /proc/none/store" in words(answer)

    async def test_of_no_size_says_so(self, tmp_path: Path) -> None:
        config = (
            "templatepath: templates\nmachinepath: machines\nstate: state/pyxie.sqlite\n"
            "image_store: {size: 0}\n"
        )
        async with serving(tmp_path, config=config) as site:
            assert "image_store.size is 0" in words(await site.get(PAGE))


class TestAnImageByURL:
    async def test_is_brought(self, site: Served, there: Mirror) -> None:
        there.may.clear()
        answer = await post(site, f"{PAGE}/media", url=f"{there.url}/linux", name="tools")
        await eventually(lambda: there.asked)
        said = words(await site.get(PAGE))
        ended = await post(site, f"{PAGE}/media/tools/cancel")
        there.may.set()

        assert (answer.status, answer.headers["Location"]) == (303, f"{PAGE}#images-media")
        assert "tools.iso on its way" in said
        assert "pyxie images cancel tools" in said
        assert ended.status == 303
        assert "tools.iso" not in words(await site.get(PAGE))

    @pytest.mark.parametrize(
        ("fields", "status", "field", "mistake"),
        [
            ({"url": "<x>", "name": "a"}, 422, "bring-url", "Give a URL like https://"),
            ({"url": "http://m.example/a.iso", "name": "../a"}, 422, "bring-name", "is not a name"),
        ],
    )
    async def test_that_is_none_is_told_beside_its_field_and_kept(
        self, site: Served, fields: dict[str, str], status: int, field: str, mistake: str
    ) -> None:
        answer = await post(site, f"{PAGE}/media", **fields)

        assert answer.status == status
        assert mistake in words(answer)
        wrong = re.findall(r'<input id="([a-z-]+)"[^>]*aria-invalid="true"', answer.text)
        assert wrong == [field]
        assert f'value="{fields["name"]}"' in answer.text


async def not_fetched(site: Served, there: Mirror) -> None:
    """Have an image fetched that the mirror does not have."""
    there.files = {**there.files, "tools.iso": 404}
    await post(site, f"{PAGE}/media", url=f"{there.url}/tools.iso")
    fetches = site.parts.media_fetches
    await eventually(lambda: (found := fetches.get("tools")) is not None and bool(found.why))
    await eventually(lambda: "tools" not in fetches._running)


class TestAnImageThatCouldNotBeFetched:
    async def test_says_so_and_can_be_tried_again(self, site: Served, there: Mirror) -> None:
        await not_fetched(site, there)
        before = site.parts.media_fetches.get("tools")

        said = words(await site.get(PAGE))
        answer = await pressed(site, f"{PAGE}/media/tools/again")

        assert site.parts.media_fetches.get("tools") is not before
        assert "tools.iso not fetched could not be fetched: " in said
        assert "Try again Remove from the list" in said
        assert answer.status == 200
        assert "tools.iso is on its way again." in words(answer)

    async def test_is_taken_out_of_the_list(self, site: Served, there: Mirror) -> None:
        await not_fetched(site, there)

        answer = await pressed(site, f"{PAGE}/media/tools/forget")

        assert "tools.iso is not listed any more." in words(answer)
        assert "tools.iso" not in words(await site.get(PAGE))

    @pytest.mark.parametrize("what", ["again", "forget"])
    async def test_is_not_one_that_was_never_asked_for_or_goes_on(
        self, site: Served, there: Mirror, what: str
    ) -> None:
        there.may.clear()
        await post(site, f"{PAGE}/media", url=f"{there.url}/linux", name="tools")

        missing = await pressed(site, f"{PAGE}/media/other/{what}")
        goes_on = await pressed(site, f"{PAGE}/media/tools/{what}")

        there.may.set()
        assert (missing.status, goes_on.status) == (404, 404)
        assert "tools: is none that could not be fetched" in words(goes_on)


class TestWhoMay:
    async def test_look_sees_no_button(self, tmp_path: Path, there: Mirror) -> None:
        async with of_mirror(tmp_path, there, to_strangers=True) as site:
            await fetched_by_admin(site)
            _, secret = await site.parts.tokens.create("ci", Scope.READ, None)
            answer = await site.get(PAGE, Authorization=f"Bearer {secret}")

            assert answer.status == 200
            assert 'method="post"' not in answer.text
            assert "debian-12 Debian 12" in words(answer)

    async def test_build_may_fetch_and_not_remove(self, tmp_path: Path, there: Mirror) -> None:
        async with of_mirror(tmp_path, there, to_strangers=True) as site:
            _, secret = await site.parts.tokens.create("ci", Scope.BUILD, None)
            bearer = {"Authorization": f"Bearer {secret}"}
            answer = await site.get(PAGE, **bearer)
            refused = await site.ask(
                "POST",
                f"{PAGE}/copies/{'0' * 64}/remove",
                b"",
                Content_Type="application/x-www-form-urlencoded",
                **bearer,
            )

            assert 'action="/page/images/fetch"' in answer.text
            assert 'action="/page/images/media"' not in answer.text
            assert refused.status == 403


async def fetched_by_admin(site: Served) -> None:
    key = "1" * 64
    site.parts.image_store.cache._entries[key] = Entry(
        key=key, url="http://m.example/a", digest=key, size=len(KERNEL)
    )
