"""The HTTP half of a boot: loader, script, kernel and initrds; open to all."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
from pathlib import Path

import pytest
from aiohttp import web

from pyxie.events.kind import Step
from pyxie.imagestore import fetching
from tests.http.site import ALL_LOCAL, CONFIG, HOST, LOCAL, MAC, MACHINE, Answer, Served, serving
from tests.http.upstream import File, Mirror, mirror
from tests.support import eventually

DASHED = "00-de-ad-90-74-60"
KERNEL = bytes(range(256)) * 40
TWO_NICS = MACHINE.replace(
    "    macaddress: 00:de:ad:90:74:60\n",
    "    macaddress: 00:de:ad:90:74:60\n  - name: eth1\n    macaddress: 02:00:00:00:00:02\n",
)


def images(folder: Path) -> None:
    (folder / "images/deb").mkdir(parents=True)
    (folder / "images/deb/linux").write_bytes(KERNEL)
    (folder / "images/deb/initrd.gz").write_bytes(b"initrd")
    (folder / "images/firmware.cpio").write_bytes(b"firmware")


class TestScript:
    async def test_names_images_and_the_way_back_by_our_address(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            token = await served.build()

            script = (await served.get(f"/ipxe/{DASHED}")).text

            us = "http://boot.internal:8090"  # a caller on the host itself
            commands = [line.split(" || ")[0] for line in script.splitlines() if "://" in line]
            cmdline = (
                f"BOOTIF=01-{DASHED} interface=auto url={us}/template/preseed/{HOST}/{token} quiet"
            )
            assert script.startswith("#!ipxe\n")
            assert commands == [
                f"kernel --name kernel {us}/boot/{HOST}/kernel/linux",
                f"initrd --name initrd0 {us}/boot/{HOST}/initrd/0/initrd.gz",
                (
                    f"imgfetch --name booting {us}/booting/{DASHED}/{token}?sb=${{efi/SecureBoot}}"
                    " && imgfree booting ||"
                ),
                f"imgargs kernel initrd=initrd0 {cmdline}",
                f"chain --replace --autofree {us}/ipxe/{DASHED}",
            ]
            assert served.texts(Step.SCRIPT) == ["fetched its iPXE script"]

    @pytest.mark.parametrize("mac", [MAC, "02:00:00:00:00:02"])
    async def test_of_two_nics_the_one_that_asks_is_named(self, tmp_path: Path, mac: str) -> None:
        machine = TWO_NICS.replace("quiet", "mac={{ MAC }} bootif={{ BOOTIF }}")
        async with serving(tmp_path, machine=machine, preseed="{{ MAC }} {{ bootif }}") as served:
            token = await served.build()
            dashed = mac.replace(":", "-")

            script = (await served.get(f"/ipxe/{dashed.upper()}")).text
            boot = (await served.get(f"/v1/boot/{mac}")).text
            await served.get(f"/booting/{dashed}/{token}")
            preseed = (await served.get(f"/template/preseed/{HOST}/{token}")).text

            assert f"BOOTIF=01-{dashed} interface=auto" in script
            assert f" mac={mac} bootif=01-{dashed}" in script
            assert f" mac={mac} bootif=01-{dashed}" in boot
            assert preseed == f"{mac} 01-{dashed}"

    @pytest.mark.parametrize(
        ("mac", "why"),
        [
            (DASHED, "linux001.internal is not in build mode"),
            ("02-00-00-00-00-09", "02:00:00:00:00:09 is not in the registry"),
        ],
    )
    async def test_a_machine_not_in_build_mode_is_told_so_and_goes_on(
        self, tmp_path: Path, mac: str, why: str
    ) -> None:
        async with serving(tmp_path) as served:
            script = await served.get(f"/ipxe/{mac}")

            assert script.text.startswith("#!ipxe\n")
            assert script.text.endswith(f"\necho pyxie: {why}\nsleep 5\nexit 1\n")
            assert served.texts() == [f"no script: {why}"]

    async def test_what_is_wrong_is_said_on_the_machines_screen(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            await served.build()
            (tmp_path / f"machines/{HOST}.yaml").write_text(MACHINE.replace("quiet", "{{ gone }}"))
            await served.parts.machines.refresh()

            script = (await served.get(f"/ipxe/{DASHED}")).text

            assert f"echo pyxie: {HOST}: cmdline:1: 'gone' is undefined\n" in script
            assert f"chain --replace --autofree http://boot.internal:8090/ipxe/{DASHED}" in script
            assert served.texts(Step.TROUBLE) == ["no script: cmdline:1: 'gone' is undefined"]

    @pytest.mark.parametrize("way", ["script", "booting"])
    @pytest.mark.parametrize(("said", "state"), [("01", "on"), ("00", "off"), ("", None)])
    async def test_tells_secure_boot_which_is_shown(
        self, tmp_path: Path, way: str, said: str, state: str | None
    ) -> None:
        async with serving(tmp_path) as served:
            token = await served.build()

            path = f"/ipxe/{DASHED}" if way == "script" else f"/booting/{DASHED}/{token}"
            assert (await served.get(f"{path}?sb={said}")).status == 200

            for what in ("", "/definition"):
                shown = json.loads((await served.get(f"/api/v1/machines/{HOST}{what}")).text)
                learnt = {"mac": MAC, "state": state, "by": "iPXE", "at": served.clock.now}
                assert shown["secure_boot"] == ([learnt] if state else [])

    async def test_any_ipxe_is_led_to_the_script_of_its_nic(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            assert await served.get("/boot.ipxe") == Answer(
                200,
                b"#!ipxe\nchain --replace --autofree "
                b"http://boot.internal:8090/ipxe/${netX/mac}?sb=${efi/SecureBoot}\n",
            )

    async def test_only_a_get_is_a_step_of_the_boot(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            await served.build()
            chains = served.parts.chains
            chains.remember(MAC, 1, 0.0)

            head = await served.ask("HEAD", f"/ipxe/{DASHED}")
            assert (head.status, served.texts(Step.SCRIPT), len(chains)) == (200, [], 1)
            await served.get(f"/ipxe/{DASHED}")
            assert (served.texts(Step.SCRIPT), len(chains)) == (["fetched its iPXE script"], 0)

    @pytest.mark.parametrize("path", ["/ipxe/x", "/ipxe/%FF", "/booting/x/y", "/loader/x/y"])
    async def test_what_is_no_mac_is_not_found(self, tmp_path: Path, path: str) -> None:
        async with serving(tmp_path) as served:
            name = path.split("/")[2]
            assert await served.get(path) == Answer(
                404, f"'{name}' is not a MAC address like 52:54:00:12:34:56\n".encode()
            )


class TestBooting:
    async def test_it_starts_the_installation(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            token = await served.build()

            assert await served.get(f"/booting/{DASHED}/{token}") == Answer(200, b"# booting\n")
            build = served.parts.index.of(HOST)
            assert build is not None
            assert (build.state.value, build.mac) == ("installing", MAC)

    async def test_not_with_another_token(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            await served.build()

            assert await served.get(f"/booting/{DASHED}/x") == Answer(401, b"Invalid Token\n")
            assert await served.get("/booting/02-00-00-00-00-09/x") == (
                Answer(401, b"Invalid Token\n")
            )
            build = served.parts.index.of(HOST)
            assert build is not None
            assert build.state.value == "pending"


class TestLoader:
    async def test_uefi_http_boot_is_given_an_efi_application(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            (tmp_path / "ipxe/ours.efi").write_bytes(b"MZ")

            answer = await served.get(f"/loader/{DASHED}/ours.efi")

            assert answer == Answer(200, b"MZ")
            assert answer.headers["Content-Type"] == "application/efi"
            assert served.texts() == ["sent ours.efi over HTTP"]
            assert (await served.get(f"/loader/{DASHED}/gone.efi")).status == 404

    async def test_what_a_loader_asks_for_beside_itself_is_served(self, tmp_path: Path) -> None:
        """GRUB has its files in a subfolder."""
        async with serving(tmp_path) as served:
            (tmp_path / "ipxe/grub").mkdir()
            (tmp_path / "ipxe/grub/grub.cfg").write_bytes(b"set timeout=0")
            (tmp_path / "secret").write_bytes(b"")

            answer = await served.get(f"/loader/{DASHED}/grub/grub.cfg")

            assert answer == Answer(200, b"set timeout=0")
            assert (await served.get(f"/loader/{DASHED}/..%2fsecret")).status == 404


class TestBuildsImages:
    """``/boot/…``: kernel and initrds of a machine in build mode, and of no other."""

    async def test_local_ones_come_whole_by_their_numbers(self, tmp_path: Path) -> None:
        images(tmp_path)
        async with serving(tmp_path, config=ALL_LOCAL, machine=LOCAL) as served:
            await served.build()

            assert await served.get(f"/boot/{HOST}/kernel/linux") == Answer(200, KERNEL)
            assert await served.get(f"/boot/{HOST}/initrd/0/initrd.gz") == Answer(200, b"initrd")
            assert await served.get(f"/boot/{HOST}/initrd/1/firmware.cpio") == Answer(
                200, b"firmware"
            )
            assert served.texts(Step.IMAGE) == [
                "fetching kernel, 0.0 MB",
                "fetching initrd 0, 0.0 MB",
                "fetching initrd 1, 0.0 MB",
            ]

    @pytest.mark.parametrize("number", ["2", "-1", "x", "%C2%B2", "99999999999999999999", "%00"])
    async def test_there_are_no_others(self, tmp_path: Path, number: str) -> None:
        images(tmp_path)
        async with serving(tmp_path, config=ALL_LOCAL, machine=LOCAL) as served:
            await served.build()

            assert (await served.get(f"/boot/{HOST}/initrd/{number}/x")).status == 404

    async def test_only_in_build_mode(self, tmp_path: Path) -> None:
        images(tmp_path)
        async with serving(tmp_path, config=ALL_LOCAL, machine=LOCAL) as served:
            refused = Answer(404, b"linux001.internal: not in build mode\n")
            assert await served.get(f"/boot/{HOST}/kernel/linux") == refused
            token = await served.build()
            assert (await served.get(f"/boot/{HOST}/kernel/linux")).status == 200
            await served.get(f"/done/{HOST}/{token}")
            assert await served.get(f"/boot/{HOST}/kernel/linux") == refused

    async def test_v1_boot_leads_to_images_by_name(self, tmp_path: Path) -> None:
        images(tmp_path)
        (tmp_path / "images/deb/li nux?").write_bytes(b"odd")
        machine = LOCAL.replace("deb/linux", "deb/li nux?")
        async with serving(tmp_path, config=ALL_LOCAL, machine=machine) as served:
            await served.build()

            boot = (await served.get(f"/v1/boot/{MAC}")).text

            assert '"kernel":"http://boot.internal:8090/images/deb/li%20nux%3F"' in boot
            assert await served.get("/images/deb/li%20nux%3F") == Answer(200, b"odd")

    async def test_one_that_is_missing_refuses_the_build(self, tmp_path: Path) -> None:
        async with serving(tmp_path, config=ALL_LOCAL, machine=LOCAL) as served:
            assert await served.ask("PUT", f"/build/{HOST}") == Answer(
                400, b"deb/linux: no such file\n"
            )


class TestFolders:
    """``/images`` and ``/files``."""

    @pytest.fixture(autouse=True)
    def _files(self, tmp_path: Path) -> None:
        images(tmp_path)
        (tmp_path / "files/sub/sub").mkdir(parents=True)
        (tmp_path / "files/sub/sub/key.pub").write_text("key")
        (tmp_path / "files/empty").touch()

    async def test_head_tells_the_length_and_sends_nothing(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            answer = await served.ask("HEAD", "/images/deb/linux")

            assert answer == Answer(200, b"")
            assert answer.headers["Content-Length"] == str(len(KERNEL))
            assert answer.headers["Accept-Ranges"] == "bytes"

    @pytest.mark.parametrize(
        ("wanted", "part", "told"),
        [
            ("bytes=0-0", KERNEL[:1], "bytes 0-0/10240"),
            ("bytes=100-199", KERNEL[100:200], "bytes 100-199/10240"),
            ("bytes=10000-", KERNEL[10000:], "bytes 10000-10239/10240"),
            ("bytes=-5", KERNEL[-5:], "bytes 10235-10239/10240"),
            ("bytes=10000-99999", KERNEL[10000:], "bytes 10000-10239/10240"),
        ],
    )
    async def test_a_range_is_that_part(
        self, tmp_path: Path, wanted: str, part: bytes, told: str
    ) -> None:
        async with serving(tmp_path) as served:
            answer = await served.get("/images/deb/linux", Range=wanted)

            assert answer == Answer(206, part)
            assert answer.headers["Content-Range"] == told
            assert answer.headers["Content-Length"] == str(len(part))

    async def test_a_range_beyond_the_end_is_416(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            answer = await served.get("/images/deb/linux", Range="bytes=10240-")

            assert answer.status == 416
            assert answer.headers["Content-Range"] == "bytes */10240"
            assert answer.headers["Content-Length"] == "0"

    @pytest.mark.parametrize("wanted", ["items=0-1", "bogus", "bytes=5-2", "bytes=0-1,4-5"])
    async def test_a_range_that_may_be_ignored_is(self, tmp_path: Path, wanted: str) -> None:
        """RFC 9110 section 14.2: of another unit, malformed, or of several parts."""
        async with serving(tmp_path) as served:
            whole = await served.get("/images/deb/linux")

            assert await served.get("/images/deb/linux", Range=wanted) == whole

    async def test_many_come_over_one_connection(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            heads = b"".join(
                b"GET /images/deb/linux HTTP/1.1\r\nHost: localhost\r\n%s\r\n" % last
                for last in (b"", b"Range: bytes=0-9\r\n", b"Connection: close\r\n")
            )

            answer = await served.raw(heads)

            assert answer.count(b"HTTP/1.1 200 OK\r\n") == 2
            assert answer.count(b"HTTP/1.1 206 Partial Content\r\n") == 1
            assert answer.count(KERNEL) == 2
            assert answer.endswith(KERNEL)

    async def test_the_log_and_the_metrics_know_what_was_answered(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with serving(tmp_path) as served:
            await served.get("/images/deb/linux")
            await served.get("/images/deb/linux", Range="bytes=0-9")
            await served.get("/images/deb/linux", Range="bytes=99999-")

            counted = {
                status: served.counted(
                    "pyxie_http_requests_total",
                    route="/images/{name}",
                    method="GET",
                    status=status,
                )
                for status in ("200", "206", "416")
            }
            assert counted == {"200": 1.0, "206": 1.0, "416": 1.0}

    @pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "gzip, deflate, br, *"])
    async def test_a_compressed_sibling_is_never_sent_instead(
        self, tmp_path: Path, coding: str
    ) -> None:
        for ending in ("gz", "br", "zst"):
            (tmp_path / f"images/deb/linux.{ending}").write_bytes(gzip.compress(b"another"))
        async with serving(tmp_path) as served:
            answer = await served.get("/images/deb/linux", Accept_Encoding=coding)

            assert answer == Answer(200, KERNEL)
            assert "Content-Encoding" not in answer.headers

    async def test_not_even_to_a_client_that_sends_rubbish_beside_it(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            answer = await served.raw(
                b"GET /images/deb/linux HTTP/1.1\r\nHost: localhost\r\nX-Odd: \xff\r\n"
                b"Accept-Encoding: gzip\r\nConnection: close\r\n\r\n"
            )

            assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
            assert answer.endswith(KERNEL)

    async def test_subfolders_are_served_too(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            assert await served.get("/files/sub/sub/key.pub") == Answer(200, b"key")
            assert await served.get("/files/empty") == Answer(200, b"")
            assert await served.get("/files/sub") == Answer(404, b"sub: is not a file\n")
            assert (await served.get("/files/")).status == 404

    async def test_without_staticspath_there_are_no_files(self, tmp_path: Path) -> None:
        config = CONFIG.replace("staticspath: files\n", "")
        async with serving(tmp_path, config=config) as served:
            assert await served.get("/files/empty") == Answer(
                404, b"/files: 'staticspath' is not set\n"
            )

    @pytest.mark.parametrize("root", ["files", "images"])
    async def test_nothing_outside_is(self, tmp_path: Path, root: str) -> None:
        (tmp_path / root / "link").symlink_to("../config.yaml")
        (tmp_path / root / "away").symlink_to("/etc")
        os.mkfifo(tmp_path / root / "pipe")
        names = (
            "../config.yaml",
            "%2e%2e/config.yaml",
            "..%2fconfig.yaml",
            "%2e%2e%2fconfig.yaml",
            "sub/../../config.yaml",
            "..%5cconfig.yaml",
            "%252e%252e/config.yaml",
            "//etc/passwd",
            "%2fetc/passwd",
            "link",
            "away/passwd",
            "empty%00",
            "%FF",
            "a" * 4000,
            "pipe",
        )
        async with serving(tmp_path) as served:
            for name in names:
                head = (
                    f"GET /{root}/{name} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                )
                raw = await served.raw(head.encode())

                assert raw.startswith(b"HTTP/1.1 404 Not Found\r\n"), name

    async def test_a_file_that_shrinks_while_it_is_sent_is_a_broken_transfer(
        self, tmp_path: Path
    ) -> None:
        big = tmp_path / "images/big"
        with big.open("wb") as file:
            file.truncate(64 << 20)
        async with serving(tmp_path) as served:
            reader, writer = await asyncio.open_connection("127.0.0.1", served.server.port)
            writer.write(b"GET /images/big HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await reader.readuntil(b"\r\n\r\n")

            os.truncate(big, 0)

            got = 0
            async with asyncio.timeout(60):
                try:
                    while chunk := await reader.read(1 << 20):
                        got += len(chunk)
                except ConnectionError:
                    pass
            assert got < 64 << 20
            writer.close()


class TestStreamed:
    """Images of ``image_url``, from a mirror."""

    async def test_come_with_their_length_and_type(self, tmp_path: Path) -> None:
        async with mirror({"linux": KERNEL}) as there, from_(there, tmp_path) as served:
            answer = await served.get(f"/boot/{HOST}/kernel/linux")

            assert answer == Answer(200, KERNEL)
            assert answer.headers["Content-Length"] == str(len(KERNEL))
            assert served.texts(Step.IMAGE) == [
                f"fetching kernel, streamed from {there.url}/linux, not verified"
            ]

    async def test_head_and_range_are_answered_of_one_fetch(self, tmp_path: Path) -> None:
        async with mirror({"linux": KERNEL}) as there, from_(there, tmp_path) as served:
            head = await served.ask("HEAD", f"/boot/{HOST}/kernel/linux")
            part = await served.get(f"/boot/{HOST}/kernel/linux", Range="bytes=10-19")
            beyond = await served.get(f"/boot/{HOST}/kernel/linux", Range="bytes=99999-")

            assert head == Answer(200, b"")
            assert head.headers["Content-Length"] == str(len(KERNEL))
            assert part == Answer(206, KERNEL[10:20])
            assert part.headers["Content-Range"] == "bytes 10-19/10240"
            assert beyond.status == 416
            assert [method for method, _ in there.asked] == ["GET"]
            assert served.texts(Step.IMAGE) == []

    async def test_redirects_are_followed_and_not_passed_on(self, tmp_path: Path) -> None:
        files: dict[str, File] = {"linux": "/moved", "moved": KERNEL}
        async with mirror(files) as there, from_(there, tmp_path) as served:
            for method, body in (("GET", KERNEL), ("HEAD", b"")):
                answer = await served.ask(method, f"/boot/{HOST}/kernel/linux")
                assert answer == Answer(200, body)
                assert "Location" not in answer.headers

    async def test_compressed_ones_are_passed_on_as_they_are(self, tmp_path: Path) -> None:
        files = {"initrd.gz": gzip.compress(KERNEL)}
        async with mirror(files) as there, from_(there, tmp_path) as served:
            answer = await served.get(f"/boot/{HOST}/initrd/0/initrd.gz", Accept_Encoding="gzip")

            assert gzip.decompress(answer.body) == KERNEL

    @pytest.mark.parametrize("gone", [404, 403, 500, 503])
    async def test_what_the_mirror_refuses_is_502_with_its_words(
        self, tmp_path: Path, gone: int
    ) -> None:
        async with mirror({"linux": gone}) as there, from_(there, tmp_path) as served:
            reason = web.Response(status=gone).reason
            told = f"kernel: {there.url}/linux: answered {gone} {reason}"

            assert await served.get(f"/boot/{HOST}/kernel/linux") == Answer(
                502, f"{told}\n".encode()
            )
            assert served.texts(Step.TROUBLE) == [told]

    async def test_a_mirrors_password_is_in_no_event_and_no_answer(self, tmp_path: Path) -> None:
        async with mirror({"linux": 404, "initrd.gz": KERNEL}) as there:
            secret = there.url.replace("http://", "http://user:sesame@")
            machine = MACHINE.replace("http://files.internal:81/bookworm/amd64", secret)
            async with serving(tmp_path, machine=machine) as served:
                await served.build()
                refused = await served.get(f"/boot/{HOST}/kernel/linux")
                await served.get(f"/boot/{HOST}/initrd/0/initrd.gz")

                told = [event.members() for event in served.parts.trace.recent()]

        assert [each["data"]["source"] for each in told if each["code"].startswith("image.")] == [
            f"{there.url}/linux",
            f"{there.url}/linux",
            f"{there.url}/initrd.gz",
        ]
        assert "sesame" not in repr(told)
        assert refused.text == f"kernel: {there.url}/linux: answered 404 Not Found\n"

    async def test_a_mirror_that_is_down_is_502_and_an_event(self, tmp_path: Path) -> None:
        machine = MACHINE.replace("http://files.internal:81/bookworm/amd64/", "http://127.0.0.1:1/")
        async with serving(tmp_path, machine=machine) as served:
            await served.build()

            answer = await served.get(f"/boot/{HOST}/kernel/linux")

            assert (answer.status, served.texts(Step.TROUBLE)) == (502, [answer.text.strip()])
            assert answer.text == ("kernel: http://127.0.0.1:1/linux: Connection refused\n")

    @pytest.mark.parametrize("version", ["1.0", "1.1"])
    @pytest.mark.parametrize("how", ["length", "chunked"])
    async def test_one_that_breaks_off_half_way_is_a_broken_transfer(
        self, tmp_path: Path, how: str, version: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(fetching, "_WAITS", (0.0,))
        large = KERNEL * 400
        async with mirror({"linux": (how, large)}) as there, from_(there, tmp_path) as served:
            reader, writer = await asyncio.open_connection("127.0.0.1", served.server.port)
            writer.write(
                f"GET /boot/{HOST}/kernel/linux HTTP/{version}\r\nHost: localhost\r\n\r\n".encode()
            )
            got, reset = b"", False
            async with asyncio.timeout(60):
                try:
                    while chunk := await reader.read(65536):
                        got += chunk
                except ConnectionResetError:
                    reset = True
            writer.close()

            assert reset, "an ordinary end looks like success to HTTP/1.0"
            assert len(got) < len(large)
            assert not got.endswith(b"0\r\n\r\n")
            (told,) = await eventually(lambda: served.texts(Step.TROUBLE))
            assert told.startswith(f"kernel: {there.url}/linux: broke off: ")

    @pytest.mark.parametrize("head_first", [False, True])
    async def test_one_that_builds_the_file_first_is_waited_for(
        self, tmp_path: Path, head_first: bool
    ) -> None:
        file: File = ("late", KERNEL) if head_first else KERNEL
        async with mirror({"linux": file}) as there, from_(there, tmp_path) as served:
            there.may.clear()
            got = asyncio.create_task(served.get(f"/boot/{HOST}/kernel/linux"))
            await eventually(lambda: there.asked)
            await asyncio.sleep(1.1)  # a look whether the client is still there
            there.may.set()

            assert (await got).body == KERNEL
            assert served.texts(Step.TROUBLE) == []

    async def test_one_that_does_not_begin_in_time_is_502_with_the_setting(
        self, tmp_path: Path
    ) -> None:
        limits = f"{CONFIG}limits: {{first_byte: 1}}\n"
        async with (
            mirror({"linux": KERNEL}) as there,
            from_(there, tmp_path, config=limits) as served,
        ):
            there.may.clear()
            answer = await served.get(f"/boot/{HOST}/kernel/linux")

            assert answer.status == 502
            assert answer.text == (
                f"kernel: {there.url}/linux: sent nothing within 1 s, "
                "the most that 'limits.first_byte' allows\n"
            )
            assert served.texts(Step.TROUBLE) == [answer.text.strip()]

    async def test_nothing_is_waited_for_when_the_client_has_left(self, tmp_path: Path) -> None:
        async with mirror({"linux": KERNEL}) as there, from_(there, tmp_path) as served:
            there.may.clear()
            _, writer = await asyncio.open_connection("127.0.0.1", served.server.port)
            writer.write(
                f"GET /boot/{HOST}/kernel/linux HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
            )
            await eventually(lambda: there.asked)
            writer.transport.abort()

            route = "/boot/{hostname}/kernel/{name}"
            await eventually(
                lambda: served.counted(
                    "pyxie_http_requests_total", route=route, method="GET", status="499"
                )
            )
            assert served.texts(Step.TROUBLE) == []

    async def test_a_client_that_leaves_is_not_the_mirrors_fault(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with mirror({"linux": bytes(64 << 20)}) as there, from_(there, tmp_path) as served:
            reader, writer = await asyncio.open_connection("127.0.0.1", served.server.port)
            writer.write(
                f"GET /boot/{HOST}/kernel/linux HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
            )
            await reader.readexactly(1000)
            writer.transport.abort()

            route = "/boot/{hostname}/kernel/{name}"
            await eventually(
                lambda: served.counted(
                    "pyxie_http_requests_total", route=route, method="GET", status="499"
                )
            )
            assert served.texts(Step.TROUBLE) == []
            assert [each.message for each in caplog.records if each.levelname == "ERROR"] == []


def from_(there: Mirror, folder: Path, config: str = CONFIG) -> _Built:
    return _Built(there, folder, config)


class _Built:
    """A site whose machine boots from a mirror, and is in build mode."""

    def __init__(self, there: Mirror, folder: Path, config: str) -> None:
        machine = MACHINE.replace("http://files.internal:81/bookworm/amd64", there.url)
        self._serving = serving(folder, config=config, machine=machine)

    async def __aenter__(self) -> Served:
        served = await self._serving.__aenter__()
        await served.build()
        return served

    async def __aexit__(self, *exc: object) -> None:
        await self._serving.__aexit__(None, None, None)
