"""What a program that was booted fetches beside itself: its own files, never itself again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pyxie.events.kind import Step
from tests.http.site import ALL_LOCAL, HOST, MAC, MACHINE, Answer, Served, serving
from tests.http.upstream import File, Mirror, mirror

SHIM, GRUB, CFG = b"MZ shim", b"MZ grub, a longer one", b"prefix=\n"
AT = f"/boot/{HOST}/kernel"


@asynccontextmanager
async def local(folder: Path) -> AsyncIterator[Served]:
    """Serve a machine in build mode whose kernel is a shim in a folder of ``images``."""
    below = folder / "images/debian"
    (below / "efi/boot").mkdir(parents=True)
    (below / "shimx64.efi").write_bytes(SHIM)
    (below / "grubx64.efi").write_bytes(GRUB)
    (below / "li nux?").write_bytes(b"odd")
    (below / "efi/boot/boot.cfg").write_bytes(CFG)
    (folder / "images/secret").write_bytes(b"of another system")
    (folder / "outside").write_bytes(b"of the host")
    (below / "leads-out").symlink_to(folder / "outside")
    machine = MACHINE.replace("image_url: http://files.internal:81/bookworm/amd64/\n", "").replace(
        "kernel: linux", "kernel: debian/shimx64.efi"
    )
    machine = machine.replace("initrd: initrd.gz", "initrd: debian/efi/boot/boot.cfg")
    async with serving(folder, config=ALL_LOCAL, machine=machine) as served:
        await served.build()
        yield served


@asynccontextmanager
async def streamed(folder: Path, files: dict[str, File]) -> AsyncIterator[tuple[Served, Mirror]]:
    """Serve a machine in build mode whose kernel is a shim on another server."""
    async with mirror(files) as there:
        url = there.url.replace("http://", "http://user:sesame@")
        machine = MACHINE.replace("http://files.internal:81/bookworm/amd64/", f"{url}/esx/")
        machine = machine.replace("kernel: linux", "kernel: efi/shimx64.efi?sig=s3cret")
        async with serving(folder, machine=machine) as served:
            await served.build()
            yield served, there


def trouble(served: Served) -> list[str]:
    """Return what went wrong; what was said of the build before is not."""
    return [text for text in served.texts(Step.TROUBLE) if not text.startswith("advice: ")]


class TestAPage:
    """A browser shows a mirror's page at our address, where its reader may manage."""

    @pytest.mark.parametrize("kind", ["text/html", "image/svg+xml", "text/plain;,text/html", "x"])
    async def test_of_a_mirrors_has_no_scripts_and_is_nobodys(
        self, tmp_path: Path, kind: str
    ) -> None:
        async with streamed(tmp_path, {"shimx64.efi": SHIM, "a.html": b"<script>"}) as (served, up):
            up.kind = kind

            found = await served.get(f"{AT}/a.html")

            assert found.body == b"<script>"
            assert found.headers["Content-Type"] == kind
            assert found.headers["Content-Security-Policy"] == "sandbox"
            assert found.headers["X-Content-Type-Options"] == "nosniff"

    async def test_is_no_kernel_nor_script(self, tmp_path: Path) -> None:
        async with local(tmp_path) as served:
            for path in (f"{AT}/shimx64.efi", f"{AT}/efi/boot/boot.cfg", f"/ipxe/{MAC}"):
                assert "Content-Security-Policy" not in (await served.get(path)).headers


