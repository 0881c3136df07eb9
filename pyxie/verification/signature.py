"""One signature, checked by a program of its own: ``sqv``, or else ``gpgv``.

Neither asks anybody: they read the three files that they are given and no settings, and look up
no keys. Each has a folder of its own for as long as it runs, and bounds of time, memory and
output. This waits for it: not on the event loop.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from pyxie.bounds import VERIFY_OUTPUT, VERIFY_TIME
from pyxie.openfile import OpenFile
from pyxie.verification.faults import SignatureError, UncheckedError
from pyxie.verification.judging import JUDGES, Bad, Good

PATH: Final = "/usr/bin:/bin:/usr/local/bin"
_MEMORY: Final = 512 << 20
"""Bytes."""
_WEAK: Final = ("SHA1", "RIPEMD160")
"""As apt has it; MD5 is refused by gpgv itself, and all of them by sqv."""


def program(path: str = PATH) -> str:
    """Return the full path of the program that checks.

    Args:
        path: Where it is looked for.

    Raises:
        UncheckedError: There is none.
    """
    for name in JUDGES:
        if found := shutil.which(name, path=path):
            return found
    raise UncheckedError("signature", "cannot be checked: install the package sqv, or gpgv")


def check(by: str, keyring: bytes, text: bytes | OpenFile, signature: bytes, what: str) -> Good:
    """Check that ``signature`` is one of ``text``, by a key of ``keyring``.

    Args:
        by: The program, as of `program`.
        keyring: OpenPGP's packets.
        text: The bytes that are signed; or a file, which is not read by this.
        signature: In armour or not.
        what: Is signed, for messages.

    Raises:
        SignatureError: It is not.
        UncheckedError: It could not be checked.
    """
    name = Path(by).name
    try:
        with TemporaryDirectory(prefix="pyxie-verify-") as made:
            folder = Path(made)
            for file, data in (("keyring", keyring), ("signature", signature)):
                (folder / file).write_bytes(data)
            with _handed(text, folder) as (at, numbers):
                command = [by, *_arguments(name, folder, at)]
                code = _run(command, folder, numbers, quiet=name == "gpgv")
            output = (folder / "output").read_bytes()[: VERIFY_OUTPUT.whole]
    except OSError as exc:
        why = f"its signature cannot be checked: {exc.strerror or exc}"
        raise UncheckedError(what, why) from exc
    except subprocess.TimeoutExpired as exc:
        VERIFY_TIME.reached()
        why = f"its signature was not checked within {VERIFY_TIME.most:g} s"
        raise UncheckedError(what, why) from exc
    if len(output) == VERIFY_OUTPUT.whole:
        VERIFY_OUTPUT.reached()
    if code < 0:
        why = f"its signature cannot be checked: {name} died of signal {-code}"
        raise UncheckedError(what, why)
    match JUDGES[name](code, output.decode(errors="replace")):
        case Bad(why=why):
            raise SignatureError(what, why)
        case good:
            return good


@contextmanager
def _handed(text: bytes | OpenFile, folder: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Give the path of what is signed, and the files that are handed to the program for that.

    By its number, for a file may be renamed meanwhile.
    """
    if isinstance(text, bytes):
        (folder / "text").write_bytes(text)
        yield f"{folder}/text", ()
        return
    with text.descriptor as number:
        yield f"/proc/self/fd/{number}", (number,)


def _arguments(name: str, folder: Path, text: str) -> list[str]:
    files = [f"{folder}/signature", text]
    if name == "sqv":
        return ["--keyring", f"{folder}/keyring", *files]
    weak = [f"--weak-digest={each}" for each in _WEAK]
    alone = ["--homedir", str(folder), "--status-fd", "1", "--quiet", *weak]
    return [*alone, "--keyring", f"{folder}/keyring", *files]


def _run(command: list[str], folder: Path, numbers: tuple[int, ...], *, quiet: bool) -> int:
    """Run a program to its end or to its time; return its exit code.

    Args:
        command: The program and its arguments.
        folder: Where its output goes, as the file ``output``.
        numbers: Of open files that it has, too.
        quiet: Its complaints are left out.
    """
    with (
        (folder / "output").open("wb") as output,
        subprocess.Popen(  # noqa: S603 - no shell, and nothing of a stranger's but files
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.DEVNULL if quiet else output,
            cwd=folder,
            env={"PATH": PATH, "HOME": str(folder), "GNUPGHOME": str(folder), "LC_ALL": "C.UTF-8"},
            start_new_session=True,
            pass_fds=numbers,
        ) as process,
    ):
        try:
            for what, most in (
                (resource.RLIMIT_CPU, 1 + VERIFY_TIME.whole),
                (resource.RLIMIT_AS, _MEMORY),
                (resource.RLIMIT_FSIZE, VERIFY_OUTPUT.whole),
            ):
                with suppress(ProcessLookupError):  # it has ended already
                    resource.prlimit(process.pid, what, (most, most))
            return process.wait(VERIFY_TIME.most)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
