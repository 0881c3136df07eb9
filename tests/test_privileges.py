"""Giving up root's powers, tried in a forked child: there is no way back."""

from __future__ import annotations

import ctypes
import json
import os
import pwd
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from pyxie.errors import StartError
from pyxie.privileges import chown_state, drop

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: only root can drop it")

NOBODY = pwd.getpwnam("nobody")


def in_a_child(act: Callable[[], object]) -> object:
    """Return what ``act`` returns in a forked child, or its error's class and text."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            told = act()
        except BaseException as exc:  # noqa: BLE001  # it must not return into pytest
            told = f"{type(exc).__name__}: {exc}"
        os.write(writing, json.dumps(told).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        told = json.loads(answer.read())
    os.waitpid(child, 0)
    return told


def status(field: str) -> str:
    """Return a field of this process's status (proc_pid_status(5))."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(line.split(":", 1)[1].strip() for line in lines if line.startswith(f"{field}:"))


def owner(path: Path) -> tuple[int, int]:
    seen = path.lstat()
    return seen.st_uid, seen.st_gid


class TestDrop:
    def test_all_four_ids_become_the_users(self) -> None:
        def act() -> object:
            drop("nobody")
            return status("Uid").split(), status("Gid").split()

        uid, gid = str(NOBODY.pw_uid), str(NOBODY.pw_gid)
        assert in_a_child(act) == [[uid] * 4, [gid] * 4]

    def test_roots_groups_are_gone_and_the_users_own_are_there(self) -> None:
        def act() -> object:
            os.setgroups([0, 1, 2])
            drop("nobody")
            return sorted(os.getgroups())

        assert in_a_child(act) == sorted(os.getgrouplist("nobody", NOBODY.pw_gid))

    def test_no_capability_is_left_and_none_can_be_gained(self) -> None:
        def act() -> object:
            drop("nobody")
            return [status(field) for field in ("CapPrm", "CapEff", "CapAmb", "NoNewPrivs")]

        assert in_a_child(act) == ["0" * 16, "0" * 16, "0" * 16, "1"]

    def test_there_is_no_way_back(self) -> None:
        def act() -> object:
            drop("nobody")
            os.setresuid(-1, 0, -1)
            return "root again"

        assert in_a_child(act) == "PermissionError: [Errno 1] Operation not permitted"

    def test_a_raw_socket_that_was_open_still_sends(self) -> None:
        def act() -> object:
            with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP) as raw:
                drop("nobody")
                # An empty datagram to the discard port: RFC 768, RFC 863.
                return raw.sendto(bytes((0, 9, 0, 9, 0, 8, 0, 0)), ("127.0.0.1", 0))

        assert in_a_child(act) == 8

    def test_a_new_raw_socket_is_refused(self) -> None:
        def act() -> object:
            drop("nobody")
            socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
            return "opened"

        assert in_a_child(act) == "PermissionError: [Errno 1] Operation not permitted"

    def test_the_environment_names_the_user(self) -> None:
        def act() -> object:
            drop("nobody")
            return [os.environ[name] for name in ("HOME", "USER", "LOGNAME")]

        assert in_a_child(act) == [NOBODY.pw_dir, "nobody", "nobody"]

    def test_who_is_that_user_already_stays_and_gains_nothing(self) -> None:
        def act() -> object:
            os.setresuid(NOBODY.pw_uid, NOBODY.pw_uid, NOBODY.pw_uid)
            drop("nobody")
            return status("NoNewPrivs")

        assert in_a_child(act) == "1"

    def test_only_root_can_become_another(self) -> None:
        def act() -> object:
            os.setresuid(12345, 12345, 12345)
            drop("nobody")
            return "dropped"

        assert in_a_child(act) == "StartError: user: only root can become 'nobody'"

    def test_an_unknown_user_is_named(self) -> None:
        with pytest.raises(StartError) as error:
            drop("nemo")

        assert str(error.value) == "user: there is no user 'nemo' on this host"

    def test_root_is_no_user_to_drop_to(self) -> None:
        with pytest.raises(StartError) as error:
            drop("root")

        assert str(error.value) == "user: 'root' has all privileges; name another, or leave it out"

    def test_capabilities_that_outlive_root_are_an_error(self) -> None:
        """A container may run with them locked in: SECBIT_NO_SETUID_FIXUP."""

        def act() -> object:
            pr_set_securebits, no_setuid_fixup = 28, 1 << 2
            assert ctypes.CDLL(None).prctl(pr_set_securebits, no_setuid_fixup, 0, 0, 0) == 0
            held = int(status("CapPrm"), 16)
            try:
                drop("nobody")
            except StartError as exc:
                return str(exc) == f"user: 'nobody' would keep the capabilities {held:#x}"
            return "dropped"

        assert in_a_child(act) is True


