"""Hooks: what is run after which change, with what it is told, and what is kept of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from pyxie.bounds import HOOKS_AT_ONCE, HOOKS_OF_STRANGERS
from pyxie.builds.life import State
from pyxie.builds.records import BuildRecords
from pyxie.config.build import Hook
from pyxie.hooks.executor import Occasion
from pyxie.hooks.process import Outcome
from pyxie.hooks.runner import Hooks
from pyxie.store.database import Database
from pyxie.store.pending import PendingHooks
from tests.http.site import CONFIG, HOST, MAC, MACHINE, Answer, Served, serving
from tests.http.upstream import Mirror, mirror
from tests.store.newest import url
from tests.support import eventually

Execute = Callable[[Hook, Occasion], Coroutine[Any, Any, Outcome]]


@asynccontextmanager
async def hooked(folder: Path, hooks: str, config: str = CONFIG) -> AsyncIterator[Served]:
    """Serve a site whose machine has ``hooks``, and run them."""
    async with serving(folder, machine=MACHINE + hooks, config=config) as served, running(served):
        yield served


@asynccontextmanager
async def running(served: Served) -> AsyncIterator[None]:
    async with served.parts.hooks:
        task = asyncio.create_task(served.parts.hooks.serve())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def ran(served: Served, count: int) -> list[dict[str, Any]]:
    """Return what is kept of the hooks, once so many have ended."""
    for _ in range(1000):
        found = await served.parts.hooks.history(HOST)
        if len([each for each in found if each["state"] != "owed"]) >= count:
            return found
        await asyncio.sleep(0.01)
    raise AssertionError(f"waited for {count} hooks: {found}")


def results(found: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(each["kind"], each["result"], each["output"]) for each in found]


class TestWhen:
    async def test_each_has_its_place_in_the_life_of_a_build(self, tmp_path: Path) -> None:
        keys = ("prebuild", "postbuild", "cancelbuild", "failedbuild", "stalebuild")
        hooks = "".join(f"{key}_commands: [{{command: 'echo {key}'}}]\n" for key in keys)
        hooks += "stale_build_threshold_secs: 60\n"

        async with hooked(tmp_path, hooks) as served:
            await served.get(f"/done/{HOST}/{await served.build()}")
            await ran(served, 2)
            await served.get(f"/cancel/{HOST}/{await served.build()}")
            await ran(served, 4)
            await served.get(f"/failed/{HOST}/{await served.build()}")
            await ran(served, 6)
            await served.build()
            build = served.parts.index.active(HOST)
            assert build is not None
            await served.parts.builds.stale(build, "not done after 1 s")
            await served.parts.builds.stale(build, "not done after 1 s")
            found = await ran(served, 8)

        assert [(each["build"], each["kind"]) for each in found] == [
            *[(1, "prebuild"), (1, "postbuild"), (2, "prebuild"), (2, "cancelbuild")],
            *[(3, "prebuild"), (3, "failedbuild"), (4, "prebuild"), (4, "stalebuild")],
        ]
        assert {each["state"] for each in found} == {"done"}

    async def test_a_boot_is_one_event_however_often_its_script_is_asked_for(
        self, tmp_path: Path
    ) -> None:
        hooks = "pxeevent_commands: [{command: 'echo {{ MAC }}'}]\n"

        async with hooked(tmp_path, hooks) as served:
            await served.build()
            for _ in range(3):
                await served.get(f"/ipxe/{MAC.replace(':', '-')}")
            found = await ran(served, 1)

        assert results(found) == [("pxeevent", "exit code 0", f"{MAC}\n")]


class TestBefore:
    async def test_one_that_matters_refuses_the_build_when_it_fails(self, tmp_path: Path) -> None:
        hooks = (
            "prebuild_commands:\n"
            "- {command: 'echo one'}\n"
            "- {command: 'sh -c \"echo no power; exit 4\"', errors_fatal: true}\n"
            f"- {{command: 'touch {tmp_path}/never'}}\n"
        )

        async with hooked(tmp_path, hooks) as served:
            refused = await served.ask("PUT", f"/build/{HOST}")

            assert refused == Answer(409, b"prebuild_commands[1] failed (exit code 4): no power\n")
            assert served.parts.index.of(HOST) is None
            assert not (tmp_path / "never").exists()

    async def test_of_two_calls_at_once_one_runs_them(self, tmp_path: Path) -> None:
        hooks = (
            f"prebuild_commands: [{{command: 'echo >> {tmp_path}/ran; sleep 0.3', shell: true}}]\n"
        )

        async with hooked(tmp_path, hooks) as served:
            call = ("PUT", f"/api/v1/builds/{HOST}")
            answers = await asyncio.gather(served.ask(*call), served.ask(*call))

            assert sorted(each.status for each in answers) == [200, 409]
            assert (tmp_path / "ran").read_text() == "\n"
            assert served.parts.hooks._beginning == {}

    async def test_one_that_does_not_matter_is_told_of(self, tmp_path: Path) -> None:
        async with hooked(tmp_path, "prebuild_commands: [{command: 'false'}]\n") as served:
            await served.build()
            found = await ran(served, 1)

            assert results(found) == [("prebuild", "exit code 1", "")]
            assert "prebuild hook 'false': exit code 1" in served.texts()

    async def test_it_knows_the_token(self, tmp_path: Path) -> None:
        """Waitron 3 gave it an empty one."""
        hooks = "prebuild_commands: [{command: 'sh -c \"echo {{ Token }} $PYXIE_TOKEN\"'}]\n"

        async with hooked(tmp_path, hooks) as served:
            token = await served.build()

            assert results(await ran(served, 1))[0][2] == f"{token} {token}\n"


class TestWhatTheyAreTold:
    async def test_values_cannot_become_words_or_commands(self, tmp_path: Path) -> None:
        evil = f"a; touch {tmp_path}/x"
        hooks = "postbuild_commands: [{command: 'echo [{{ params.evil }}]'}]\n"

        async with hooked(
            tmp_path, hooks, config=CONFIG.replace("params:", "params:\n    evil: x")
        ) as served:
            body = json.dumps({"params": {"evil": evil}})
            async with served.session.put(f"{served.url}/build/{HOST}", data=body) as answer:
                token = answer.headers["Build-Token"]
            await served.get(f"/done/{HOST}/{token}")
            found = await ran(served, 1)

        assert found[0]["output"] == f"[{evil}]\n"
        assert not (tmp_path / "x").exists()

    async def test_a_shell_is_had_by_asking_for_it(self, tmp_path: Path) -> None:
        hooks = "prebuild_commands: [{command: 'echo a | tr a b', shell: true}]\n"

        async with hooked(tmp_path, hooks) as served:
            await served.build()

            assert results(await ran(served, 1))[0][2] == "b\n"

    async def test_a_template_that_fails_refuses_the_build(self, tmp_path: Path) -> None:
        async with hooked(
            tmp_path, "postbuild_commands: [{command: 'echo {{ nope }}'}]\n"
        ) as served:
            assert await served.ask("PUT", f"/build/{HOST}") == Answer(
                400, b"postbuild_commands:1: 'nope' is undefined\n"
            )

    async def test_the_environment_says_which_event_and_which_attempt(self, tmp_path: Path) -> None:
        hooks = (
            "failedbuild_commands:\n"
            "- command: [sh, -c, 'echo $PYXIE_EVENT $PYXIE_HOST $PYXIE_ATTEMPT']\n"
        )

        async with hooked(tmp_path, hooks) as served:
            await served.get(f"/failed/{HOST}/{await served.build()}")

            assert results(await ran(served, 1))[0][2] == f"failedbuild {HOST} 1\n"


class TestWebhooks:
    async def test_get_a_post_with_json_and_their_answer_counts(self, tmp_path: Path) -> None:
        async with mirror({"hook": b"fine", "gone": 404}) as there:
            hooks = (
                "failedbuild_commands:\n"
                f"- {{url: '{there.url}/hook?h={{{{ Hostname }}}}'}}\n"
                f"- {{url: '{there.url}/gone'}}\n"
                "- {url: 'http://127.0.0.1:1/'}\n"
            )
            async with hooked(tmp_path, hooks) as served:
                await served.get(f"/failed/{HOST}/{await served.build()}?reason=smoke")
                found = await ran(served, 3)

            assert [each["result"].split(":")[0] for each in found] == [
                "HTTP 200",
                "HTTP 404",
                "cannot be called",
            ]
            assert _posted(there) == 2 * [
                {
                    "event": "failedbuild",
                    "host": HOST,
                    "mac": None,
                    "attempt": 1,
                    "build": 1,
                    "state": "failed",
                    "reason": "smoke",
                }
            ]

    @pytest.mark.parametrize(
        ("path", "result"), [("hook", "HTTP 200"), ("gone", "HTTP 404")], ids=["done", "failed"]
    )
    async def test_are_told_of_without_their_secrets(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture, path: str, result: str
    ) -> None:
        caplog.set_level("DEBUG", logger="pyxie")
        async with mirror({"hook": b"fine", "gone": 404}) as there:
            secret = there.url.replace("//", "//user:s3cret@")
            hooks = f"prebuild_commands: [{{url: '{secret}/{path}?token=s3cret'}}]\n"
            async with hooked(tmp_path, hooks) as served:
                await served.build()
                (kept,) = await ran(served, 1)
                (event,) = [e for e in served.parts.trace.recent() if e.what.code in HOOK_EVENTS]

        shown = f"{there.url}/{path}?…"
        assert there.asked == [("POST", path)]
        assert kept["command"] == shown
        assert event.data == {"point": "prebuild", "hook": shown, "result": result}
        assert "s3cret" not in event.text + caplog.text


HOOK_EVENTS = ("hook.done", "hook.failed")


def _posted(there: Mirror) -> list[dict[str, Any]]:
    found = [json.loads(body) for body in there.bodies if body]
    assert there.asked == [("POST", "hook"), ("POST", "gone")]
    for each in found:
        del each["at"]
    return found


@asynccontextmanager
async def stored(folder: Path, execute: Execute, **how: Any) -> AsyncIterator[Hooks]:
    """Run what is stored by a fake."""
    database = Database(url(folder))
    hooks = Hooks(PendingHooks(database), BuildRecords(database), execute, **how)
    async with database, hooks:
        serving = asyncio.create_task(hooks.serve())
        try:
            yield hooks
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)


class Stuck:
    """Hooks called ``stuck`` do not end before they may; the others do at once."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.may = asyncio.Event()

    async def __call__(self, hook: Hook, of: Occasion) -> Outcome:
        self.begun.append(of.host)
        if hook.command == "stuck":
            await self.may.wait()
        self.ended.append(of.host)
        return Outcome(ok=True, result="exit code 0")


