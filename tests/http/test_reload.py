"""A site whose ``config.yaml`` is read again: what its clients see of it, and what they do not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from pyxie.builds.life import State
from pyxie.hooks.unknown import UnknownHooks
from pyxie.net.address import address
from pyxie.rate import Once
from tests.config.test_live import CHANGES, is_fixed
from tests.http.site import HOST, MAC, Answer, Served, serving
from tests.support import eventually

DASHED = MAC.replace(":", "-")
OTHER = "52-54-00-00-00-99"
BASE = {
    "templatepath": "templates",
    "machinepath": "machines",
    "state": "state/pyxie.sqlite",
    "baseurl": "http://boot.internal:8090",
    "kernel": "linux",
    "initrd": "initrd.gz",
    "image_url": "http://files.internal/",
    "cmdline": "quiet",
    "preseed": "bookworm.j2",
}
BARE = f"hostname: {HOST}\nnetwork: [{{macaddress: '{MAC}'}}]\n"
"""The machine, which inherits everything."""
TOKEN = "0123456789abcdef"
RECIPE = (
    'version: 1\ntitle: x\nunverified: true\nimage_url: "{{mirror:debian}}/x"\nkernel: linux\n'
    "operatingsystem: {}\narch: {{amd64: , arm64: }}\n"
)


def config(**changed: str) -> str:
    return "".join(f"{key}: {value}\n" for key, value in {**BASE, **changed}.items() if value)


@asynccontextmanager
async def site(folder: Path, **changed: str) -> AsyncIterator[Served]:
    """Serve a machine that inherits everything, beside all that settings may come to name."""
    for name, text in {
        "templates/one.j2": "one",
        "templates/two.j2": "two",
        "templates2/bookworm.j2": "elsewhere",
        "templates2/moved.j2": "moved",
        "machines2/web02.yaml": "hostname: web02\n",
        "recipes/ours.yaml": RECIPE.format("one"),
        "recipes/theirs.yaml": RECIPE.format("two"),
        "recipes2/ours.yaml": RECIPE.format("two"),
        "groups/internal.yaml": "params: {x: group}\n",
        "groups2/internal.yaml": "params: {x: other}\n",
        "ipxe/a.efi": "a",
        "ipxe2/boot.ipxe.j2": "#!ipxe\n# ours\n",
        "ipxe2/ipxe.efi": "ours",
        "images/a": "a",
        "images2/b": "b",
        "isos2/b.iso": "b",
        "files/a": "a",
        "files2/b": "b",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    async with serving(folder, config=config(**changed), machine=BARE, preseed="here") as served:
        yield served


async def reload(served: Served, **changed: str) -> bool:
    """Write the settings anew and have them read; tell whether anything changed."""
    (served.folder / "config.yaml").write_text(config(**changed))
    return await served.parts.settings.reload()


def got(path: str, **headers: str) -> See:
    """Look at an answer's status and body."""

    async def see(served: Served) -> tuple[int, str]:
        answer = await served.get(path, **headers)
        return answer.status, answer.text

    return see


def status_of(path: str, **headers: str) -> See:
    async def see(served: Served) -> int:
        return (await served.get(path, **headers)).status

    return see


def booted(key: str) -> See:
    """Look at what a machine in build mode is told to boot."""

    async def see(served: Served) -> Any:
        return json.loads((await served.get(f"/v1/boot/{MAC}")).body)[key]

    return see


def inherited(key: str) -> See:
    """Look at what a build's machine has of all that it is built from."""

    async def see(served: Served) -> Any:
        build = served.parts.index.active(HOST)
        assert build is not None
        return getattr(served.parts.definitions.of(build), key)

    return see


def built(system: str, key: str) -> See:
    """Look at what the machine has of it once it is built anew, by a system that the call names."""

    async def see(served: Served) -> Any:
        answer = await served.ask("PUT", f"/build/{HOST}", f"os: {system}".encode())
        assert answer == Answer(200, b"OK")
        return await inherited(key)(served)

    return see


def template(kind: str) -> See:
    async def see(served: Served) -> str:
        build = served.parts.index.active(HOST)
        assert build is not None
        return (await served.get(f"/template/{kind}/{HOST}/{build.token}")).text

    return see


def commands(kind: str) -> See:
    async def see(served: Served) -> Any:
        return [hook.command for hook in await inherited(f"{kind}_commands")(served)]

    return see


async def listed(served: Served) -> Any:
    return json.loads((await served.get("/list")).body)


