"""The commands that begin and end a build, and those that show one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commandline import BUILD, Ran, Runner, clean, daemon, pyxie, site
from tests.fakedaemon import FakeDaemon, Told, answered, fake_daemon

__all__ = ["clean", "daemon", "pyxie"]


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

    def test_a_name_cannot_lead_to_another_route(self, pyxie: Runner, daemon: FakeDaemon) -> None:
        pyxie("build", "../machines?x#y", "--url", daemon.url)

        assert [each.path for each in daemon.asked] == ["/api/v1/builds/..%2Fmachines%3Fx%23y"]

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
            "kernel: linux is not verified",
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

    def test_a_failure_without_a_log_says_what_to_call_instead(self, pyxie: Runner) -> None:
        said = answered({**BUILD, "reason": "", "log": ""})
        with fake_daemon({"GET /api/v1/builds/web01/log": said}) as daemon:
            ran = pyxie("log", "web01", "--url", daemon.url)

        told = "pyxie: the installer of web01 sent no log; what it did: pyxie events --host web01\n"
        assert ran == Ran(0, "", told)

    def test_a_failure_can_be_said(self, pyxie: Runner, daemon: FakeDaemon) -> None:
        ran = pyxie("failed", "web01", "--reason", "smoke", "--url", daemon.url)

        assert ran == Ran(0, "the build of web01 has failed\n", "")
