"""The command line: what it prints, where, and with which exit code it ends."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest

from pyxie import __version__, cli
from pyxie.commands import options
from tests.fakedaemon import FakeDaemon, Told, answered, fake_daemon, problem, stream

PYXIE = [sys.executable, "-m", "pyxie"]
COMMANDS = sorted(cli.commands.commands)
CALLS = [
    [name, *inner]
    for name, command in sorted(cli.commands.commands.items())
    for inner in (
        [[each] for each in sorted(command.commands)] if isinstance(command, click.Group) else [[]]
    )
]
"""Every command, those of groups as well."""
WITHOUT_SITE = ("import",)
"""They take no notice of what is configured here."""
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
LONG = "a-very-long-hostname." * 8 + "example.org"
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
    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    for name in ("PYXIE_URL", "PYXIE_TOKEN_FILE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(options, "PLACES", (Path("config.yaml"),))
    monkeypatch.setattr(cli, "beside", lambda _file: [])  # tests/commands/test_running.py
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


def described_as(call: list[str]) -> str | None:
    """Return a command's own description."""
    found: click.Command = cli.commands
    for name in call:
        assert isinstance(found, click.Group)
        found = found.commands[name]
    return found.help


class TestHelp:
    def test_lists_every_command_on_a_line_of_its_own(self, pyxie: Runner) -> None:
        ran = pyxie("--help")

        assert ran.code == 0
        assert re.findall(r"^  (\w+)  +\S.*[a-z.]$", ran.out, re.MULTILINE) == COMMANDS
        assert "..." not in ran.out.split("Commands:")[1]
        assert "Exit codes: 0 done; 1 the daemon refused or died; 2 a mistake" in ran.out

    @pytest.mark.parametrize("call", CALLS, ids=" ".join)
    @pytest.mark.parametrize("option", ["-h", "--help"])
    def test_of_a_command_tells_of_the_options_that_all_take(
        self, pyxie: Runner, call: list[str], option: str
    ) -> None:
        ran = pyxie(*call, option)

        assert ran.code == 0
        assert ("--config" in ran.out) == (call[0] not in WITHOUT_SITE)
        assert "--json" in ran.out
        described = described_as(call)
        assert described
        assert described.split("\n")[0].endswith((".", ",", ":")) or len(described) > 60

    def test_the_version_is_told(self, pyxie: Runner) -> None:
        assert pyxie("--version") == Ran(0, f"pyxie {__version__}\n", "")

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["bild"], "Error: No such command 'bild'."),
            (["build"], "Error: name a HOST, or several, --group or --all"),
            (["log"], "Error: Missing argument 'HOST'."),
            (["log", "a", "b"], "Error: Got unexpected extra argument (b)"),
            (["wait", "a", "--timeout", "soon"], "Error: Invalid value for '--timeout': 'soon' is"),
            (["check", "--cofnig", "x"], "Error: No such option '--cofnig'."),
            (["events", "--mac", "x"], "Error: Invalid value for --mac: 'x' is not a MAC address"),
            (["status", "--url", "here"], "Error: Invalid value for --url: 'here' is not a URL"),
        ],
    )
    def test_a_wrong_call_is_a_mistake_told_in_one_line(
        self, pyxie: Runner, arguments: list[str], said: str
    ) -> None:
        ran = pyxie(*arguments)

        assert (ran.code, ran.out) == (2, "")
        assert ran.err.splitlines()[-1].startswith(said)


