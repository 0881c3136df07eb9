"""Boot something now: boot."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import click

from pyxie.adhoc.leading import led_to
from pyxie.client import Client
from pyxie.commands.holding import Wish, hold
from pyxie.commands.options import client as client_of
from pyxie.commands.options import found, remote
from pyxie.config.values import unicast
from pyxie.openfile import opened
from pyxie.refusals import RefusedError, UnreachableError

_ANYBODY: Final = "any machine that boots from the network"
_STRANGERS: Final = "any machine that has no file (--mac names one that has)"


@click.command(short_help="Boot something now, on any machine of the LAN, until Ctrl-C.")
@click.argument("what", metavar="SYSTEM|KERNEL")
@click.argument("initrds", metavar="[INITRD]...", nargs=-1)
@click.option("--cmdline", default="", help="The kernel's command line.")
@click.option("--arch", default="amd64", help="Of a SYSTEM: which processor. [default: amd64]")
@click.option("--mac", "macs", multiple=True, help="For this NIC only; repeatable.")
@click.option(
    "--interface", "interfaces", multiple=True, help="Without a daemon: on this only; repeatable."
)
@click.option("--port", type=click.IntRange(1, 65535), help="Without a daemon: HTTP's.")
@remote
def boot(
    what: str,
    initrds: tuple[str, ...],
    cmdline: str,
    arch: str,
    macs: tuple[str, ...],
    interfaces: tuple[str, ...],
    port: int | None,
    as_json: bool,
    **where: Any,
) -> None:
    """Boot a SYSTEM, or a KERNEL, on machines that boot from the network, until Ctrl-C.

    SYSTEM is the name of a recipe, as debian-12, which asks its questions on the screen. KERNEL and
    INITRD are files, which are served from where they are, or URLs, which are streamed. In the
    command line {{ ID "FILE or URL" }} stands for a URL under which pyxie serves that, too.
    Nothing is configured, nothing is kept, and what machines boot later is not changed.

    Where a daemon runs, it answers: machines that have a file are left alone unless --mac names
    them, and one in build mode boots what its build says. Where none runs, this command is one,
    which takes root; any machine that boots from the network gets it then.
    """
    wish = _wish(what, initrds, cmdline, arch, macs)
    client = client_of(**where)
    alone: dict[str, Any] = {}
    if interfaces:
        alone["interfaces"] = list(interfaces)
    if port is not None:
        alone["http"] = {"port": port}
    try:
        if asyncio.run(_answers(client, needed=where["url"] is not None)):
            if alone:
                why = f"a daemon runs at {client.url}, whose settings say where it serves"
                raise click.UsageError(f"--interface and --port are for without one: {why}")
            _beside(client, wish, as_json=as_json)
        else:
            _alone(found(where["config"]), alone, wish, as_json=as_json)
    except RefusedError as exc:
        if wish.system and exc.detail.startswith("there is no recipe"):
            why = f"there is no file {what!r} here, and {exc.detail}"
            raise RefusedError(exc.status, why) from exc
        raise
    raise KeyboardInterrupt


async def _answers(client: Client, *, needed: bool) -> bool:
    """Tell whether a daemon runs; if it is ``needed``, it is an error that none does."""
    try:
        await client.call("GET", "boots")
    except UnreachableError:
        if needed:
            raise
        return False
    return True


def _beside(client: Client, wish: Wish, *, as_json: bool) -> None:
    """Have the daemon that runs do it; SIGTERM and the terminal's end are as good as Ctrl-C."""
    from pyxie.commands.athand import FilesAtHand  # the server's libraries take a while to import

    async def work() -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, task.cancel if task else lambda: None)
        at_hand = FilesAtHand(wish.local, client.url)
        await hold(client, wish, at_hand, whom=_STRANGERS, as_json=as_json)

    with suppress(asyncio.CancelledError):
        asyncio.run(work())


def _alone(file: Path | None, given: dict[str, Any], wish: Wish, *, as_json: bool) -> None:
    """Do it without a daemon."""
    from pyxie.commands.alone import run_alone  # the daemon's libraries take a while to import
    from pyxie.commands.athand import FilesAtHand

    kept = {each: opened(each) for each in wish.local}

    async def work(own: Client) -> None:
        at_hand = FilesAtHand(wish.local, own.url, kept)
        await hold(own, wish, at_hand, whom=_ANYBODY, as_json=as_json, outlived=False)

    run_alone(file, given, work, images=bool(wish.system))


def _wish(
    what: str, initrds: tuple[str, ...], cmdline: str, arch: str, macs: tuple[str, ...]
) -> Wish:
    line, files = led_to(cmdline)
    system = "" if initrds or _looks_like_a_file(what) else what
    return Wish(
        system=system,
        arch=arch,
        kernel="" if system else _image(what, "KERNEL"),
        initrds=tuple(_image(each, "INITRD") for each in initrds),
        cmdline=line,
        files=tuple(_image(each, "--cmdline") for each in files),
        macs=tuple(dict.fromkeys(_mac(each) for each in macs)),
    )


def _looks_like_a_file(what: str) -> bool:
    """Tell a file or URL from the name of a system; a file that is here comes first."""
    return "/" in what or Path(what).is_file()


def _image(text: str, hint: str) -> str | Path:
    """Return what is booted: a URL, or a file that is there and may be read."""
    if text.startswith(("http://", "https://")):
        return text
    path = Path(text.removeprefix("file://")).absolute()
    try:
        with path.open("rb"):
            return path
    except OSError as exc:
        raise click.BadParameter(f"{text}: {exc.strerror}", param_hint=hint) from exc


def _mac(text: str) -> str:
    try:
        return unicast(text)
    except ValueError as exc:
        raise click.BadParameter(str(exc), param_hint="--mac") from exc
