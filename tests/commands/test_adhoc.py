"""`pyxie boot`, as a process: beside a daemon, and without one."""

from __future__ import annotations

import http.client
import json
import os
import pwd
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.commandline import NOWHERE, Runner, clean, pyxie
from tests.daemon import PYXIE, Home, free_port, kill
from tests.fakedaemon import answered, fake_daemon, problem
from tests.lab.process import Process
from tests.procfs import open_files

__all__ = ["clean", "pyxie"]

MAC, DASHED = "52:54:00:12:34:56", "52-54-00-12-34-56"
BEGINS = 60
"""Seconds until it serves, on a busy host."""
KERNEL, INITRD, IGNITION = b"kernel " * 4000, b"initrd " * 9000, b"{}"
ALONE = 'tftp: {{port: {tftp}}}\nhttp: {{port: {http}}}\ndhcp: {{mode: "off"}}\ninterfaces: [lo]\n'


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "vmlinuz").write_bytes(KERNEL)
    (folder / "initrd+.img").write_bytes(INITRD)
    (folder / "a.ign").write_bytes(IGNITION)
    return folder


@contextmanager
def booting(files: Path, *options: str) -> Iterator[Process]:
    """Boot a kernel, until the test ends it."""
    line = 'quiet ign={{ ID "a.ign" }}'
    argv = [*PYXIE, "boot", "vmlinuz", "initrd+.img", "--cmdline", line, *options]
    env = {"PYTHONPATH": str(Path(__file__).parents[2]), "TMPDIR": str(files.parent)}
    with Process(argv, files.parent / "boot.log", cwd=files, env=env) as process:
        yield process