class TestEveryCommand:
    @pytest.mark.parametrize(
        "arguments",
        [
            ["build", "web01"],
            ["cancel", "web01"],
            ["done", "web01"],
            ["status"],
            ["status", "web01"],
            ["machines"],
            ["events"],
        ],
    )
    def test_prints_json_if_asked_and_nothing_else(
        self, pyxie: Runner, daemon: FakeDaemon, tmp_path: Path, arguments: list[str]
    ) -> None:
        site(tmp_path, f"http: {{port: {daemon.port}}}\n")

        ran = pyxie(*arguments, "--json", "--config", "config.yaml")

        assert (ran.code, ran.err) == (0, "")
        assert all(json.loads(line) for line in ran.out.splitlines())

    @pytest.mark.parametrize(
        "arguments",
        [["build", "x"], ["cancel", "x"], ["done", "x"], ["status"], ["status", "x"], ["events"]],
    )
    def test_that_no_daemon_answers_says_so_and_exits_with_3(
        self, pyxie: Runner, arguments: list[str]
    ) -> None:
        ran = pyxie(*arguments, "--url", NOWHERE)

        assert (ran.code, ran.out) == (3, "")
        assert ran.err.startswith(f"pyxie: no pyxie answers at {NOWHERE} (")
        assert ran.err.endswith(
            "); is the daemon running? Until it is restarted it keeps the address that it had,"
            " which is given with --url\n"
        )

    def test_finds_the_daemon_by_settings_that_have_mistakes(
        self, pyxie: Runner, tmp_path: Path
    ) -> None:
        site(tmp_path, "unkown: menu\nhttp: {port: 1}\n")

        ran = pyxie("status")

        assert ran.code == 3
        assert ran.err.startswith("pyxie: no pyxie answers at http://127.0.0.1:1 (")

    @pytest.mark.parametrize("text", ["http: [\n", "http: {port: x}\n"])
    def test_tells_why_it_cannot_be_found_by_them(
        self, pyxie: Runner, tmp_path: Path, text: str
    ) -> None:
        site(tmp_path, text)

        first = pyxie("status").err.splitlines()[0]

        assert first.startswith("pyxie: config.yaml:")
        assert first.endswith("; --url names the daemon's address")

    @pytest.mark.parametrize(
        "arguments",
        [["build", "x"], ["status"], ["machines"], ["check"], ["serve"], ["events"]],
    )
    def test_lists_every_mistake_in_the_settings_it_was_given(
        self, pyxie: Runner, tmp_path: Path, arguments: list[str]
    ) -> None:
        site(tmp_path, "htp: {}\ntftp: {port: x}\n")

        ran = pyxie(*arguments, "--config", "config.yaml")

        assert ran.code == 2
        assert [line for line in (ran.out + ran.err).splitlines() if ": checked " not in line] == [
            "config.yaml:1:1: htp: unknown key; did you mean 'http'?",
            "config.yaml:2:14: tftp.port: must be a whole number, not 'x'",
        ]

    @pytest.mark.parametrize("arguments", [["check"], ["serve"], ["status"]])
    def test_says_that_the_settings_are_missing(self, pyxie: Runner, arguments: list[str]) -> None:
        ran = pyxie(*arguments, "--config", "no.yaml")

        assert ran.code == 2
        assert ran.out + ran.err == "no.yaml: cannot be read: No such file or directory\n"

    @pytest.mark.parametrize("command", ["check", "serve"])
    def test_without_any_settings_says_where_they_were_sought(
        self, pyxie: Runner, command: str
    ) -> None:
        ran = pyxie(command)

        assert ran.code == 2
        assert ran.err.splitlines()[-1] == (
            "Error: there is no ./config.yaml and no /etc/pyxie/config.yaml; "
            "say where it is with --config"
        )

    def test_a_folder_is_no_settings(self, pyxie: Runner, tmp_path: Path) -> None:
        ran = pyxie("check", "--config", str(tmp_path))

        assert ran.code == 2
        assert ran.err.splitlines()[-1] == (
            f"Error: Invalid value for '--config': File '{tmp_path}' is a directory."
        )


def checked(folder: Path, files: int, templates: int = 0) -> str:
    """Return what `pyxie check` says that it has looked at."""
    return (
        f"pyxie: checked {folder}/config.yaml, {files} machine file(s) in {folder}/machines"
        f" and {templates} template(s)\n"
    )


