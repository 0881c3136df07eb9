"""What the kernel tells of processes that come and go while it is asked: proc(5)."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def children(pid: int) -> list[int]:
    """Return the processes that any thread of a process has started, and that are there."""
    found: list[int] = []
    for task in _below(pid, "task"):
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            found += map(int, (task / "children").read_text().split())
    return found


def family(pid: int) -> list[int]:
    """Return a process, and all below it."""
    return [pid, *(each for child in children(pid) for each in family(child))]


def memory_of(pid: int) -> int:
    """Return the bytes of a process and all below it: their own, and their part of shared ones."""
    found = 0
    for each in family(pid):
        with suppress(FileNotFoundError, ProcessLookupError):
            rollup = Path(f"/proc/{each}/smaps_rollup").read_text()
            # One that has ended, and was not waited for, has none.
            found += int((rollup.partition("\nPss:")[2].split() or ["0"])[0]) << 10
    return found


def open_files(pid: int | str = "self") -> list[str]:
    """Return what a process has open, in the order of its numbers."""
    found = []
    for each in sorted(_below(pid, "fd"), key=lambda each: int(each.name)):
        with suppress(FileNotFoundError):  # it was closed meanwhile
            found.append(str(each.readlink()))
    return found


def _below(pid: int | str, what: str) -> list[Path]:
    with suppress(FileNotFoundError, ProcessLookupError):
        return list(Path(f"/proc/{pid}/{what}").iterdir())
    return []
