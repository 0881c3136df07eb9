"""`pyxie status` and `pyxie machines`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commandline import BUILD, NONE, NOWHERE, WEB01, Ran, Runner, clean, daemon, pyxie, site
from tests.fakedaemon import FakeDaemon, answered, fake_daemon

__all__ = ["clean", "daemon", "pyxie"]


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
                    "web01  pending  rescue  52:54:00:00:00:01\n"
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
            "web01  pending  rescue  52:54:00:00:00:01",
            "1970-01-01 00:00:00  pending     PUT /build  192.0.2.9",
            "1970-01-01 00:01:00  installing  booting",
            "",
            "1970-01-01 00:02:00  prebuild  ipmitool chassis  exit code 0",
        ]

    @pytest.mark.parametrize("call", [["status", "web01"], ["show", "web01"]], ids=" ".join)
    def test_of_one_machine_says_what_is_known_of_its_secure_boot(
        self, pyxie: Runner, call: list[str]
    ) -> None:
        known = [{"mac": "52:54:00:00:00:01", "state": "off", "by": "GRUB", "at": 60.0}]
        shown = {**WEB01, "history": [], "hooks": [], **NONE, "secure_boot": known}
        answers = {
            "GET /api/v1/machines/web01": answered(shown),
            "GET /api/v1/machines/web01/definition": answered({"origins": [], **shown}),
        }
        with fake_daemon(answers) as daemon:
            said = pyxie(*call, "--url", daemon.url).out.splitlines()

        assert (
            "52:54:00:00:00:01: its Secure Boot is off, as its GRUB said on 1970-01-01 00:01:00"
        ) in said

    def test_machines_of_groups_are_listed_without_a_daemon(
        self, pyxie: Runner, tmp_path: Path
    ) -> None:
        site(tmp_path, "http: {port: 1}\n", web01="groups: web\n")
        (tmp_path / "groups").mkdir()
        (tmp_path / "groups/web.yaml").write_text("kernel: linux\n")

        assert pyxie("machines").out == "web01    -\n"

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
            f"broken: {tmp_path}/machines/web02.yaml:1:1: x: unknown key;"
            " a value for templates goes below 'params'\n",
        )

    def test_machines_of_another_host_are_not_read_from_our_files(
        self, pyxie: Runner, tmp_path: Path
    ) -> None:
        site(tmp_path, "", web01="")

        assert pyxie("machines", "--url", NOWHERE).code == 3
