"""Other programs, asked what they know: bounded in time and output, whatever they do."""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, Final

from pyxie.bounds import DOCTOR_OUTPUT
from pyxie.errors import BusyError, PyxieError
from pyxie.threads import Pool

_SBIN: Final = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"
"""Where they are; not all of it is on every user's PATH."""
_KILLED: Final = 1.0
"""Seconds until a program that was killed is left behind: one that hangs in the kernel stays."""
_PIECE: Final = 64 << 10


class UnseenError(PyxieError):
    """Something could not be looked at; the text says why, and how it could be."""


async def output(program: str, *arguments: str, package: str, seconds: float) -> str:
    """Return what a program prints, as text.

    Args:
        program: Its name.
        arguments: Its arguments.
        package: What brings it.
        seconds: That it may take.

    Raises:
        UnseenError: It is not there, fails, prints too much or takes too long.
    """
    pool = Pool(program, patience=seconds + 2 * _KILLED)
    try:
        return await pool.run(_printed, program, arguments, package, seconds)
    except BusyError as exc:
        raise UnseenError(str(exc)) from exc


def _printed(program: str, arguments: Sequence[str], package: str, seconds: float) -> str:
    found = shutil.which(program, path=_SBIN)
    if found is None:
        raise UnseenError(f"{program} is not installed: apt install {package}")
    try:
        process = subprocess.Popen(  # noqa: S603  (a program by its full path, without a shell)
            (found, *arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"LC_ALL": "C", "PATH": _SBIN},
            cwd="/",
            start_new_session=True,
        )
    except OSError as exc:
        raise UnseenError(f"{program} cannot be run: {exc.strerror}") from exc
    deadline = time.monotonic() + seconds
    try:
        said, complaint = _read(process, deadline)
        code = process.wait(max(0.0, deadline - time.monotonic()))
    except (TimeoutError, subprocess.TimeoutExpired):
        raise UnseenError(f"{program} has not answered within {seconds:g} s") from None
    finally:
        _end(process)
    if code != 0:
        words = complaint.strip().splitlines()
        raise UnseenError(f"{program} says: {words[0] if words else f'exit code {code}'}")
    return said


def _read(process: subprocess.Popen[bytes], deadline: float) -> tuple[str, str]:
    """Return all that it prints, and its complaints.

    Raises:
        TimeoutError: Somebody could still print more.
        UnseenError: It is longer than anything that we would read.
    """
    read: dict[IO[bytes], bytearray] = {}
    with selectors.DefaultSelector() as selector:
        for stream in filter(None, (process.stdout, process.stderr)):
            read[stream] = bytearray()
            selector.register(stream, selectors.EVENT_READ, read[stream])
        while selector.get_map():
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError
            for key, _ in ready:
                piece = os.read(key.fd, _PIECE)
                if not piece:
                    selector.unregister(key.fileobj)
                key.data.extend(piece)
                if len(key.data) > DOCTOR_OUTPUT.most:
                    DOCTOR_OUTPUT.reached()
                    raise UnseenError(f"it prints more than {DOCTOR_OUTPUT.whole >> 20} MiB")
    said, complaint = (bytes(each).decode(errors="replace") for each in read.values())
    return said, complaint


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill it and what it has started, if that still runs; wait, but not for ever."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    for stream in filter(None, (process.stdout, process.stderr)):
        stream.close()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_KILLED)
