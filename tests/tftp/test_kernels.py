"""Kernels and initrds by TFTP: the same files as over HTTP."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pyxie.builds.life import GivenFile
from pyxie.confined import OutsideError
from pyxie.errors import BusyError, NotServedError
from pyxie.events.kind import Step
from pyxie.servers import files_of_machines
from pyxie.servers import kernels as made_of
from pyxie.tftp.kernels import Kernels
from tests.http.site import ALL_LOCAL, HOST, LOCAL, MACHINE, Served, serving
from tests.http.upstream import File, Mirror, mirror
from tests.media.isos import FEDORA, made
from tests.media.test_cpio import unpacked
from tests.support import eventually
from tests.tftp import lab
from tests.tftp.lab import Client

KERNEL = bytes(range(256)) * 300
INITRD = hashlib.sha256(b"initrd").hexdigest()
VMLINUZ = hashlib.sha256(b"a kernel" * 1000).hexdigest()
AT = f"boot/{HOST}/kernel/linux"


def kernels(served: Served) -> Kernels:
    return made_of(served.parts)


@asynccontextmanager
async def booting(folder: Path, files: dict[str, File]) -> AsyncIterator[tuple[Served, Mirror]]:
    """Serve a machine in build mode that boots from a mirror."""
    async with mirror(files) as there:
        machine = MACHINE.replace("http://files.internal:81/bookworm/amd64", there.url)
        async with serving(folder, machine=machine) as served:
            await served.build()
            yield served, there


class TestAName:
    @pytest.mark.parametrize(
        "name", ["ipxe.efi", "boot", f"boot/{HOST}", f"boot/{HOST}/kernel", ""]
    )
    async def test_that_is_none_of_these_is_anothers(self, tmp_path: Path, name: str) -> None:
        async with booting(tmp_path, {}) as (served, _):
            assert await kernels(served).find(name, "192.0.2.7") is None

    async def test_of_a_machine_that_is_not_in_build_mode_is_refused(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            with pytest.raises(NotServedError, match="not in build mode"):
                await kernels(served).find(AT, "192.0.2.7")

    @pytest.mark.parametrize(
        "name", ["boot/../x", f"{AT}/../../../x", f"boot/{HOST}/kernel/../../x"]
    )
    async def test_never_leads_out(self, tmp_path: Path, name: str) -> None:
        async with booting(tmp_path, {}) as (served, _):
            with pytest.raises(OutsideError):
                await kernels(served).find(name, "192.0.2.7")


class TestAFile:
    @pytest.mark.parametrize(
        "name", [AT, f"/{AT}", AT.replace("/", "\\"), AT.replace(HOST, HOST.upper())]
    )
    async def test_of_another_server_is_whole_before_it_is_sent(
        self, tmp_path: Path, name: str
    ) -> None:
        async with booting(tmp_path, {"linux": KERNEL}) as (served, there):
            for _ in range(2):
                found = await kernels(served).find(name, "192.0.2.7")

                assert found is not None
                assert found.path is not None
                assert await asyncio.to_thread(found.path.read_bytes) == KERNEL
            assert there.asked == [("GET", "linux")]
            assert (await served.get(f"/{AT}")).body == KERNEL
            assert len(there.asked) == 1, "TFTP and HTTP have one store"

    async def test_of_this_host_is_served_from_where_it_is(self, tmp_path: Path) -> None:
        (tmp_path / "images/deb").mkdir(parents=True)
        for name in ("deb/linux", "deb/initrd.gz", "firmware.cpio"):
            (tmp_path / "images" / name).write_bytes(name.encode())
        async with serving(tmp_path, config=ALL_LOCAL, machine=LOCAL) as served:
            await served.build()
            found = await kernels(served).find(f"boot/{HOST}/initrd/1/firmware.cpio", "192.0.2.7")

            assert found is not None
            assert found.path == tmp_path / "images/firmware.cpio"
            with pytest.raises(NotServedError, match=r"^shim: .* has none$"):
                await kernels(served).find(f"boot/{HOST}/shim/BOOTX64.EFI", "192.0.2.7")

    @pytest.mark.parametrize("where", ["here", "elsewhere"])
    async def test_that_is_not_what_it_should_be_is_refused_and_both_digests_are_told(
        self, tmp_path: Path, where: str
    ) -> None:
        wanted, found = "a1" * 32, hashlib.sha256(KERNEL).hexdigest()
        (tmp_path / "images/deb").mkdir(parents=True)
        for name in ("deb/linux", "deb/initrd.gz", "firmware.cpio"):
            (tmp_path / "images" / name).write_bytes(KERNEL)
        said = f"kernel: {{url: {'deb/linux' if where == 'here' else 'URL'}, sha256: {wanted}}}"
        async with mirror({"linux": KERNEL}) as there:
            machine = LOCAL.replace("kernel: deb/linux", said.replace("URL", f"{there.url}/linux"))
            async with serving(tmp_path, config=ALL_LOCAL, machine=LOCAL) as served:
                await served.build()
                (tmp_path / f"machines/{HOST}.yaml").write_text(machine)
                await served.parts.machines.refresh()
                with pytest.raises(NotServedError, match="is not what it should be"):
                    await kernels(served).find(AT, "192.0.2.7")

        source = "deb/linux" if where == "here" else f"{there.url}/linux"
        assert served.texts(Step.TROUBLE) == [
            (
                f"kernel is not given: the SHA-256 of {source} is {found},"
                f" and should be {wanted} by 'sha256'"
            )
        ]

    async def test_that_the_first_mirror_has_wrong_comes_from_the_next(
        self, tmp_path: Path
    ) -> None:
        """The client waits for its first block, and notices nothing."""
        digest = hashlib.sha256(KERNEL).hexdigest()
        async with mirror({"linux": KERNEL[1:]}) as wrong, mirror({"linux": KERNEL}) as good:
            said = f"kernel: {{url: {wrong.url}/linux, sha256: {digest}}}"
            machine = LOCAL.replace("kernel: deb/linux", said)
            mirrors = f"mirrors: {{lab: [{wrong.url}, {good.url}]}}\n"
            (tmp_path / "images/deb").mkdir(parents=True)
            for name in ("deb/initrd.gz", "firmware.cpio"):
                (tmp_path / "images" / name).write_bytes(KERNEL)
            async with serving(tmp_path, config=ALL_LOCAL + mirrors, machine=machine) as served:
                await served.build()
                found = await kernels(served).find(AT, "192.0.2.7")

                assert found is not None
                assert found.path is not None
                assert await asyncio.to_thread(found.path.read_bytes) == KERNEL
        assert served.texts(Step.TROUBLE) == []
        (told,) = [each for each in served.texts(Step.IMAGE) if "comes from" in each]
        assert told.startswith(f"kernel comes from {good.url}/linux, for {wrong.url}/linux: its")

    async def test_that_cannot_be_had_is_refused_and_the_events_say_why(
        self, tmp_path: Path
    ) -> None:
        async with booting(tmp_path, {"linux": 404}) as (served, there):
            with pytest.raises(NotServedError) as caught:
                await kernels(served).find(AT, "192.0.2.7")

            assert caught.value.why == "cannot be fetched; `pyxie events` says why"
            assert served.texts(Step.TROUBLE) == [
                f"kernel: {there.url}/linux: answered 404 Not Found"
            ]

    async def test_is_waited_for_by_so_many_and_loaders_have_room(self, tmp_path: Path) -> None:
        """Who forges addresses has one wait for each of them, for as long as a server likes."""
        async with booting(tmp_path, {"linux": KERNEL}) as (served, there):
            found = kernels(served).find
            there.may.clear()
            waiting = [asyncio.create_task(found(AT, f"192.0.2.{at}")) for at in range(8)]
            await eventually(lambda: there.asked)

            with pytest.raises(BusyError, match="others wait for such files already"):
                await found(AT, "192.0.2.9")

            there.may.set()
            assert all(await asyncio.gather(*waiting))
            assert await found(AT, "192.0.2.9")


class TestATransfer:
    async def test_tells_the_size_and_sends_it_and_loaders_besides(self, tmp_path: Path) -> None:
        (tmp_path / "own").mkdir()
        (tmp_path / "own/ipxe.efi").write_bytes(b"loader")
        async with (
            booting(tmp_path / "site", {"linux": KERNEL}) as (served, there),
            lab.serving(tmp_path / "own", first=files_of_machines(served.parts)) as tftp,
        ):
            client = Client(tftp.server)
            try:
                size = await client.ask(request(AT, "tsize", "0"))
                whole = await client.fetch(request(AT))
                loader = await client.fetch(request("ipxe.efi"))
            finally:
                client.close()

            assert size == b"\0\6tsize\0" + str(len(KERNEL)).encode() + b"\0"
            assert (bytes(whole), bytes(loader)) == (KERNEL, b"loader")
            assert there.asked == [("GET", "linux")]


class TestAFileOfAMedium:
    """Straight out of the image, as over HTTP."""

    @asynccontextmanager
    async def booted(self, folder: Path) -> AsyncIterator[Served]:
        (folder / "isos").mkdir()
        (folder / "own").mkdir()
        iso = made(folder / "isos/fedora.iso", FEDORA)
        kernel = f"{{url: media:fedora/images/pxeboot/vmlinuz, sha256: {VMLINUZ}}}"
        initrds = "[media:fedora/images/pxeboot/initrd.img, media:fedora.cpio/disc.iso]"
        machine = LOCAL.replace("kernel: deb/linux", f"kernel: {kernel}")
        machine = machine.replace("[deb/initrd.gz, firmware.cpio]", initrds)
        async with serving(folder, config=ALL_LOCAL, machine=machine) as served:
            await served.parts.media.add(iso)
            await served.parts.media.refresh()
            await served.build()
            yield served

    async def test_is_sent(self, tmp_path: Path) -> None:
        async with (
            self.booted(tmp_path) as served,
            lab.serving(tmp_path / "own", first=files_of_machines(served.parts)) as tftp,
        ):
            client = Client(tftp.server)
            try:
                kernel, beside, initrd = [
                    bytes(await client.fetch(request(f"boot/{HOST}/{name}")))
                    for name in ("kernel/vmlinuz", "kernel/initrd.img", "initrd/0/initrd.img")
                ]
                whole = await client.fetch(request(f"boot/{HOST}/initrd/1/disc.iso"))
            finally:
                client.close()

        assert kernel == FEDORA["images/pxeboot/vmlinuz"]
        assert beside == initrd == FEDORA["images/pxeboot/initrd.img"]
        image = (tmp_path / "isos/fedora.iso").read_bytes()
        assert unpacked(bytes(whole))["disc.iso"] == (0o100644, image)

    async def test_that_is_not_what_it_should_be_is_refused(self, tmp_path: Path) -> None:
        """It was when the build began, or that would have been refused."""
        async with self.booted(tmp_path) as served:
            other = {**FEDORA, "images/pxeboot/vmlinuz": b"another"}
            await served.parts.media.add(made(tmp_path / "isos/fedora.iso", other))
            served.clock.now += 60
            await served.parts.media.refresh()

            with pytest.raises(NotServedError, match="is not what it should be"):
                await kernels(served).find(f"boot/{HOST}/kernel/vmlinuz", "192.0.2.7")

            (said,) = served.texts(Step.TROUBLE)
            assert hashlib.sha256(b"another").hexdigest() in said
            assert VMLINUZ in said

    async def test_of_one_that_is_gone_is_refused(self, tmp_path: Path) -> None:
        async with self.booted(tmp_path) as served:
            (tmp_path / "isos/fedora.iso").unlink()
            served.clock.now += 60
            await served.parts.media.refresh()

            with pytest.raises(NotServedError, match="there is no such medium"):
                await kernels(served).find(f"boot/{HOST}/initrd/0/initrd.img", "192.0.2.7")


class TestTheBuild:
    """It records the digests that it was given, as of what goes over HTTP."""

    @asynccontextmanager
    async def taken(self, folder: Path, name: str, *options: str) -> AsyncIterator[Served]:
        """Have a machine take a file, or its size alone, that its own files verify, or nobody."""
        (folder / "images/deb").mkdir(parents=True)
        for each in ("deb/initrd.gz", "firmware.cpio"):
            (folder / "images" / each).write_bytes(b"initrd")
        (folder / "own").mkdir()
        async with mirror({"linux": KERNEL, "grub.cfg": b"beside"}) as there:
            machine = LOCAL.replace("kernel: deb/linux", f"kernel: {there.url}/linux").replace(
                "[deb/initrd.gz", f"[{{url: deb/initrd.gz, sha256: {INITRD}}}"
            )
            async with serving(folder, config=ALL_LOCAL, machine=machine) as served:
                await served.build()
                async with lab.serving(
                    folder / "own", first=files_of_machines(served.parts)
                ) as tftp:
                    client = Client(tftp.server)
                    try:
                        asked = request(f"boot/{HOST}/{name}", *options)
                        if options:
                            client.say(asked)
                            client.say(b"\0\5\0\0enough\0", (await client.hear())[1])
                        else:
                            await client.fetch(asked)
                        await tftp.quiet()
                    finally:
                        client.close()
                    yield served

    def given(self, served: Served) -> tuple[GivenFile, ...]:
        build = served.parts.index.active(HOST)
        assert build is not None
        return build.given

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("kernel/linux", GivenFile("kernel", hashlib.sha256(KERNEL).hexdigest(), "")),
            ("initrd/0/initrd.gz", GivenFile("initrd 0", INITRD, "its 'sha256'")),
        ],
    )
    async def test_records_what_its_machine_has_in_whole(
        self, tmp_path: Path, name: str, expected: GivenFile
    ) -> None:
        async with self.taken(tmp_path, name) as served:
            assert self.given(served) == (expected,)

    @pytest.mark.parametrize("name", ["kernel/grub.cfg", "initrd/1/firmware.cpio"])
    async def test_records_nothing_of_what_lies_beside_or_has_no_digest(
        self, tmp_path: Path, name: str
    ) -> None:
        async with self.taken(tmp_path, name) as served:
            assert self.given(served) == ()

    async def test_records_nothing_of_which_the_size_alone_was_asked(self, tmp_path: Path) -> None:
        async with self.taken(tmp_path, "kernel/linux", "tsize", "0") as served:
            assert self.given(served) == ()


def request(name: str, *options: str) -> bytes:
    return b"\0\1" + b"\0".join(each.encode() for each in (name, "octet", *options)) + b"\0"
