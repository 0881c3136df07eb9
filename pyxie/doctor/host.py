"""What the kernel knows of this host, read from /proc and /sys; blocks, so for threads."""

from __future__ import annotations

import ctypes
import errno
import os
import re
from collections.abc import Collection, Iterator
from ipaddress import IPv4Interface
from pathlib import Path
from typing import Final, Literal

from pyxie.doctor.links import Link, Links
from pyxie.doctor.ports import Listener, Owner, listeners
from pyxie.doctor.storage import Folder
from pyxie.net.interfaces import read

_PROC: Final = Path("/proc")
_SYS: Final = Path("/sys/class/net")
_MOST: Final = 4 << 20
"""Bytes of a file; tables of sockets are long on busy hosts."""
_PIECE: Final = 64 << 10
_UP: Final = 1
"""IFF_UP of linux/if.h."""
_ETHERNET: Final = 1
"""ARPHRD_ETHER of linux/if_arp.h."""
_TABLES: Final[dict[str, Literal["udp", "tcp"]]] = {
    "udp": "udp",
    "udp6": "udp",
    "tcp": "tcp",
    "tcp6": "tcp",
}
_SOCKET: Final = re.compile(r"socket:\[(\d+)\]").fullmatch
_TIMEX: Final = 256
"""Bytes of ``struct timex``, and more."""


def text(path: Path) -> str:
    """Return a file's text, or nothing if it cannot be read."""
    parts: list[bytes] = []
    try:
        with path.open("rb", buffering=0) as file:
            # In pieces: /proc/sys refuses to fill a large one (proc_sys_call_handler).
            while len(parts) * _PIECE < _MOST and (part := file.read(_PIECE)):
                parts.append(part)
    except OSError:
        return ""
    return b"".join(parts).decode(errors="replace")


def number(path: Path, otherwise: int = 0) -> int:
    """Return the number in a file, in decimal or hex."""
    try:
        return int(text(path).strip(), 0)
    except ValueError:
        return otherwise


def links(names: Collection[str]) -> Links:
    """Return the interfaces.

    Args:
        names: The setting ``interfaces``.

    Raises:
        OSError: The kernel does not tell.
    """
    present = read()
    there = [each for name in present.names if (each := present.named(name)) is not None]
    found = [_link(each.name, each.addresses) for each in there]
    bridged = number(_PROC / "sys/net/bridge/bridge-nf-call-iptables") == 1
    return Links(all=found, names=tuple(names), bridged=bridged)


def _link(name: str, addresses: tuple[IPv4Interface, ...]) -> Link:
    place = _SYS / name
    carrier = text(place / "carrier").strip()
    master = place / "master"
    conf = _PROC / "sys/net/ipv4/conf"
    return Link(
        name=name,
        addresses=addresses,
        up=bool(number(place / "flags", _UP) & _UP),
        carrier=carrier == "1" if carrier else None,
        master=master.readlink().name if master.is_symlink() else "",
        bridge=(place / "bridge").is_dir(),
        rp_filter=max(number(conf / each / "rp_filter") for each in ("all", name)),
        mtu=number(place / "mtu"),
        ethernet=number(place / "type", _ETHERNET) == _ETHERNET,
    )


def sockets() -> list[Listener]:
    """Return all sockets of this network namespace that wait for somebody."""
    net = _PROC / "thread-self/net"
    return [
        each for name, protocol in _TABLES.items() for each in listeners(text(net / name), protocol)
    ]


def owners(inodes: Collection[int]) -> dict[int, Owner]:
    """Return the processes that have sockets, by these; as far as we may see them."""
    found: dict[int, Owner] = {}
    wanted = set(inodes)
    for process in processes():
        for inode in wanted & _open_sockets(process):
            found.setdefault(inode, owner(process))
    return found


def processes() -> Iterator[Path]:
    """Walk the processes, as folders below ``/proc``."""
    for each in sorted(_PROC.iterdir(), key=lambda path: path.name):
        if each.name.isdecimal():
            yield each


def owner(process: Path) -> Owner:
    """Return what is known of a process."""
    words = text(process / "cmdline").split("\0")
    units = re.findall(r"/([^/\n]+\.(?:service|socket|scope))", text(process / "cgroup"))
    unit = next((each for each in reversed(units) if not each.endswith(".scope")), "")
    name = text(process / "comm").strip()
    return Owner(int(process.name), name, tuple(filter(None, words)), unit)


def _open_sockets(process: Path) -> set[int]:
    found = set()
    try:
        with os.scandir(process / "fd") as descriptors:
            for each in descriptors:
                if match := _SOCKET(str(Path(each.path).readlink())):
                    found.add(int(match[1]))
    except OSError:
        pass  # it is gone, or another user's
    return found


def clock_status() -> int | None:
    """Return the status that adjtimex(2) tells; None if it tells none."""
    # struct timex: modes (int), then offset, freq, maxerror, esterror (long), status (int).
    room = ctypes.create_string_buffer(_TIMEX)
    if ctypes.CDLL(None, use_errno=True).adjtimex(room) < 0:
        return None
    at = 5 * ctypes.sizeof(ctypes.c_long)
    return int(ctypes.c_int.from_buffer(room, at).value)


def has_legacy_rules() -> bool:
    """Tell whether the kernel has a table filter of the former iptables."""
    return "filter" in text(_PROC / "thread-self/net/ip_tables_names").split()


def has_systemd() -> bool:
    """Tell whether systemd manages this host: sd_booted(3)."""
    return Path("/run/systemd/system").is_dir()


def effective() -> int:
    """Return our own capabilities, as the kernel counts them."""
    found = re.search(r"^CapEff:\s*([0-9a-f]+)$", text(_PROC / "thread-self/status"), re.MULTILINE)
    return int(found[1], 16) if found else 0


def folder(what: str, path: Path) -> Folder:
    """Return how a folder stands, or the next one above it that exists."""
    place, there = path, True
    while True:
        try:
            disk = os.statvfs(place)
        except FileNotFoundError:
            there, place = False, place.parent
        except OSError as exc:
            reason = os.strerror(exc.errno or errno.EIO)
            return Folder(what=what, path=path, why=f"cannot be looked at: {reason}")
        else:
            break
    return Folder(
        what=what,
        path=path,
        there=there,
        read_only=bool(disk.f_flag & os.ST_RDONLY),
        free=disk.f_frsize * disk.f_bavail,
        inodes=disk.f_favail if disk.f_files else None,
    )
