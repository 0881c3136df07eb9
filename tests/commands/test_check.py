"""`pyxie check --watch` and `pyxie schema`, as they are run."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pyxie.checking import signatures
from pyxie.commands.schema import KINDS, of

PYXIE = [sys.executable, "-m", "pyxie"]


@contextmanager
def watching(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [*PYXIE, "check", "--watch", *arguments],
        cwd=folder,
        env={**os.environ, "PYXIE_URL": "http://192.0.2.1:8090"},  # no daemon of this host
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "config.yaml").write_text(
        "kernel: linux\nimage_url: http://a.example/\ncmdline: 'tell={{ urls.done }}'\n"
    )
    (tmp_path / "machines").mkdir()
    (tmp_path / "machines/web01.yaml").write_text("network: [{macaddress: 525400000001}]\n")
    return tmp_path


class TestWatch:
    def test_tells_the_time_and_the_result_at_each_change_until_ctrl_c(self, site: Path) -> None:
        file = site / "machines/web01.yaml"
        good = file.read_text()
        with watching(site) as process:
            assert re.fullmatch(r"\d\d:\d\d:\d\d  1 machine\(s\), no mistakes\n", line(process))

            file.write_text(good + "kernl: x\n")
            assert line(process) == (
                "machines/web01.yaml:2:1: kernl: unknown key; did you mean 'kernel'?\n"
            )
            assert re.fullmatch(
                r"[\d:]{8}  0 machine\(s\) without mistakes; 1 mistake\(s\) above\n", line(process)
            )

            file.write_text(good)
            assert line(process).endswith("  1 machine(s), no mistakes\n")
            process.send_signal(signal.SIGINT)

            assert (process.wait(10), process.stderr and process.stderr.read()) == (
                130,
                f"pyxie: watching {site}/config.yaml and what it leads to\n\n",
            )

    def test_gives_a_line_of_json_at_each_change_if_asked(self, site: Path) -> None:
        with watching(site, "--json") as process:
            first = json.loads(line(process))
            assert (first["machines"], first["problems"], first["advice"]) == (1, [], [])

            (site / "config.yaml").write_text("kernl: linux\n")

            assert json.loads(line(process))["problems"] == [
                "config.yaml:1:1: kernl: unknown key; did you mean 'kernel'?"
            ]


class TestSignatures:
    @pytest.mark.parametrize(
        "name",
        ["config.yaml", "machines/web02.yaml", "templates/deep/er.j2", "ipxe/boot.ipxe.j2"],
    )
    def test_change_with_any_file_that_is_looked_at(self, site: Path, name: str) -> None:
        file = site / "config.yaml"
        before = signatures(file)
        assert signatures(file) == before

        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text("{}\n")
        there = signatures(file)
        (site / name).unlink()

        assert len({before, there, signatures(file)}) >= 2
        assert there != before

    def test_of_a_site_whose_settings_are_wrong_still_tell_of_its_machines(
        self, site: Path
    ) -> None:
        (site / "config.yaml").write_text("kernl: x\nmachinepath: machines\n")
        before = signatures(site / "config.yaml")

        (site / "machines/web02.yaml").write_text("")

        assert signatures(site / "config.yaml") != before


class TestSchema:
    @pytest.mark.parametrize("kind", KINDS)
    def test_is_printed_as_json(self, kind: str) -> None:
        ran = subprocess.run([*PYXIE, "schema", kind], capture_output=True, text=True, check=True)

        assert json.loads(ran.stdout) == of(kind)

    def test_of_an_unknown_kind_names_those_that_there_are(self) -> None:
        ran = subprocess.run([*PYXIE, "schema", "machines"], capture_output=True, text=True)

        assert ran.returncode == 2
        assert "'machines' is not one of 'machine', 'config', 'group'" in ran.stderr