class TestBesideALocalKernel:
    async def test_each_file_is_served_under_its_own_name(self, tmp_path: Path) -> None:
        async with local(tmp_path) as served:
            assert await served.get(f"{AT}/shimx64.efi") == Answer(200, SHIM)
            assert await served.get(f"{AT}/grubx64.efi") == Answer(200, GRUB)
            assert await served.get(f"{AT}/efi/boot/boot.cfg") == Answer(200, CFG)
            assert await served.get(f"{AT}/li%20nux%3f") == Answer(200, b"odd")
            assert served.texts(Step.IMAGE) == [
                "fetching kernel, 0.0 MB",
                "fetching grubx64.efi beside kernel, 0.0 MB",
                "fetching efi/boot/boot.cfg beside kernel, 0.0 MB",
                "fetching li nux? beside kernel, 0.0 MB",
            ]

    async def test_as_the_firmware_writes_it(self, tmp_path: Path) -> None:
        """Windows' separators, doubled slashes, letter case of a FAT file system."""
        async with local(tmp_path) as served:
            assert await served.get(f"{AT}/GRUBX64.EFI") == Answer(200, GRUB)
            assert await served.get(f"{AT}//efi/BOOT//boot.cfg") == Answer(200, CFG)
            assert await served.get(f"{AT}/EFI%5Cboot%5Cboot.cfg") == Answer(200, CFG)

    async def test_what_is_not_there_is_404_and_no_trouble(self, tmp_path: Path) -> None:
        async with local(tmp_path) as served:
            answer = await served.get(f"{AT}/revocations.efi")

            assert answer == Answer(404, b"debian/revocations.efi: no such file\n")
            assert trouble(served) == []
            assert served.texts(Step.IMAGE) == [
                "asks for revocations.efi beside kernel, which is not there"
            ]

    async def test_the_length_is_told_to_head_and_a_range_is_that_part(
        self, tmp_path: Path
    ) -> None:
        async with local(tmp_path) as served:
            head = await served.ask("HEAD", f"{AT}/grubx64.efi")
            part = await served.get(f"{AT}/grubx64.efi", Range="bytes=3-6")

            assert (head.status, head.headers["Content-Length"]) == (200, str(len(GRUB)))
            assert head.headers["Content-Type"] == "application/efi"
            assert part == Answer(206, GRUB[3:7])
            assert (await served.ask("HEAD", f"{AT}/boot.cfg")).status == 404

    @pytest.mark.parametrize(
        "name",
        [
            *("../secret", "..%2fsecret", "%2e%2e/secret", "efi/../../secret", "efi%5c..%5c.."),
            *("leads-out", "efi", "efi/boot", "%00", "a%0d%0aX-Evil:%201", "x" * 300),
            *("%252e%252e%252fsecret", "debian/grubx64.efi", "secret"),
        ],
    )
    async def test_nothing_is_served_from_above_or_outside(self, tmp_path: Path, name: str) -> None:
        async with local(tmp_path) as served:
            answer = await served.get(f"{AT}/{name}")

            assert answer.status == 404
            assert answer.body.count(b"\n") == 1
            assert "X-Evil" not in answer.headers

    async def test_an_initrd_has_its_own_folder(self, tmp_path: Path) -> None:
        async with local(tmp_path) as served:
            (tmp_path / "images/debian/efi/boot/more").write_bytes(b"more")

            at = f"/boot/{HOST}/initrd/0"
            assert await served.get(f"{at}/boot.cfg") == Answer(200, CFG)
            assert await served.get(f"{at}/more") == Answer(200, b"more")
            assert (await served.get(f"{at}/grubx64.efi")).status == 404
            assert served.texts(Step.IMAGE)[1] == "fetching more beside initrd 0, 0.0 MB"

    async def test_a_shim_has_its_own_too(self, tmp_path: Path) -> None:
        (tmp_path / "images").mkdir()
        for name in ("linux", "initrd.gz", "BOOTX64.EFI", "grubx64.efi"):
            (tmp_path / "images" / name).write_bytes(name.encode())
        machine = MACHINE.replace("image_url: http://files.internal:81/bookworm/amd64/\n", "")
        machine += "shim: BOOTX64.EFI\n"
        async with serving(tmp_path, config=ALL_LOCAL, machine=machine) as served:
            await served.build()

            shim = await served.get(f"/boot/{HOST}/shim/BOOTX64.EFI")
            grub = await served.get(f"/boot/{HOST}/shim/grubx64.efi")

        assert (shim, grub) == (Answer(200, b"BOOTX64.EFI"), Answer(200, b"grubx64.efi"))

    async def test_a_machine_without_a_shim_is_told_so(self, tmp_path: Path) -> None:
        async with local(tmp_path) as served:
            answer = await served.get(f"/boot/{HOST}/shim/BOOTX64.EFI")

        assert answer == Answer(404, f"shim: {HOST} has none\n".encode())

    async def test_only_while_the_machine_is_in_build_mode(self, tmp_path: Path) -> None:
        async with local(tmp_path) as served:
            await served.ask("PUT", f"/cancel/{HOST}/x")
            await served.ask("DELETE", f"/api/v1/builds/{HOST}")

            refused = await served.get(f"{AT}/grubx64.efi")

            assert refused == Answer(404, f"{HOST}: not in build mode\n".encode())