def get(port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def boots(port: int) -> bytes:
    """Load what the machine's script says; return the script."""
    status, script = get(port, f"/ipxe/{DASHED}")
    assert status == 200
    assert get(port, f"/boot/{DASHED}/kernel/vmlinuz") == (200, KERNEL)
    assert get(port, f"/boot/{DASHED}/initrd/0/initrd+.img") == (200, INITRD)
    assert get(port, f"/boot/{DASHED}/file/0/a.ign") == (200, IGNITION)
    return script


def interrupted(process: Process) -> None:
    process.signal(signal.SIGINT)
    assert process.wait_exit(30) == 130, process.text


def folder_of(process: Process) -> Path:
    """Return the folder of a daemon that leaves nothing: it has it locked."""
    [found] = {
        Path(each) for each in open_files(process.pid) if Path(each).name.startswith("pyxie-boot-")
    }
    return found


def user_of(process: Process) -> str:
    """Return whose process it is, which is no more than that."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    assert re.search(r"CapPrm:\s+0+\n", status)
    [(real, effective)] = re.findall(r"Uid:\s+(\d+)\s+(\d+)", status)
    assert real == effective
    return pwd.getpwuid(int(real)).pw_name


class TestBesideADaemon:
    def test_machines_get_it_while_it_runs_and_are_left_alone_after(
        self, tmp_path: Path, files: Path
    ) -> None:
        home = Home(tmp_path / "site")
        with home.running():
            with booting(files, "--config", str(home.folder / "config.yaml")) as process:
                process.wait_for("Ctrl-C ends this", BEGINS)
                script = boots(home.http)
                process.wait_for("fetching file 0", 60)
                first, *told = process.text.splitlines()
                interrupted(process)

            assert first == (
                "serving vmlinuz, initrd+.img to any machine that has no file (--mac names one "
                "that has), on lo 127.0.0.1/8: dhcp.mode is off, so your DHCP server has to lead "
                "it here; Ctrl-C ends this"
            )
            assert [re.sub(r"^\S+|http:\S+:\d+", "", each) for each in told] == [
                f"  {MAC}  fetched the iPXE script of `pyxie boot`",
                f"  {MAC}  fetching kernel, streamed from /0/vmlinuz",
                f"  {MAC}  fetching initrd 0, streamed from /1/initrd+.img",
                f"  {MAC}  fetching file 0, streamed from /2/a.ign",
            ]
            assert b"quiet ign=http" in script
            assert b"is not in the registry" in get(home.http, f"/ipxe/{DASHED}")[1]
            assert json.loads(get(home.http, "/api/v1/boots")[1]) == {"boots": []}

    def test_only_the_named_files_are_given_and_none_to_strangers_or_after_its_death(
        self, tmp_path: Path, files: Path
    ) -> None:
        home = Home(tmp_path / "site")
        with home.running():
            with booting(files, "--config", str(home.folder / "config.yaml")) as process:
                process.wait_for("Ctrl-C ends this", BEGINS)

                assert get(home.http, f"/boot/{DASHED}/kernel/a.ign")[0] == 404
                [boot] = json.loads(get(home.http, "/api/v1/boots")[1])["boots"]
                port = int(re.findall(r":(\d+)/", boot["kernel"])[0])
                assert get(port, "/0/vmlinuz")[0] == 403
                kill(process)

            assert get(home.http, f"/boot/{DASHED}/kernel/vmlinuz")[0] == 502


class TestAlone:
    def test_it_is_the_daemon_and_leaves_nothing_behind(self, tmp_path: Path, files: Path) -> None:
        http, tftp = free_port(), free_port(socket.SOCK_DGRAM)
        (files / "config.yaml").write_text(ALONE.format(http=http, tftp=tftp))
        before = set(tmp_path.iterdir())
        with booting(files) as process:
            process.wait_for("Ctrl-C ends this", BEGINS)
            script = boots(http)
            process.wait_for("fetching file 0", 60)
            said = process.text.splitlines()
            own = folder_of(process)
            if os.geteuid() == 0:
                assert user_of(process) == "nobody"
            interrupted(process)

        assert not own.exists()
        [first] = [each for each in said if each.startswith("serving")]
        assert first.startswith(
            "serving vmlinuz, initrd+.img to any machine that boots from the network, on lo "
        )
        assert b"quiet ign=http" in script
        assert set(tmp_path.iterdir()) == before | {tmp_path / "boot.log"}
        assert {each.name for each in files.iterdir()} == {
            *("vmlinuz", "initrd+.img", "a.ign", "config.yaml"),
        }

    def test_it_is_the_user_of_the_settings_and_nobody_else_of_the_host_manages_it(
        self, tmp_path: Path, files: Path
    ) -> None:
        http, tftp = free_port(), free_port(socket.SOCK_DGRAM)
        (files / "config.yaml").write_text(ALONE.format(http=http, tftp=tftp) + "user: daemon\n")
        with booting(files) as process:
            process.wait_for("Ctrl-C ends this", BEGINS)

            if os.geteuid() == 0:
                assert user_of(process) == "daemon"
            for path in ("/api/v1/boots", "/api/v1/events", "/api/v1/machines"):
                assert get(http, path)[0] == 403
            interrupted(process)

    def test_a_port_in_use_is_said_with_what_to_do(self, tmp_path: Path, files: Path) -> None:
        with socket.socket() as taken:
            taken.bind(("0.0.0.0", 0))
            taken.listen()
            http = taken.getsockname()[1]
            tftp = free_port(socket.SOCK_DGRAM)
            (files / "config.yaml").write_text(ALONE.format(http=free_port(), tftp=tftp))
            with booting(files, "--port", str(http)) as process:
                assert process.wait_exit(BEGINS) == 1
                said = process.text.splitlines()[-1]

        assert said.startswith(f"pyxie: HTTP: TCP port {http} is taken by another program")
        assert not [each for each in tmp_path.iterdir() if each.name.startswith("pyxie-boot")]


class TestCall:
    def test_a_file_that_is_not_there_is_a_mistake_in_the_call(self, pyxie: Runner) -> None:
        ran = pyxie("boot", "./vmlinuz", "--url", NOWHERE)

        assert ran.code == 2
        assert "Invalid value for KERNEL: ./vmlinuz: No such file or directory" in ran.err

    def test_what_is_neither_a_file_nor_a_system_is_told_so(self, pyxie: Runner) -> None:
        answers = {
            "GET /api/v1/boots": answered({"boots": []}),
            "POST /api/v1/boots": problem(400, "there is no recipe for 'vmlinuz'"),
        }
        with fake_daemon(answers) as daemon:
            ran = pyxie("boot", "vmlinuz", "--url", daemon.url)

        assert (ran.code, ran.err) == (
            1,
            "pyxie: there is no file 'vmlinuz' here, and there is no recipe for 'vmlinuz'\n",
        )

    def test_so_is_a_mac_that_is_none(self, pyxie: Runner) -> None:
        ran = pyxie("boot", "http://192.0.2.1/linux", "--mac", "52:54", "--url", NOWHERE)

        assert ran.code == 2
        assert "'52:54' is not a MAC address" in ran.err

    def test_a_daemon_that_is_named_has_to_be_there(self, pyxie: Runner) -> None:
        ran = pyxie("boot", "http://192.0.2.1/linux", "--url", NOWHERE)

        assert ran.code == 3
        assert ran.err.startswith(f"pyxie: no pyxie answers at {NOWHERE}")

    def test_where_a_daemon_runs_its_settings_say_where(self, pyxie: Runner) -> None:
        with fake_daemon({"GET /api/v1/boots": answered({"boots": []})}) as daemon:
            ran = pyxie("boot", "http://192.0.2.1/linux", "--port", "81", "--url", daemon.url)

        assert ran.code == 2
        assert "--interface and --port are for without one" in ran.err

    def test_what_the_daemon_refuses_is_said_in_its_words(self, pyxie: Runner) -> None:
        answers = {
            "GET /api/v1/boots": answered({"boots": []}),
            "POST /api/v1/boots": problem(409, "web01 is in build mode"),
        }
        with fake_daemon(answers) as daemon:
            ran = pyxie("boot", "http://192.0.2.1/linux", "--mac", MAC, "--url", daemon.url)

        assert (ran.code, ran.err) == (1, "pyxie: web01 is in build mode\n")
