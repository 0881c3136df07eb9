"""What ``config.yaml`` says by now and is not in force, in sentences for whoever is refused."""

from __future__ import annotations

from collections.abc import Sequence


def reload_command(pid: int | None) -> str:
    """Return what has the settings' file read again.

    Args:
        pid: Of the daemon, where no service manager runs it; None where one does.
    """
    return "systemctl reload pyxie" if pid is None else f"kill -HUP {pid}"


def not_in_force(
    name: str,
    *,
    changed: bool,
    mistaken: bool,
    restart: Sequence[str],
    pid: int | None = None,
) -> tuple[str, ...]:
    """Say what of the settings' file is not in force, and what puts it there.

    Args:
        name: How the file is called; without its folder, which is not told to everybody.
        changed: It is another one than was read last.
        mistaken: What was read last has mistakes, so it changed nothing.
        restart: Keys that were changed, and count from the next start on.
        pid: As of `reload_command`.
    """
    said, reads = [], reload_command(pid)
    begins = (
        "systemctl restart pyxie" if pid is None else "end it (Ctrl-C) and start it again as before"
    )
    if changed:
        said.append(f"{name} has changed since it was read; to read it: {reads}")
    elif mistaken:
        said.append(f"{name} has mistakes, so what it said before is in force; see: pyxie check")
    if restart:
        verb = "takes" if len(restart) == 1 else "take"
        keys = " and ".join(filter(None, (", ".join(restart[:-1]), restart[-1])))
        said.append(f"{keys} in {name} {verb} a restart, which has not been done: {begins}")
    return tuple(said)
