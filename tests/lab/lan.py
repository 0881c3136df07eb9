"""A LAN in network namespaces: a server, its bridge, and what is plugged into it."""

from __future__ import annotations

import itertools
import os
import secrets
import select
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from tests.lab import needs
from tests.lab.process import Process
from tests.lab.record import Record

_NAMESPACES = Path("/run/netns")


class LabError(Exception):
    """A command that lays the lab failed; the text has what it printed."""


class Host:
    """A machine of the lab: a network namespace, with its loopback up.

    Attributes:
        label: Its name within the lab, e.g. ``srv``.
        namespace: Its name in ``ip netns list``, unique to this run.
        interfaces: The address of each interface, the one that faces the LAN first.
    """

    def __init__(self, lan: Lan, label: str) -> None:
        self._lan = lan
        self.label = label
        self.namespace = f"{lan.name}-{label}"
        self.interfaces: dict[str, IPv4Interface] = {}

    @property
    def address(self) -> IPv4Address:
        """Where others on the LAN find it."""
        return next(iter(self.interfaces.values())).ip

    @property
    def folder(self) -> Path:
        """The lab's folder for logs, disks and leases."""
        return self._lan.folder

    @property
    def record(self) -> Record:
        """What is known of the boots on the LAN."""
        return self._lan.record

    def run(
        self, *argv: str | Path, timeout: float = 30.0, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run a command here to its end.

        Raises:
            LabError: It failed, and ``check`` is set.
        """
        return _run(*self._inside(argv), timeout=timeout, check=check)

    def popen(
        self,
        *argv: str | Path,
        label: str = "",
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> Process:
        """Start a command here; leaving the LAN's block stops it, if nobody did before.

        Args:
            argv: The command.
            label: What its log and the errors call it; else the program's name.
            env: Variables on top of this process's own.
            cwd: Where it starts.
        """
        label = f"{self.label}-{label or Path(argv[0]).name}"
        return self._lan.start(self._inside(argv), label, env=env, cwd=cwd)

    def ip(self, *words: object) -> None:
        """Change this host's links: ``ip -n <namespace> …``."""
        _run(_ip(), "-n", self.namespace, *map(str, words))

    def configure(self, interface: str, address: IPv4Interface) -> None:
        """Give an interface its address and bring it up."""
        self.ip("address", "add", address, "broadcast", "+", "dev", interface)
        self.ip("link", "set", interface, "up")
        self.interfaces[interface] = address

    def _inside(self, argv: tuple[str | Path, ...]) -> list[str]:
        # "ip netns exec" becomes the command, so the process id is the command's own.
        return [_ip(), "netns", "exec", self.namespace, *map(str, argv)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tap:
    """A socket in the wall, for the network card of a virtual machine.

    Attributes:
        host: Where QEMU has to run.
        name: The tap device.
        mac: Of the card.
    """

    host: Host
    name: str
    mac: str


class Segment:
    """One Ethernet with a subnet, laid on the bridge ``br0`` of a host.

    Attributes:
        owner: The host that has the subnet's first address.
        interface: On which it has it.
        network: The subnet.
        switch: The host with the bridge; as a rule the owner.
    """

    def __init__(
        self,
        lan: Lan,
        owner: Host,
        subnet: str,
        *,
        interface: str = "br0",
        switch: Host | None = None,
    ) -> None:
        self._lan = lan
        self.network = IPv4Network(subnet)
        self._free = self.network.hosts()
        self.owner = owner
        self.interface = interface
        self.switch = switch or owner
        self.switch.ip("link", "add", "br0", "type", "bridge")
        self.switch.ip("link", "set", "br0", "up")
        owner.configure(interface, self._next())

    @property
    def address(self) -> IPv4Address:
        """The owner's address on this subnet."""
        return self.owner.interfaces[self.interface].ip

    def tap(self, mac: str = "", *, plugged: bool = True) -> Tap:
        """Add a tap for a virtual machine.

        Args:
            mac: Of the machine's card; made up if not given.
            plugged: Whether it is on the bridge, or is a card that nobody answers.
        """
        number = self._lan.number()
        name = f"tap{number}"
        self.switch.ip("tuntap", "add", "dev", name, "mode", "tap")
        if plugged:
            self.plug(name)
        else:
            self.switch.ip("link", "set", name, "up")
        return Tap(host=self.switch, name=name, mac=mac or f"52:54:00:77:00:{number:02x}")

    def host(self, label: str) -> Host:
        """Add a machine elsewhere on this segment, with the next free address."""
        host = self._lan.namespace(label)
        self.join(host)
        return host

    def join(self, host: Host, interface: str = "eth0") -> None:
        """Connect a machine to this segment as well."""
        port = f"to-{host.label}"
        self.switch.ip("link", "add", port, "type", "veth", "peer", interface, "netns",
                      host.namespace)  # fmt: skip
        self.plug(port)
        host.configure(interface, self._next())

    def _next(self) -> IPv4Interface:
        return IPv4Interface((next(self._free), self.network.prefixlen))

    def plug(self, port: str) -> None:
        """Make an interface of the switch one of its ports."""
        self.switch.ip("link", "set", port, "master", "br0")
        self.switch.ip("link", "set", port, "up")


class Lan:
    """A LAN that exists inside a ``with`` block, and leaves nothing behind.

    All of it is in namespaces named after this run, so the same subnet may be in use in
    any number of runs at once. Leaving the block, in whatever way, ends what was started
    on it; SIGTERM leaves it as well.

    Attributes:
        name: What the name of each namespace of this run begins with.
        folder: For logs and disks; a temporary one if none is given.
        srv: The host for the server under test. It owns the bridge.
        main: The segment on that bridge.
        processes: All that was started in the background, ended or not.
        record: What is known of the boots on it.
    """

    folder: Path
    srv: Host
    main: Segment

    def __init__(self, subnet: str = "192.168.77.0/24", *, folder: Path | None = None) -> None:
        self.name = f"lab-{os.getpid()}-{secrets.token_hex(2)}"
        self._subnet = subnet
        self._folder = folder
        self._numbers = itertools.count(1)
        self._stack = ExitStack()
        self.processes: list[Process] = []
        self.record = Record()

    def __enter__(self) -> Self:
        needs.root()
        with self._stack as stack:
            stack.enter_context(_leave_on_sigterm())
            temporary = stack.enter_context(tempfile.TemporaryDirectory(prefix=f"{self.name}-"))
            self.folder = self._folder or Path(temporary)
            self.srv = self.namespace("srv")
            self.main = Segment(self, self.srv, self._subnet)
            # All went well: from here on it is taken down by __exit__.
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # The stack goes on with the rest when one step of it is interrupted.
        self._stack.close()

    @property
    def address(self) -> IPv4Address:
        """The server's address."""
        return self.main.address

    def tap(self, mac: str = "", *, plugged: bool = True) -> Tap:
        """Add a tap for a virtual machine on the main segment."""
        return self.main.tap(mac, plugged=plugged)

    def host(self, label: str) -> Host:
        """Add a machine elsewhere on the main segment."""
        return self.main.host(label)

    def routed(self, label: str, subnet: str) -> Segment:
        """Add a segment behind a router, which broadcasts do not cross.

        The router owns it, and is where a relay agent belongs: see `dnsmasq.relay`.
        """
        router = self.namespace(label)
        self.main.join(router)
        router.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
        segment = Segment(self, router, subnet)
        self.srv.ip("route", "add", segment.network, "via", router.address)
        return segment

    def namespace(self, label: str) -> Host:
        """Add a machine that is connected to nothing yet."""
        host = Host(self, label)
        # Registered first: an interrupt may come right after it was made.
        self._stack.callback(_delete, host.namespace)
        _run(_ip(), "netns", "add", host.namespace)
        host.ip("link", "set", "lo", "up")
        return host

    def start(
        self,
        argv: list[str],
        label: str,
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> Process:
        """Start a program that ends with the LAN; `Host.popen` starts it on a host."""
        log = self.folder / f"{label}-{self.number()}.log"
        process = Process(argv, log, env=env, cwd=cwd)
        self._stack.callback(process.stop)
        self.processes.append(process)
        return process

    def number(self) -> int:
        """Return a number not used before on this LAN."""
        return next(self._numbers)


@contextmanager
def _leave_on_sigterm() -> Iterator[None]:
    """Turn SIGTERM into an exception, so that ``with`` blocks are left."""

    def leave(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    # A program with a handler of its own knows better; other threads may set none.
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
    ):
        yield
        return
    signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _delete(namespace: str) -> None:
    """Remove a namespace; what was started there and still runs is ended before."""
    if not (_NAMESPACES / namespace).exists():
        return
    for pid in map(int, _run(_ip(), "netns", "pids", namespace).stdout.split()):
        if pid != os.getpid():
            _kill(pid)
    _run(_ip(), "netns", "delete", namespace)


def _kill(pid: int) -> None:
    """End a process and wait until it has: it may be anybody's child."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        signal.pidfd_send_signal(process, signal.SIGKILL)
        select.select([process], [], [], 10)
    finally:
        os.close(process)


def _ip() -> str:
    return needs.program("ip", "iproute2")


def _run(*argv: str, timeout: float = 30.0, check: bool = True) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout
    )
    if check and done.returncode != 0:
        raise LabError(f"{' '.join(argv)}: {(done.stderr or done.stdout).strip()}")
    return done
