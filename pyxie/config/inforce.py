"""What ``config.yaml`` says by now and is not in force, in sentences for whoever is refused."""

from __future__ import annotations

from collections.abc import Sequence


def not_in_force(
    name: str, *, changed: bool, mistaken: bool, restart: Sequence[str]
) -> tuple[str, ...]:
    """Say what of the settings' file is not in force, and what puts it there.

    Args:
        name: How the file is called; without its folder, which is not told to everybody.
        changed: It is another one than was read last.
        mistaken: What was read last has mistakes, so it changed nothing.
        restart: Keys that were changed, and count from the next start on.
    """
    said = []
    if changed:
        said.append(f"{name} has changed since it was read; to read it: systemctl reload pyxie")
    elif mistaken:
        said.append(f"{name} has mistakes, so what it said before is in force; see: pyxie check")
    if restart:
        verb = "takes" if len(restart) == 1 else "take"
        keys = " and ".join(filter(None, (", ".join(restart[:-1]), restart[-1])))
        said.append(
            f"{keys} in {name} {verb} a restart, which has not been done: systemctl restart pyxie"
        )
    return tuple(said)