async def media(served: Served) -> Any:
    await served.parts.media.refresh()
    return [each.name for each in served.parts.media.all()]


async def script_of_an_unknown(served: Served) -> bool:
    return "discovered" in (await served.get(f"/ipxe/{OTHER}")).text


async def sent_on(served: Served) -> bool:
    """Tell whether a machine is sent on to its disk once its build is over."""
    return served.parts.machines().when_idle(HOST) == "local"


async def ours(served: Served) -> bool:
    """Tell whether the operator's own loader is served, not the distribution's or none."""
    return (await served.get(f"/loader/{DASHED}/ipxe.efi")) == Answer(200, b"ours")


async def rescued(served: Served) -> int:
    return (await served.ask("PUT", f"/build/{HOST}/rescue")).status


async def kept_builds(served: Served) -> int:
    for _ in range(3):
        await served.build()
    return len(json.loads((await served.get(f"/api/v1/builds?host={HOST}")).body)["builds"])


async def events_kept(served: Served) -> int:
    return served.parts.archive._keep()


async def patience(served: Served) -> float:
    return served.parts.upstreams._first_byte()


async def placed(served: Served) -> int:
    """Ask for a kernel that is named by its whole path, below the folder ``elsewhere``."""
    place = served.folder / "elsewhere/linux"
    await asyncio.to_thread(place.parent.mkdir, exist_ok=True)
    await asyncio.to_thread(place.write_bytes, b"linux")
    body = json.dumps({"kernel": f"file://{place}"}).encode()
    answer = await served.ask("PUT", f"/build/{HOST}", body, Content_Type="application/json")
    return answer.status


def store_settings(key: str) -> See:
    async def see(served: Served) -> Any:
        return getattr(served.parts.image_store.cache._settings(), key)

    return see


async def keyrings(served: Served) -> str:
    return served.parts.verifier._folder().name


async def listed_at(served: Served) -> str:
    return str((await inherited("checksums")(served)).url)


async def audited(served: Served) -> int:
    """Return how many of 100 changes are kept, one more if those before are kept too."""
    for _ in range(100):
        await served.parts.audit.note("x", "192.0.2.1", "PUT", "/", 200)
    return len(await served.parts.audit.page(None, 1000))


def connections(of: str) -> See:
    async def see(served: Served) -> int:
        return int(getattr(served.server._admission._limits(), of))

    return see


async def hooks_for_unknown(served: Served) -> list[str]:
    """Return the hooks of an unknown machine that has just been seen."""
    discovery = served.parts.discovery
    served.parts.discovered._once.clear()
    hooks, mac = discovery._hooks, OTHER.replace("-", ":")
    assert isinstance(hooks, UnknownHooks)
    hooks._once = Once(0)
    discovery.note(mac, {})
    await eventually(lambda: not hooks)
    pending = await served.parts.hooks._pending.of(mac)
    return [str(each.hook.command) for each in pending]


def admits(peer: str) -> See:
    """Look at whether a client elsewhere may manage."""

    async def see(served: Served) -> bool:
        return served.parts.gate().judge(address(peer), address("192.0.2.1"), {}).refusal is None

    return see


FORWARDED = {"X_Forwarded_For": "192.0.2.9"}
See = Callable[[Served], Awaitable[Any]]


@dataclass(frozen=True)
class Case:
    """A setting, where it is seen, and what is seen there before and after."""

    key: str
    old: str
    new: str
    see: See
    before: Any
    after: Any

    def __str__(self) -> str:
        return self.key


