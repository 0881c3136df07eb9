"""The state, held by another program, taken away or doubled, under a live daemon."""

from __future__ import annotations

import json
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.daemon import Home
from tests.http.site import HOST, MACHINE, Answer
from tests.support import until

HOSTS = [f"web{number:02}.internal" for number in range(6)]
OK = Answer(200, b"OK")
SOON = 10.0
"""Seconds in which what is wrong is told of: a look is every two, and takes three at most."""


def made(folder: Path) -> Home:
    home = Home(folder)
    for number, host in enumerate(HOSTS):
        text = MACHINE.replace(HOST, host).replace("00:de:ad:90:74:60", mac(number))
        (folder / f"machines/{host}.yaml").write_text(text)
    return home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return made(tmp_path)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """One that runs, and is well again after each test."""
    home = made(tmp_path_factory.mktemp("served"))
    with home.running():
        yield home


def mac(number: int) -> str:
    return f"02:00:00:00:01:{number:02x}"


@contextmanager
def held(home: Home) -> Iterator[None]:
    """Have another program write to the state, and not end."""
    place = home.folder / "state/pyxie.sqlite"
    with closing(sqlite3.connect(place, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def health(home: Home) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(home.get("/health").body)
    return found


def told(home: Home, part: str) -> str:
    """Wait until `/health` tells of it."""

    def found() -> str:
        return next((each for each in health(home)["problems"] if part in each), "")

    return until(found, f"'{part}' in /health", seconds=SOON)


def at_once(calls: list[Any]) -> list[tuple[Any, float]]:
    """Make calls at the same time; return what each answered, and after how many seconds."""
    ended: list[tuple[Any, float]] = [(None, 0.0)] * len(calls)

    def make(number: int) -> None:
        began = time.monotonic()
        answer = calls[number]()
        ended[number] = answer, time.monotonic() - began

    threads = [threading.Thread(target=make, args=(number,)) for number in range(len(calls))]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    return ended


def test_held_by_another_program_it_delays_no_end_of_a_build(home: Home) -> None:
    with home.running() as process:
        tokens = [home.build(host) for host in HOSTS[:5]]
        with held(home):
            ended = at_once(
                [partial(home.get, f"/done/{HOSTS[at]}/{tokens[at]}") for at in range(5)]
            )
            left = [home.get(f"/v1/boot/{mac(number)}").status for number in range(5)]
            again = home.get(f"/done/{HOSTS[0]}/{tokens[0]}")
            refused, took = at_once([lambda: home.ask("PUT", f"/build/{HOSTS[5]}")])[0]
            problem = told(home, "are in memory only")
            waiting = health(home)["unsaved"]

        assert [answer for answer, _ in ended] == [OK] * 5
        assert max(seconds for _, seconds in ended) < 5  # one after the other they took 25 s
        assert left == [404] * 5
        assert again == OK
        assert (refused.status, b"database is locked" in refused.body) == (507, True)
        assert took < 20
        assert "database is locked" in problem
        assert waiting == 5
        assert (home.folder / "state/pyxie.sqlite.reserve").exists()
        until(lambda: health(home)["unsaved"] == 0, "it to be stored")
        assert home.ask("PUT", f"/build/{HOSTS[5]}").status == 200
        process.signal(signal.SIGKILL)
        process.wait_exit(5)
    with home.running():
        found = json.loads(home.get("/status").body)
        assert found == {**dict.fromkeys(HOSTS[:5], "Installed"), HOSTS[5]: "Installing"}


def test_stopped_while_it_is_held_it_logs_what_is_lost(home: Home) -> None:
    with home.running() as process:
        token = home.build(HOSTS[0])
        with held(home):
            assert home.get(f"/done/{HOSTS[0]}/{token}") == OK
            process.signal(signal.SIGTERM)
            assert process.wait_exit(40) == 0

        assert f"state: lost: {HOSTS[0]} installed (build 1), which could not be stored" in (
            process.text
        )
        assert "Traceback" not in process.text


def refused(home: Home, part: str) -> None:
    """Have a build refused at once, before any look, and in `/health` within seconds."""
    answer = home.ask("PUT", f"/build/{HOSTS[1]}")
    assert (answer.status, part in answer.text) == (507, True)
    assert told(home, part) in answer.text


def well(home: Home) -> None:
    """Wait until nothing is wrong, and nothing waits."""

    def found() -> bool:
        now = health(home)
        return not [each for each in now["problems"] if "pyxie.sqlite" in each or "state" in each]

    until(lambda: found() and not health(home)["unsaved"], "all to be well")


def test_taken_away_it_is_told_of_and_no_build_begins(served: Home) -> None:
    file, away = served.folder / "state/pyxie.sqlite", served.folder / "away"
    token = served.build(HOSTS[0])
    file.rename(away)

    refused(served, "was removed")
    assert served.get(f"/v1/boot/{mac(0)}").status == 200
    assert served.get(f"/done/{HOSTS[0]}/{token}") == OK
    assert served.get(f"/v1/boot/{mac(0)}").status == 404
    assert health(served)["unsaved"] == 1

    away.rename(file)
    well(served)
    served.build(HOSTS[1])


def test_of_two_names_it_is_told_of_and_no_build_begins(served: Home) -> None:
    link = served.folder / "link"
    token = served.build(HOSTS[0])
    link.hardlink_to(served.folder / "state/pyxie.sqlite")

    refused(served, "has another name")
    assert served.get(f"/done/{HOSTS[0]}/{token}") == OK
    assert health(served)["unsaved"] == 0

    link.unlink()
    well(served)
    served.build(HOSTS[1])


def test_no_second_daemon_uses_it_by_another_name(served: Home, tmp_path: Path) -> None:
    link = tmp_path / "link.sqlite"
    link.hardlink_to(served.folder / "state/pyxie.sqlite")
    second = Home(tmp_path / "second")
    config = second.folder / "config.yaml"
    config.write_text(config.read_text().replace("state: state/pyxie.sqlite", f"state: {link}"))

    code, lines = second.refused()

    link.unlink()
    assert code == 1
    assert lines[-1].startswith("pyxie: state: another pyxie is using")
