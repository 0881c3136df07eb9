"""Signatures, checked by the real programs."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from pyxie.bounds import VERIFY_OUTPUT, VERIFY_TIME
from pyxie.openfile import opened
from pyxie.verification import signature
from pyxie.verification.faults import SignatureError, UncheckedError
from pyxie.verification.judging import Good
from pyxie.verification.openpgp import split
from pyxie.verification.signature import check, program
from tests.needs import program as needed
from tests.verification.signers import LONG_AGO, Keys

TEXT = b"a1" * 32 + b"  linux\n"
URL = "http://mirror.example/SHA256SUMS"


@pytest.fixture(params=["sqv", "gpgv"])
def by(request: pytest.FixtureRequest) -> str:
    return needed(request.param, request.param)


def refused(by: str, keyring: bytes, text: bytes, signed: bytes) -> str:
    with pytest.raises(SignatureError) as caught:
        check(by, keyring, text, signed, URL)
    return str(caught.value)


class TestASignature:
    def test_that_is_good_names_its_key(self, by: str, keys: Keys) -> None:
        found = check(by, keys.mirror, TEXT, keys.signers.detached(TEXT, "mirror"), URL)

        assert isinstance(found, Good)
        assert len(found.keys) == 1

    def test_may_be_of_a_file_that_is_renamed_meanwhile(
        self, by: str, keys: Keys, tmp_path: Path
    ) -> None:
        (tmp_path / "linux").write_bytes(TEXT)
        file = opened(tmp_path / "linux")
        (tmp_path / "linux").rename(tmp_path / "kept")

        assert check(by, keys.mirror, file, keys.signers.detached(TEXT, "mirror"), URL).keys
        with pytest.raises(SignatureError):
            check(by, keys.mirror, file, keys.signers.detached(b"other", "mirror"), URL)

    def test_may_be_inside_the_list(self, by: str, keys: Keys) -> None:
        text = b"- dash\n\n-----BEGIN PGP SIGNATURE-----\ntrailing \t\nlast"
        parts = split(keys.signers.inline(text, "mirror"), URL)

        assert check(by, keys.mirror, parts.text, parts.signature, URL).keys
        assert parts.text == text.replace(b" \t", b"")

    def test_beside_one_of_an_unknown_key_is_enough(self, by: str, keys: Keys) -> None:
        """As of Debian's InRelease, which the keys of two releases sign."""
        both = keys.signers.detached(TEXT, "stranger", "mirror")

        assert len(check(by, keys.mirror, TEXT, both, URL).keys) == 1
        assert len(check(by, keys.mirror + keys.stranger, TEXT, both, URL).keys) == 2

    def test_of_another_text_is_refused(self, by: str, keys: Keys) -> None:
        signed = keys.signers.detached(TEXT, "mirror")

        assert refused(by, keys.mirror, TEXT.replace(b"a1", b"a2", 1), signed)

    def test_of_an_inline_text_that_was_changed_is_refused(self, by: str, keys: Keys) -> None:
        parts = split(keys.signers.inline(TEXT, "mirror").replace(b"a1", b"a2", 1), URL)

        assert refused(by, keys.mirror, parts.text, parts.signature)

    def test_by_a_key_that_is_not_in_the_keyring_is_refused(self, by: str, keys: Keys) -> None:
        assert refused(by, keys.mirror, TEXT, keys.signers.detached(TEXT, "stranger"))

    def test_that_has_expired_is_refused(self, by: str, keys: Keys) -> None:
        signed = keys.signers.detached(TEXT, "mirror", at=LONG_AGO, lasts="1d")

        assert refused(by, keys.mirror, TEXT, signed)

    @pytest.mark.parametrize("signed", [b"", b"<html>", b"\x88\xff\xff", TEXT])
    def test_that_is_none_is_refused(self, by: str, keys: Keys, signed: bytes) -> None:
        assert refused(by, keys.mirror, TEXT, signed)


