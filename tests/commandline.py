"""`pyxie` run in this process, before a daemon that answers as it is told to."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pyxie import cli
from pyxie.commands import options
from tests.fakedaemon import FakeDaemon, answered, fake_daemon, problem, stream

NOWHERE = "http://127.0.0.1:1"

BUILD = {
    "host": "web01",
    "state": "pending",
    "begun": 0.0,
    "changed": 0.0,
    "mac": None,
    "build_type": "rescue",
}
WEB01 = {"hostname": "web01", "macs": ["52:54:00:00:00:01"], "build": BUILD}
WEB02: dict[str, Any] = {"hostname": "web02", "macs": [], "build": None}
NONE: dict[str, Any] = {"machines": [], "problems": []}
TODAY = time.time() // 86_400 * 86_400
EVENT: dict[str, Any] = {
    "at": TODAY,
    "step": "offer",
    "text": "offered undionly.kpxe",
    "mac": "52:54:00:00:00:01",
    "host": "web01",
    "peer": "192.0.2.7",
}
HOOK = {
    "at": 60.0,
    "ended": 120.0,
    "kind": "prebuild",
    "command": "ipmitool chassis",
    "state": "done",
    "result": "exit code 0",
    "attempts": 1,
    "output": "",
}
STRANGER = {
    "mac": "52:54:00:00:00:07",
    "first": 0.0,
    "last": 60.0,
    "told": {"vendor": "QEMU", "product": "Standard PC", "serial": "7", "architecture": "x64"},
}
ORIGIN = {"path": "params.disk", "value": "/dev/sda", "layer": "settings", "file": "config.yaml"}


@dataclass(frozen=True)
class Ran:
    """How a call ended."""

    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    for name in ("PYXIE_URL", "PYXIE_TOKEN_FILE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(options, "PLACES", (Path("config.yaml"),))
    monkeypatch.setattr(
        "pyxie.commands.check.beside", lambda _file: []
    )  # tests/commands/test_running.py
    yield
    monkeypatch.undo()
    time.tzset()


class Runner:
    """Runs `pyxie` in this process."""

    def __init__(self, patch: pytest.MonkeyPatch, captured: pytest.CaptureFixture[str]) -> None:
        self._patch = patch
        self._captured = captured

    def __call__(self, *arguments: str) -> Ran:
        self._patch.setattr(sys, "argv", ["pyxie", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = self._captured.readouterr()
        assert isinstance(ended.value.code, int)
        return Ran(ended.value.code, out, err)


@pytest.fixture
def pyxie(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Runner:
    return Runner(monkeypatch, capsys)


@pytest.fixture
def daemon() -> Iterator[FakeDaemon]:
    answers = {
        "GET /api/v1/machines": answered({"machines": [WEB01, WEB02], "problems": ["m/x: bad"]}),
        "GET /api/v1/machines/web01": answered(
            {
                **WEB01,
                "history": [
                    {"at": 0.0, "state": "pending", "cause": "PUT /build", "peer": "192.0.2.9"},
                    {"at": 60.0, "state": "installing", "cause": "booting", "peer": None},
                ],
                "hooks": [HOOK],
            }
        ),
        "PUT /api/v1/builds/web01": answered({**BUILD, "token": "0-t0ken"}),
        "DELETE /api/v1/builds/web01": answered({**BUILD, "state": "cancelled"}),
        "POST /api/v1/builds/web01/done": answered({**BUILD, "state": "installed"}),
        "POST /api/v1/builds/web01/failed": answered({**BUILD, "state": "failed"}),
        "GET /api/v1/builds/web01/log": answered({**BUILD, "reason": "no disk", "log": "a\nb\n"}),
        "GET /api/v1/machines/web01/definition?build_type=rescue": answered(
            {
                "origins": [
                    {**ORIGIN, "line": 3, "column": 9},
                    {**ORIGIN, "path": "kernel", "value": None, "line": 4, "column": 1},
                ]
            }
        ),
        "PUT /api/v1/builds/web": problem(404, "Unable to find host definition for web"),
        "PUT /api/v1/builds/plain": (403, "text/plain", b"192.0.2.9 may not; see 'api.allow'\n"),
        "GET /api/v1/discovered": answered({"machines": [STRANGER]}),
        "GET /api/v1/discovered/52:54:00:00:00:07": answered(STRANGER),
        "POST /api/v1/machines": answered({"hostname": "web07"}, 201),
        "GET /api/v1/events": stream(EVENT, {**EVENT, "host": None, "mac": None, "at": TODAY + 61}),
        "GET /api/v1/events?host=web01&mac=52:54:00:ab:cd:ef": stream(EVENT),
        "GET /api/v1/events?follow=1": stream(EVENT),
        "GET /api/v1/events?follow=1&progress=1": stream({**EVENT, "text": "kernel: 1.2 MB"}),
        "GET /api/v1/events/history?limit=2&host=web01": answered(
            {"events": [{**EVENT, "at": 86_461.0}, {**EVENT, "at": 0.0}], "next": None}
        ),
    }
    with fake_daemon(answers) as running:
        yield running


def site(folder: Path, config: str = "", **machines: str) -> None:
    (folder / "config.yaml").write_text(config)
    (folder / "machines").mkdir(exist_ok=True)
    for name, text in machines.items():
        (folder / f"machines/{name}.yaml").write_text(text)
