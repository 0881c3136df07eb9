"""The REST API of `pyxie boot`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.http.site import HOST, MAC, Served, serving
from tests.http.upstream import mirror

STRANGER = "52:54:00:12:34:56"
DASHED = "52-54-00-12-34-56"
WANTED: dict[str, Any] = {"kernel": "http://192.0.2.9/linux", "initrd": "http://192.0.2.9/initrd"}


async def begin(served: Served, **more: Any) -> tuple[int, Any]:
    body = json.dumps({**WANTED, **more}).encode()
    answer = await served.ask("POST", "/api/v1/boots", body, Content_Type="application/json")
    return answer.status, json.loads(answer.body)


class TestBegin:
    async def test_says_what_where_and_until_when(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            status, told = await begin(served, kernel="http://u:secret@192.0.2.9/linux?s=x")

            name, begun = told.pop("id"), told.pop("begun")
            assert status == 201
            assert told == {
                "macs": [],
                "os": "",
                "kernel": "http://192.0.2.9/linux?…",
                "initrd": ["http://192.0.2.9/initrd"],
                "seconds": 20,
                "once": False,
                "interfaces": "eth0 192.0.2.1/24",
                "dhcp": "answer",
                "advice": [],
            }
            listed = json.loads((await served.get("/api/v1/boots")).body)["boots"]
            assert [(each["id"], each["begun"]) for each in listed] == [(name, begun)]
            assert (await served.ask("POST", f"/api/v1/boots/{name}/renew")).status == 204
            assert (await served.ask("DELETE", f"/api/v1/boots/{name}")).status == 204
            assert json.loads((await served.get("/api/v1/boots")).body) == {"boots": []}

    @pytest.mark.parametrize(
        ("wanted", "why"),
        [
            ({"kernel": ""}, "say either 'kernel' or 'os'"),
            ({"os": "debian-12"}, "say either 'kernel' or 'os'"),
            ({"kernel": "", "os": "debian-12"}, "'initrd' is for a 'kernel'"),
            ({"kernel": "", "initrd": [], "os": "debain-12"}, "did you mean 'debian-12'?"),
            ({"kernel": "linux"}, "linux: no such file"),
            (
                {"macs": [f"52:54:00:00:01:{at:02x}" for at in range(256)] + [STRANGER]},
                "at most 256 MAC addresses",
            ),
            ({"macs": ["52:54"]}, "'52:54' is not a MAC address like 52:54:00:12:34:56"),
            ({"cmdline": "a={{ nothing }}"}, "'nothing'"),
            ({"files": ["file:///etc/shadow"]}, "is not a URL like"),
            ({"once": True}, "'once' is for machines that 'macs' names"),
            ({"initrd": [{"url": "http://192.0.2.9/a", "name": "kernel"}]}, "the boot script"),
        ],
    )
    async def test_refuses_what_no_machine_could_boot(
        self, tmp_path: Path, wanted: dict[str, Any], why: str
    ) -> None:
        async with serving(tmp_path) as served:
            status, told = await begin(served, **wanted)

            assert status == 400
            assert why in told["detail"]

    async def test_a_file_of_the_images_folder_is_one(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            (tmp_path / "images/linux").write_bytes(b"kernel")

            assert (await begin(served, kernel="linux"))[0] == 201
            answer = await served.get(f"/boot/{DASHED}/kernel/linux")
            assert (answer.status, answer.body) == (200, b"kernel")

    async def test_a_system_is_booted_for_somebody_at_the_screen(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            status, told = await begin(served, kernel="", initrd=[], os="debian-12")

            base = "http://mirrors.kernel.org/debian/dists/bookworm/main/installer-amd64"
            folder = f"{base}/current/images/netboot/debian-installer/amd64"
            assert status == 201
            assert (told["os"], told["kernel"]) == ("debian-12", f"{folder}/linux")
            script = (await served.get(f"/ipxe/{DASHED}")).text
            assert f"imgargs kernel initrd=initrd0 BOOTIF=01-{DASHED} --- quiet ||" in script
            assert "preseed" not in script

    async def test_a_system_whose_files_the_operator_provides_says_which(
        self, tmp_path: Path
    ) -> None:
        async with serving(tmp_path) as served:
            status, told = await begin(served, kernel="", initrd=[], os="memtest86+")

            assert status == 400
            assert told["detail"] == (
                "memtest86+x64.efi: no such file; what this system needs: memtest86+x64.efi in "
                "images; Debian's package memtest86+ has it in /boot"
            )

    async def test_a_kernel_that_is_not_what_its_recipe_says_is_refused(
        self, tmp_path: Path
    ) -> None:
        recipe = "version: 1\ntitle: T\nunverified: true\nkernel: {url: k, sha256: %s}\n"
        (tmp_path / "recipes").mkdir()
        (tmp_path / "recipes/own.yaml").write_text(recipe % ("0" * 64))
        async with serving(tmp_path) as served:
            (tmp_path / "images/k").write_bytes(b"kernel")

            status, told = await begin(served, kernel="", initrd=[], os="own")

            assert status == 400
            assert "0" * 64 in told["detail"]

    async def test_a_machine_in_build_mode_is_left_to_its_build(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            await served.build()

            status, told = await begin(served, macs=[MAC])

            assert status == 409
            assert told["detail"] == (
                f"{HOST} is in build mode, and boots what its build says: pyxie cancel {HOST}"
            )

    async def test_a_second_of_the_same_is_refused(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            await begin(served)

            status, told = await begin(served)

            assert status == 409
            assert told["detail"].startswith("another `pyxie boot` is for any machine already")

    async def test_is_nobodys_but_an_administrators(self, tmp_path: Path) -> None:
        async with serving(tmp_path, to_strangers=True) as served:
            assert (await begin(served))[0] == 403
            assert (await served.get("/api/v1/boots")).status == 403

    async def test_counts_in_the_audit_log_but_its_renewals_do_not(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served, served.parts.audit:
            _, told = await begin(served)
            await served.ask("POST", f"/api/v1/boots/{told['id']}/renew")
            await served.ask("DELETE", f"/api/v1/boots/{told['id']}")

            page = await served.parts.audit.page(None, 10)
            assert [(each["method"], each["status"]) for each in page] == [
                ("DELETE", 204),
                ("POST", 201),
            ]


class TestEnd:
    async def test_of_what_has_ended_is_told(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            assert (await served.ask("DELETE", "/api/v1/boots/0123")).status == 404
            assert (await served.ask("POST", "/api/v1/boots/0123/renew")).status == 404


class TestFiles:
    async def test_of_the_command_line_are_given_by_number_and_name(self, tmp_path: Path) -> None:
        async with mirror({"a b.ign": b"{}"}) as other, serving(tmp_path) as served:
            await begin(served, files=[f"{other.url}/a%20b.ign"])

            at = f"/boot/{DASHED}/file"
            found = await served.get(f"{at}/0/a%20b.ign")
            assert (found.status, found.body) == (200, b"{}")
            for path in (f"{at}/0/other", f"{at}/1/a%20b.ign", f"{at}/x/a", "/boot/web01/file/0/a"):
                assert (await served.get(path)).status == 404
            assert (await served.get("/boot/00-de-ad-90-74-60/file/0/a%20b.ign")).status == 404


class TestOnce:
    async def test_a_machine_has_it_until_it_has_loaded_it(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            status, told = await begin(served, macs=[STRANGER], once=True)
            assert (status, told["once"], told["seconds"]) == (201, True, 900)
            served.clock.now += 600

            assert "kernel" in (await served.get(f"/ipxe/{DASHED}")).text
            assert (await served.get(f"/booting/{DASHED}/{told['id']}")).status == 200

            assert "is not in the registry" in (await served.get(f"/ipxe/{DASHED}")).text
            assert json.loads((await served.get("/api/v1/boots")).body) == {"boots": []}