class TestCheck:
    def test_of_a_site_without_mistakes_says_so(self, pyxie: Runner, tmp_path: Path) -> None:
        nic = "network: [{macaddress: 525400000001}]\npreseed: p.j2\n"
        site(tmp_path, "kernel: linux\nimage_url: http://m.example/\n", web01=nic)
        (tmp_path / "templates").mkdir()
        (tmp_path / "templates/p.j2").write_text("wget {{ urls.done }}\n")

        assert pyxie("check") == Ran(0, "1 machine(s), no mistakes\n", checked(tmp_path, 1, 1))
        ran = pyxie("check", "--json")
        assert (ran.code, json.loads(ran.out), ran.err) == (
            0,
            {
                "machines": 1,
                "problems": [],
                "advice": [],
                "file": f"{tmp_path}/config.yaml",
                "machinepath": f"{tmp_path}/machines",
                "files": 1,
                "templates": ["p.j2"],
                "beside": [],
            },
            "",
        )

    def test_names_the_files_however_they_are_named_to_it(
        self, pyxie: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        site(tmp_path, "kernel: linux\nimage_url: http://m.example/\n", web01="htp: x\n")
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")

        assert pyxie("check", "--config", "../config.yaml").err == (
            f"pyxie: checked {tmp_path}/config.yaml, 1 machine file(s) in {tmp_path}/machines"
            " and 0 template(s)\n"
        )

    def test_passes_on_what_the_daemon_runs_on(
        self, pyxie: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(cli, "beside", lambda file: [f"another than {file}"])
        site(tmp_path, "")

        assert pyxie("check").err == f"{checked(tmp_path, 0)}pyxie: another than config.yaml\n"
        assert json.loads(pyxie("check", "--json").out)["beside"] == ["another than config.yaml"]

    def test_gives_advice_that_is_no_mistake(self, pyxie: Runner, tmp_path: Path) -> None:
        nic = "network: [{macaddress: 52540000000%d}]\n"
        config = "kernel: linux\nimage_url: http://m.example/\n"
        site(tmp_path, config, web01=nic % 1, web02=nic % 2, web03=nic % 3)
        said = (
            "config.yaml:1:9: kernel: this build has no template, so nothing ends it: the machine "
            "boots it at every network boot, until `pyxie done` or `pyxie cancel` "
            "(for web01 and 2 more)"
        )

        looked = checked(tmp_path, 3)
        assert pyxie("check") == Ran(0, f"advice: {said}\n3 machine(s), no mistakes\n", looked)
        assert json.loads(pyxie("check", "--json").out)["advice"] == [said]

    def test_prints_a_line_for_each_mistake_and_exits_with_2(
        self, pyxie: Runner, tmp_path: Path
    ) -> None:
        site(tmp_path, "htp: {}\n", web01="hostnam: x\n", web02="- x\n")
        mistakes = [
            "config.yaml:1:1: htp: unknown key; did you mean 'http'?",
            "machines/web01.yaml:1:1: hostnam: unknown key; did you mean 'hostname'?",
            "machines/web02.yaml:1:1: must be a mapping of keys to values",
        ]

        assert pyxie("check") == Ran(2, "\n".join(mistakes) + "\n", checked(tmp_path, 2))
        ran = pyxie("check", "--json")
        told = json.loads(ran.out)
        assert (ran.code, told["machines"], told["problems"]) == (2, 0, mistakes)


class TestTheSettings:
    def test_serve_refuses_to_start_on_mistakes_in_json_too(
        self, pyxie: Runner, tmp_path: Path
    ) -> None:
        site(tmp_path, "htp: {}\n")
        mistake = "config.yaml:1:1: htp: unknown key; did you mean 'http'?"

        assert pyxie("serve") == Ran(2, "", mistake + "\n")
        ran = pyxie("serve", "--json")
        assert (ran.code, json.loads(ran.out)) == (2, {"problems": [mistake]})
        assert json.loads(ran.err)["problems"] == [mistake]

    @pytest.mark.parametrize("listen", ["", "[]", "127.0.0.1", "0.0.0.0", "[127.0.0.1, '::1']"])
    def test_tell_where_the_daemon_is(
        self, pyxie: Runner, daemon: FakeDaemon, tmp_path: Path, listen: str
    ) -> None:
        site(tmp_path, f"http:\n  port: {daemon.port}\n  listen: {listen}\n")

        assert pyxie("build", "web01").code == 0

    def test_that_are_not_ours_to_mend_do_not_keep_one_from_asking(
        self, pyxie: Runner, tmp_path: Path, daemon: FakeDaemon
    ) -> None:
        site(tmp_path, "htp: {}\n")

        assert pyxie("build", "web01", "--url", daemon.url).code == 0


class TestBuilds:
    def test_build_prints_the_token(self, pyxie: Runner, daemon: FakeDaemon) -> None:
        ran = pyxie("build", "web01", "--url", daemon.url + "/")

        assert ran == Ran(0, "web01 is in build mode; token 0-t0ken\n", "")
        assert daemon.asked == [Told("PUT", "/api/v1/builds/web01", None)]

    @pytest.mark.parametrize(
        ("command", "request_", "said"),
        [
            ("cancel", "DELETE /api/v1/builds/web01", "the build of web01 is cancelled"),
            ("done", "POST /api/v1/builds/web01/done", "web01 is installed"),
        ],
    )
    def test_cancel_and_done_say_what_became_of_it(
        self, pyxie: Runner, daemon: FakeDaemon, command: str, request_: str, said: str
    ) -> None:
        assert pyxie(command, "web01", "--url", daemon.url) == Ran(0, said + "\n", "")
        assert [f"{each.method} {each.path}" for each in daemon.asked] == [request_]

    @pytest.mark.parametrize(
        ("host", "code", "said"),
        [
            ("web", 5, "Unable to find host definition for web"),
            ("plain", 6, "192.0.2.9 may not; see 'api.allow'"),
        ],
    )
    def test_what_the_daemon_refuses_is_told_in_its_words(
        self, pyxie: Runner, daemon: FakeDaemon, host: str, code: int, said: str
    ) -> None:
        assert pyxie("build", host, "--url", daemon.url) == Ran(code, "", f"pyxie: {said}\n")

    @pytest.mark.parametrize(
        ("answer", "code"),
        [
            ({"status": 409, "detail": "x", "code": "already"}, 4),
            ({"status": 409, "detail": "a hook said no"}, 1),
            ({"status": 404, "detail": "x"}, 5),
            ({"status": 401, "detail": "x"}, 6),
            ({"status": 403, "detail": "x"}, 6),
            ({"status": 400, "detail": "x", "problems": ["body:1:1: y"]}, 1),
            ({"status": 507, "detail": "x"}, 1),
        ],
        ids=str,
    )
    def test_each_reason_of_a_refusal_has_its_exit_code_and_json_if_asked(
        self, pyxie: Runner, answer: dict[str, Any], code: int
    ) -> None:
        refused = (answer["status"], "application/problem+json", json.dumps(answer).encode())
        with fake_daemon({"PUT /api/v1/builds/web01": refused}) as daemon:
            ran = pyxie("build", "web01", "--json", "--url", daemon.url)

        assert (ran.code, ran.out) == (code, "")
        said = json.loads(ran.err)
        assert {key: said[key] for key in answer} == answer
        assert said["exit"] == code

    @pytest.mark.parametrize(
        ("call", "code", "said"),
        [
            (["build", "web01", "--url", "http://127.0.0.1:1"], 3, "no pyxie answers at"),
            (["build", "web01", "--url", "here"], 2, "Invalid value for --url"),
            (["bild"], 2, "No such command 'bild'"),
        ],
        ids=["no-daemon", "usage", "command"],
    )
    def test_other_errors_are_json_too_if_asked(
        self, pyxie: Runner, call: list[str], code: int, said: str
    ) -> None:
        ran = pyxie(*call, "--json")

        assert (ran.code, ran.out) == (code, "")
        assert said in json.loads(ran.err)["detail"]

    def test_a_name_cannot_lead_to_another_route(self, pyxie: Runner, daemon: FakeDaemon) -> None:
        pyxie("build", "../machines?x#y", "--url", daemon.url)

        assert [each.path for each in daemon.asked] == ["/api/v1/builds/..%2Fmachines%3Fx%23y"]


NONE: dict[str, Any] = {"machines": [], "problems": []}
LIMITS = {"events": 20_000}
WATCH = "to watch what comes: pyxie events --follow"
UNSEEN = "no unknown machine has tried to boot since the start; watch: pyxie events --follow"


class TestNothing:
    """An empty answer says why it is empty, and what to call."""

    @pytest.mark.parametrize(
        ("call", "answers", "said"),
        [
            (
                ["status"],
                {"machines": {**NONE, "machines": [WEB02]}},
                "no machine is in build mode or was installed; to install one: pyxie build HOST",
            ),
            *(
                (
                    [name],
                    {"machines": NONE},
                    (
                        "there are no machines; to write the first one's file:"
                        " pyxie add HOST --mac MAC"
                    ),
                )
                for name in ("status", "machines")
            ),
            (
                ["events"],
                {"events/history?limit=100": {"events": []}, "settings": {"limits": LIMITS}},
                f"no events: no machine has asked pyxie for anything; {WATCH}",
            ),
            (
                ["events", "--past", "7"],
                {"events/history?limit=7": {"events": []}, "settings": {"limits": {"events": 0}}},
                (
                    f"no events: no machine has asked pyxie for anything; {WATCH};"
                    " with 'limits.events: 0' none of before the start is kept"
                ),
            ),
            (
                ["events", "--host", "web01"],
                {
                    "events/history?limit=100&host=web01": {"events": []},
                    "machines/web01": WEB01,
                },
                f"no events: web01 has asked pyxie for nothing; {WATCH} --host web01",
            ),
            (
                ["events", "--mac", "52:54:00:00:00:01"],
                {"events/history?limit=100&mac=52:54:00:00:00:01": {"events": []}},
                (
                    "no events: no message of 52:54:00:00:00:01 has reached pyxie, or none since"
                    f" the start was to be answered; {WATCH} --mac 52:54:00:00:00:01"
                ),
            ),
            (
                ["discovered"],
                {"discovered": {"machines": []}, "settings": {"unknown": "ignore"}},
                (
                    f"{UNSEEN}; with 'unknown: discover' they say what they are, also before a"
                    " restart"
                ),
            ),
            (
                ["discovered"],
                {"discovered": {"machines": []}, "settings": {"unknown": "discover"}},
                UNSEEN,
            ),
            # Its token may not see the settings.
            (["discovered"], {"discovered": {"machines": []}}, UNSEEN),
            (
                ["token", "list"],
                {"tokens": {"tokens": []}},
                "there are no tokens; to create one: pyxie token create NAME",
            ),
            (
                ["audit"],
                {"audit?limit=50": {"entries": []}},
                "nothing was changed over HTTP so far",
            ),
        ],
    )
    def test_says_why_and_what_to_call(
        self, pyxie: Runner, call: list[str], answers: dict[str, Any], said: str
    ) -> None:
        told = {
            f"GET /api/v1/{path}": answered({"settings": body} if path == "settings" else body)
            for path, body in answers.items()
        }
        query = {"--host": "?host=web01", "--mac": "?mac=52:54:00:00:00:01"}
        told |= {f"GET /api/v1/events{query.get(each, '')}": stream() for each in call}
        with fake_daemon(told) as daemon:
            plain = pyxie(*call, "--url", daemon.url)
            as_json = pyxie(*call, "--json", "--url", daemon.url)

        assert plain == Ran(0, "", f"pyxie: {said}\n")
        assert (as_json.code, as_json.err) == (0, "")

    def test_of_a_machine_that_is_not_there_says_so(self, pyxie: Runner) -> None:
        answers = {
            "GET /api/v1/events?host=web1": stream(),
            "GET /api/v1/events/history?limit=100&host=web1": answered({"events": []}),
            "GET /api/v1/machines/web1": problem(404, "no web1\nDid you mean web01?"),
        }
        with fake_daemon(answers) as daemon:
            ran = pyxie("events", "--host", "web1", "--url", daemon.url)

        assert ran == Ran(0, "", "pyxie: no web1\nDid you mean web01?\n")

    def test_is_in_memory_where_it_is_too_long_ago_and_then_comes_from_disk(
        self, pyxie: Runner
    ) -> None:
        answers = {
            "GET /api/v1/events?host=web01": stream(),
            "GET /api/v1/events/history?limit=100&host=web01": answered(
                {"events": [{**EVENT, "at": 0.0}]}
            ),
        }
        with fake_daemon(answers) as daemon:
            ran = pyxie("events", "--host", "web01", "--url", daemon.url)

        assert ran == Ran(0, "1970-01-01 00:00:00  web01  offered undionly.kpxe\n", "")


class TestStatus:
    @pytest.mark.parametrize(
        ("call", "shown"),
        [
            (
                ["status"],
                (
                    "web01  pending  1970-01-01 00:00:00  rescue"
                    "  1970-01-01 00:01:00: kernel: no such file\n"
                ),
            ),
            (
                ["status", "web01"],
                (
                    "web01  pending  52:54:00:00:00:01\n"
                    "last trouble  1970-01-01 00:01:00: kernel: no such file\n"
                ),
            ),
        ],
        ids=["all", "one"],
    )
    def test_shows_a_builds_last_trouble_with_its_time(
        self, pyxie: Runner, call: list[str], shown: str
    ) -> None:
        trouble = {"at": 60.0, "code": "image.failed", "text": "kernel: no such file"}
        machine = {**WEB01, "build": {**BUILD, "trouble": trouble}}
        answers = {
            "GET /api/v1/machines": answered({**NONE, "machines": [machine]}),
            "GET /api/v1/machines/web01": answered({**machine, "history": [], "hooks": []}),
        }
        with fake_daemon(answers) as daemon:
            assert pyxie(*call, "--url", daemon.url) == Ran(0, shown, "")

    @pytest.mark.parametrize("call", [["status"], ["machines"], ["status", "web01"]], ids=" ".join)
    def test_says_what_of_the_settings_is_not_in_force(
        self, pyxie: Runner, call: list[str]
    ) -> None:
        said = {"problems": [], "not_in_force": ["user takes a restart"]}
        answers = {
            "GET /api/v1/machines": answered({"machines": [WEB01], **said}),
            "GET /api/v1/machines/web01": answered({**WEB01, "history": [], "hooks": [], **said}),
        }
        with fake_daemon(answers) as daemon:
            ran = pyxie(*call, "--url", daemon.url)

        assert (ran.code, ran.err) == (0, "not in force: user takes a restart\n")

    def test_shows_who_was_built_and_what_is_broken(
        self, pyxie: Runner, daemon: FakeDaemon
    ) -> None:
        assert pyxie("status", "--url", daemon.url) == Ran(
            0, "web01  pending  1970-01-01 00:00:00  rescue\n", "broken: m/x: bad\n"
        )

    def test_of_one_machine_shows_its_history(self, pyxie: Runner, daemon: FakeDaemon) -> None:
        assert pyxie("status", "web01", "--url", daemon.url).out.splitlines() == [
            "web01  pending  52:54:00:00:00:01",
            "1970-01-01 00:00:00  pending     PUT /build  192.0.2.9",
            "1970-01-01 00:01:00  installing  booting",
            "",
            "1970-01-01 00:02:00  prebuild  ipmitool chassis  exit code 0",
        ]

    def test_machines_of_groups_are_listed_without_a_daemon(
        self, pyxie: Runner, tmp_path: Path
    ) -> None:
        site(tmp_path, "http: {port: 1}\n", web01="groups: web\n")
        (tmp_path / "groups").mkdir()
        (tmp_path / "groups/web.yaml").write_text("kernel: linux\n")

        assert pyxie("machines").out == "web01    -\n"

    def test_show_tells_where_each_value_is_from(self, pyxie: Runner, daemon: FakeDaemon) -> None:
        ran = pyxie("show", "web01", "--build-type", "rescue", "--url", daemon.url)

        assert ran.out.splitlines() == [
            "params.disk  /dev/sda   config.yaml:3  settings",
            "kernel       (cleared)  config.yaml:4  settings",
        ]

    def test_show_reads_the_files_where_no_daemon_answers(
        self, pyxie: Runner, tmp_path: Path
    ) -> None:
        config = "http: {port: 1}\nkernel: linux\nbuild_types: {rescue: {kernel: other}}\n"
        site(tmp_path, config, web01="params: {a: b}\n", web02="x: y\n")

        assert pyxie("show", "web01").out.splitlines() == [
            "kernel    linux  config.yaml:2          settings",
            "params.a  b      machines/web01.yaml:1  machine",
            "hostname  web01  machines/web01.yaml:1  machine",
        ]
        assert "other" in pyxie("show", "web01", "--type", "rescue").out
        assert pyxie("show", "web01").err == (
            f"pyxie: no daemon answers; this is from {tmp_path}/config.yaml\n"
            "cannot be built: network: web01 has no 'macaddress' and no 'match'\n"
            "cannot be built: linux: no such file\n"
        )
        assert pyxie("show", "web02").code == 2
        assert "did you mean" in pyxie("show", "web03").err

    def test_the_log_of_a_failure_is_printed_with_its_reason(
        self, pyxie: Runner, daemon: FakeDaemon
    ) -> None:
        assert pyxie("log", "web01", "--url", daemon.url) == Ran(0, "a\nb\n", "failed: no disk\n")

    def test_a_failure_can_be_said(self, pyxie: Runner, daemon: FakeDaemon) -> None:
        ran = pyxie("failed", "web01", "--reason", "smoke", "--url", daemon.url)

        assert ran == Ran(0, "the build of web01 has failed\n", "")

    def test_machines_lists_them_all(self, pyxie: Runner, daemon: FakeDaemon) -> None:
        assert pyxie("machines", "--url", daemon.url).out.splitlines() == [
            "web01  52:54:00:00:00:01  pending",
            "web02                     -",
        ]

    def test_machines_reads_the_files_where_no_daemon_answers(
        self, pyxie: Runner, tmp_path: Path
    ) -> None:
        site(tmp_path, "http: {port: 1}\n", web01="", web02="x: y\n")

        assert pyxie("machines") == Ran(
            0,
            "web01    -\n",
            f"pyxie: no daemon answers; these are the files in {tmp_path}/machines\n"
            f"broken: {tmp_path}/machines/web02.yaml:1:1: x: unknown key\n",
        )

    def test_machines_of_another_host_are_not_read_from_our_files(
        self, pyxie: Runner, tmp_path: Path
    ) -> None:
        site(tmp_path, "", web01="")

        assert pyxie("machines", "--url", NOWHERE).code == 3


class TestEvents:
    def test_of_over_a_day_ago_have_their_day(self, pyxie: Runner) -> None:
        events = stream({**EVENT, "at": 0.0}, EVENT)
        with fake_daemon({"GET /api/v1/events": events}) as daemon:
            ran = pyxie("events", "--url", daemon.url)

        assert ran.out == (
            "1970-01-01 00:00:00  web01  offered undionly.kpxe\n"
            "00:00:00  web01  offered undionly.kpxe\n"
        )

    def test_are_a_line_each(self, pyxie: Runner, daemon: FakeDaemon) -> None:
        assert pyxie("events", "--url", daemon.url) == Ran(
            0,
            "00:00:00  web01  offered undionly.kpxe\n00:01:01  192.0.2.7  offered undionly.kpxe\n",
            "",
        )

    def test_of_a_machine_and_a_nic_in_any_spelling(
        self, pyxie: Runner, daemon: FakeDaemon
    ) -> None:
        arguments = ["--host", "web01", "--mac", "5254.00AB.CDEF", "--url", daemon.url]

        assert pyxie("events", *arguments).out == "00:00:00  web01  offered undionly.kpxe\n"

    def test_of_the_past_have_a_day_and_the_newest_is_the_last(
        self, pyxie: Runner, daemon: FakeDaemon
    ) -> None:
        ran = pyxie("events", "--past", "2", "--host", "web01", "--url", daemon.url)

        assert ran.out == (
            "1970-01-01 00:00:00  web01  offered undionly.kpxe\n"
            "1970-01-02 00:01:01  web01  offered undionly.kpxe\n"
        )
        assert pyxie("events", "--past", "2", "-f", "--url", daemon.url).code == 2

    def test_that_are_followed_end_with_the_daemon_which_is_told(
        self, pyxie: Runner, daemon: FakeDaemon
    ) -> None:
        assert pyxie("events", "--follow", "--url", daemon.url) == Ran(
            3,
            "00:00:00  web01  offered undionly.kpxe\n",
            f"pyxie: pyxie at {daemon.url} has stopped\n",
        )

    def test_are_told_with_progress_if_that_is_wanted(
        self, pyxie: Runner, daemon: FakeDaemon
    ) -> None:
        ran = pyxie("events", "--follow", "--progress", "--url", daemon.url)

        assert ran.out == "00:00:00  web01  kernel: 1.2 MB\n"
        assert "Error: --progress is for --follow" in pyxie("events", "--progress").err

    def test_that_break_off_are_told_too(self, pyxie: Runner) -> None:
        answers = {"GET /api/v1/events?follow=1": stream(EVENT)}
        with fake_daemon(answers, endless=True) as daemon:
            daemon.closing.set()

            ran = pyxie("events", "-f", "--url", daemon.url)

        assert (ran.code, ran.out) == (3, "00:00:00  web01  offered undionly.kpxe\n")
        assert ran.err.startswith(f"pyxie: pyxie at {daemon.url} has gone: ")

    def test_cannot_draw_on_the_terminal(self, pyxie: Runner) -> None:
        text = "asked for \x1b[2J\r\n\u202eevil"
        answers = {"GET /api/v1/events": stream({**EVENT, "text": text})}
        with fake_daemon(answers) as daemon:
            ran = pyxie("events", "--url", daemon.url)

        assert ran.out == "00:00:00  web01  asked for \\x1b[2J\\r\\n\\u202eevil\n"


class TestWhatIsNoPyxie:
    @pytest.mark.parametrize(
        "answer",
        [
            (200, "text/html", b"<html>hello</html>"),
            (200, "application/json", b"not json"),
            (200, "application/json", b"\xff\xfe"),
        ],
    )
    def test_is_told_instead_of_a_traceback(
        self, pyxie: Runner, answer: tuple[int, str, bytes]
    ) -> None:
        answers = {"GET /api/v1/machines": answer, "GET /api/v1/events": answer}
        with fake_daemon(answers) as other:
            asked = [pyxie(command, "--url", other.url) for command in ("status", "events")]

        for ran in asked:
            assert (ran.code, ran.out) == (3, "")
            assert ran.err.startswith("pyxie: ")

    def test_its_error_page_is_not_printed(self, pyxie: Runner) -> None:
        with fake_daemon({"GET /api/v1/machines": (404, "text/html", b"<html>\n</html>")}) as other:
            assert pyxie("status", "--url", other.url) == Ran(
                3, "", f"pyxie: what answers at {other.url} is no pyxie (404 Not Found)\n"
            )

    def test_an_error_that_is_no_text_is_told(self, pyxie: Runner) -> None:
        with fake_daemon({"GET /api/v1/machines": (500, "text/plain", b"\xff")}) as other:
            assert pyxie("status", "--url", other.url) == Ran(1, "", "pyxie: \ufffd\n")


class TestTheToken:
    def test_is_read_from_a_file_and_shown_to_the_daemon(
        self, pyxie: Runner, daemon: FakeDaemon, tmp_path: Path
    ) -> None:
        (tmp_path / "token").write_text("0123456789abcdef\n")

        pyxie("build", "web01", "--url", daemon.url, "--token-file", "token")

        assert [each.authorization for each in daemon.asked] == ["Bearer 0123456789abcdef"]

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"\xff\xfe", "token is not text"),
            ("tökén".encode(), "token is not text"),
            (b"", "token is not one line"),
            (b"one\ntwo\n", "token is not one line"),
        ],
    )
    def test_that_is_none_is_a_mistake_and_not_shown(
        self, pyxie: Runner, tmp_path: Path, content: bytes, said: str
    ) -> None:
        (tmp_path / "token").write_bytes(content)

        ran = pyxie("status", "--token-file", "token")

        assert ran.code == 2
        assert ran.err.splitlines()[-1] == f"Error: Invalid value for --token-file: {said}"

    def test_file_that_is_missing_is_a_mistake(self, pyxie: Runner) -> None:
        ran = pyxie("status", "--token-file", "none")

        assert ran.code == 2
        assert ran.err.splitlines()[-1] == (
            "Error: Invalid value for '--token-file': File 'none' does not exist."
        )


