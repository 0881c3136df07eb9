"""The process that starts the DHCP server, as often as it is told to.

It is started with the daemon, while that may still give it what it needs: a daemon that has
become another ``user`` could start no server of port 67 any more. It is a shell that reads a line
for each start, and no more, and has no power but the server's. However the daemon ends, there is
nothing more to read then, and it ends the server and itself. (PR_SET_PDEATHSIG would not do where
the server becomes another user by itself: prctl(2).)
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
import signal
from asyncio.subprocess import PIPE
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from pyxie.bounds import DHCP_SERVER_LINES
from pyxie.service import end_all

_SHELL: Final = """\
while read -r _; do
    (
        "$@" </dev/null >/dev/null &
        echo "begun $!"
        wait $!
        echo "ended $?"
    ) &
done
kill -KILL 0
"""
_NEEDED: Final = ("net_bind_service", "net_raw", "net_admin")
"""Port 67; a ping before an address is given; answers to who has none yet (dnsmasq's
``need_cap_net_admin``)."""
_BECOMES: Final = (*_NEEDED, "setuid", "setgid", "setpcap", "chown", "kill")
"""Where it is root, until it has become somebody else by itself."""
_PATIENCE: Final = 2.0
"""Seconds that they have to end; dnsmasq writes each lease down as it is given."""
_LOOK: Final = 0.1
"""Seconds between two looks whether the keeper lives."""
_PIECE: Final = 16 << 10


class Keeper:
    """One of them.

    Args:
        command: The server and its arguments.
        user: Whom both are to be; None for whom we are.
        said: Is given each line of the server's log, up to a bound.
        is_ready: Tells by such a line whether the server serves.
    """

    def __init__(
        self,
        command: Sequence[str],
        user: str | None,
        said: Callable[[str], None],
        is_ready: Callable[[str], bool],
    ) -> None:
        self._command = command
        self._user = user
        self._said = said
        self._is_ready = is_ready
        self._served = False
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self.pid: int | None = None
        """The server's, while it runs."""
        self.last: deque[str] = deque(maxlen=10)
        """The last lines of its log."""

    async def start(self) -> None:
        """Start it, without the server.

        Raises:
            OSError: It cannot be started.
        """
        await self.end()
        self._process = await asyncio.create_subprocess_exec(
            *_powers(self._user),
            *("sh", "-c", _SHELL, "pyxie-dhcp", *self._command),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            cwd="/",
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"},
            start_new_session=True,
        )
        self._reading = asyncio.create_task(self._read(self._process))

    @property
    def is_alive(self) -> bool:
        """It can be told to start the server."""
        return self._process is not None and self._process.returncode is None

    async def run(self) -> bool:
        """Have the server run until it has ended, or the keeper has; tell whether it has served."""
        assert self._process is not None, "run() is for after start()"  # noqa: S101
        process = self._process
        assert process.stdin is not None, "is a pipe"  # noqa: S101
        self.last.clear()
        self._served = False
        with contextlib.suppress(ConnectionError):
            process.stdin.write(b"\n")
            await process.stdin.drain()
        ending = [
            asyncio.create_task(self._until_ended(process)),
            asyncio.create_task(_until_dead(process)),
        ]
        try:
            await asyncio.wait(ending, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await end_all(ending)
            self.pid = None
        if not self.is_alive:
            _kill(process)
        return self._served

    async def end(self) -> None:
        """End both."""
        process = self._process
        if process is None:
            return
        self._process = None
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(_PATIENCE):
                await _until_dead(process)
        except TimeoutError:
            pass
        _kill(process)
        # To the end of what they wrote, by which asyncio closes its pipes.
        reading, self._reading = self._reading, None
        assert process.stdout is not None, "is a pipe"  # noqa: S101
        assert reading is not None, "was begun with it"  # noqa: S101
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                await process.stdout.read()
                await reading
        await end_all([reading])

    async def _until_ended(self, process: asyncio.subprocess.Process) -> None:
        """Read what the keeper says of the server, until that has ended."""
        assert process.stdout is not None, "is a pipe"  # noqa: S101
        while line := (await process.stdout.readline()).decode().split():
            if line[0] == "ended":
                return
            self.pid = int(line[1])

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        """Read the server's log; of who floods it no more than a few lines of each piece."""
        assert process.stderr is not None, "is a pipe"  # noqa: S101
        rest = b""
        while piece := await process.stderr.read(_PIECE):
            *lines, rest = (rest + piece).split(b"\n")
            if len(lines) > DHCP_SERVER_LINES.whole:
                DHCP_SERVER_LINES.reached(len(lines) - DHCP_SERVER_LINES.whole)
            for line in lines[-DHCP_SERVER_LINES.whole :]:
                text = line.decode(errors="replace").partition("]: ")
                said = text[2] or text[0]
                if self._is_ready(said):
                    self._served = True
                self.last.append(said)
                self._said(said)
            rest = rest[-_PIECE:]


async def _until_dead(process: asyncio.subprocess.Process) -> None:
    """Wait for a keeper alone: `wait` waits for all that hold its pipes."""
    while process.returncode is None:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(_LOOK)


def _kill(process: asyncio.subprocess.Process) -> None:
    """End all that are left of a keeper and its server."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _powers(user: str | None) -> tuple[str, ...]:
    """Return what starts a program with the powers that the server needs, and no others."""
    if os.geteuid() != 0:  # it has what we have: the service manager's three
        return ("setpriv", "--no-new-privs", "--")
    if user is None:
        return ("setpriv", f"--bounding-set={_only(_BECOMES)}", "--")
    account = pwd.getpwnam(user)
    only = _only(_NEEDED)
    return (
        "setpriv",
        *(f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--init-groups"),
        *(f"--inh-caps={only}", f"--ambient-caps={only}", f"--bounding-set={only}"),
        *("--no-new-privs", "--"),
    )


def _only(capabilities: Sequence[str]) -> str:
    return ",".join(("-all", *(f"+{each}" for each in capabilities)))


def account() -> tuple[str, str] | None:
    """Return user and group that the server becomes by itself, where it is started as root."""
    import grp

    try:
        found = pwd.getpwnam("nobody")
        return found.pw_name, grp.getgrgid(found.pw_gid).gr_name
    except KeyError:
        return None
