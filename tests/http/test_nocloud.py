"""cloud-init's NoCloud seed over HTTP: which files there are, for whom, and what is noted."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from pyxie.builds.life import State
from pyxie.events.kind import Step
from tests.http.site import HOST, MACHINE, Answer, Served, serving
from tests.needs import program

SEEDED = MACHINE + (
    "templates:\n"
    "  user-data: user-data.j2\n"
    "  network-config: network.j2\n"
    "  extra: network.j2\n"
    "  bad: bad.j2\n"
)


def lay(folder: Path, **more: str) -> None:
    templates = {
        "user-data.j2": "#cloud-config\n# {{ urls.done }}\n",
        "network.j2": "version: 2\n",
        "bad.j2": "fine\n",
    }
    (folder / "templates").mkdir()
    for name, text in (templates | more).items():
        (folder / "templates" / name).write_text(text)


def state(served: Served) -> State | None:
    build = served.parts.index.of(HOST)
    return build.state if build else None


class TestASeed:
    async def test_is_the_machines_templates_of_those_names(self, tmp_path: Path) -> None:
        lay(tmp_path)
        async with serving(tmp_path, machine=SEEDED) as served:
            token = await served.build()

            user_data = await served.get(f"/seed/{HOST}/{token}/user-data")

            url = f"http://boot.internal:8090/done/{HOST}/{token}"
            assert user_data == Answer(200, f"#cloud-config\n# {url}\n".encode())
            assert user_data.headers["Content-Type"] == "text/plain; charset=utf-8"
            assert (await served.get(f"/seed/{HOST}/{token}/network-config")).body == (
                b"version: 2\n"
            )
            assert (await served.get(f"/seed/{HOST}/{token}/extra")).status == 200

    async def test_that_is_fetched_says_that_the_machine_is_installing(
        self, tmp_path: Path
    ) -> None:
        lay(tmp_path)
        async with serving(tmp_path, machine=SEEDED) as served:
            token = await served.build()
            assert state(served) is State.PENDING

            await served.get(f"/seed/{HOST}/{token}/meta-data")

            assert state(served) is State.INSTALLING
            assert served.texts(Step.TEMPLATE) == ["fetched meta-data"]

    async def test_has_a_meta_data_without_a_template_another_for_each_build(
        self, tmp_path: Path
    ) -> None:
        lay(tmp_path)
        async with serving(tmp_path, machine=SEEDED) as served:
            found = []
            for _ in range(2):
                token = await served.build()
                found.append((await served.get(f"/seed/{HOST}/{token}/meta-data")).text)
                assert token not in found[-1]

            assert found[0] != found[1]
            for text in found:
                first, second = text.splitlines()
                assert first.startswith(f"instance-id: {HOST}-")
                assert second == f"local-hostname: {HOST}"

    async def test_may_lack_what_cloud_init_does_without(self, tmp_path: Path) -> None:
        lay(tmp_path)
        async with serving(tmp_path, machine=SEEDED) as served:
            token = await served.build()

            answer = await served.get(f"/seed/{HOST}/{token}/vendor-data")

            assert answer == Answer(404, f"vendor-data: {HOST} has none; it is optional\n".encode())
            assert served.texts(Step.TROUBLE) == []

    async def test_without_user_data_is_told_as_trouble(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            token = await served.build()

            answer = await served.get(f"/seed/{HOST}/{token}/user-data")

            why = f"user-data: {HOST} has no 'user-data' in its 'templates'"
            assert answer == Answer(404, f"{why}\n".encode())
            assert served.texts(Step.TROUBLE) == [f"template user-data: {why}"]
            assert state(served) is State.PENDING

    async def test_has_no_file_of_any_other_name(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            token = await served.build()

            for name in ("preseed", "finish", "", "..%2f..%2fconfig.yaml", "user-data/"):
                assert (await served.get(f"/seed/{HOST}/{token}/{name}")).status == 404

    async def test_opens_to_its_own_token_only_and_not_to_head(self, tmp_path: Path) -> None:
        lay(tmp_path)
        async with serving(tmp_path, machine=SEEDED) as served:
            token = await served.build()

            assert await served.get(f"/seed/{HOST}/x{token}/user-data") == Answer(
                401, b"Invalid Token\n"
            )
            assert (await served.get(f"/seed/nobody/{token}/user-data")).status == 404
            assert (await served.ask("HEAD", f"/seed/{HOST}/{token}/user-data")).status == 405
            assert state(served) is State.PENDING

    async def test_that_fails_when_it_is_fetched_is_told_with_its_line(
        self, tmp_path: Path
    ) -> None:
        lay(tmp_path)
        async with serving(tmp_path, machine=SEEDED) as served:
            token = await served.build()
            (tmp_path / "templates/bad.j2").write_text("{{ nope }}\n")

            assert await served.get(f"/seed/{HOST}/{token}/bad") == Answer(
                400, b"Unable to render template\nbad.j2:1: 'nope' is undefined\n"
            )


READ = """
import json, sys
from cloudinit.util import read_seeded
found = read_seeded(sys.argv[1], timeout=5, retries=0)
print(json.dumps([each.decode() if isinstance(each, bytes) else each for each in found[:3]]))
"""


class TestCloudInitItself:
    async def test_reads_the_seed_without_vendor_data(self, tmp_path: Path) -> None:
        program("cloud-init", "cloud-init")  # whose modules are those of Debian's own Python
        lay(tmp_path)
        async with serving(tmp_path, machine=SEEDED) as served:
            token = await served.build()

            reader = await asyncio.create_subprocess_exec(
                *("/usr/bin/python3", "-c", READ, f"{served.url}/seed/{HOST}/{token}/"),
                stdout=asyncio.subprocess.PIPE,
            )
            said, _ = await reader.communicate()

        meta_data, user_data, vendor_data = json.loads(said)
        assert meta_data["local-hostname"] == HOST
        assert meta_data["instance-id"].startswith(f"{HOST}-")
        assert user_data.startswith("#cloud-config\n# http://boot.internal:8090/done/")
        assert not vendor_data


class TestABuild:
    async def test_is_refused_for_any_of_the_templates_that_fails(self, tmp_path: Path) -> None:
        lay(tmp_path, **{"bad.j2": "\n{{ nope }}\n"})
        async with serving(tmp_path, machine=SEEDED) as served:
            assert await served.ask("PUT", f"/build/{HOST}") == Answer(
                400, b"bad.j2:2: 'nope' is undefined\n"
            )