async def enqueue(hooks: Hooks, host: str, *commands: str) -> None:
    each = [Hook(command=command) for command in commands]
    await hooks.enqueue("pxeevent", each, host, None, host)


class TestManyAtOnce:
    async def test_eight_are_new_at_a_time(self, tmp_path: Path) -> None:
        execute = Stuck()
        async with stored(tmp_path, execute) as hooks:
            for at in range(12):
                await enqueue(hooks, f"m{at}", "stuck")
            await eventually(lambda: len(execute.begun) >= 8)
            await asyncio.sleep(0.05)

            assert sorted(execute.begun) == sorted(f"m{at}" for at in range(8))

    async def test_those_of_unknown_machines_keep_no_known_one_waiting(
        self, tmp_path: Path
    ) -> None:
        execute, before = Stuck(), HOOKS_OF_STRANGERS.times
        async with stored(tmp_path, execute) as hooks:
            strangers = [f"02:00:00:00:00:{at:02x}" for at in range(32)]
            await hooks._pending.enqueue_unknown([Hook(command="stuck")], 1.0, strangers)
            hooks.wake()
            await eventually(lambda: HOOKS_OF_STRANGERS.times >= before + 30)
            await enqueue(hooks, "known", "true")
            await eventually(lambda: "known" in execute.ended)

            assert len(execute.begun) == HOOKS_OF_STRANGERS.whole + 1
            execute.may.set()
            await eventually(lambda: len(execute.ended) == 33)

    async def test_those_that_take_long_keep_no_others_waiting(self, tmp_path: Path) -> None:
        """`timeout_seconds` may be an hour."""
        execute = Stuck()
        async with stored(tmp_path, execute, new=0.01) as hooks:
            for at in range(12):
                await enqueue(hooks, f"m{at}", "stuck")
            await enqueue(hooks, "quick", "true")

            await eventually(lambda: "quick" in execute.ended)

    async def test_beyond_the_bound_they_wait_for_one_to_end(self, tmp_path: Path) -> None:
        execute, most = Stuck(), HOOKS_AT_ONCE.whole
        async with stored(tmp_path, execute, new=0.01) as hooks:
            for at in range(most):
                await enqueue(hooks, f"m{at}", "stuck")
            await eventually(lambda: len(execute.begun) == most)
            before = HOOKS_AT_ONCE.times
            await enqueue(hooks, "quick", "true")
            await eventually(lambda: HOOKS_AT_ONCE.times > before)

            assert "quick" not in execute.begun
            execute.may.set()
            await eventually(lambda: "quick" in execute.ended)


