"""Scripts of others are taken out of npm's packages, by a record that says what they must be."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

from pyxie.http.page.assets import _FOLDER

SCRIPT = Path(__file__).parents[2] / "packaging/vendored.py"
NPM = """\
#!/bin/sh
# npm pack --silent --pack-destination FOLDER NAME@VERSION
cp "$(dirname "$0")/$5.tgz" "$4/" 2>/dev/null || { echo "no such package" >&2; exit 1; }
"""


def pack(folder: Path, name: str, **files: str) -> None:
    """Put a package before the fake npm."""
    with tarfile.open(folder / f"{name}.tgz", "w:gz") as archive:
        for path, text in files.items():
            member = tarfile.TarInfo(f"package/{path}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))


class Site:
    """A folder of assets with a record of one package, and an npm that has two versions of it."""

    def __init__(self, folder: Path) -> None:
        self.npm, self.assets = folder / "bin", folder / "assets"
        self.npm.mkdir()
        self.assets.mkdir()
        (self.npm / "npm").write_text(NPM)
        (self.npm / "npm").chmod(0o755)
        for version in ("1.0", "1.1"):
            files = {"package.json": '{"license": "0BSD"}', "LICENSE": "free", "d/a.js": version}
            pack(self.npm, f"a@{version}", **files)
        record = {"name": "a", "version": "1.0", "license": "0BSD", "files": {"a.js": {}}}
        record["files"] = {"a.js": {"from": "d/a.js"}}
        (self.assets / "vendored.json").write_text(json.dumps([record]))

    def run(self, *words: str) -> tuple[int, str]:
        ran = subprocess.run(
            [sys.executable, SCRIPT, "--into", self.assets, *words],
            env={**os.environ, "PATH": f"{self.npm}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
        )
        return ran.returncode, ran.stdout + ran.stderr

    @property
    def record(self) -> Any:
        return json.loads((self.assets / "vendored.json").read_text())[0]


class TestTaking:
    def test_writes_the_files_their_licence_and_all_digests(self, tmp_path: Path) -> None:
        site = Site(tmp_path)

        assert site.run()[0] == 0

        assert (site.assets / "a.js").read_text() == "1.0"
        assert (site.assets / "a.LICENSE").read_text() == "free"
        assert site.record["integrity"].startswith("sha512-")
        assert site.record["files"]["a.js"]["sha256"] == hashlib.sha256(b"1.0").hexdigest()
        assert site.run("--check") == (0, "")

    def test_refuses_a_package_that_is_not_what_the_record_says(self, tmp_path: Path) -> None:
        site = Site(tmp_path)
        site.run()
        other = {"package.json": "{}", "LICENSE": "free", "d/a.js": "alert(1)"}
        pack(site.npm, "a@1.0", **other)

        status, said = site.run()

        assert status == 1
        assert "a@1.0 has the digest sha512-" in said
        assert (site.assets / "a.js").read_text() == "1.0"

    def test_refuses_one_under_another_licence(self, tmp_path: Path) -> None:
        site = Site(tmp_path)
        files = {"package.json": '{"license": "GPL-3.0"}', "LICENSE": "free", "d/a.js": "1.0"}
        pack(site.npm, "a@1.0", **files)

        assert site.run() == (1, "vendored: a@1.0 is under GPL-3.0, not 0BSD\n")

    def test_goes_on_to_another_version(self, tmp_path: Path) -> None:
        site = Site(tmp_path)
        site.run()
        before = site.record

        assert site.run("a@1.1")[0] == 0

        assert (site.assets / "a.js").read_text() == "1.1"
        assert site.record["version"] == "1.1"
        assert site.record["integrity"] != before["integrity"]

    def test_says_what_npm_says(self, tmp_path: Path) -> None:
        site = Site(tmp_path)
        site.run()

        assert site.run("a@9") == (1, "vendored: npm cannot fetch a@9: no such package\n")


class TestChecking:
    def test_tells_of_a_file_that_somebody_has_changed_and_mends_nothing(
        self, tmp_path: Path
    ) -> None:
        site = Site(tmp_path)
        site.run()
        (site.assets / "a.js").write_text("alert(1)")

        assert site.run("--check") == (1, "differs: a.js\n")
        assert (site.assets / "a.js").read_text() == "alert(1)"


class TestThePagesOwn:
    def test_scripts_of_others_are_what_their_record_says(self) -> None:
        record = json.loads((_FOLDER / "vendored.json").read_text())

        for package in record:
            assert (_FOLDER / f"{package['name']}.LICENSE").is_file()
            for name, file in package["files"].items():
                assert hashlib.sha256((_FOLDER / name).read_bytes()).hexdigest() == file["sha256"]

    def test_no_other_script_is_packed_beyond_reading(self) -> None:
        """What is of others, and minified, stands in the record."""
        taken = {
            name
            for package in json.loads((_FOLDER / "vendored.json").read_text())
            for name in package["files"]
        }
        long = {
            file.name
            for file in _FOLDER.glob("*.js")
            if any(len(line) > 200 for line in file.read_text().splitlines())
        }

        assert long <= taken
