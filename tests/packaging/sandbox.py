"""A private systemd, as the first process of namespaces of its own, to try the unit under.

Neither the host's service manager (there may be none) nor its network, processes or files
are touched, and nothing is fetched: the root is the host's own file system under an
overlay, and pyxie is installed in it as docs/install.md says, from a wheel of this
checkout and the packages of the Python that runs the tests.
"""

from __future__ import annotations

import os
import secrets
import select
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
UNIT = CHECKOUT / "packaging" / "systemd" / "pyxie.service"

PROGRAMS = {
    "/lib/systemd/systemd": "systemd",
    "systemd-analyze": "systemd",
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
    "mount": "mount",
    "curl": "curl",
    "/bin/kill": "procps",
}
"""What is run here, and the Debian package that has it."""

_BORROWED = (
    "basic.target",
    "network.target",
    "shutdown.target",
    "slices.target",
    "sockets.target",
    "sysinit.target",
    "systemd-journald-dev-log.socket",
    "systemd-journald.service",
    "systemd-journald.socket",
    "umount.target",
)
"""The only units of the host's that are there."""

_TARGET = """\
[Unit]
Requires=basic.target systemd-journald.service
After=basic.target systemd-journald.service
AllowIsolate=yes
"""

_ENTRY = """\
#!/opt/pyxie/bin/python3
from pyxie.cli import main
main()
"""


