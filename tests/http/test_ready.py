"""What strangers ask for is ready: nothing is parsed or merged while they wait, nor on the loop."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from pyxie.registry.registry import Registry
from tests.http.site import CONFIG, HOST, MAC, MACHINE, Served, serving

BODY = b"params: {static: 'True', v: body}\n"
OF_UNKNOWN = CONFIG + "unknown: memtest\nbuild_types:\n  memtest: {kernel: m, cmdline: ''}\n"
MAKERS = (
    ("pyxie.builds.definitions", "parse"),
    ("pyxie.builds.definitions", "define"),
    ("pyxie.registry.registry", "define"),
)


class Making:
    """In which threads something is parsed or merged."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.threads: list[str] = []
        for module, name in MAKERS:
            work = getattr(import_module(module), name)
            monkeypatch.setattr(f"{module}.{name}", self._noting(work))

    def _noting(self, work: Callable[..., Any]) -> Callable[..., Any]:
        def noting(*args: Any, **named: Any) -> Any:
            self.threads.append(threading.current_thread().name)
            return work(*args, **named)

        return noting


@pytest.fixture
def making(monkeypatch: pytest.MonkeyPatch) -> Making:
    return Making(monkeypatch)


async def all_that_a_stranger_asks(served: Served, token: str) -> None:
    """Ask for what a machine is sent, and what anybody can ask in its name."""
    assert b"linux" in (await served.get(f"/ipxe/{MAC}")).body
    assert (await served.get(f"/v1/boot/{MAC}")).status == 200
    assert (await served.get(f"/template/preseed/{HOST}/{token}")).status == 200
    await served.ask("POST", "/answer", b'{"network_interfaces": [{"mac": "%s"}]}' % MAC.encode())
    build = served.parts.index.active(HOST)
    assert build is not None
    assert served.parts.definitions.of(build).params["v"] == "body"


async def test_once_a_build_has_begun(tmp_path: Path, making: Making) -> None:
    async with serving(tmp_path) as served:
        token = (await served.ask("PUT", f"/build/{HOST}", BODY)).headers["Build-Token"]
        begun = list(making.threads)

        await all_that_a_stranger_asks(served, token)

        assert set(begun) == {"pyxie management"}
        assert making.threads == begun


async def test_once_a_file_was_changed(tmp_path: Path, making: Making) -> None:
    async with serving(tmp_path) as served:
        token = (await served.ask("PUT", f"/build/{HOST}", BODY)).headers["Build-Token"]
        making.threads.clear()
        (tmp_path / "machines" / f"{HOST}.yaml").write_text(MACHINE + "description: changed\n")
        await served.parts.machines.refresh()
        changed = list(making.threads)

        await all_that_a_stranger_asks(served, token)

        assert set(changed) == {"pyxie the folder 'machinepath'"}
        assert making.threads == changed


async def test_after_a_restart_with_a_body_that_an_earlier_version_took(
    tmp_path: Path, making: Making
) -> None:
    async with serving(tmp_path) as served:
        token = (await served.ask("PUT", f"/build/{HOST}", BODY)).headers["Build-Token"]
    many = "".join(f"  key{each}: {'y' * 40}\n" for each in range(8000))
    large = f"params:\n  static: 'True'\n  v: body\n{many}"
    with closing(sqlite3.connect(tmp_path / "state/pyxie.sqlite")) as state, state:
        state.execute("UPDATE builds SET body = ?", (large,))
    making.threads.clear()
    async with serving(tmp_path) as served:
        started = list(making.threads)

        await all_that_a_stranger_asks(served, token)

        build = served.parts.index.active(HOST)
        assert build is not None
        assert len(served.parts.definitions.of(build).params) == 8003
        assert set(started) == {"pyxie the folder 'machinepath'"}
        assert making.threads == started


async def test_for_unknown_machines(tmp_path: Path, making: Making) -> None:
    async with serving(tmp_path, config=OF_UNKNOWN) as served:
        started = list(making.threads)

        for at in range(5):
            script = await served.get(f"/ipxe/52:54:00:00:00:{at:02x}")
            assert b"kernel" in script.body

        assert making.threads == started
        assert "MainThread" not in started


async def test_near_names_are_looked_for_in_a_thread_of_managements(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of ten thousand names that takes most of a second."""
    where: list[str] = []
    near = Registry.near

    def noting(registry: Registry, name: str) -> list[str]:
        where.append(threading.current_thread().name)
        return near(registry, name)

    monkeypatch.setattr(Registry, "near", noting)
    async with serving(tmp_path) as served:
        for method, path in (
            ("PUT", "/build/linux002.internal"),
            ("GET", "/template/preseed/linux002.internal/x"),
            ("GET", "/api/v1/machines/linux002.internal"),
            ("GET", "/api/v1/builds/linux002.internal"),
            ("DELETE", "/api/v1/builds/linux002.internal"),
        ):
            answer = await served.ask(method, path)
            assert (answer.status, HOST in answer.text) == (404, True)

    assert where == ["pyxie management"] * 5
