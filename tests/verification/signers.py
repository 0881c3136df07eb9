"""Keys that tests make, by GnuPG, and what they sign."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from tests.needs import program

LONG_AGO: Final = "20240101T000000"


@dataclass(frozen=True)
class Signers:
    """A folder of GnuPG's with some keys.

    Attributes:
        home: The folder.
    """

    home: Path
    _gpg: str = field(default_factory=lambda: program("gpg", "gnupg"))

    def key(self, name: str, *, at: str = "", lasts: str = "never") -> bytes:
        """Make a key; return its public half, as it stands in a keyring.

        Args:
            name: Of its owner.
            at: When, as ``20240101T000000``; now, if empty.
            lasts: How long, as ``1d``.
        """
        quiet = ["--passphrase", "", "--quick-generate-key"]
        self._run(*_at(at), *quiet, f"{name} <{name}@x.invalid>", "ed25519", "sign", lasts)
        return self._run("--export", f"{name}@x.invalid")

    def detached(self, text: bytes, *names: str, at: str = "", lasts: str = "0") -> bytes:
        """Return a signature of a text by each of those names."""
        return self._signed("--detach-sign", text, names, at, lasts)

    def inline(self, text: bytes, *names: str) -> bytes:
        """Return a text with its signature inside."""
        return self._signed("--clear-sign", text, names, "", "0")

    def armoured(self, name: str) -> bytes:
        """Return the public half of a key, in armour."""
        return self._run("--armor", "--export", f"{name}@x.invalid")

    def _signed(self, how: str, text: bytes, names: tuple[str, ...], at: str, lasts: str) -> bytes:
        by = [word for name in names for word in ("--local-user", f"{name}@x.invalid")]
        return self._run(*_at(at), *by, "--default-sig-expire", lasts, how, given=text)

    def _run(self, *words: str, given: bytes = b"") -> bytes:
        command = [self._gpg, "--batch", "--quiet", "--pinentry-mode", "loopback", *words]
        environment = {**os.environ, "GNUPGHOME": str(self.home)}
        ran = subprocess.run(
            command, input=given, env=environment, capture_output=True, check=False, timeout=60
        )
        assert ran.returncode == 0, ran.stderr.decode()
        return ran.stdout


def _at(when: str) -> list[str]:
    return ["--faked-system-time", when] if when else []


@contextmanager
def signers() -> Iterator[Signers]:
    """Give a new folder of GnuPG's; its agent is ended with it."""
    # Not pytest's, whose path may be longer than a socket's name.
    home = Path(mkdtemp(prefix="pyxie-gpg-"))
    try:
        yield Signers(home)
    finally:
        subprocess.run(
            ["gpgconf", "--homedir", str(home), "--kill", "all"],
            check=False,
            capture_output=True,
            timeout=60,
        )
        shutil.rmtree(home, ignore_errors=True)


@dataclass(frozen=True)
class Keys:
    """Who signs.

    Attributes:
        signers: Has them sign: ``mirror``, ``stranger``, and ``old``, whose key has expired.
        mirror, stranger, old: The keys.
    """

    signers: Signers
    mirror: bytes
    stranger: bytes
    old: bytes


@contextmanager
def keys() -> Iterator[Keys]:
    """Make all of them, which takes a second."""
    with signers() as made:
        yield Keys(
            made,
            made.key("mirror", at=LONG_AGO),
            made.key("stranger"),
            made.key("old", at=LONG_AGO, lasts="2d"),
        )