HOOK = "[{command: [echo]}]"
CASES = [
    Case("templatepath", "templates", "templates2", template("preseed"), "here", "elsewhere"),
    Case("machinepath", "machines", "machines2", listed, [f"{HOST}.yaml"], ["web02.yaml"]),
    Case("grouppath", "groups", "groups2", inherited("params"), {"x": "group"}, {"x": "other"}),
    Case("recipepath", "recipes", "recipes2", built("ours", "operatingsystem"), "one", "two"),
    Case(
        "mirror", "", "{debian: http://127.0.0.1:1}", status_of("/mirror/debian/pool/x"), 404, 502
    ),
    Case(
        "mirrors",
        "{debian: http://a/}",
        "{debian: http://b/}",
        built("ours", "image_url"),
        "http://a/x",
        "http://b/x",
    ),
    Case("os", "ours", "theirs", inherited("operatingsystem"), "one", "two"),
    Case("arch", "amd64", "arm64", inherited("arch"), "amd64", "arm64"),
    Case("staticspath", "", "files2", status_of("/files/b"), 404, 200),
    Case("staticspath", "files", "files2", got("/files/b"), (404, "b: no such file\n"), (200, "b")),
    Case("ipxe", "ipxe", "ipxe2", ours, False, True),
    Case("ipxe", "ipxe", "ipxe2", got(f"/ipxe/{DASHED}"), None, (200, "#!ipxe\n# ours\n")),
    Case("isos", "isos", "isos2", media, [], ["b"]),
    Case("images", "images", "images2", status_of("/images/b"), 404, 200),
    Case(
        "baseurl",
        "http://a.internal",
        "http://b.internal",
        got("/boot.ipxe"),
        (
            200,
            "#!ipxe\nchain --replace --autofree http://a.internal/ipxe/${netX/mac}?sb=${efi/SecureBoot}\n",
        ),
        (
            200,
            "#!ipxe\nchain --replace --autofree http://b.internal/ipxe/${netX/mac}?sb=${efi/SecureBoot}\n",
        ),
    ),
    Case("cmdline", "quiet", "loud", booted("cmdline"), "quiet", "loud"),
    Case("loader", "a.efi", "b.efi", inherited("loader"), "a.efi", "b.efi"),
    Case("secure_boot", "auto", "never", inherited("secure_boot"), "auto", "never"),
    Case("kernel", "k1", "k2", inherited("kernel"), "k1", "k2"),
    Case("initrd", "r1", "[r1, r2]", inherited("initrd"), ("r1",), ("r1", "r2")),
    Case("shim", "s1", "s2", inherited("shim"), "s1", "s2"),
    Case("grub", "g1", "g2", inherited("grub"), "g1", "g2"),
    Case("bootif", "", "false", inherited("bootif"), None, False),
    Case("keyrings", "keys1", "keys2", keyrings, "keys1", "keys2"),
    Case(
        "checksums", "{url: http://a/S}", "{url: http://b/S}", listed_at, "http://a/S", "http://b/S"
    ),
    Case("image_url", "http://a/", "http://b/", inherited("image_url"), "http://a/", "http://b/"),
    Case("params", "{a: 1}", "{a: 2}", inherited("params"), {"x": "group", "a": "1"}, None),
    Case("build_types", "{}", "{rescue: }", rescued, 404, 200),
    Case("unknown", "ignore", "discover", script_of_an_unknown, False, True),
    Case("when_idle", "silent", "local", sent_on, False, True),
    Case("operatingsystem", "a", "b", inherited("operatingsystem"), "a", "b"),
    Case("preseed", "one.j2", "two.j2", template("preseed"), "one", "two"),
    Case("finish", "one.j2", "two.j2", template("finish"), "one", "two"),
    Case("templates", "{t: one.j2}", "{t: two.j2}", template("t"), "one", "two"),
    Case("wipes", "true", "false", inherited("wipes"), True, False),
    Case("tags", "[a]", "[b]", inherited("tags"), ("a",), ("b",)),
    Case("description", "a", "b", inherited("description"), "a", "b"),
    *(
        Case(f"{kind}_commands", "", HOOK, commands(kind), [], [("echo",)])
        for kind in ("prebuild", "postbuild", "cancelbuild", "failedbuild", "stalebuild")
    ),
    Case("pxeevent_commands", "", HOOK, commands("pxeevent"), [], [("echo",)]),
    Case("unknownbuild_commands", "", HOOK, hooks_for_unknown, [], ["('echo',)"]),
    Case("stale_build_threshold_secs", "0", "6", inherited("stale_build_threshold_secs"), 0, 6),
    Case("limits.http_per_address", "9", "1", connections("per_address"), 9, 1),
    Case("limits.http_total", "9", "1", connections("total"), 9, 1),
    Case("limits.builds_per_machine", "50", "2", kept_builds, 4, 2),
    Case("limits.events", "7", "0", events_kept, 7, 0),
    Case("limits.first_byte", "300", "60", patience, 300.0, 60.0),
    Case("image_store.size", "1 GB", "2 GiB", store_settings("size"), 10**9, 2 << 30),
    Case(
        "image_store.revalidate", "daily", "never", store_settings("revalidate"), "daily", "never"
    ),
    Case("image_store.folders", "[elsewhere]", "[outside]", placed, 200, 400),
    Case("limits.audit", "300", "3", audited, 101, 3),
    Case("api.allow", "[]", "[198.51.100.0/24]", admits("198.51.100.7"), False, True),
    Case(
        "api.names",
        "[]",
        "[pxe.example]",
        status_of("/status", Host="pxe.example:8090"),
        403,
        200,
    ),
    Case(
        "api.tokens",
        "[]",
        f"[{TOKEN}]",
        status_of("/status", Authorization=f"Bearer {TOKEN}", **FORWARDED),
        403,
        200,
    ),
]
ELSEWHERE = {
    # Seen on the servers of a whole daemon, in tests/test_composition.py and tests/test_daemon.py.
    *("interfaces", "dhcp.mode", "limits.dhcp_per_mac", "log.level", "log.format"),
    *("limits.tftp_per_address", "limits.tftp_total"),
    *("limits.tftp_blksize", "limits.tftp_windowsize"),
    "foreman_proxy_address",  # ignored
}