class Sandbox:
    """A systemd that is running, seen from outside."""

    def __init__(self, pid: int, units: Path) -> None:
        self._pid = pid
        self._units = units

    def run(self, *command: str, check: bool = True, timeout: float = 30) -> str:
        """Run a command inside as root; return what it wrote to both outputs.

        Raises:
            AssertionError: It failed; the text has its output and the journal.
        """
        namespaces = ("--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup")
        done = subprocess.run(
            ["nsenter", f"--target={self._pid}", *namespaces, "--", *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
        )
        if check and done.returncode != 0:
            journal = self.run("journalctl", "--no-pager", "--lines=60", check=False)
            raise AssertionError(f"{' '.join(command)}: {done.stdout}\n{journal}")
        return done.stdout

    def property(self, name: str, unit: str = "pyxie.service") -> str:
        """Return what systemd knows of a unit, e.g. its ``MainPID``."""
        return self.run("systemctl", "show", "--value", f"--property={name}", unit).strip()

    def until(self, unlike: str, name: str, *, within: float = 30) -> str:
        """Wait for a unit's property to change; return what it is now."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            if (now := self.property(name)) != unlike:
                return now
        journal = self.run("journalctl", "--no-pager", "--lines=60", check=False)
        raise AssertionError(f"{name} is still {unlike!r} after {within} s\n{journal}")

    @contextmanager
    def drop_in(self, text: str) -> Iterator[None]:
        """Change pyxie's unit for a while, as ``systemctl edit`` does."""
        override = self._units / "pyxie.service.d" / "override.conf"
        override.write_text(text)
        try:
            self.run("systemctl", "daemon-reload")
            yield
        finally:
            override.unlink()
            self.run("systemctl", "daemon-reload")


def missing() -> str:
    """Return why there can be no sandbox here, or nothing."""
    if os.geteuid() != 0:
        return "needs root, for namespaces and mounts"
    for program, package in PROGRAMS.items():
        if shutil.which(program) is None:
            return f"needs {program}, of the Debian package {package}"
    if _cgroups() is None:
        return "needs a cgroup2 file system that can be written to"
    return ""


@contextmanager
def booted(folder: Path, *, config: str) -> Iterator[Sandbox]:
    """Boot a systemd that has pyxie installed; end all of it afterwards.

    Args:
        folder: An empty one, for the files that are seen inside.
        config: The text of ``/etc/pyxie/config.yaml``.

    Raises:
        RuntimeError: systemd has not booted; the text is its console.
    """
    files, lab, console = folder / "files", folder / "lab", folder / "console"
    lab.mkdir()
    _lay_out(files, config=config)
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified,
        _cgroup() as cgroup,
        console.open("wb") as output,
    ):
        # systemd tells whoever started it, as it is told by its services.
        notified.bind(str(files / "run/host/notify"))
        process = subprocess.Popen(
            _command(cgroup),
            env=os.environ | {"lab": str(lab), "files": str(files)} | _python(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        try:
            if not _told_ready(notified, process):
                raise RuntimeError(f"systemd has not booted:\n{console.read_text()}")
            # It tells of each job that takes seconds, and would wait for us to read it.
            notified.close()
            sandbox = Sandbox(_only_child(process), files / "etc/systemd/system")
            sandbox.run("systemctl", "log-target", "journal")
            yield sandbox
        finally:
            _end(process)


def _command(cgroup: Path) -> list[str]:
    namespaces = ("--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup")
    boot = Path(__file__).with_name("boot.sh")
    join = 'echo $$ >"$0/cgroup.procs"; exec "$@"'  # before --cgroup: it becomes the root
    # If this process is killed, so is all that it has started.
    bound = ["setpriv", "--pdeathsig=KILL", "unshare", "--fork", "--kill-child=KILL"]
    return ["sh", "-c", join, str(cgroup), *bound, *namespaces, "--", "sh", str(boot)]


def _told_ready(notified: socket.socket, process: subprocess.Popen[bytes]) -> bool:
    ended = os.pidfd_open(process.pid)
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            readable, _, _ = select.select([notified.fileno(), ended], [], [], 60)
            if ended in readable:
                return False
            if readable and b"READY=1" in notified.recv(4096).split(b"\n"):
                return True
    finally:
        os.close(ended)
    return False


def _only_child(process: subprocess.Popen[bytes]) -> int:
    return int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text())


def _end(process: subprocess.Popen[bytes]) -> None:
    # The first process of a namespace takes all others with it, and the mounts go with
    # the last (pid_namespaces(7), mount_namespaces(7)); then unshare(1) ends by itself.
    try:
        os.kill(_only_child(process), signal.SIGKILL)
    except (OSError, ValueError):
        process.kill()  # there is no such process yet, or no longer
    process.wait(timeout=30)


def _cgroups() -> Path | None:
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        where, _, what = line.partition(" - ")
        if what.startswith("cgroup2 ") and where.split()[5].startswith("rw"):
            return Path(where.split()[4])
    return None


@contextmanager
def _cgroup() -> Iterator[Path]:
    parent = _cgroups()
    assert parent is not None
    cgroup = parent / f"pyxie-test-{secrets.token_hex(4)}"
    cgroup.mkdir()
    try:
        yield cgroup
    finally:
        for folder, _, _ in os.walk(cgroup, topdown=False):
            Path(folder).rmdir()


def _lay_out(files: Path, *, config: str) -> None:
    units, opt = files / "etc/systemd/system", files / "opt"
    for folder in (units / "pyxie.service.d", files / "etc/pyxie", files / "run/host"):
        folder.mkdir(parents=True)
    for name in _BORROWED:
        shutil.copy(Path("/lib/systemd/system") / name, units)
    (units / "default.target").write_text(_TARGET)
    shutil.copy(UNIT, units)
    (files / "etc/pyxie/config.yaml").write_text(config)

    for name in ("packages", "python", "pyxie/bin"):
        (opt / name).mkdir(parents=True)
    home = Path("/opt/python" if _python()["base"] else sys.base_prefix) / "bin"
    (opt / "pyxie/pyvenv.cfg").write_text(f"home = {home}\n")
    (opt / "pyxie/bin/python3").symlink_to(home / Path(sys.executable).resolve().name)
    program = opt / "pyxie/bin/pyxie"
    program.write_text(_ENTRY)
    program.chmod(0o755)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    installed = opt / "pyxie/lib" / version / "site-packages"
    installed.mkdir(parents=True)
    _install_wheel(installed)
    # Not named in PYTHONPATH: a .pth file there, such as this checkout's, is not for us.
    (installed / "packages.pth").write_text("/opt/packages\n")
    if _python()["base"]:
        library = "[Service]\nEnvironment=LD_LIBRARY_PATH=/opt/python/lib\n"
        (units / "pyxie.service.d/python.conf").write_text(library)


def _python() -> dict[str, str]:
    # A Python in someone's home is out of the unit's sight (ProtectHome=), and its
    # libraries lie beside it; Debian's own is found where it is.
    ours = sys.base_prefix not in ("/usr", "/usr/local")
    return {"base": sys.base_prefix if ours else "", "site": sysconfig.get_path("purelib")}


def _install_wheel(where: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target=wheel"]
    output = where.parent / "wheel"
    subprocess.run(
        [*build, f"--directory={output}"], cwd=CHECKOUT, check=True, capture_output=True, text=True
    )
    with zipfile.ZipFile(next(output.glob("*.whl"))) as wheel:
        wheel.extractall(where)
