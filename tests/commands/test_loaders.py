"""`pyxie loaders`: which there are, for whom, and what is missing."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from pyxie.loaders import ipxeboot
from tests.commandline import Ran, Runner, clean, pyxie
from tests.fakedaemon import answered, fake_daemon
from tests.loaders.archives import SHIM, USEFUL, release

__all__ = ["clean", "pyxie"]

SIGNED: dict[str, Any] = {
    "client": "x64 UEFI",
    "codes": [7, 9, 16],
    "name": "sb/snponly.efi",
    "path": "/etc/pyxie/ipxe/sb/snponly.efi",
    "size": 254_976,
    "version": "2.0.0",
    "signers": [
        {"name": "A signer", "ca": "An old CA", "expires": "2026-06-27"},
        {"name": "Another", "ca": "A new CA", "expires": None},
    ],
    "usual": True,
    "missing": "",
}
PLAIN = {**SIGNED, "name": "ipxe.efi", "path": "/usr/lib/ipxe/ipxe.efi", "size": 1_044_992}
PLAIN |= {"version": "", "signers": [], "usual": False}
ABSENT = {**PLAIN, "client": "arm64 UEFI", "name": "", "path": "", "size": 0}
ABSENT |= {"missing": "put ipxe-arm64.efi into ipxe, out of a package"}
DIGEST = sha256(release()).hexdigest()
SIGNERS = "An old CA (until 2026-06-27), A new CA"


def called(pyxie: Runner, *words: str) -> Ran:
    answer = answered({"loaders": [SIGNED, PLAIN, ABSENT]})
    with fake_daemon({"GET /api/v1/loaders": answer}) as daemon:
        return pyxie("loaders", *words, "--url", daemon.url)


def test_each_is_told_with_its_signers_and_what_is_missing(pyxie: Runner) -> None:
    ran = called(pyxie)

    assert [re.split(r" {2,}", line) for line in ran.out.splitlines()] == [
        ["x64 UEFI", "sb/snponly.efi", "/etc/pyxie/ipxe", "255 kB", "2.0.0", SIGNERS],
        ["x64 UEFI", "ipxe.efi (if asked for)", "/usr/lib/ipxe", "1.0 MB", "-", "nobody"],
    ]
    assert ran.err == (
        "pyxie: none for arm64 UEFI: put ipxe-arm64.efi into ipxe, out of a package\n"
    )


def test_scripts_get_the_answer_itself(pyxie: Runner) -> None:
    assert json.loads(called(pyxie, "--json").out) == {"loaders": [SIGNED, PLAIN, ABSENT]}


class TestFetching:
    @pytest.fixture(autouse=True)
    def _settings(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "config.yaml").write_text("ipxe: ipxe\n")
        monkeypatch.chdir(tmp_path)

    def test_an_archive_is_laid_down_in_the_operators_folder(
        self, pyxie: Runner, tmp_path: Path
    ) -> None:
        Path("ipxeboot.tar.gz").write_bytes(release())

        ran = pyxie("loaders", "fetch", "ipxeboot.tar.gz", "--sha256", DIGEST)

        there = tmp_path / "ipxe"
        assert ran.code == 0
        assert ran.out.splitlines() == [str(there / name) for name in sorted(USEFUL)]
        assert ran.err == (
            f"pyxie: 11 of 11 loaders are new in {there}; signed, with their shims: arm64-sb and"
            " x86_64-sb. A running daemon sees them at: systemctl reload pyxie (or SIGHUP)\n"
        )
        assert (there / "x86_64-sb/snponly-shim.efi").read_bytes() == SHIM

    def test_scripts_are_told_what_is_there_and_what_is_new(
        self, pyxie: Runner, tmp_path: Path
    ) -> None:
        Path("ipxeboot.tar.gz").write_bytes(release())
        call = ("loaders", "fetch", "ipxeboot.tar.gz", "--sha256", DIGEST.upper(), "--json")

        first, second = json.loads(pyxie(*call).out), json.loads(pyxie(*call).out)

        assert first == {
            "folder": str(tmp_path / "ipxe"),
            "sha256": DIGEST,
            "files": sorted(USEFUL),
            "changed": sorted(USEFUL),
            "signed": ["arm64-sb", "x86_64-sb"],
        }
        assert second == {**first, "changed": []}

    def test_another_archive_than_the_one_that_is_pinned_is_not_opened(
        self, pyxie: Runner, tmp_path: Path
    ) -> None:
        Path("ipxeboot.tar.gz").write_bytes(release())

        ran = pyxie("loaders", "fetch", "ipxeboot.tar.gz")

        assert (ran.code, ran.out) == (1, "")
        assert ran.err == (
            f"pyxie: ipxeboot.tar.gz has the SHA-256 {DIGEST}, and not {ipxeboot.SHA256}: get it"
            " again; or, for a release other than 2.0.0, say --sha256 with what its page names\n"
        )
        assert not (tmp_path / "ipxe").exists()

    def test_a_hostile_archive_is_refused_by_its_name(self, pyxie: Runner) -> None:
        packed = release({"../x": b""}, {})
        Path("x.tar.gz").write_bytes(packed)

        ran = pyxie("loaders", "fetch", "x.tar.gz", "--sha256", sha256(packed).hexdigest())

        assert (ran.code, ran.err) == (
            1,
            "pyxie: x.tar.gz has a name that leads out of it: '../x'\n",
        )

    def test_a_url_is_fetched_and_its_password_not_shown(
        self, pyxie: Runner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def there(url: str, *_: object) -> bytes:
            return url.encode()

        monkeypatch.setattr("pyxie.loaders.archivefetch.fetched", there)

        ran = pyxie("loaders", "fetch", "http://me:secret@mirror.example/x.tar.gz")

        assert ran.err.startswith("pyxie: http://mirror.example/x.tar.gz has the SHA-256 ")

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (("gone.tar.gz",), "gone.tar.gz: No such file or directory"),
            (("--sha256", "12ab"), "'12ab' is no SHA-256 in 64 hexadecimal digits"),
        ],
    )
    def test_a_mistake_in_the_call_is_told(
        self, pyxie: Runner, words: tuple[str, ...], said: str
    ) -> None:
        ran = pyxie("loaders", "fetch", *words)

        assert ran.code == 2
        assert said in ran.err
