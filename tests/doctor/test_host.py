"""What the kernel knows of this host."""

from __future__ import annotations

import os
import socket
from ipaddress import ip_address
from pathlib import Path

import pytest

from pyxie.doctor import host
from pyxie.doctor.ports import Listener
from pyxie.doctor.storage import Folder
from pyxie.net.interfaces import LOOPBACK


class TestFiles:
    def test_what_cannot_be_read_is_nothing(self, tmp_path: Path) -> None:
        assert host.text(tmp_path) == ""
        assert host.text(tmp_path / "gone") == ""
        assert host.number(tmp_path / "gone", 7) == 7

    def test_numbers_are_decimal_or_hex(self, tmp_path: Path) -> None:
        file = tmp_path / "flags"

        file.write_text("0x1003\n")
        assert host.number(file) == 0x1003
        file.write_text("1500\n")
        assert host.number(file) == 1500

    def test_what_the_kernel_makes_up_is_read(self) -> None:
        assert host.number(Path("/proc/sys/kernel/pid_max")) > 1

    def test_no_more_is_read_than_would_be_looked_at(self) -> None:
        assert len(host.text(Path("/dev/zero"))) == 4 << 20


def seen(one: socket.socket) -> list[Listener]:
    """Return what is found of a socket: others may have its port at other addresses."""
    inode = os.fstat(one.fileno()).st_ino
    return [each for each in host.sockets() if each.inode == inode]


class TestSockets:
    def test_are_found_with_the_process_that_has_them(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
            ours.bind(("127.0.0.1", 0))
            port = ours.getsockname()[1]

            (found,) = seen(ours)
            owners = host.owners([found.inode])

        assert (found.protocol, found.port) == ("udp", port)
        assert owners[found.inode].pid == os.getpid()

    def test_of_tcp_are_found_when_they_listen(self) -> None:
        with socket.create_server(("::1", 0), family=socket.AF_INET6) as ours:
            port = ours.getsockname()[1]

            assert [(each.protocol, each.port) for each in seen(ours)] == [("tcp", port)]

    def test_a_process_that_is_gone_has_none(self, tmp_path: Path) -> None:
        assert host._open_sockets(tmp_path / "4711") == set()


class TestOwner:
    def test_is_known_by_its_words_and_its_unit(self, tmp_path: Path) -> None:
        process = tmp_path / "812"
        process.mkdir()
        (process / "comm").write_text("in.tftpd\n")
        (process / "cmdline").write_bytes(b"/usr/sbin/in.tftpd\0--listen\0")
        (process / "cgroup").write_text("0::/system.slice/tftpd-hpa.service\n")

        found = host.owner(process)

        assert (found.pid, found.name, found.unit) == (812, "in.tftpd", "tftpd-hpa.service")
        assert found.words == ("/usr/sbin/in.tftpd", "--listen")

    def test_of_a_login_is_of_no_unit(self, tmp_path: Path) -> None:
        process = tmp_path / "9"
        process.mkdir()
        (process / "cgroup").write_text("0::/user.slice/user-0.slice/session-1.scope\n")

        assert host.owner(process).unit == ""


class TestLinks:
    def test_are_all_but_loopback(self) -> None:
        found = host.links(["eth7"])

        assert LOOPBACK not in {each.name for each in found.all}
        assert found.names == ("eth7",)
        for each in found.all:
            assert all(ip_address(address.ip) for address in each.addresses)


class TestClock:
    def test_the_kernel_tells_how_it_stands(self) -> None:
        status = host.clock_status()

        assert status is None or 0 <= status <= 0xFFFF


def test_our_capabilities_are_those_that_the_kernel_counts() -> None:
    assert bool(host.effective() >> 13 & 1) == (os.geteuid() == 0)


class TestFolders:
    def test_one_that_is_there_has_room(self, tmp_path: Path) -> None:
        found = host.folder("the state", tmp_path)

        assert found.there
        assert found.free > 0
        assert not found.why

    def test_one_that_is_not_stands_as_the_one_above_it(self, tmp_path: Path) -> None:
        found = host.folder("the state", tmp_path / "a" / "b")

        assert not found.there
        assert found.free > 0

    def test_one_that_cannot_be_looked_at_says_why(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()

        found = host.folder("the state", tmp_path / "file" / "x")

        assert isinstance(found, Folder)
        assert found.why == "cannot be looked at: Not a directory"


@pytest.mark.parametrize("there", [True, False])
def test_systemd_is_known_by_its_folder(there: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "is_dir", lambda path: there and str(path) == "/run/systemd/system")

    assert host.has_systemd() is there
