"""Network namespaces for the DHCP tests: hosts joined by a bridge, gone when a test ends.

Names are unique to a run, so that several may go on at once.
"""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from tests.needs import missing

T = TypeVar("T")

_CLONE_NEWNET = 0x40000000
_numbers = itertools.count()


def need(*programs: str) -> None:
    """Skip the test, naming what is missing; fail instead where CI=true."""
    lacking = [name for name in programs if shutil.which(name) is None]
    if os.geteuid() != 0:
        lacking.append("root")
    if lacking:
        missing(f"needs {', '.join(lacking)}")


def run(*command: str) -> str:
    """Run a command to its end; its complaint is in the failure."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr or done.stdout}"
    return done.stdout


@dataclass
class Host:
    """One network namespace."""

    name: str
    _stack: contextlib.ExitStack = field(repr=False)

    def ip(self, command: str) -> str:
        """Run ``ip`` in it."""
        return run("ip", "-n", self.name, *command.split())

    def processes(self) -> list[int]:
        """Return the numbers of those that run in it."""
        return [int(each) for each in run("ip", "netns", "pids", self.name).split()]

    def start(self, *command: str, log: Path) -> subprocess.Popen[bytes]:
        """Run a program in it until the test ends; its output goes to ``log``."""
        with log.open("wb") as out:
            process = subprocess.Popen(
                ["ip", "netns", "exec", self.name, *command], stdout=out, stderr=out
            )
        self._stack.callback(_stop, process)
        return process

    def inside(self, function: Callable[[], T]) -> T:
        """Call a function in it, in a thread of its own; sockets it opens stay in it."""

        def enter() -> T:
            libc = ctypes.CDLL(None, use_errno=True)
            with Path(f"/run/netns/{self.name}").open("rb") as namespace:
                if libc.setns(namespace.fileno(), _CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
            return function()

        with ThreadPoolExecutor(1) as pool:
            return pool.submit(enter).result()

    def socket(
        self, kind: int, protocol: int = 0, *, family: int = socket.AF_INET
    ) -> socket.socket:
        """Open a socket in it, closed when the test ends."""
        opened = self.inside(lambda: socket.socket(family, kind, protocol))
        self._stack.callback(opened.close)
        return opened


class Net:
    """Makes hosts and joins them."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        self._stack = stack

    def host(self, label: str) -> Host:
        """Make a host, its loopback up."""
        name = f"pd{os.getpid()}-{next(_numbers)}{label}"
        run("ip", "netns", "add", name)
        self._stack.callback(run, "ip", "netns", "del", name)
        made = Host(name, self._stack)
        made.ip("link set lo up")
        return made

    def lan(self, **members: tuple[Host, str, str]) -> Host:
        """Join hosts in a bridge, each as (host, interface name, address or ""); return the switch.

        The switch's ports are called ``p`` and the member's label.
        """
        switch = self.host("sw")
        switch.ip("link add br0 type bridge")
        switch.ip("link set br0 up")
        for label, (host, interface, address) in members.items():
            host.ip(f"link add {interface} type veth peer name p{label} netns {switch.name}")
            switch.ip(f"link set p{label} master br0 up")
            if address:
                host.ip(f"addr add {address} brd + dev {interface}")
            host.ip(f"link set {interface} up")
        return switch


@contextlib.contextmanager
def network() -> Iterator[Net]:
    """Give an empty network; everything in it is gone at the end."""
    with contextlib.ExitStack() as stack:
        yield Net(stack)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
