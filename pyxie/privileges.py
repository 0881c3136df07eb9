"""Giving up root's powers, for hosts where no service manager does it: the setting ``user``."""

from __future__ import annotations

import ctypes
import os
import pwd
import stat
from pathlib import Path

from pyxie.errors import StartError

_PR_SET_NO_NEW_PRIVS = 38
_CAPABILITIES = 0x20080522
"""The version of capset(2) that knows 64 of them."""


def drop(user: str) -> None:
    """Become ``user`` for good, once all sockets are bound.

    Nothing is kept. Sockets that are open stay open, the raw one too, and neither their
    answers nor a TFTP transfer's own port need a capability. A port below 1024 cannot be
    bound again, so a reload must keep the sockets it has.

    Afterwards no program can regain privileges: a hook that calls ``sudo`` fails, as it
    does under the systemd unit.

    Args:
        user: A name of the host's accounts; its groups come with it. If we are that user
            already, what we have is left to whoever gave it, and only more is ruled out.

    Raises:
        StartError: The user is unknown or is root, or root's powers cannot be given up.
    """
    account = _account(user)
    if os.geteuid() != account.pw_uid:
        _become(account)
    _gain_none()


def renounce() -> None:
    """Give up all capabilities for good, whoever we are; root's files stay root's.

    Raises:
        StartError: They cannot be given up.
    """
    none = (ctypes.c_uint32 * 6)()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.capset((ctypes.c_uint32 * 2)(_CAPABILITIES, 0), none) != 0:
        raise StartError(f"capabilities cannot be given up: {os.strerror(ctypes.get_errno())}")
    _gain_none()


def _gain_none() -> None:
    # For this thread and those it starts, hooks included: PR_SET_NO_NEW_PRIVS(2const).
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        why = os.strerror(ctypes.get_errno())
        raise StartError(f"user: new privileges cannot be ruled out: {why}")


def chown_state(path: Path, user: str) -> None:
    """Make a folder of pyxie's own, and what root left in it, belong to ``user``.

    To be called as root, before `drop`. The folder is made if it is missing.

    The user may have been able to write here, and must not get the gift of a file from
    elsewhere: a link is never followed, and a file with a second name (which may be that
    of ``/etc/shadow``) is left alone. The folders above are trusted to be the operator's.

    Raises:
        StartError: The user is unknown, or the folder is another's or no folder.
    """
    account = _account(user)
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            _give_folder(path, folder, account)
        finally:
            os.close(folder)
    except OSError as exc:
        raise StartError(f"{path} cannot be given to {user!r}: {exc.strerror}") from exc


def _account(user: str) -> pwd.struct_passwd:
    try:
        account = pwd.getpwnam(user)
    except (KeyError, ValueError):
        raise StartError(f"user: there is no user {user!r} on this host") from None
    if account.pw_uid == 0:
        raise StartError(f"user: {user!r} has all privileges; name another, or leave it out")
    return account


def _become(account: pwd.struct_passwd) -> None:
    try:
        # Groups first: only root may set them (setgroups(2)).
        os.initgroups(account.pw_name, account.pw_gid)
        os.setresgid(account.pw_gid, account.pw_gid, account.pw_gid)
        # The saved id too, or it leads back; all capabilities go with root's last id
        # (capabilities(7), "Effect of user ID changes on capabilities").
        os.setresuid(account.pw_uid, account.pw_uid, account.pw_uid)
    except PermissionError as exc:
        raise StartError(f"user: only root can become {account.pw_name!r}") from exc
    # Not none where a container runs with SECBIT_NO_SETUID_FIXUP (capabilities(7)).
    left = _capabilities()
    if left:
        raise StartError(f"user: {account.pw_name!r} would keep the capabilities {left:#x}")
    # As systemd does for User=: libraries look for their files there.
    os.environ.update(HOME=account.pw_dir, USER=account.pw_name, LOGNAME=account.pw_name)


def _capabilities() -> int:
    for line in Path("/proc/thread-self/status").read_text().splitlines():
        if line.startswith("CapPrm:"):
            return int(line.split()[1], 16)
    return 0


def _give_folder(path: Path, folder: int, account: pwd.struct_passwd) -> None:
    owner = os.fstat(folder).st_uid
    if owner not in (0, account.pw_uid):
        raise StartError(f"{path} belongs to user {owner}, not to {account.pw_name!r} or root")
    # From the leaves up: as long as a folder is root's, nobody changes it under us.
    for _, _, files, inside in os.fwalk(".", topdown=False, dir_fd=folder):
        for name in files:
            _give_file(name, inside, account)
        _give(inside, account)


def _give_file(name: str, inside: int, account: pwd.struct_passwd) -> None:
    # Looked at before it is opened: to open a device can do things.
    if not stat.S_ISREG(os.stat(name, dir_fd=inside, follow_symlinks=False).st_mode):
        return
    file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=inside)
    try:
        now = os.fstat(file)
        if stat.S_ISREG(now.st_mode) and now.st_nlink == 1:
            _give(file, account)
    finally:
        os.close(file)


def _give(fd: int, account: pwd.struct_passwd) -> None:
    if os.fstat(fd).st_uid == 0:
        os.fchown(fd, account.pw_uid, account.pw_gid)
