"""The REST API of media."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.http.site import HOST, MAC, Served, serving
from tests.http.upstream import mirror
from tests.imagestore.stores import lies
from tests.media.isos import FEDORA, UNKNOWN, made
from tests.support import eventually


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(tmp_path) as site:
        yield site


async def told(site: Served, name: str) -> Any:
    answer = await site.get(f"/api/v1/media/{name}")
    assert answer.status == 200, answer
    return json.loads(answer.body)


class TestAnImage:
    async def test_that_is_sent_is_put_into_the_folder_and_read(
        self, served: Served, tmp_path: Path
    ) -> None:
        image = made(tmp_path / "f.iso", FEDORA, volume="Fedora-40").read_bytes()

        answer = await served.ask("PUT", "/api/v1/media/fedora-40", image)
        at_once = await told(served, "fedora-40")
        await served.parts.media.refresh()

        assert (answer.status, json.loads(answer.body)) == (201, {"name": "fedora-40"})
        assert (at_once["state"], at_once["size"]) == ("looking", len(image))
        assert (tmp_path / "isos/fedora-40.iso").read_bytes() == image
        found = await told(served, "fedora-40")
        assert (found["state"], found["title"], found["written"]) == (
            "ready",
            "Fedora 40, of fedora-40.iso",
            True,
        )

    async def test_that_is_broken_off_leaves_nothing(self, served: Served, tmp_path: Path) -> None:
        said = await served.raw(
            b"PUT /api/v1/media/x HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )

        assert b" 400 " in said
        assert list((tmp_path / "isos").glob("*")) == [] if (tmp_path / "isos").exists() else True

    async def test_is_not_written_over(self, served: Served, tmp_path: Path) -> None:
        (tmp_path / "isos").mkdir()
        (tmp_path / "isos/x.iso").write_bytes(b"mine")

        answer = await served.ask("PUT", "/api/v1/media/x", b"another")

        assert (answer.status, json.loads(answer.body)["detail"]) == (
            409,
            "x.iso is in the folder 'isos' already, or on its way there",
        )
        assert (tmp_path / "isos/x.iso").read_bytes() == b"mine"

    @pytest.mark.parametrize("name", ["..", "A", ".hidden", "x.iso", "x.cpio", "a%2fb", "a" * 70])
    async def test_needs_a_name_that_is_one(self, served: Served, name: str) -> None:
        assert (await served.ask("PUT", f"/api/v1/media/{name}", b"x")).status in (400, 404, 405)

    async def test_is_refused_where_the_folder_cannot_be_written(
        self, served: Served, tmp_path: Path
    ) -> None:
        (tmp_path / "isos").write_text("a file")

        answer = await served.ask("PUT", "/api/v1/media/x", b"x")

        assert (answer.status, json.loads(answer.body)["detail"]) == (
            507,
            "x.iso cannot be written to the folder 'isos': Not a directory",
        )


class TestAGuess:
    @pytest.fixture
    async def unknown(self, served: Served, tmp_path: Path) -> Served:
        (tmp_path / "isos").mkdir()
        await served.parts.media.add(made(tmp_path / "isos/own.iso", UNKNOWN))
        await served.parts.media.refresh()
        return served

    async def test_is_shown(self, unknown: Served) -> None:
        found = await told(unknown, "own")

        assert found["state"] == "guess"
        assert found["entries"] == [
            {
                "label": "Our own",
                "kernel": "boot/Kernel-5",
                "initrds": ["boot/root.gz"],
                "cmdline": "quiet {{ 7 * 7 }}",
                "source": "isolinux/isolinux.cfg",
            }
        ]

    async def test_becomes_the_recipe_once_it_is_confirmed(
        self, unknown: Served, tmp_path: Path
    ) -> None:
        answer = await unknown.ask("POST", "/api/v1/media/own/confirm")

        assert json.loads(answer.body)["state"] == "ready"
        assert (tmp_path / "recipes/own.yaml").read_text() == (
            "# The recipe of own.iso, as pyxie has made it: `os: own` in a machine's file"
            " boots it.\n"
            "# Change it as you like; it is not written again.\n"
            "version: 1\n"
            "title: Our own, of own.iso\n"
            "unverified: true\n"
            "kernel: media:own/boot/Kernel-5\n"
            "initrd:\n"
            "  - media:own/boot/root.gz\n"
            "cmdline: quiet {{ '{{' }} 7 * 7 {{ '}}' }}\n"
            "arch:\n"
            "  amd64: {}\n"
        )

    async def test_is_replaced_by_what_is_said(self, unknown: Served) -> None:
        said = {"kernel": "BOOT/kernel-5", "initrds": ["boot/root.gz"], "cmdline": "loud"}

        answer = await unknown.ask("POST", "/api/v1/media/own/confirm", json.dumps(said).encode())

        assert json.loads(answer.body)["recipe"]["kernel"] == "media:own/boot/Kernel-5"
        assert json.loads(answer.body)["recipe"]["cmdline"] == "loud"

    async def test_is_confirmed_once(self, unknown: Served) -> None:
        await unknown.ask("POST", "/api/v1/media/own/confirm")

        answer = await unknown.ask("POST", "/api/v1/media/own/confirm")

        assert (answer.status, json.loads(answer.body)["code"]) == (409, "already")

    async def test_is_not_of_files_that_are_not_there(self, unknown: Served) -> None:
        answer = await unknown.ask("POST", "/api/v1/media/own/confirm", b'{"kernel": "vmlinuz"}')

        assert (answer.status, json.loads(answer.body)["detail"]) == (
            404,
            "vmlinuz: no such file",
        )


class TestAll:
    async def test_are_listed(self, served: Served, tmp_path: Path) -> None:
        (tmp_path / "isos").mkdir()
        (tmp_path / "isos/Broken One.iso").write_bytes(b"no medium")
        await served.parts.media.add(tmp_path / "isos/Broken One.iso")
        await served.parts.media.refresh()

        found = json.loads((await served.get("/api/v1/media")).body)["media"]

        assert [(each["name"], each["file"], each["state"]) for each in found] == [
            ("broken-one", "Broken One.iso", "broken")
        ]

    async def test_of_none_is_an_empty_list(self, served: Served) -> None:
        assert json.loads((await served.get("/api/v1/media")).body) == {"media": []}


class TestHealth:
    async def test_tells_of_a_machine_whose_medium_is_gone(self, tmp_path: Path) -> None:
        (tmp_path / "isos").mkdir()
        machine = f"hostname: {HOST}\nkernel: media:gone/k\nnetwork: [{{macaddress: {MAC}}}]\n"
        async with serving(tmp_path, machine=machine) as site:
            await site.parts.media.refresh()

            found = json.loads((await site.get("/health")).body)["problems"]

        place = f"{tmp_path}/machines/{HOST}.yaml:2:9: kernel: media:gone/k: "
        assert f"{place}there is no such medium in the folder 'isos'" in found


class TestARecipe:
    async def test_of_a_medium_boots_a_machine_that_names_it(self, tmp_path: Path) -> None:
        (tmp_path / "isos").mkdir()
        iso = made(tmp_path / "isos/fedora-40.iso", FEDORA)
        machine = f"hostname: {HOST}\nos: fedora-40\nnetwork: [{{macaddress: {MAC}}}]\n"
        async with serving(tmp_path, machine=machine) as site:
            await site.parts.media.add(iso)
            await site.parts.media.refresh()
            await site.build()

            told = json.loads((await site.get(f"/v1/boot/{MAC}")).body)
            kernel = await site.get(f"/boot/{HOST}/kernel/vmlinuz")

        assert told == {
            "kernel": "http://boot.internal:8090/media/fedora-40/images/pxeboot/vmlinuz",
            "initrd": ["http://boot.internal:8090/media/fedora-40/images/pxeboot/initrd.img"],
            "cmdline": "ip=dhcp inst.stage2=http://boot.internal:8090/media/fedora-40/",
        }
        assert kernel.body == FEDORA["images/pxeboot/vmlinuz"]

    async def test_never_takes_the_place_of_a_shipped_one(
        self, served: Served, tmp_path: Path
    ) -> None:
        (tmp_path / "isos").mkdir()
        await served.parts.media.add(made(tmp_path / "isos/debian-12.iso", FEDORA))
        await served.parts.media.refresh()

        found = await told(served, "debian-12")

        assert (found["state"], found["why"], found["written"]) == (
            "ready",
            "a recipe of that name comes with pyxie, for another way to boot: rename the image",
            False,
        )
        assert not (tmp_path / "recipes").exists()

    async def test_that_cannot_be_written_is_told_of(self, served: Served, tmp_path: Path) -> None:
        (tmp_path / "isos").mkdir()
        (tmp_path / "recipes").write_text("a file")
        await served.parts.media.add(made(tmp_path / "isos/f.iso", FEDORA))
        await served.parts.media.refresh()

        found = await told(served, "f")

        assert (found["state"], found["why"]) == (
            "ready",
            f"{tmp_path}/recipes/f.yaml cannot be written: File exists",
        )


class TestAURLThatIsWantedNoMore:
    async def test_is_fetched_no_further_and_nothing_of_it_stays(
        self, served: Served, tmp_path: Path
    ) -> None:
        async with mirror({"x.iso": bytes(1 << 20)}) as there:
            there.may.clear()
            body = json.dumps({"url": f"{there.url}/x.iso"}).encode()
            assert (await served.ask("POST", "/api/v1/media", body)).status == 202
            await eventually(lambda: there.asked)

            answer = await served.ask("DELETE", "/api/v1/media/x/fetch")

            await eventually(lambda: not served.parts.image_store.fetching())
            assert (answer.status, json.loads(answer.body)) == (200, {"name": "x"})
            assert (await served.get("/api/v1/media/x")).status == 404
            assert (await served.ask("DELETE", "/api/v1/media/x/fetch")).status == 404
            assert lies(tmp_path / "state/image-store")["partial"] == 0
            there.may.set()


class TestAURL:
    async def fetched(self, site: Served, name: str) -> Any:
        async with asyncio.timeout(60):
            while True:
                await site.parts.media.refresh()
                found = await told(site, name)
                if found["state"] != "looking":
                    return found
                await asyncio.sleep(0.02)

    async def test_is_fetched_into_the_folder(self, served: Served, tmp_path: Path) -> None:
        image = made(tmp_path / "f.iso", FEDORA).read_bytes()
        async with mirror({"Fedora-40.iso": image}) as there:
            said = json.dumps({"url": f"{there.url}/pub/Fedora-40.iso"}).encode()
            answer = await served.ask("POST", "/api/v1/media", said)
            found = await self.fetched(served, "fedora-40")

        assert found["why"] == ""
        assert (answer.status, json.loads(answer.body)) == (202, {"name": "fedora-40"})
        assert (found["state"], found["title"]) == ("ready", "Fedora 40, of fedora-40.iso")
        assert (tmp_path / "isos/fedora-40.iso").read_bytes() == image

    async def test_tells_how_far_it_has_come_and_is_asked_for_once(
        self, served: Served, tmp_path: Path
    ) -> None:
        async with mirror({"x.iso": ("late", b"x" * 1000)}) as there:
            there.may.clear()
            said = json.dumps({"url": f"{there.url}/x.iso"}).encode()
            await served.ask("POST", "/api/v1/media", said)
            found = await told(served, "x")
            again = await served.ask("POST", "/api/v1/media", said)
            other = json.dumps({"url": f"{there.url}/y.iso", "name": "x"}).encode()
            another = await served.ask("POST", "/api/v1/media", other)
            listed = json.loads((await served.get("/api/v1/media")).body)["media"]
            there.may.set()
            broken = await self.fetched(served, "x")

        assert found["state"] == "looking"
        assert found["why"].startswith("is on its way: ")
        assert listed == [found]
        assert again.status == 202
        assert (another.status, json.loads(another.body)["code"]) == (409, "already")
        assert there.asked == [("GET", "x.iso")]
        assert broken["state"] == "broken"

    async def test_that_gives_nothing_is_told(self, served: Served, tmp_path: Path) -> None:
        async with mirror({}) as there:
            said = json.dumps({"url": f"{there.url}/x.iso", "name": "mine"}).encode()
            await served.ask("POST", "/api/v1/media", said)
            found = await self.fetched(served, "mine")

        assert found["state"] == "broken"
        assert found["why"].startswith(f"could not be fetched: {there.url}/x.iso: answered ")
        assert list((tmp_path / "isos").iterdir()) == []

    async def test_needs_a_name_that_is_one(self, served: Served) -> None:
        answer = await served.ask("POST", "/api/v1/media", b'{"url": "http://192.0.2.7/"}')

        assert (answer.status, json.loads(answer.body)["detail"]) == (
            400,
            "'' is not a name like fedora-40",
        )
