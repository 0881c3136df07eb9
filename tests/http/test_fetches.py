"""What pyxie fetches for a machine is never taken for management, nor read from inner places.

Where an address is, and what a redirect may lead to: tests/outbound.
"""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from pyxie.access.scope import Scope
from pyxie.events.kind import Step
from tests.http.site import HOST, MACHINE, Answer, Served, serving
from tests.http.upstream import Mirror, mirror

AUDIT = "/api/v1/audit"
BASE = "http://files.internal:81/bookworm/amd64/"
KERNEL = f"/boot/{HOST}/kernel/linux"
LEADS = "leads to 127.0.0.1, an address of this host; only a file of the operator's may name such a"


def named(url: str) -> str:
    """Return a machine file of which ``url`` is the kernel."""
    return MACHINE.replace("kernel: linux", f"kernel: {url}")


async def begin(served: Served, token: str, **body: object) -> Answer:
    return await served.ask(
        "PUT",
        f"/build/{HOST}",
        json.dumps(body).encode(),
        Authorization=f"Bearer {token}",
    )


async def builder(served: Served) -> str:
    """Return a token with which one may build and no more."""
    _, secret = await served.parts.tokens.create("builder", Scope.BUILD, None)
    return secret


def led_to(there: Mirror, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the URL of its kernel by a harmless name, which leads there."""
    port = there.url.rpartition(":")[2]

    def look_up(*_: object, **__: object) -> object:
        return [(2, 1, 6, "", ("127.0.0.1", int(port)))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return f"http://harmless.example:{port}/linux"


class TestManagement:
    @pytest.mark.parametrize("path", [AUDIT, "/api/v1/settings", "/metrics", "/api/v1/builds"])
    async def test_is_not_for_what_an_operator_has_fetched_from_it(
        self, tmp_path: Path, path: str
    ) -> None:
        """Anybody may fetch a kernel: it would be management for all."""
        async with serving(tmp_path) as served:
            said = json.dumps({"kernel": served.url + path}).encode()
            assert (await served.ask("PUT", f"/build/{HOST}", said)).status == 200

            answer = await served.get(f"/boot/{HOST}/kernel/{path.rpartition('/')[2]}")

        assert answer.status == 502
        assert answer.text.endswith(": answered 403 Forbidden\n")

    async def test_is_not_for_fetches_with_a_token_in_their_url(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            _, secret = await served.parts.tokens.create("all", Scope.ADMIN, None)
            url = served.url.replace("//", f"//x:{secret}@") + AUDIT
            await served.ask("PUT", f"/build/{HOST}", json.dumps({"kernel": url}).encode())

            assert (await served.get(f"/boot/{HOST}/kernel/audit")).status == 502
            assert secret not in repr([each.members() for each in served.parts.trace.recent()])

    async def test_is_out_of_reach_of_a_mirror_that_redirects(self, tmp_path: Path) -> None:
        files: dict[str, str] = {}
        async with mirror(files) as there:
            machine = MACHINE.replace(BASE, f"{there.url}/")
            async with serving(tmp_path, machine=machine) as served:
                await served.build()
                files["linux"] = served.url + AUDIT

                answer = await served.get(KERNEL)

                assert answer.status == 502
                assert served.texts(Step.TROUBLE) == [
                    f"kernel: {there.url}/linux: {LEADS} place",
                ]

    async def test_is_out_of_reach_of_a_kernel_that_is_itself(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            said = json.dumps({"kernel": served.url + KERNEL}).encode()
            await served.ask("PUT", f"/build/{HOST}", said)

            answer = await served.get(KERNEL)

            assert answer.status == 502
            circles = [t for t in served.texts(Step.TROUBLE) if t.endswith("in a circle")]
            assert len(circles) == 1


class TestWhoMayOnlyBuild:
    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("kernel", "http://127.0.0.1:8090/api/v1/audit"),
            ("kernel", "http://localhost/x"),
            ("kernel", "http://2130706433/x"),
            ("image_url", "http://10.1.2.3/debian"),
            ("initrd", ["a", "http://169.254.169.254/latest"]),
            ("initrd", {"url": "http://[::ffff:127.0.0.1]/x", "name": "a"}),
        ],
    )
    async def test_names_no_inner_address(self, tmp_path: Path, key: str, value: object) -> None:
        async with serving(tmp_path, to_strangers=True) as served:
            answer = await begin(served, await builder(served), **{key: value})

            assert answer.status == 403
            assert answer.text.startswith("body:1:")
            assert "only a file of the operator's may name such a place" in answer.text
            assert served.parts.index.active(HOST) is None

    async def test_has_no_name_fetched_that_leads_to_one(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with (
            mirror({"linux": b"secret"}) as there,
            serving(tmp_path, to_strangers=True) as served,
        ):
            url = led_to(there, monkeypatch)
            assert (await begin(served, await builder(served), kernel=url)).status == 200

            answer = await served.get(KERNEL)

            assert there.asked == []
            assert served.texts(Step.TROUBLE) == [f"kernel: {url}: {LEADS} place"]
            assert answer == Answer(502, b"kernel: cannot be fetched; `pyxie events` says why\n")

    async def test_may_name_a_file_of_a_server_that_files_name(self, tmp_path: Path) -> None:
        async with mirror({"linux": b"kernel", "rescue": b"rescue"}) as there:
            machine = MACHINE.replace(BASE, f"{there.url}/")
            async with serving(tmp_path, machine=machine, to_strangers=True) as served:
                token = await builder(served)
                whole = await begin(served, token, kernel=f"{there.url}/rescue")
                assert whole.status == 200, whole
                assert (await served.get(f"/boot/{HOST}/kernel/rescue")).body == b"rescue"

                below = await begin(served, token, kernel="rescue")
                assert below.status == 200, below
                assert (await served.get(f"/boot/{HOST}/kernel/rescue")).body == b"rescue"

    async def test_gains_nothing_when_the_machines_file_is_gone(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with (
            mirror({"linux": b"secret"}) as there,
            serving(tmp_path, to_strangers=True) as served,
        ):
            url = led_to(there, monkeypatch)
            await begin(served, await builder(served), kernel=url)
            (tmp_path / f"machines/{HOST}.yaml").unlink()
            await served.parts.machines.refresh()

            assert (await served.get(KERNEL)).status == 502
            assert there.asked == []

    async def test_is_not_believed_after_a_restart_either(self, tmp_path: Path) -> None:
        async with serving(tmp_path, to_strangers=True) as served:
            _, admin = await served.parts.tokens.create("all", Scope.ADMIN, None)
            await begin(served, await builder(served), kernel="http://files.example/linux")
            (build,) = await served.parts.records.latest()
            await begin(served, admin, kernel="http://127.0.0.1:1/linux")
            (newer,) = await served.parts.records.latest()

        assert (build.believed, newer.believed) == (False, True)

    async def test_whoever_may_do_all_names_what_they_like(self, tmp_path: Path) -> None:
        async with (
            mirror({"linux": b"kernel"}) as there,
            serving(tmp_path, to_strangers=True) as served,
        ):
            _, admin = await served.parts.tokens.create("all", Scope.ADMIN, None)
            assert (await begin(served, admin, kernel=f"{there.url}/linux")).status == 200

            assert (await served.get(KERNEL)).body == b"kernel"


class TestAStranger:
    @pytest.mark.parametrize("mirrored", [404, 500, "/elsewhere", None])
    async def test_is_told_the_same_of_whatever_went_wrong(
        self, tmp_path: Path, mirrored: int | str | None
    ) -> None:
        """Else it would tell which ports are open behind pyxie, and what is there."""
        files = {"linux": mirrored, "elsewhere": "http://10.9.9.9/"} if mirrored else {}
        async with mirror(files) as there:
            base = there.url if mirrored else "http://127.0.0.1:1"
            machine = MACHINE.replace(BASE, f"{base}/")
            async with serving(tmp_path, machine=machine, to_strangers=True) as served:
                await begin(served, await builder(served))

                answer = await served.get(KERNEL)

        assert answer == Answer(502, b"kernel: cannot be fetched; `pyxie events` says why\n")
