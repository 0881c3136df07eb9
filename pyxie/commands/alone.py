"""A daemon in this process, for one command: no configuration is needed, and nothing is left."""

from __future__ import annotations

import json
import os
import pwd
import secrets
import socket
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from pyxie import output
from pyxie.client import Client
from pyxie.commands.options import url_of
from pyxie.commands.ownfolder import may_hold, own_folder, shut_to_others
from pyxie.config.imagestore import ImageStore
from pyxie.config.settings import Http, Settings, load_marked
from pyxie.errors import StartError
from pyxie.launch import run
from pyxie.service import Unbound
from pyxie.shipped import shipped

_OF_THE_HOST: Final = ("interfaces", "http", "tftp", "dhcp", "limits", "baseurl", "mirrors")
"""What a ``config.yaml`` says of this host, and not of machines."""
_READ: Final = ("ipxe", "recipepath", "keyrings", "images", "isos")
"""Its folders that are read."""
_OF_SYSTEMS: Final = ("images", "isos")
"""Those of them that only recipes lead to."""
_NOBODY: Final = "nobody"
"""Who root becomes where nothing is said."""
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
        images: What boots may be in the folders ``images`` and ``isos`` of ``file``.

    Raises:
        StartError: It cannot start; the text says what to do.
        ConfigError: ``file`` has mistakes.
        Exception: What ``work`` raised, or a service that died.
    """
    settings, host = _of_the_host(file, images=images)
    folders = (Path(host[key]) for key in _READ if key in host)
    user = _user(settings.user, (shipped("ipxe"), *folders))
    with own_folder(user) as folder:
        token = secrets.token_urlsafe(32)
        try:
            written = _written(folder, {**host, "user": user}, settings, given, token)
        except OSError as exc:
            raise StartError(f"{folder}: {exc.strerror}; TMPDIR names another place") from exc
        settings, document = load_marked(written)
        client = Client(url_of(settings.http), token)
        beside = _Work(lambda: work(client))
        try:
            run(
                written,
                settings,
                document=document,
                beside=(beside,),
                grace=0,
                by_address=False,
                own=(folder,),
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


def _of_the_host(file: Path | None, *, images: bool) -> tuple[Settings, dict[str, Any]]:
    """Return the settings of ``file``, and those of them that count here, as they are written."""
    if file is None:
        return Settings(), {}
    settings, document = load_marked(file)
    data = document.data if isinstance(document.data, dict) else {}
    kept: dict[str, Any] = {key: data[key] for key in _OF_THE_HOST if key in data}
    folders = [key for key in _READ if images or key not in _OF_SYSTEMS]
    return settings, kept | {key: str(getattr(settings, key)) for key in folders}


def _user(said: str | None, read: Iterable[Path]) -> str | None:
    """Return whom root is to become once all is bound, as far as that is possible.

    Args:
        said: By the settings.
        read: What a user has to be let at.
    """
    if os.geteuid() != 0 or said:
        return said if os.geteuid() == 0 else None
    try:
        pwd.getpwnam(_NOBODY)
    except KeyError:
        why = f"there is no user {_NOBODY!r}"
    else:
        shut = [each for each in map(shut_to_others, filter(Path.exists, read)) if each]
        if not shut:
            return _NOBODY
        why = f"user {_NOBODY!r} may not read {shut[0]}"
    output.error(f"pyxie: it goes on as root: {why}; 'user' in config.yaml names another")
    return None


def _written(
    folder: Path, host: dict[str, Any], settings: Settings, given: dict[str, Any], token: str
) -> Path:
    """Write what is to run into ``folder``."""
    kept = dict(host)
    folders = {"machinepath": "machines", "templatepath": "templates", "grouppath": "groups"}
    for each in (*folders.values(), "images", "state"):
        (folder / each).mkdir()
    if "http" not in kept and "http" not in given:
        kept["http"] = {"port": _free(Http().port)}
    kept.setdefault("limits", _FEW)
    kept.setdefault("images", "images")
    store = _store(folder, settings.image_store)
    quiet = {"log": {"level": "warning"}, "api": {"tokens": [token]}}
    own = {**folders, "state": "state/pyxie.sqlite", "image_store": store, **quiet}
    written = folder / "config.yaml"
    written.write_text(json.dumps({**kept, **given, **own}))
    return written


def _store(folder: Path, said: ImageStore) -> dict[str, Any]:
    """Return a store in ``folder``, of a size that leaves others some of its disk."""
    size = may_hold(folder, said.size)
    store: dict[str, Any] = {"path": "image-store", "size": size, "revalidate": said.revalidate}
    store["folders"] = [str(each) for each in said.folders]
    return store | ({"ca": str(said.ca)} if said.ca else {})
