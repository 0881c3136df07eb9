"""The command line: what it prints, where, and with which exit code it ends."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest

from pyxie import __version__, cli
from tests.commandline import (
    EVENT,
    NONE,
    NOWHERE,
    WEB01,
    WEB02,
    Ran,
    Runner,
    clean,
    daemon,
    pyxie,
    site,
)
from tests.fakedaemon import FakeDaemon, answered, fake_daemon, stream

__all__ = ["clean", "daemon", "pyxie"]

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
WITHOUT_SITE = ("import", "probe")
"""They take no notice of what is configured here."""
LONG = "a-very-long-hostname." * 8 + "example.org"


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

    def test_with_a_type_that_is_none_is_a_mistake_in_the_call(
        self, pyxie: Runner, tmp_path: Path
    ) -> None:
        site(tmp_path, "kernel: linux\nbuild_types: {rescue: {kernel: r}}\n", web01="")

        ran = pyxie("check", "--build-type", "resque")

        assert (ran.code, ran.out) == (2, "")
        assert ran.err.endswith(
            "Error: Invalid value for --build-type: build type 'resque' is not one of"
            " 'build_types' in config.yaml; did you mean 'rescue'?\n"
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
        monkeypatch.setattr("pyxie.commands.check.beside", lambda file: [f"another than {file}"])
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


class TestRefusals:
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


LIMITS = {"events": 20_000}
WATCH = "to watch what comes: pyxie events --follow"
UNSEEN = (
    "no machine that lacks a machine file has tried to boot since the start;"
    " watch: pyxie events --follow"
)


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
                (f"{UNSEEN}; with 'unknown: discover' they say what they are, and that is kept"),
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
        assert "machines/b\\xff\\xe4.yaml:1:1: \\xe9: unknown key; " in ran.stdout

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
            assert ran.wait(60) == 0
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
