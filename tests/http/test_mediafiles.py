"""What lies on a medium, served over HTTP straight out of its image."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.http.site import ALL_LOCAL, HOST, MACHINE, Served, serving
from tests.media.isos import FEDORA, UNKNOWN, made
from tests.media.layouts import LAYOUTS
from tests.media.test_cpio import unpacked

MORE = {
    **FEDORA,
    "Packages/A.rpm": b"0123456789" * 10,
    "Packages/a dir/<b>&.txt": "odd",
    "latest": "->Packages/A.rpm",
    "current": "->Packages",
    "up": "->../../etc/passwd",
    "absolute": "->/etc/passwd",
    "circle": "->circle",
    "empty": b"",
}


@asynccontextmanager
async def building(folder: Path, layout: str, name: str) -> AsyncIterator[tuple[Served, Path]]:
    """Serve a machine that is built from a medium of that layout, which is yielded, too."""
    (folder / "isos").mkdir()
    laid = LAYOUTS[layout]
    iso = laid.make(folder / f"isos/{name}.iso", laid.files, laid.volume)
    async with serving(folder) as site:
        await read(site, iso)
        await site.parts.machines.refresh()
        begun = await site.ask("PUT", f"/build/{HOST}", f"os: {name}".encode())
        assert begun.status == 200
        yield site, iso


async def read(site: Served, iso: Path) -> None:
    await site.parts.media.add(iso)
    await site.parts.media.refresh()


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    (tmp_path / "isos").mkdir()
    iso = made(tmp_path / "isos/Fedora-40.iso", MORE)
    async with serving(tmp_path) as site:
        await read(site, iso)
        yield site


class TestAFileOfAMedium:
    async def test_is_served_out_of_the_image(self, served: Served) -> None:
        answer = await served.get("/media/fedora-40/images/pxeboot/vmlinuz")

        assert (answer.status, answer.body) == (200, FEDORA["images/pxeboot/vmlinuz"])
        assert answer.headers["Content-Type"] == "application/octet-stream"

    async def test_is_served_in_part(self, served: Served) -> None:
        answer = await served.get("/media/fedora-40/Packages/A.rpm", Range="bytes=8-13")

        assert (answer.status, answer.body) == (206, b"890123")
        assert answer.headers["Content-Range"] == "bytes 8-13/100"

    async def test_has_its_own_length_in_answer_to_head(self, served: Served) -> None:
        answer = await served.ask("HEAD", "/media/fedora-40/Packages/A.rpm")

        assert (answer.status, answer.body) == (200, b"")
        assert answer.headers["Content-Length"] == "100"

    async def test_that_is_empty_is_served(self, served: Served) -> None:
        assert (await served.get("/media/fedora-40/empty")).body == b""

    @pytest.mark.parametrize(
        "name", ["latest", "current/A.rpm", "packages/a.RPM", "Packages//./A.rpm"]
    )
    async def test_is_found_by_links_and_in_any_letter_case(
        self, served: Served, name: str
    ) -> None:
        assert (await served.get(f"/media/fedora-40/{name}")).body == MORE["Packages/A.rpm"]

    @pytest.mark.parametrize(
        "name",
        ["up", "absolute", "circle", "..%2f..%2fconfig.yaml", "Packages/..%5c..%5c..%5cconfig.yaml",
         "nothing", "latest/more", "a%00b"],
    )  # fmt: skip
    async def test_is_never_one_outside(self, served: Served, name: str) -> None:
        assert (await served.get(f"/media/fedora-40/{name}")).status == 404

    async def test_is_not_served_of_an_image_that_has_changed(self, served: Served) -> None:
        iso = served.folder / "isos/Fedora-40.iso"
        iso.write_bytes(iso.read_bytes() + b"more")

        answer = await served.get("/media/fedora-40/latest")

        assert (answer.status, answer.text) == (
            404,
            "Fedora-40.iso: has changed, and is not read again yet\n",
        )


class TestAFolderOfAMedium:
    async def test_is_listed(self, served: Served) -> None:
        answer = await served.get("/media/fedora-40/Packages/")

        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert '<a href="A.rpm">A.rpm</a>' in answer.text
        assert '<a href="a%20dir/">a dir/</a>' in answer.text

    async def test_shows_no_name_as_markup(self, served: Served) -> None:
        answer = await served.get("/media/fedora-40/Packages/a%20dir/")

        assert '<a href="%3Cb%3E%26.txt">&lt;b&gt;&amp;.txt</a>' in answer.text

    @pytest.mark.parametrize(
        ("asked", "there"),
        [
            ("/media/fedora-40", "/media/fedora-40/"),
            ("/media/fedora-40/Packages", "/media/fedora-40/Packages/"),
        ],
    )
    async def test_has_a_slash_at_its_end(self, served: Served, asked: str, there: str) -> None:
        answer = await served.get(asked)

        assert (answer.status, answer.headers["Location"]) == (301, there)


class TestAnImage:
    async def test_is_served_whole(self, served: Served) -> None:
        answer = await served.get("/media/fedora-40.iso")

        assert answer.body == (served.folder / "isos/Fedora-40.iso").read_bytes()

    async def test_that_is_unknown_is_not_served_before_it_is_confirmed(
        self, served: Served
    ) -> None:
        iso = made(served.folder / "isos/own.iso", UNKNOWN)
        await read(served, iso)

        before = await served.get("/media/own/boot/root.gz")
        confirmed = await served.ask("POST", "/api/v1/media/own/confirm")
        after = await served.get("/media/own/boot/root.gz")

        assert (before.status, before.text) == (
            404,
            "own: is not known: say what it boots, with `pyxie images import own --confirm`\n",
        )
        assert confirmed.status == 200
        assert after.body == UNKNOWN["boot/root.gz"]


class TestAnImageAsAnInitrd:
    """As Proxmox's installer needs its medium."""

    async def test_is_an_archive_of_it(self, served: Served) -> None:
        image = (served.folder / "isos/Fedora-40.iso").read_bytes()

        answer = await served.get("/media/fedora-40.cpio/proxmox.iso")

        assert answer.status == 200
        assert unpacked(answer.body)["proxmox.iso"] == (0o100644, image)

    async def test_is_served_in_part(self, served: Served) -> None:
        whole = (await served.get("/media/fedora-40.cpio/proxmox.iso")).body

        parts = [
            (await served.get("/media/fedora-40.cpio/proxmox.iso", Range=f"bytes={said}")).body
            for said in ("0-5", "100-130", "110-", "-50")
        ]

        assert parts == [whole[:6], whole[100:131], whole[110:], whole[-50:]]

    @pytest.mark.parametrize("name", ["a/b", "", "..", "%0a"])
    async def test_needs_a_plain_name(self, served: Served, name: str) -> None:
        assert (await served.get(f"/media/fedora-40.cpio/{name}")).status == 404