def setting(key: str, value: str) -> dict[str, str]:
    section, _, inner = key.partition(".")
    return {section: f"{{{inner}: {value}}}"} if inner else {section: value}


class TestEveryKey:
    def test_that_may_change_is_looked_at(self) -> None:
        free = {key for key in CHANGES if not is_fixed(key)}

        assert {case.key for case in CASES} | ELSEWHERE == free

    @pytest.mark.slow
    @pytest.mark.parametrize("case", CASES, ids=str)
    async def test_is_seen_once_it_is_reloaded(self, case: Case, tmp_path: Path) -> None:
        async with site(tmp_path, **setting(case.key, case.old)) as served:
            await served.build()
            before = await case.see(served)

            assert await reload(served, **setting(case.key, case.new))

            after = await case.see(served)
            assert before != after
            assert case.before in (None, before)
            assert case.after in (None, after)


class TestARunningBuild:
    async def test_goes_on_as_it_began_when_its_type_is_removed(self, tmp_path: Path) -> None:
        types = "{rescue: {cmdline: rescued}}"
        async with site(tmp_path, build_types=types) as served:
            await served.ask("PUT", f"/build/{HOST}/rescue")
            build = served.parts.index.active(HOST)
            assert build is not None

            assert await reload(served)

            assert await booted("cmdline")(served) == "rescued"
            assert (await served.get(f"/ipxe/{DASHED}")).text.count("rescued") == 1
            assert await template("preseed")(served) == "here"
            assert (await served.ask("PUT", f"/build/{HOST}/rescue")).status == 404
            assert served.parts.index.active(HOST) == build.to(State.INSTALLING, build.changed)

            assert await reload(served, build_types="{rescue: {cmdline: again}}")
            assert await booted("cmdline")(served) == "again"
            assert await served.get(f"/done/{HOST}/{build.token}") == Answer(200, b"OK")

    async def test_goes_on_when_its_own_file_names_the_type(self, tmp_path: Path) -> None:
        async with site(tmp_path, build_types="{rescue: {cmdline: rescued}}") as served:
            (tmp_path / f"machines/{HOST}.yaml").write_text(f"{BARE}build_type: rescue\n")
            token = await served.build()

            assert await reload(served)

            assert await booted("cmdline")(served) == "rescued"
            [problem] = json.loads((await served.get("/health")).body)["problems"][:1]
            assert "build type 'rescue' is not one of 'build_types'" in problem
            assert (await served.ask("PUT", f"/build/{HOST}")).status == 400
            assert await served.get(f"/done/{HOST}/{token}") == Answer(200, b"OK")

    async def test_goes_on_when_machines_are_elsewhere(self, tmp_path: Path) -> None:
        async with site(tmp_path) as served:
            token = await served.build()

            assert await reload(served, machinepath="nowhere")

            assert (await served.get("/health")).text.count("cannot be read") == 1
            assert await booted("cmdline")(served) == "quiet"
            assert await template("preseed")(served) == "here"
            assert await served.get(f"/done/{HOST}/{token}") == Answer(200, b"OK")

    async def test_is_not_touched_by_a_mistake(self, tmp_path: Path) -> None:
        async with site(tmp_path) as served:
            token = await served.build()

            assert not await reload(served, cmdline="loud", kernle="k")

            assert await booted("cmdline")(served) == "quiet"
            assert await served.get(f"/done/{HOST}/{token}") == Answer(200, b"OK")


