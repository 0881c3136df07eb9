"""One hook: rendered by settings of one moment, and told of whatever it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from pyxie.builds.life import Build
from pyxie.config.build import Hook
from pyxie.events.trace import Trace
from pyxie.hooks.executor import Executor, Occasion
from pyxie.hooks.process import Outcome
from pyxie.metrics import Metrics
from pyxie.render.strict import Renderer
from pyxie.threads import Pool, T, Ts
from tests.http.site import HOST

OCCASION = Occasion(kind="prebuild", host=HOST, mac=None)


class LatePool(Pool):
    """Threads that begin their work only after something else has happened."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        super().__init__("late")
        self._meanwhile = meanwhile

    async def run(self, work: Callable[[*Ts], T], *args: *Ts) -> T:
        self._meanwhile()
        return await super().run(work, *args)


class TestReload:
    async def test_a_hook_is_rendered_by_settings_of_one_moment(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        renderers = {}
        for which in ("before", "after"):
            (tmp_path / which).mkdir()
            (tmp_path / which / "folder").write_text(which)
            renderers[which] = Renderer([tmp_path / which])
        now = "before"

        def reload() -> None:
            nonlocal now
            now = "after"

        monkeypatch.setattr("pyxie.hooks.executor.Pool", lambda _: LatePool(reload))
        execute = Executor(
            lambda: renderers[now], lambda _build, _mac: {"settings": now}, Trace(), Metrics()
        )
        hook = Hook(command=("echo", "{% include 'folder' %}, {{ settings }}"))

        outcome = await execute(hook, Occasion(kind="prebuild", host=HOST, mac=None))

        assert (outcome.output, now) == ("before, before\n", "after")


class TestABug:
    async def test_is_an_outcome_and_told_as_one(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        def names(_build: Build | None, _mac: str | None) -> Mapping[str, Any]:
            raise KeyError("a bug")

        trace = Trace()
        execute = Executor(lambda: Renderer([tmp_path]), names, trace, Metrics())

        outcome = await execute(Hook(command="true"), OCCASION)

        told = "a bug in pyxie; its log has the details"
        assert outcome == Outcome(ok=False, result=told)
        assert [each.text for each in trace.recent()] == [f"prebuild hook 'true': {told}"]
        assert f"a bug, while running a prebuild hook of {HOST}" in caplog.text
