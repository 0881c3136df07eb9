"""What a daemon of this host runs on, beside the files that were checked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pyxie.commands import options, running
from pyxie.commands.running import beside
from tests.fakedaemon import FakeDaemon, answered, fake_daemon, problem


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the usual place, where nothing is; the test sits in a checkout."""
    for name in ("PYXIE_URL", "PYXIE_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "etc").mkdir()
    (tmp_path / "checkout").mkdir()
    monkeypatch.chdir(tmp_path / "checkout")
    usual = tmp_path / "etc/config.yaml"
    monkeypatch.setattr(options, "PLACES", (Path("config.yaml"), usual))
    return usual


@contextmanager
def daemon(**answer: Any) -> Iterator[FakeDaemon]:
    with fake_daemon({"GET /api/v1/settings": answered(answer)}) as running:
        yield running


def settings(file: Path, port: int) -> Path:
    file.write_text(f"http: {{port: {port}}}\n")
    return file


class TestBeside:
    def test_there_is_nothing_where_no_daemon_runs(self) -> None:
        assert beside(settings(Path("config.yaml"), 1)) == []

    def test_a_daemon_that_runs_on_another_file_is_named_with_it(self, place: Path) -> None:
        with daemon(file=str(place)) as found:
            settings(place, found.port)

            said = beside(settings(Path("config.yaml"), found.port))

        assert said == [
            (
                f"the daemon at {found.url} runs on {place}, which was not checked: "
                f"pyxie check --config {place}"
            )
        ]

    def test_it_is_found_by_the_file_at_the_usual_place_too(self, place: Path) -> None:
        with daemon(file=str(place)) as found:
            settings(place, found.port)

            [said] = beside(settings(Path("config.yaml"), 1))

        assert said.startswith(f"the daemon at {found.url} runs on {place}")

    def test_what_it_has_not_read_yet_is_passed_on(self, tmp_path: Path) -> None:
        file = tmp_path / "checkout/config.yaml"
        with daemon(file=str(file), not_in_force=["config.yaml has changed"]) as found:
            settings(file, found.port)

            assert beside(Path("config.yaml")) == [
                f"the daemon at {found.url}: config.yaml has changed"
            ]

    def test_of_an_older_release_it_need_not_say_that(self, tmp_path: Path) -> None:
        file = tmp_path / "checkout/config.yaml"
        with daemon(file=str(file)) as found:
            settings(file, found.port)

            assert beside(file) == []

    def test_another_file_at_the_usual_place_is_named_without_a_daemon(self, place: Path) -> None:
        settings(place, 1)

        said = beside(settings(Path("config.yaml"), 1))

        assert said == [f"there is a {place}, too, which was not checked"]
        assert beside(place) == ["there is a config.yaml, too, which was not checked"]

    def test_one_that_lets_nobody_look_is_passed_over(self) -> None:
        refusal = {"GET /api/v1/settings": problem(403, "no")}
        with fake_daemon(refusal) as found:
            assert beside(settings(Path("config.yaml"), found.port)) == []

    @pytest.mark.parametrize("answer", [[], {"file": 7}, "x"])
    def test_what_is_no_pyxie_is_passed_over(self, answer: Any) -> None:
        with fake_daemon({"GET /api/v1/settings": answered(answer)}) as found:
            assert beside(settings(Path("config.yaml"), found.port)) == []

    def test_one_that_does_not_answer_is_waited_for_a_moment_only(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(running, "_PATIENCE", 0.1)
        silent = {"GET /api/v1/settings": answered({"file": "/x"})}
        with fake_daemon(silent, endless=True) as found:
            assert beside(settings(Path("config.yaml"), found.port)) == []

    def test_settings_with_mistakes_lead_to_none(self) -> None:
        Path("config.yaml").write_text("http: {port: x}\n")

        assert beside(Path("config.yaml")) == []

    @pytest.mark.parametrize("url", ["http://192.0.2.1:8090", "http://boot.example:8090", "x"])
    def test_a_daemon_elsewhere_has_its_files_elsewhere(
        self, url: str, monkeypatch: pytest.MonkeyPatch, place: Path
    ) -> None:
        monkeypatch.setenv("PYXIE_URL", url)

        assert beside(settings(place, 1)) == []

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
    def test_one_here_may_be_named(
        self, host: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: Path
    ) -> None:
        (tmp_path / "token").write_text("0123456789abcdef\n")
        monkeypatch.setenv("PYXIE_TOKEN_FILE", str(tmp_path / "token"))
        with daemon(file=str(place)) as found:
            monkeypatch.setenv("PYXIE_URL", f"http://{host}:{found.port}")

            [said] = beside(settings(Path("config.yaml"), 1))

        assert f"runs on {place}" in said
        assert [each.authorization for each in found.asked] == ["Bearer 0123456789abcdef"]