class TestChownState:
    def test_a_missing_folder_is_made_for_the_user_alone(self, tmp_path: Path) -> None:
        state = tmp_path / "lib" / "pyxie"

        chown_state(state, "nobody")

        assert owner(state) == (NOBODY.pw_uid, NOBODY.pw_gid)
        assert state.stat().st_mode & 0o777 == 0o700
        assert owner(state.parent) == (0, 0)

    def test_what_root_left_inside_is_handed_over(self, tmp_path: Path) -> None:
        (tmp_path / "cache").mkdir()
        left = [tmp_path / "pyxie.sqlite", tmp_path / "cache" / "linux", tmp_path / "cache"]
        for path in left[:2]:
            path.write_bytes(b"")

        chown_state(tmp_path, "nobody")

        assert [owner(path) for path in left] == [(NOBODY.pw_uid, NOBODY.pw_gid)] * 3

    def test_the_target_of_a_link_stays_whose_it_was(self, tmp_path: Path) -> None:
        state, secret, folder = tmp_path / "state", tmp_path / "secret", tmp_path / "folder"
        state.mkdir()
        folder.mkdir()
        secret.touch()
        (folder / "inside").touch()
        (state / "file").symlink_to(secret)
        (state / "folder").symlink_to(folder)

        chown_state(state, "nobody")

        assert [owner(path) for path in (secret, folder, folder / "inside")] == [(0, 0)] * 3

    def test_a_file_with_a_second_name_is_left_alone(self, tmp_path: Path) -> None:
        state, secret = tmp_path / "state", tmp_path / "secret"
        state.mkdir()
        os.chown(state, NOBODY.pw_uid, NOBODY.pw_gid)
        secret.touch()
        (state / "planted").hardlink_to(secret)

        chown_state(state, "nobody")

        assert owner(secret) == (0, 0)

    def test_a_fifo_neither_blocks_nor_changes_hands(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "fifo")

        chown_state(tmp_path, "nobody")

        assert owner(tmp_path / "fifo") == (0, 0)

    def test_a_third_users_file_stays_theirs(self, tmp_path: Path) -> None:
        (tmp_path / "theirs").touch()
        os.chown(tmp_path / "theirs", 12345, 12345)

        chown_state(tmp_path, "nobody")

        assert owner(tmp_path / "theirs") == (12345, 12345)

    def test_a_third_users_folder_is_refused(self, tmp_path: Path) -> None:
        os.chown(tmp_path, 12345, 12345)

        with pytest.raises(StartError) as error:
            chown_state(tmp_path, "nobody")

        assert str(error.value) == f"{tmp_path} belongs to user 12345, not to 'nobody' or root"

    def test_a_link_in_the_place_of_the_folder_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "etc").mkdir()
        state = tmp_path / "state"
        state.symlink_to(tmp_path / "etc")

        with pytest.raises(StartError) as error:
            chown_state(state, "nobody")

        assert str(error.value) == f"{state} cannot be given to 'nobody': Not a directory"
        assert owner(tmp_path / "etc") == (0, 0)

    def test_the_user_can_write_there_after_the_drop(self, tmp_path: Path) -> None:
        state = tmp_path / "state"

        def act() -> object:
            chown_state(state, "nobody")
            os.chdir(state)
            drop("nobody")
            Path("written").touch()
            return [path.name for path in Path().iterdir()]

        assert in_a_child(act) == ["written"]