class TestBesideAStreamedKernel:
    async def test_each_file_comes_from_the_same_folder(self, tmp_path: Path) -> None:
        files: dict[str, File] = {"shimx64.efi": SHIM, "grubx64.efi": GRUB, "my grub.cfg": CFG}
        async with streamed(tmp_path, files) as (served, there):
            assert await served.get(f"{AT}/shimx64.efi") == Answer(200, SHIM)
            assert await served.get(f"{AT}/grubx64.efi") == Answer(200, GRUB)
            assert await served.get(f"{AT}/grub/my%20grub.cfg") == Answer(200, CFG)
            assert there.urls == [
                "/esx/efi/shimx64.efi?sig=s3cret",
                "/esx/efi/grubx64.efi",
                "/esx/efi/grub/my%20grub.cfg",
            ]

    @pytest.mark.parametrize("status", [404, 403, 410])
    async def test_what_the_mirror_refuses_is_404_and_no_trouble(
        self, tmp_path: Path, status: int
    ) -> None:
        async with streamed(tmp_path, {"revocations.efi": status}) as (served, there):
            answer = await served.get(f"{AT}/revocations.efi")

            assert answer.status == 404
            assert trouble(served) == []
            source = f"{there.url}/esx/efi/revocations.efi"
            assert served.texts(Step.IMAGE) == [
                f"fetching revocations.efi beside kernel, streamed from {source}, not verified",
                "asks for revocations.efi beside kernel, which is not there",
            ]
            assert "sesame" not in answer.text

    async def test_a_mirror_in_trouble_is_502(self, tmp_path: Path) -> None:
        async with streamed(tmp_path, {"grubx64.efi": 503}) as (served, there):
            answer = await served.get(f"{AT}/grubx64.efi")

            told = f"grubx64.efi beside kernel: {there.url}/esx/efi/grubx64.efi: answered 503 "
            assert answer == Answer(502, f"{told}Service Unavailable\n".encode())
            assert trouble(served) == [answer.text.strip()]

    async def test_head_and_range_are_answered_of_one_fetch(self, tmp_path: Path) -> None:
        async with streamed(tmp_path, {"grubx64.efi": GRUB}) as (served, there):
            head = await served.ask("HEAD", f"{AT}/grubx64.efi")
            part = await served.get(f"{AT}/grubx64.efi", Range="bytes=3-6")

            assert (head.status, head.headers["Content-Length"]) == (200, str(len(GRUB)))
            assert part == Answer(206, GRUB[3:7])
            assert [method for method, _ in there.asked] == ["GET"]

    @pytest.mark.parametrize("name", ["../boot.cfg", "..%5cboot.cfg", "%2e%2e%2fboot.cfg", "%00"])
    async def test_nothing_is_asked_for_from_above(self, tmp_path: Path, name: str) -> None:
        async with streamed(tmp_path, {"boot.cfg": CFG}) as (served, there):
            assert (await served.get(f"{AT}/{name}")).status == 404
            assert there.asked == []


class TestPrograms:
    """Each URL of the boot script leads to the file that the program looks for."""

    @pytest.mark.parametrize(
        ("keys", "found"),
        [
            (
                "{kernel: pe/wimboot, initrd: [pe/BCD, {name: boot.wim, url: pe/install.wim}]}",
                ["wimboot=pe/wimboot", "BCD=pe/BCD", "boot.wim=pe/install.wim"],
            ),
            ("{kernel: x/uki.efi, initrd: ~, cmdline: ~}", ["${empty}=x/uki.efi"]),
            (
                "{kernel: memtest86+x64.bin, initrd: ~, cmdline: ~}",
                ["memtest86+x64.bin=memtest86+x64.bin"],
            ),
            (
                "{kernel: deb/shimx64.efi, initrd: deb/grubx64.efi, cmdline: ~}",
                ["shimx64.efi=deb/shimx64.efi", "grubx64.efi=deb/grubx64.efi"],
            ),
            ("{kernel: esxi/mboot.efi, initrd: ~, cmdline: -c x}", ["mboot.efi=esxi/mboot.efi"]),
        ],
    )
    async def test_are_served_with_their_files(
        self, tmp_path: Path, keys: str, found: list[str]
    ) -> None:
        for name in (each.partition("=")[2] for each in found):
            path = tmp_path / "images" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)
        config = f"{ALL_LOCAL}build_types: {{t: {keys}}}\n"
        machine = MACHINE.replace("image_url: http://files.internal:81/bookworm/amd64/\n", "")
        async with serving(tmp_path, config=config, machine=machine) as served:
            answer = await served.ask("PUT", f"/build/{HOST}/t")
            assert answer.status == 200, answer

            script = (await served.get("/ipxe/00-de-ad-90-74-60")).text

            words = [line.split() for line in script.splitlines()]
            loads = [each for each in words if each and each[0] in ("kernel", "initrd")]
            got = [
                f"{each[2]}={(await served.get(each[3].partition(':8090')[2])).text}"
                for each in loads
            ]
            assert got == found