class TestGpgv:
    def test_says_what_is_wrong(self, keys: Keys) -> None:
        gpgv = needed("gpgv", "gpgv")
        signed = keys.signers.detached(TEXT, "mirror")
        expired = keys.signers.detached(TEXT, "mirror", at=LONG_AGO, lasts="1d")
        old = keys.signers.detached(TEXT, "old", at=LONG_AGO)

        told = [
            refused(gpgv, keys.mirror, b"x", signed),
            refused(gpgv, keys.stranger, TEXT, signed),
            refused(gpgv, keys.mirror, TEXT, expired),
            refused(gpgv, keys.old, TEXT, old),
            refused(gpgv, keys.mirror, TEXT, b""),
        ]

        assert [each.removeprefix(f"{URL}: ").partition(" (")[0] for each in told] == [
            "is signed, but not what was sent: it was changed",
            "is signed by a key that is not in the keyring",
            "has a signature that has expired",
            "is signed by a key that has expired; a newer keyring may have it",
            "has no signature in it",
        ]


class TestTheProgram:
    def test_is_sqv_or_else_gpgv(self, tmp_path: Path) -> None:
        gpgv = tmp_path / "gpgv"
        gpgv.touch(0o755)
        assert program(str(tmp_path)) == str(gpgv)

        sqv = tmp_path / "sqv"
        sqv.touch(0o755)
        assert program(str(tmp_path)) == str(sqv)

    def test_that_is_missing_is_told_with_its_package(self, tmp_path: Path) -> None:
        with pytest.raises(UncheckedError) as caught:
            program(str(tmp_path))

        assert str(caught.value) == (
            "signature: cannot be checked: install the package sqv, or gpgv"
        )

    def test_that_cannot_be_run_is_told(self, tmp_path: Path, keys: Keys) -> None:
        with pytest.raises(UncheckedError) as caught:
            check(str(tmp_path / "gpgv"), keys.mirror, TEXT, b"", URL)

        assert str(caught.value) == (
            f"{URL}: its signature cannot be checked: No such file or directory"
        )


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """A program in gpgv's place."""
    path = tmp_path / "gpgv"
    path.touch(0o755)
    return path


class TestItsBounds:
    def test_it_is_killed_if_it_takes_too_long(
        self, script: Path, keys: Keys, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        script.write_text(f"#!/bin/sh\necho $$ > {script}.pid\nexec sleep 60\n")
        monkeypatch.setattr(VERIFY_TIME, "most", 0.5)
        began = time.monotonic()

        with pytest.raises(UncheckedError, match=r"was not checked within 0\.5 s"):
            check(str(script), keys.mirror, TEXT, b"", URL)

        assert time.monotonic() - began < 20
        with pytest.raises(ProcessLookupError):
            os.kill(int(Path(f"{script}.pid").read_text()), 0)

    def test_it_is_ended_if_it_writes_without_end(self, script: Path, keys: Keys) -> None:
        script.write_text("#!/bin/sh\nsleep 0.2\nexec yes\n")
        before = VERIFY_OUTPUT.times

        with pytest.raises(UncheckedError, match="gpgv died of signal 25"):
            check(str(script), keys.mirror, TEXT, b"", URL)

        assert VERIFY_OUTPUT.times == before + 1

    def test_it_is_given_no_home_and_no_environment_and_leaves_nothing(
        self, script: Path, keys: Keys, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        told = script.with_suffix(".told")
        script.write_text(f"#!/bin/sh\nenv > {told}\npwd >> {told}\nls -l . >> {told}\n")
        monkeypatch.setenv("http_proxy", "http://proxy.example:3128")

        refused(str(script), keys.mirror, TEXT, b"")

        lines = told.read_text().splitlines()
        names = {line.partition("=")[0] for line in lines if "=" in line}
        folder = next(line for line in lines if line.startswith("PWD=")).removeprefix("PWD=")
        assert names <= {"PATH", "HOME", "GNUPGHOME", "LC_ALL", "PWD", "OLDPWD", "_", "SHLVL"}
        assert f"HOME={folder}" in lines
        assert not Path(folder).exists()

    def test_a_full_disk_is_told(
        self, script: Path, keys: Keys, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: object, **__: object) -> None:
            raise OSError(28, os.strerror(28))

        monkeypatch.setattr(signature, "TemporaryDirectory", full)

        with pytest.raises(UncheckedError, match="No space left on device"):
            check(str(script), keys.mirror, TEXT, b"", URL)
