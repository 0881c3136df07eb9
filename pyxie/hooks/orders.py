"""A hook, rendered: what is to be run or called, and its environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pyxie.config.build import Hook
from pyxie.errors import RenderError
from pyxie.hooks.shellwords import words
from pyxie.render.strict import Renderer

KINDS = ("prebuild", "postbuild", "cancelbuild", "failedbuild", "stalebuild", "pxeevent")
"""The hooks of a build; their keys in the files end in ``_commands``."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done.

    Attributes:
        command: The program and its arguments; empty for a webhook.
        url: Of the webhook.
    """

    command: tuple[str, ...] = ()
    url: str = ""


def order(renderer: Renderer, kind: str, hook: Hook, names: Mapping[str, Any]) -> Order:
    """Render a hook.

    Args:
        renderer: Finds what a template includes.
        kind: ``postbuild``; for messages.
        hook: As its file has it.
        names: As templates see them.

    Raises:
        RenderError: It cannot be rendered, or is no command.
    """
    key = f"{kind}_commands"
    if hook.url:
        return Order(url=renderer.text(key, hook.url, names))
    if hook.shell:
        return Order(("/bin/sh", "-c", renderer.text(key, str(hook.command), names)))
    try:
        parts = words(hook.command) if isinstance(hook.command, str) else list(hook.command)
    except ValueError as exc:
        raise RenderError(key, 0, f"the command {exc}") from exc
    return Order(tuple(renderer.text(key, part, names) for part in parts))


def environment(
    kind: str, host: str, mac: str | None, token: str, attempt: int, path: str
) -> dict[str, str]:
    """Return all of a command's environment.

    Args:
        kind: ``postbuild``.
        host: The machine.
        mac: The NIC, where it is known.
        token: The build's; empty where there is none.
        attempt: 1, or more where a daemon died while the hook ran.
        path: For ``PATH``.
    """
    return {
        "PATH": path,
        "LANG": "C.UTF-8",
        "PYXIE_EVENT": kind,
        "PYXIE_HOST": host,
        "PYXIE_MAC": mac or "",
        "PYXIE_TOKEN": token,
        "PYXIE_ATTEMPT": str(attempt),
    }
