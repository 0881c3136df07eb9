"""A daemon in this process, for one command: no configuration is needed, and nothing is left."""

from __future__ import annotations

import json
import secrets
import socket
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from pyxie.client import Client
from pyxie.commands.options import url_of
from pyxie.config.settings import Http, load_marked
from pyxie.daemon import run
from pyxie.service import Unbound

_OF_THE_HOST: Final = ("interfaces", "http", "tftp", "dhcp", "limits", "baseurl", "mirrors")
"""What a ``config.yaml`` says of this host, and not of machines."""


_FEW: Final = {"http_total": 1024, "tftp_total": 1024}
"""What any host has open files for, without a warning; and a hall of machines is served."""


class _Work(Unbound):
    """Does the command's work while the daemon serves."""

    name = "the command"

    def __init__(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._work = work

    async def serve(self) -> None:
        """Do it until cancelled."""
        await self._work()


def run_alone(
    file: Path | None,
    given: dict[str, Any],
    work: Callable[[Client], Coroutine[Any, Any, None]],
    *,
    images: bool,
) -> None:
    """Run a daemon without machines until SIGTERM or SIGINT, and ``work`` beside it.

    Only ``work`` manages it, by a token: it is root's, most of the time, and whoever may manage a
    daemon may have it run commands, by hooks.

    Args:
        file: A ``config.yaml`` that says where on this host to serve, if there is one.
        given: Settings that count more.
        work: Is given a client of the daemon.
        images: What boots may be in the folder ``images`` of ``file``.

    Raises:
        StartError: It cannot start; the text says what to do.
        ConfigError: ``file`` has mistakes.
        Exception: What ``work`` raised, or a service that died.
    """
    with TemporaryDirectory(prefix="pyxie-boot-") as name:
        folder = Path(name)
        token = secrets.token_urlsafe(32)
        settings, document = load_marked(_written(folder, file, given, token, images=images))
        client = Client(url_of(settings.http), token)
        beside = _Work(lambda: work(client))
        try:
            run(
                folder / "config.yaml",
                settings,
                document=document,
                beside=(beside,),
                grace=0,
                by_address=False,
            )
        except ExceptionGroup as group:
            raise _first(group) from None


def _first(group: ExceptionGroup[Exception]) -> Exception:
    """Return what went wrong first, out of groups in groups."""
    found = group.exceptions[0]
    return _first(found) if isinstance(found, ExceptionGroup) else found


def _free(port: int) -> int:
    """Return that TCP port, or any if another program has it: machines are told which it is."""
    for each in (port, 0):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("", each))
            return int(probe.getsockname()[1])
    return port


def _written(
    folder: Path, file: Path | None, given: dict[str, Any], token: str, *, images: bool
) -> Path:
    """Write the settings into ``folder``."""
    kept: dict[str, Any] = {}
    if file is not None:
        settings, document = load_marked(file)
        data = document.data if isinstance(document.data, dict) else {}
        kept = {key: data[key] for key in _OF_THE_HOST if key in data}
        if images:
            kept["images"] = str(settings.images)
        kept |= {"ipxe": str(settings.ipxe), "recipepath": str(settings.recipepath)}
    folders = {"machinepath": "machines", "templatepath": "templates", "grouppath": "groups"}
    for each in (*folders.values(), "images", "state"):
        (folder / each).mkdir()
    if "http" not in kept and "http" not in given:
        kept["http"] = {"port": _free(Http().port)}
    kept.setdefault("limits", _FEW)
    quiet = {"log": {"level": "warning"}, "api": {"tokens": [token]}}
    kept.setdefault("images", "images")
    own = {**folders, "state": "state/pyxie.sqlite", **quiet}
    said = {**kept, **given, **own}
    written = folder / "config.yaml"
    written.write_text(json.dumps(said))
    return written