class TestDrain:
    async def test_waits_for_what_runs_and_begins_no_other(self, tmp_path: Path) -> None:
        execute = Stuck()
        async with stored(tmp_path, execute) as hooks:
            await enqueue(hooks, "m1", "stuck", "true")
            await eventually(lambda: execute.begun)
            draining = asyncio.create_task(hooks.drain())
            await asyncio.sleep(0)
            await enqueue(hooks, "m2", "true")
            await asyncio.sleep(0.05)

            assert (execute.begun, draining.done()) == (["m1"], False)
            execute.may.set()
            await draining
            assert execute.ended == ["m1"]
            left = {host: await hooks.history(host) for host in ("m1", "m2")}

        states = {host: [each["state"] for each in found] for host, found in left.items()}
        assert states == {"m1": ["done", "owed"], "m2": ["owed"]}


class TestAtLeastOnce:
    async def test_what_a_daemon_left_is_run_by_the_next_and_marked_so(
        self, tmp_path: Path
    ) -> None:
        hooks = "postbuild_commands: [{command: [sh, -c, 'echo $PYXIE_ATTEMPT']}]\n"

        async with serving(tmp_path, machine=MACHINE + hooks) as served:
            await served.get(f"/done/{HOST}/{await served.build()}")
            pending_hooks = PendingHooks(served.parts.records._database)
            (pending,) = await pending_hooks.of(HOST)
            assert await pending_hooks.claim(pending)  # and here the daemon dies

        async with serving(tmp_path, machine=MACHINE + hooks) as served, running(served):
            (found,) = await ran(served, 1)

        assert (found["output"], found["attempts"]) == ("2\n", 2)

    async def test_after_one_that_matters_and_failed_the_rest_are_skipped(
        self, tmp_path: Path
    ) -> None:
        hooks = (
            "postbuild_commands:\n"
            "- {command: 'false', errors_fatal: true}\n"
            "- {command: 'echo never'}\n"
        )

        async with hooked(tmp_path, hooks) as served:
            await served.get(f"/done/{HOST}/{await served.build()}")
            found = await ran(served, 2)

        assert [(each["state"], each["result"]) for each in found] == [
            ("failed", "exit code 1"),
            ("skipped", "the one before it failed"),
        ]

    async def test_a_machine_waits_for_no_other(self, tmp_path: Path) -> None:
        """The hot path neither: the answer to `done` does not wait for its hooks."""
        hooks = "postbuild_commands: [{command: 'sleep 30', timeout_seconds: 60}]\n"

        async with hooked(tmp_path, hooks) as served:
            async with asyncio.timeout(60):
                await served.get(f"/done/{HOST}/{await served.build()}")
                await eventually(lambda: HOST in served.parts.hooks._busy)

    async def test_output_is_kept_unless_it_is_not_to_be(self, tmp_path: Path) -> None:
        hooks = "prebuild_commands: [{command: 'echo secret', should_log: false}]\n"

        async with hooked(tmp_path, hooks) as served:
            await served.build()

            assert results(await ran(served, 1)) == [("prebuild", "exit code 0", "")]


class TestTold:
    async def test_each_hook_has_its_event_also_where_two_look_alike(self, tmp_path: Path) -> None:
        long = "x" * 80
        hooks = (
            "prebuild_commands:\n"
            "- {command: 'true'}\n"
            "- {command: 'true'}\n"
            f"- {{command: 'echo {long} one'}}\n"
            f"- {{command: 'echo {long} two'}}\n"
            "- {command: 'false'}\n"
            "- {command: 'false'}\n"
        )

        async with hooked(tmp_path, hooks) as served:
            await served.build()
            codes = [each.what.code for each in served.parts.trace.recent()]

        assert [each for each in codes if each in HOOK_EVENTS] == [
            *(4 * ["hook.done"]),
            *(2 * ["hook.failed"]),
        ]

    async def test_a_failure_is_a_state_of_its_own_with_its_reason(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            await served.get(f"/failed/{HOST}/{await served.build()}?reason=no%20disk%0a")
            build = served.parts.index.of(HOST)

        assert build is not None
        assert (build.reason, build.state) == ("no disk", State.FAILED)
