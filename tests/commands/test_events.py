"""`pyxie events`: the boot trace, a line for each event."""

from __future__ import annotations

from tests.commandline import EVENT, Ran, Runner, clean, daemon, pyxie
from tests.fakedaemon import FakeDaemon, answered, fake_daemon, problem, stream

__all__ = ["clean", "daemon", "pyxie"]


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


class TestNothing:
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
