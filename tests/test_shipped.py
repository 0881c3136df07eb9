"""What is installed is whole: a wheel has all that a checkout has, and runs from any folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from pyxie.shipped import shipped

ROOT = Path(__file__).parent.parent


def names(folder: str) -> set[str]:
    """Return the files that git would keep in a folder of the checkout."""
    return {
        str(path.relative_to(ROOT))
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what an installation of the wheel puts on the module path."""
    place = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(place)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = place.glob("pyxie_pxe-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place / "site")
    return place / "site"


ALONE = {"PYXIE_URL": "http://192.0.2.1:8090"}
"""Names a daemon elsewhere, lest one that runs on this host has a word on what is checked."""


def run(installed: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(installed), "PYTHONDONTWRITEBYTECODE": "1", **ALONE},
        capture_output=True,
        text=True,
    )


class TestACheckout:
    @pytest.mark.parametrize(
        "name", ["config.yaml", "ipxe/boot.ipxe.j2", "templates", "machines", "recipes"]
    )
    def test_ships_what_is_at_its_top_level(self, name: str) -> None:
        assert shipped(name) == ROOT / name
        assert shipped(name).exists()


class TestAWheel:
    def test_has_every_module_and_every_file_that_is_shipped(self, installed: Path) -> None:
        wanted = {name for name in names("pyxie") if not name.startswith("pyxie/share/")}
        for folder in ("ipxe", "templates", "machines", "recipes", "docs/schema"):
            wanted |= {f"pyxie/share/{name}" for name in names(folder)}

        found = {
            str(path.relative_to(installed))
            for path in (installed / "pyxie").rglob("*")
            if path.is_file()
        }

        assert wanted | {"pyxie/share/config.yaml"} == found
        assert "pyxie/store/migrations/versions/0001_builds.py" in found

    def test_tells_type_checkers_that_it_is_annotated(self, installed: Path) -> None:
        assert (installed / "pyxie/py.typed").is_file()

    def test_has_a_name_of_its_own_and_the_command_is_pyxie(self, installed: Path) -> None:
        (about,) = installed.glob("*.dist-info")

        assert "Name: pyxie-pxe\n" in (about / "METADATA").read_text()
        assert (about / "entry_points.txt").read_text() == (
            "[console_scripts]\npyxie = pyxie.__main__:main\n"
        )

    def test_has_the_licences_of_what_it_brings(self, installed: Path) -> None:
        """The page is made with htmx, which is under a licence of its own."""
        (about,) = installed.glob("*.dist-info")
        kept = {path.name for path in (about / "licenses").rglob("*") if path.is_file()}

        assert "License-Expression: MIT AND 0BSD\n" in (about / "METADATA").read_text()
        assert kept == {"LICENSE", "htmx.org.LICENSE", "htmx-ext-sse.LICENSE"}

    def test_finds_its_own_files_wherever_it_is_run(self, installed: Path, tmp_path: Path) -> None:
        program = "from pyxie.shipped import shipped; print(shipped('ipxe/boot.ipxe.j2'))"

        ran = run(installed, tmp_path, "-c", program)

        assert ran.stdout == f"{installed}/pyxie/share/ipxe/boot.ipxe.j2\n"

    def test_needs_no_templates_or_boot_scripts_of_the_operators(
        self, installed: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "machines").mkdir()
        (tmp_path / "machines/web01.example.yaml").write_text(
            "preseed: debian12.preseed.j2\nfinish: finish.sh.j2\n"
            "network: [{macaddress: 525400000001}]\n"
            "params: {mirror_host: a.example, mirror_path: /debian, timezone: UTC, ssh_key: a}\n"
        )
        (tmp_path / "config.yaml").write_text("kernel: linux\nimage_url: http://a.example/\n")

        ran = run(installed, tmp_path, "-m", "pyxie", "check")

        assert (ran.returncode, ran.stdout) == (0, "1 machine(s), no mistakes\n")
        assert ran.stderr == (
            f"pyxie: checked {tmp_path}/config.yaml, 1 machine file(s) in {tmp_path}/machines"
            " and 2 template(s)\n"
        )

    def test_brings_an_example_that_wants_a_key_and_has_no_mistakes(
        self, installed: Path, tmp_path: Path
    ) -> None:
        share = installed / "pyxie/share"

        ran = run(installed, tmp_path, "-m", "pyxie", "check", "--config", f"{share}/config.yaml")

        advice, said = ran.stdout.splitlines()
        assert "nobody will be able to log in" in advice
        assert (ran.returncode, said) == (0, "1 machine(s), no mistakes")
        assert ran.stderr.startswith(f"pyxie: checked {share}/config.yaml, 1 machine file(s)")

    def test_brings_settings_that_refuse_a_machine_without_answers(
        self, installed: Path, tmp_path: Path
    ) -> None:
        shutil.copytree(installed / "pyxie/share", tmp_path / "site")
        (tmp_path / "site/machines/web01.yaml").write_text(
            "network: [{macaddress: 525400000001}]\n"
        )

        ran = run(installed, tmp_path, *("-m", "pyxie", "check", "--config", "site/config.yaml"))

        assert ran.returncode == 2
        assert "cmdline: urls.template: asks for the template 'preseed', and web01 has none" in (
            ran.stdout
        )

    def test_makes_its_database_with_its_own_migrations(
        self, installed: Path, tmp_path: Path
    ) -> None:
        program = (
            "import asyncio\n"
            "from pyxie.store.database import Database\n"
            "async def main():\n"
            "    async with Database('sqlite:///state.sqlite'):\n"
            "        print('open')\n"
            "asyncio.run(main())\n"
        )

        ran = run(installed, tmp_path, "-c", program)

        assert (ran.stdout, ran.returncode) == ("open\n", 0)
        assert (tmp_path / "state.sqlite").is_file()