class TestAMachine:
    async def test_boots_what_a_medium_holds(self, tmp_path: Path) -> None:
        (tmp_path / "isos").mkdir()
        iso = made(tmp_path / "isos/fedora-40.iso", FEDORA)
        machine = (
            MACHINE.replace("image_url: http://files.internal:81/bookworm/amd64/\n", "")
            .replace("kernel: linux", "kernel: media:fedora-40/images/pxeboot/vmlinuz")
            .replace("initrd: initrd.gz", "initrd: media:fedora-40/images/pxeboot/initrd.img")
        )
        async with serving(tmp_path, machine=machine) as site:
            await read(site, iso)
            await site.build()

            kernel = await site.get(f"/boot/{HOST}/kernel/vmlinuz")
            beside = await site.get(f"/boot/{HOST}/kernel/initrd.img")
            absent = await site.get(f"/boot/{HOST}/kernel/grubx64.efi")

        assert kernel.body == FEDORA["images/pxeboot/vmlinuz"]
        assert beside.body == FEDORA["images/pxeboot/initrd.img"]
        assert absent.status == 404

    async def test_boots_proxmox_with_its_whole_medium(self, tmp_path: Path) -> None:
        async with building(tmp_path, "proxmox-ve", "pve") as (site, iso):
            script = (await site.get("/ipxe/00-de-ad-90-74-60")).text
            initrd = (await site.get(f"/boot/{HOST}/initrd/1/proxmox.iso")).body

        url = f"http://boot.internal:8090/boot/{HOST}/initrd/1/proxmox.iso"
        assert f"initrd --name initrd1 {url} ||" in script
        assert unpacked(initrd)["proxmox.iso"] == (0o100644, iso.read_bytes())

    async def test_boots_esxi_by_the_list_of_its_medium(self, tmp_path: Path) -> None:
        async with building(tmp_path, "esxi-8", "esxi") as (site, _):
            script = (await site.get("/ipxe/00-de-ad-90-74-60")).text
            cfg = script.partition(" -c ")[2].split()[0].removeprefix("http://boot.internal:8090")
            listed = (await site.get(cfg)).text.splitlines()
            kernel = await site.get("/media/esxi/b.b00")

        assert listed[-6:] == [
            "prefix=http://boot.internal:8090/media/esxi",
            "kernel=b.b00",
            "kernelopt=runweasel",
            "modules=jumpstrt.gz --- useropts.gz --- k.b00",
            "build=",
            "updated=0",
        ]
        assert kernel.body == b"a module"

    async def test_is_told_of_a_medium_that_is_gone(self, tmp_path: Path) -> None:
        machine = MACHINE.replace("kernel: linux", "kernel: media:gone/vmlinuz")
        async with serving(tmp_path, config=ALL_LOCAL, machine=machine) as site:
            early = await site.ask("PUT", f"/build/{HOST}")
            image = tmp_path / "isos" / "gone.iso"
            image.parent.mkdir(exist_ok=True)
            image.touch()
            await site.build()
            image.unlink()

            answer = await site.get(f"/boot/{HOST}/kernel/vmlinuz")

        assert early.status == 400
        assert early.text.startswith("media:gone/vmlinuz: there is no gone.iso in ")
        assert (answer.status, answer.text) == (
            404,
            "gone: there is no such medium in the folder 'isos'\n",
        )