ALONE = {"PYXIE_URL": "http://192.0.2.1:8090"}
"""Names a daemon elsewhere, lest one that runs on this host has a word on what is checked."""


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "TZ": "UTC", **more}


class TestOffATerminal:
    def test_nothing_is_wrapped_or_coloured_however_narrow_it_says_it_is(self) -> None:
        machine = {**WEB01, "hostname": LONG}
        answers = {
            "GET /api/v1/machines": answered({"machines": [machine], "problems": []}),
            "GET /api/v1/events": stream({**EVENT, "host": LONG, "step": "trouble"}),
        }
        narrow = environment(COLUMNS="20", FORCE_COLOR="1", TERM="xterm-256color")
        with fake_daemon(answers) as daemon:
            told = [
                subprocess.run(
                    [*PYXIE, command, "--url", daemon.url],
                    env=narrow,
                    capture_output=True,
                    text=True,
                ).stdout
                for command in ("machines", "events")
            ]

        assert told == [
            f"{LONG}  52:54:00:00:00:01  pending\n",
            f"00:00:00  {LONG}  offered undionly.kpxe\n",
        ]

    def test_text_of_any_script_is_printed_in_any_locale(self, tmp_path: Path) -> None:
        name = b"b\xff\xc3\xa4"
        site(tmp_path, "")
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/machines/" + name + b".yaml")).write_text(
            "é: 1"
        )

        ran = subprocess.run(
            [*PYXIE, "check"],
            cwd=tmp_path,
            env=environment(LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", **ALONE),
            capture_output=True,
            text=True,
        )

        assert (ran.returncode, ran.stderr) == (2, checked(tmp_path, 1))
        assert "machines/b\\xff\\xe4.yaml:1:1: \\xe9: unknown key" in ran.stdout.splitlines()

    def test_a_reader_that_leaves_ends_it_without_a_word(self) -> None:
        with fake_daemon({"GET /api/v1/events": stream(*[EVENT] * 2000)}) as daemon:
            ran = subprocess.run(
                ["sh", "-c", '"$@" | head -n1; exit', "sh", *PYXIE, "events", "--url", daemon.url],
                capture_output=True,
                text=True,
            )

        assert (ran.stdout, ran.stderr) == ("00:00:00  web01  offered undionly.kpxe\n", "")

    def test_ctrl_c_while_following_ends_it_without_a_traceback(self) -> None:
        answers = {"GET /api/v1/events?follow=1": stream(EVENT)}
        with (
            fake_daemon(answers, endless=True) as daemon,
            subprocess.Popen(
                [*PYXIE, "events", "--follow", "--url", daemon.url],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=environment(),
            ) as process,
        ):
            assert process.stdout is not None
            first = process.stdout.readline()
            process.send_signal(signal.SIGINT)
            rest, err = process.communicate(timeout=20)

        assert (first, rest, err.strip()) == ("00:00:00  web01  offered undionly.kpxe\n", "", "")
        assert process.returncode == 130


class TestOnATerminal:
    def run(self, *arguments: str, columns: int = 80) -> str:
        ours, theirs = pty.openpty()
        try:
            ran = subprocess.Popen(
                [*PYXIE, *arguments],
                stdout=theirs,
                env=environment(COLUMNS=str(columns), TERM="xterm-256color"),
            )
            os.close(theirs)
            text = b""
            while True:
                try:
                    piece = os.read(ours, 4096)
                except OSError:  # EIO: the last writer has closed it
                    break
                if not piece:
                    break
                text += piece
            assert ran.wait(20) == 0
        finally:
            os.close(ours)
        return text.decode().replace("\r\n", "\n")

    def test_a_list_is_a_table_with_a_head(self) -> None:
        answers = {"GET /api/v1/machines": answered({"machines": [WEB01, WEB02], "problems": []})}
        with fake_daemon(answers) as daemon:
            text = self.run("machines", "--url", daemon.url)

        plain = [line.split() for line in re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()]
        assert plain == [
            ["machine", "NICs", "state"],
            ["web01", "52:54:00:00:00:01", "pending"],
            ["web02", "-"],
        ]

    def test_a_name_that_is_too_long_loses_nothing(self) -> None:
        machine = {**WEB01, "hostname": "[bold]:smile:" + "x" * 60}
        answers = {"GET /api/v1/machines": answered({"machines": [machine], "problems": []})}
        with fake_daemon(answers) as daemon:
            text = self.run("machines", "--url", daemon.url, columns=60)

        assert text.splitlines()[1].startswith("[bold]:smile:")
        assert text.count("x") == 60

    @pytest.mark.parametrize("columns", [40, 60, 80])
    def test_hosts_and_states_are_never_folded(self, columns: int) -> None:
        machine = {**WEB01, "hostname": "web01.rack7.example.org"}
        machine["macs"] = [f"52:54:00:00:00:{at:02x}" for at in range(6)]
        answers = {"GET /api/v1/machines": answered({"machines": [machine], "problems": []})}
        with fake_daemon(answers) as daemon:
            text = self.run("machines", "--url", daemon.url, columns=columns)

        assert [word for word in ("web01.rack7.example.org", "pending") if word not in text] == []
        assert all(mac in text for mac in machine["macs"])

    def test_trouble_is_red_and_the_line_is_whole(self) -> None:
        event = {**EVENT, "step": "trouble", "text": "no [kernel] " + "x" * 100}
        with fake_daemon({"GET /api/v1/events": stream(event)}) as daemon:
            text = self.run("events", "--url", daemon.url, columns=40)

        assert text == f"\x1b[31m00:00:00  web01  no [kernel] {'x' * 100}\x1b[0m\n"


def test_every_command_is_a_click_command_with_a_help_of_its_own() -> None:
    texts: list[Any] = [command.help for command in cli.commands.commands.values()]

    assert all(isinstance(command, click.Command) for command in cli.commands.commands.values())
    assert len(set(texts)) == len(COMMANDS)


class TestDiscovered:
    def test_are_listed_and_adopted(self, pyxie: Runner, daemon: FakeDaemon) -> None:
        assert pyxie("discovered", "--url", daemon.url).out == (
            "52:54:00:00:00:07  1970-01-01 00:01:00  QEMU  Standard PC  7  x64\n"
        )
        adopted = pyxie("adopt", "5254.0000.0007", "--hostname", "web07", "--url", daemon.url)
        assert adopted == Ran(0, "web07 is added, with 52:54:00:00:00:07\n", "")
        assert pyxie("adopt", "x", "--hostname", "web07", "--url", daemon.url).code == 2
