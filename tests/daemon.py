"""A whole pyxie as a program of its own, on high ports of loopback, without DHCP."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.http.site import CONFIG, HOST, Answer, lay
from tests.lab.process import Process
from tests.support import until
from tests.watched import MARK

PYXIE = [sys.executable, "-m", "pyxie"]
WATCHED = [sys.executable, "-m", "tests.watched"]
_TOP = str(Path(__file__).parents[1])


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Home:
    """A folder with a site's files, in which daemons are started one after another.

    Args:
        folder: Where.
        settings: More of ``config.yaml``.
        **files: As for `tests.http.site.lay`.
    """

    def __init__(self, folder: Path, settings: str = "", **files: str | None) -> None:
        self.folder = folder
        self.http, self.tftp = free_port(), free_port(socket.SOCK_DGRAM)
        self.settings = settings
        self.env: dict[str, str] = {}
        """More of the environment of what is started."""
        self._files = files
        self.started = 0
        self.write()

    def write(self) -> None:
        """Write the files; ``settings`` may have been changed."""
        config = (
            f"{CONFIG}http: {{port: {self.http}}}\ntftp: {{port: {self.tftp}}}\n"
            f'dhcp: {{mode: "off"}}\ninterfaces: [lo]\n{self.settings}'
        )
        lay(self.folder, **{"config": config, **self._files})

    def start(self, *options: str, prefix: Sequence[str] = ()) -> Process:
        """Start a daemon, without waiting for anything."""
        self.started += 1
        argv = [*prefix, *WATCHED, "serve", "--config", str(self.folder / "config.yaml"), *options]
        log = self.folder / f"log{self.started}"
        return Process(argv, log, cwd=self.folder, env={"PYTHONPATH": _TOP, **self.env})

    @contextmanager
    def running(self, *options: str, prefix: Sequence[str] = ()) -> Iterator[Process]:
        """Start a daemon, give it once it answers, and end it."""
        with self.start(*options, prefix=prefix) as process:
            process.wait_for("serves; DHCP mode is off", 60)
            yield process
        seen = [line for line in process.text.splitlines() if line.startswith(MARK)]
        assert not seen, "\n".join(seen)

    def refused(self, *options: str) -> tuple[int, list[str]]:
        """Start a daemon that will not start; return its exit code and its last lines."""
        with self.start(*options) as process:
            code = process.wait_exit(20)
            return code, process.text.splitlines()

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command of pyxie's."""
        config = str(self.folder / "config.yaml")
        return subprocess.run(
            [*PYXIE, *words, "--config", config],
            capture_output=True,
            text=True,
            timeout=120,
            cwd=self.folder,
            env={**os.environ, **self.env},
        )

    def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """Make one request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.http, timeout=10)
        try:
            connection.request(method, path, body, headers=dict(headers or {}))
            answer = connection.getresponse()
            return Answer(answer.status, answer.read(), answer.headers)  # type: ignore[arg-type]
        finally:
            connection.close()

    def get(self, path: str) -> Answer:
        return self.ask("GET", path)

    def build(self, host: str = HOST) -> str:
        """Put the machine in build mode, and return its token."""
        answer = self.ask("PUT", f"/build/{host}")
        assert answer == Answer(200, b"OK"), answer
        return answer.headers["Build-Token"]


class Forks:
    """Daemons that start in a moment: see tests/forks.py."""

    def __init__(self, home: Home) -> None:
        self._home = home
        with (home.folder / "forks.log").open("wb") as log:
            self._parent = subprocess.Popen(
                [sys.executable, "-m", "tests.forks"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    @contextmanager
    def running(self) -> Iterator[int]:
        """Start a daemon, give its number once it answers, and kill it."""
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.write(f"{self._home.folder}/config.yaml\n")
        self._parent.stdin.flush()
        pid = int(self._parent.stdout.readline())
        try:
            try:
                until(self._answers, "the daemon to answer")
            except AssertionError as exc:
                exc.add_note((self._home.folder / "forks.log").read_text()[-2000:])
                raise
            yield pid
        finally:
            with suppress(ProcessLookupError):  # it has ended by itself, which the log tells
                os.kill(pid, signal.SIGKILL)
            assert int(self._parent.stdout.readline()) == signal.SIGKILL

    def close(self) -> None:
        self._parent.communicate(timeout=10)

    def _answers(self) -> bool:
        with suppress(OSError):
            return self._home.get("/health").status == 200
        return False


def kill(process: Process) -> None:
    """End a daemon as a power cut would."""
    with suppress(ProcessLookupError):
        process.signal(signal.SIGKILL)
    assert process.wait_exit(60) == -signal.SIGKILL


def fetch_by_tftp(port: int, name: str, server: str = "127.0.0.1") -> bytes:
    """Return the first block of a file."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(0.5)

        def asked() -> bytes | None:
            client.sendto(b"\0\1" + name.encode() + b"\0octet\0", (server, port))
            with suppress(TimeoutError):
                return client.recv(2000)
            return None

        return until(asked, "an answer by TFTP")[4:]
