"""What the daemon of this host runs on, beside the files that a command has looked at.

Whoever sits in a checkout, or in a folder with a ``config.yaml`` of its own, looks at that one.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from pyxie.client import Client
from pyxie.commands import options
from pyxie.errors import ConfigError
from pyxie.refusals import RefusedError, UnreachableError

_PATIENCE: Final = 2.0
"""Seconds for a daemon that may not be there."""


def beside(file: Path) -> list[str]:
    """Say what was not looked at; nothing where no daemon runs, or it does not let us look.

    Args:
        file: The ``config.yaml`` that was.
    """
    url = os.environ.get("PYXIE_URL")
    if url is not None and not _is_here(url):
        return []  # whose files are elsewhere, too
    told = dict(asyncio.run(_told([*_clients(file)])))
    said = [sentence for url, answer in told.items() for sentence in _of_daemon(file, url, answer)]
    theirs = [Path(answer["file"]) for answer in told.values()]
    others = [each for each in options.PLACES if _is_file(each)]
    said += [
        f"there is a {place}, too, which was not checked"
        for place in others
        if not any(_same(place, each) for each in (file, *theirs))
    ]
    return said


def _of_daemon(file: Path, url: str, answer: Any) -> Iterator[str]:
    own = answer["file"]
    if not _same(file, Path(own)):
        yield (
            f"the daemon at {url} runs on {own}, which was not checked: pyxie check --config {own}"
        )
        return
    for sentence in answer.get("not_in_force", ()):
        yield f"the daemon at {url}: {sentence}"


def _clients(file: Path) -> Iterator[Client]:
    """Yield the daemons that may run here: as the file says, as those at the usual places say."""
    url = os.environ.get("PYXIE_URL")
    token = os.environ.get("PYXIE_TOKEN_FILE")
    places = [each for each in (file, *options.PLACES) if url is None and _is_file(each)]
    nowhere: list[Path | None] = [None]
    for place in [*places] or nowhere:
        with suppress(ConfigError):
            yield options.client(place, url, Path(token) if token else None)


async def _told(clients: list[Client]) -> list[tuple[str, Any]]:
    """Return what the settings of each daemon that answers are read from."""
    answers = await asyncio.gather(
        *(_asked(client) for client in {each.url: each for each in clients}.values())
    )
    return [answer for answer in answers if answer is not None]


async def _asked(client: Client) -> tuple[str, Any] | None:
    with suppress(UnreachableError, RefusedError, TimeoutError):
        async with asyncio.timeout(_PATIENCE):
            answer = await client.call("GET", "settings")
            if isinstance(answer, dict) and isinstance(answer.get("file"), str):
                return client.url, answer
    return None


def _is_here(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    with suppress(ValueError):
        return ip_address(host).is_loopback
    return host == "localhost"


def _is_file(path: Path) -> bool:
    with suppress(OSError):  # a folder that may not be looked into
        return path.is_file()
    return False


def _same(one: Path, other: Path) -> bool:
    with suppress(OSError):
        return one.samefile(other)
    return one.absolute() == other.absolute()