class TestNothingHalfWay:
    async def test_is_served_while_folder_and_name_of_a_template_change(
        self, tmp_path: Path
    ) -> None:
        """The old name is not in the new folder, nor the new one in the old."""
        async with site(tmp_path) as served:
            token = await served.build()
            answers: set[tuple[int, str]] = set()

            async def ask() -> None:
                while True:
                    answer = await served.get(f"/template/preseed/{HOST}/{token}")
                    answers.add((answer.status, answer.text))

            asking = [asyncio.create_task(ask()) for _ in range(4)]
            for _ in range(10):
                assert await reload(served, templatepath="templates2", preseed="moved.j2")
                await asyncio.sleep(0.01)
                assert await reload(served)
                await asyncio.sleep(0.01)
            await _end(asking)

            assert answers == {(200, "here"), (200, "moved")}

    async def test_is_given_to_unknown_machines_while_types_change(self, tmp_path: Path) -> None:
        async with site(tmp_path) as served:
            words: set[str] = set()

            async def ask() -> None:
                while True:
                    answer = await served.get(f"/ipxe/{OTHER}")
                    assert answer.status == 200
                    words.add(
                        next(word for word in ("is-a", "is-b", "not in") if word in answer.text)
                    )

            asking = [asyncio.create_task(ask()) for _ in range(4)]
            for _ in range(10):
                for name in ("a", "b"):
                    types = f"{{{name}: {{cmdline: is-{name}}}}}"
                    assert await reload(served, unknown=name, build_types=types)
                    await asyncio.sleep(0.01)
            await _end(asking)

            assert words >= {"is-a", "is-b"}

    async def test_is_left_of_ten_reloads_at_once(self, tmp_path: Path) -> None:
        async with site(tmp_path) as served:
            token = await served.build()
            for n in range(10):
                (tmp_path / "config.yaml").write_text(config(cmdline=f"n{n}"))
                asking = asyncio.create_task(served.get("/health"))
                await asyncio.gather(*(served.parts.settings.reload() for _ in range(10)))
                assert (await asking).status == 200
                assert await booted("cmdline")(served) == f"n{n}"
            assert await served.get(f"/done/{HOST}/{token}") == Answer(200, b"OK")


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    failed = [task for task in tasks if task.done()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for task in failed:
        task.result()


class TestMachines:
    async def test_that_broke_are_remembered_as_they_were(self, tmp_path: Path) -> None:
        async with site(tmp_path) as served:
            (tmp_path / f"machines/{HOST}.yaml").write_text(f"{BARE}kernle: k\n")
            await served.parts.machines.refresh()

            assert await reload(served, kernel="k2")

            assert HOST in served.parts.machines()
            assert served.parts.machines().problems != ()

    async def test_that_cannot_be_read_inherit_the_new_settings_too(self, tmp_path: Path) -> None:
        async with site(tmp_path, machinepath="nowhere") as served:
            assert await reload(served, machinepath="nowhere", build_types="{rescue: }")

            assert "rescue" in served.parts.machines().shared.types

    async def test_are_written_where_they_are_now(self, tmp_path: Path) -> None:
        async with site(tmp_path) as served:
            assert await reload(served, machinepath="machines2")

            async with served.session.post(
                f"{served.url}/api/v1/machines", json={"hostname": "web03"}
            ) as answer:
                assert answer.status == 201, await answer.text()

            assert (tmp_path / "machines2/web03.yaml").is_file()

    async def test_values_are_found_where_they_stand_now(self, tmp_path: Path) -> None:
        async with site(tmp_path) as served:
            before = served.parts.settings()
            path = f"/api/v1/machines/{HOST}/definition"
            places = (await served.get(path)).text
            assert f"{tmp_path}/config.yaml" in places

            (tmp_path / "config.yaml").write_text("#\n" * 100 + config())
            assert not await served.parts.settings.reload()

            assert served.parts.settings() is before
            assert (await served.get(path)).text != places


class TestWhatTakesARestart:
    async def test_is_in_rest_as_it_is_in_force(self, tmp_path: Path) -> None:
        async with site(tmp_path) as served:
            assert await reload(served, http="{port: 1}", kernel="k2", user="nobody")

            told = json.loads((await served.get("/api/v1/settings")).body)["settings"]

            assert (told["http"]["port"], told["user"], told["kernel"]) == (8090, None, "k2")


class TestMistakes:
    async def test_are_told_to_those_who_may_look(self, tmp_path: Path) -> None:
        async with site(tmp_path) as served:
            assert not await reload(served, kernle="k")
            wrong = f"{tmp_path}/config.yaml:{len(BASE) + 1}:1: kernle: unknown key"

            health = json.loads((await served.get("/health")).body)
            machines = json.loads((await served.get("/api/v1/machines")).body)
            stranger = await served.get("/health", **FORWARDED)

            assert health["problems"][0].startswith(wrong)
            assert machines["problems"][0].startswith(wrong)
            assert stranger.text == '{"State": "OK"}'

            assert not await reload(served)
            assert json.loads((await served.get("/api/v1/machines")).body)["problems"] == []

    async def test_leave_a_token_as_good_as_it_was(self, tmp_path: Path) -> None:
        shown = {"Authorization": f"Bearer {TOKEN}", **FORWARDED}
        async with site(tmp_path, api=f"{{tokens: [{TOKEN}]}}") as served:
            assert not await reload(served, api="{tokens: [short]}")

            assert (await served.get("/status", **shown)).status == 200


CHANGED = "config.yaml has changed since it was read; to read it: systemctl reload pyxie"
RESTART = "user in config.yaml takes a restart, which has not been done: systemctl restart pyxie"


class TestWhatIsNotInForce:
    """An edit of config.yaml that was not read, or that takes a restart."""

    @pytest.mark.parametrize(
        ("method", "path", "body", "refused"),
        [
            ("PUT", f"/build/{HOST}/rescue", b"", "build type 'rescue' is not one of"),
            (
                *("PUT", f"/api/v1/builds/{HOST}", b'{"build_type": "rescue"}'),
                "build type 'rescue' is not one of",
            ),
            (
                *("GET", f"/api/v1/machines/{HOST}/definition?build_type=rescue", b""),
                "build type 'rescue' is not one of",
            ),
            (
                *("POST", "/api/v1/machines", b'{"hostname": "web03", "build_type": "rescue"}'),
                "build type 'rescue' is not one of",
            ),
            ("PUT", "/build/web02", b"", "Unable to find host definition for web02"),
            ("PUT", f"/build/{HOST}", b"preseed: gone.j2", "gone.j2"),
        ],
        ids=["waitron", "build", "definition", "machine", "no-machine", "no-template"],
    )
    async def test_is_said_by_a_refusal_that_may_follow_from_it(
        self, tmp_path: Path, method: str, path: str, body: bytes, refused: str
    ) -> None:
        async with site(tmp_path) as served:
            sent = {"Content-Type": "application/json"} if body.startswith(b"{") else {}

            before = await served.ask(method, path, body, **sent)
            (tmp_path / "config.yaml").write_text(config(build_types="{rescue: }"))
            after = await served.ask(method, path, body, **sent)

            assert before.status == after.status in (400, 404)
            assert refused in before.text
            assert refused in after.text
            assert (CHANGED in before.text, CHANGED in after.text) == (False, True)

    async def test_is_said_to_who_is_not_let_in_without_its_keys(self, tmp_path: Path) -> None:
        async with site(tmp_path) as served:
            await reload(served, user="nobody")
            before = await served.get("/status", **FORWARDED)
            (tmp_path / "config.yaml").write_text(config(api=f"{{tokens: [{TOKEN}]}}"))

            after = await served.get("/status", **FORWARDED)

            assert (before.status, "user" in before.text) == (403, False)
            assert after == Answer(403, f"{before.text}{CHANGED}\n".encode())

    async def test_is_told_to_those_who_may_look(self, tmp_path: Path) -> None:
        async with site(tmp_path) as served:
            assert not await reload(served, user="nobody")
            (tmp_path / "config.yaml").write_text(config(user="nobody", kernel="k2"))

            told = [
                json.loads((await served.get(path)).body)["not_in_force"]
                for path in (
                    *("/health", "/api/v1/settings"),
                    *("/api/v1/machines", f"/api/v1/machines/{HOST}"),
                )
            ]

            assert told == [[CHANGED, RESTART]] * 4

    async def test_is_not_said_of_a_machine_that_is_in_build_mode(self, tmp_path: Path) -> None:
        async with site(tmp_path) as served:
            await served.build()
            (tmp_path / "config.yaml").write_text(config(kernel="k2"))

            answer = await served.ask("PUT", f"/api/v1/builds/{HOST}")

            assert (answer.status, CHANGED in answer.text) == (409, False)


class TestALimit:
    async def test_that_is_lowered_cuts_nobody_off(self, tmp_path: Path) -> None:
        async with site(tmp_path) as served, aiohttp.ClientSession() as other:
            await served.get("/health")
            async with other.get(f"{served.url}/health") as answer:
                assert answer.status == 200

            assert await reload(served, limits="{http_total: 1}")

            assert (await served.get("/health")).status == 200
            async with other.get(f"{served.url}/health") as answer:
                assert answer.status == 200
