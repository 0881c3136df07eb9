"""What `pyxie boot` does while it runs: it begins a boot by hand, renews it, and tells of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from pyxie import output
from pyxie.client import Client
from pyxie.refusals import RefusedError, UnreachableError

if TYPE_CHECKING:
    from pyxie.commands.athand import FilesAtHand

_RENEW: Final = 5.0
"""Seconds between two renewals, of which the daemon may miss some."""
_LAST: Final = 3.0
"""Seconds for the call that ends it."""
_GONE: Final = 404


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be booted.

    Attributes:
        system: The name of a recipe; empty for a kernel.
        arch: Which processor that is to be for.
        kernel: A path or URL.
        initrds: Likewise.
        cmdline: A template.
        files: What the command line leads to, likewise.
        macs: Whom it is for; none for all.
    """

    system: str
    arch: str
    kernel: str | Path
    initrds: tuple[str | Path, ...]
    cmdline: str
    files: tuple[str | Path, ...]
    macs: tuple[str, ...]

    @property
    def named(self) -> tuple[str | Path, ...]:
        """All files and URLs."""
        return (*((self.kernel, *self.initrds) if not self.system else ()), *self.files)

    @property
    def local(self) -> tuple[Path, ...]:
        """Those that are files."""
        return tuple(each for each in self.named if isinstance(each, Path))


async def hold(
    client: Client,
    wish: Wish,
    at_hand: FilesAtHand,
    *,
    whom: str,
    as_json: bool,
    outlived: bool = True,
) -> None:
    """Have machines boot it until this is cancelled.

    Args:
        client: Calls the daemon.
        wish: What they boot.
        at_hand: Gives the daemon those of its files that are here.
        whom: Who that is where no MAC is named, in words.
        as_json: Print JSON.
        outlived: The daemon goes on after it, and is told of the end.

    Raises:
        RefusedError: The daemon will not.
        UnreachableError: There is none, or it has gone.
    """
    async with at_hand:
        body = _body(wish, at_hand.urls)
        since: asyncio.Future[float] = asyncio.get_running_loop().create_future()

        def begun(answer: Any) -> None:
            _say(answer, wish, whom, as_json=as_json)
            if not since.done():
                since.set_result(answer["begun"])

        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_lease(client, body, begun, outlived=outlived))
                group.create_task(_tell(client, wish, since, as_json=as_json))
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None


async def _lease(
    client: Client, body: dict[str, Any], begun: Callable[[Any], None], *, outlived: bool
) -> None:
    """Have it in force until cancelled; again if this host slept for longer than it lasts."""
    while True:
        answer = await client.call("POST", "boots", body=body)
        name = answer["id"]
        try:
            begun(answer)
            while await _renewed(client, name):
                pass
        finally:
            if outlived:
                await _end(client, name)


async def _end(client: Client, name: str) -> None:
    with suppress(RefusedError, UnreachableError, TimeoutError):
        async with asyncio.timeout(_LAST):
            await client.call("DELETE", "boots", name)


async def _renewed(client: Client, name: str) -> bool:
    """Renew it in a while; False if the daemon has it no more."""
    await asyncio.sleep(_RENEW)
    try:
        await client.call("POST", "boots", name, "renew")
    except RefusedError as exc:
        if exc.status != _GONE:
            raise
        return False
    return True


def _body(wish: Wish, urls: Sequence[str]) -> dict[str, Any]:
    served = iter(urls)
    named = [next(served) if isinstance(each, Path) else each for each in wish.named]
    body: dict[str, Any] = {"cmdline": wish.cmdline, "macs": list(wish.macs)}
    if wish.system:
        return {**body, "os": wish.system, "arch": wish.arch, "files": named}
    kernel, *others = named
    many = len(wish.initrds)
    return {**body, "kernel": kernel, "initrd": others[:many], "files": others[many:]}


async def _tell(client: Client, wish: Wish, since: asyncio.Future[float], *, as_json: bool) -> None:
    beginning = await since
    async for each in client.events(follow=True):
        if each["at"] < beginning or (wish.macs and each["mac"] not in wish.macs):
            continue
        if as_json:
            output.as_json(each)
        else:
            output.event(each)


def _say(answer: Any, wish: Wish, whom: str, *, as_json: bool) -> None:
    """Say what is served to whom, and what to do next."""
    if as_json:
        output.as_json(answer)
        return
    names = ", ".join(_name(each) for each in (answer["kernel"], *answer["initrd"]))
    if wish.system:
        names = f"{wish.system} ({names})"
    to = f"to {', '.join(wish.macs)}" if wish.macs else f"to {whom}"
    output.line(f"serving {names} {to}, on {answer['interfaces']}: {_NEXT[answer['dhcp']]}")
    for each in answer["advice"]:
        output.error(f"advice: {each}")


_NEXT: Final = {
    "answer": "have it boot from the network; Ctrl-C ends this",
    "serve": "have it boot from the network; Ctrl-C ends this",
    "off": "dhcp.mode is off, so your DHCP server has to lead it here; Ctrl-C ends this",
    "observe": "but dhcp.mode is observe, so nobody is answered: set it to answer",
}


def _name(image: str) -> str:
    return unquote(image.partition("?")[0].rpartition("/")[2]) or image
