"""`pyxie backup` and `pyxie restore`: where the state is, and what is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pyxie.commands import saving
from tests.builds.stores import begin, build, opened
from tests.commandline import Ran, Runner, pyxie
from tests.store.newest import url

__all__ = ["pyxie"]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.setattr(saving, "_SERVICE", tmp_path / "service/pyxie.sqlite")
    (tmp_path / "config.yaml").write_text("")
    (tmp_path / "state").mkdir()
    return tmp_path


async def made(folder: Path) -> None:
    async with opened(url(folder)) as store:
        await begin(store, build(host="web01"), "PUT /build", None)


class TestBackupAndRestore:
    async def test_say_what_they_did(self, pyxie: Runner, site: Path) -> None:
        await made(site / "state")
        state = site / "state/pyxie.sqlite"

        first = pyxie("backup", "backup")
        again = pyxie("backup", "backup")
        forced = pyxie("backup", "backup", "--force", "--json")
        back = pyxie("restore", "backup")

        assert first == Ran(
            0,
            f"{state} is saved to backup: 1 build(s). Tokens are inside; machine files, "
            "templates and config.yaml are not\n",
            "",
        )
        assert again == Ran(1, "", "pyxie: backup is there already; --force overwrites it\n")
        assert json.loads(forced.out) == {"state": str(state), "file": "backup", "builds": 1}
        assert back == Ran(
            0, f"{state} is as it was saved to backup; no longer in build mode: web01\n", ""
        )

    async def test_find_the_services_state(self, pyxie: Runner, site: Path) -> None:
        (site / "service").mkdir()
        await made(site / "service")

        assert pyxie("backup", "backup").out.startswith(f"{site}/service/pyxie.sqlite is saved")

        await made(site / "state")
        both = pyxie("backup", "other")
        assert both.err == (
            f"pyxie: there are two states, {site}/state/pyxie.sqlite and "
            f"{site}/service/pyxie.sqlite: say which with --state\n"
        )

    def test_of_another_database_name_its_own_tools(self, pyxie: Runner, site: Path) -> None:
        (site / "config.yaml").write_text("state: postgresql://db.example/pyxie\n")

        assert "as pg_dump" in pyxie("backup", "backup").err
