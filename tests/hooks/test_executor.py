"""One hook: rendered by settings of one moment, and told of whatever it does."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from pyxie.builds.life import Build
from pyxie.config.build import Hook
from pyxie.events.trace import Trace
from pyxie.hooks.executor import Executor, Occasion
from pyxie.hooks.names import Seen
from pyxie.hooks.orders import Order
from pyxie.hooks.process import Outcome
from pyxie.metrics import Metrics
from pyxie.registry.machine import Machine
from pyxie.render.context import BuildContext
from tests.http.site import HOST
from tests.render.site import CONTEXT, machine

OCCASION = Occasion(kind="prebuild", host=HOST, mac=None)


async def nothing(*_: object) -> Order:
    return Order(("true",))


class TestReload:
    async def test_a_hook_is_rendered_by_settings_of_one_moment(self) -> None:
        """Those by which its names are made are those that the renderer is asked with."""
        now = "before"
        rendered = []

        def seen(_build: Build | None, _mac: str | None) -> Seen:
            asyncio.get_running_loop().call_soon(reload)
            return Seen(machine(), CONTEXT, {"settings": now})

        def reload() -> None:
            nonlocal now
            now = "after"

        async def order(
            _kind: str, _hook: Hook, _of: Machine, _as: BuildContext, more: Mapping[str, Any]
        ) -> Order:
            rendered.append((more["settings"], now))
            await asyncio.sleep(0)
            return Order(("echo", more["settings"]))

        outcome = await Executor(order, seen, Trace(), Metrics())(Hook(command="x"), OCCASION)

        assert (rendered, outcome.output, now) == ([("before", "before")], "before\n", "after")


class TestABug:
    async def test_is_an_outcome_and_told_as_one(self, caplog: pytest.LogCaptureFixture) -> None:
        def names(_build: Build | None, _mac: str | None) -> Seen:
            raise KeyError("a bug")

        trace = Trace()
        execute = Executor(nothing, names, trace, Metrics())

        outcome = await execute(Hook(command="true"), OCCASION)

        told = "a bug in pyxie; its log has the details"
        assert outcome == Outcome(ok=False, result=told)
        assert [each.text for each in trace.recent()] == [f"prebuild hook 'true': {told}"]
        assert f"a bug, while running a prebuild hook of {HOST}" in caplog.text
