"""The command line. The only place that ends the process, and that turns errors to codes."""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar

import click

from pyxie import __version__, output
from pyxie.client import Client, RefusedError, UnreachableError
from pyxie.config.kinds import http_url
from pyxie.config.kinds import mac as canonical
from pyxie.config.settings import Settings, load
from pyxie.errors import ConfigError, PyxieError

FAILED: Final = 1
"""The daemon said no, or died."""
MISTAKEN: Final = 2
"""A mistake in the files, or in how the command was called."""
UNREACHABLE: Final = 3
"""No daemon answers."""
INTERRUPTED: Final = 130
"""Ctrl-C, as a shell tells it."""
UNREAD: Final = 141
"""Whoever read the output has left, as a shell tells SIGPIPE."""

_NO_CONFIG: Final = (
    "there is no ./config.yaml and no /etc/pyxie/config.yaml; say where it is with --config"
)
_PLACES: Final = (Path("config.yaml"), Path("/etc/pyxie/config.yaml"))

F = TypeVar("F", bound=Callable[..., Any])


def main() -> NoReturn:
    """Run the command line; the entry point of the ``pyxie`` program."""
    output.prepare()
    try:
        # Without its standalone mode, click returns the code of a click.exceptions.Exit.
        code = commands(prog_name="pyxie", standalone_mode=False)
    except click.ClickException as exc:
        exc.show()
        sys.exit(MISTAKEN)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    except output.ReaderGoneError:
        sys.exit(UNREAD)
    except UnreachableError as exc:
        output.error(f"pyxie: {exc}")
        sys.exit(UNREACHABLE)
    except ConfigError as exc:
        output.error(str(exc))
        sys.exit(MISTAKEN)
    except PyxieError as exc:
        output.error(f"pyxie: {exc}")
        sys.exit(FAILED)
    sys.exit(code if isinstance(code, int) else 0)


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done; 1 the daemon refused or died; 2 a mistake in the files or in "
    "the call; 3 no daemon answers; 130 Ctrl-C.",
)
@click.version_option(__version__, message="pyxie %(version)s")
def commands() -> None:
    """Boot machines over the network, and install them.

    A first boot: describe the machine in machines/NAME.yaml, look for mistakes with `pyxie
    check`, start `pyxie serve`, say `pyxie build NAME`, switch the machine on, and watch it
    with `pyxie events --follow`.
    """


def common(function: F) -> F:
    """Add the options that every command takes."""

    @click.option(
        "--config",
        type=click.Path(path_type=Path, dir_okay=False),
        help="The settings. [default: ./config.yaml, else /etc/pyxie/config.yaml]",
    )
    @click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
    @functools.wraps(function)
    def wrapped(*args: Any, **named: Any) -> Any:
        return function(*args, **named)

    return wrapped  # type: ignore[return-value]  # functools.wraps keeps the signature


def remote(function: F) -> F:
    """Add the options of the commands that call a daemon."""
    url = click.option("--url", envvar="PYXIE_URL", help="The daemon. [default: on this host]")
    token = click.option(
        "--token-file",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        envvar="PYXIE_TOKEN_FILE",
        help="A file with a token of 'api.tokens', for a daemon elsewhere.",
    )
    return common(url(token(function)))


@commands.command()
@click.option("--strict", is_flag=True, help="Refuse to start while a machine file is broken.")
@common
def serve(config: Path | None, as_json: bool, strict: bool) -> None:
    """Run the daemon, in the foreground.

    SIGTERM and Ctrl-C end it once what is in hand is done; SIGHUP reads machines and boot
    loaders again. A mistake in config.yaml refuses the start; one in a machine's file takes
    out that machine alone, unless --strict is given.
    """
    from pyxie.daemon import run  # the daemon's libraries take half a second to import

    file = _found(config)
    if file is None:
        raise click.UsageError(_NO_CONFIG)
    try:
        run(file, load(file), strict=strict)
    except ConfigError as exc:
        if as_json:
            output.as_json({"problems": [str(problem) for problem in exc.problems]})
        raise


@commands.command()
@common
def check(config: Path | None, as_json: bool) -> None:
    """Look for mistakes in config.yaml, machine files and templates.

    Prints one line for each, as file:line:column, and exits with 2 if there are any. What
    passes here is what `pyxie build` accepts.
    """
    from pyxie.checking import problems

    file = _found(config)
    if file is None:
        raise click.UsageError(_NO_CONFIG)
    found, machines = problems(file)
    if as_json:
        output.as_json({"machines": machines, "problems": [str(problem) for problem in found]})
    else:
        for problem in found:
            output.line(str(problem))
        if not found:
            output.line(f"{machines} machine(s), no mistakes")
    if found:
        raise click.exceptions.Exit(MISTAKEN)


@commands.command(short_help="Put HOST in build mode: its next network boot installs it.")
@click.argument("host")
@remote
def build(host: str, as_json: bool, **where: Any) -> None:
    """Put HOST in build mode: at its next network boot it is installed.

    Prints the build's token, which the installer shows to fetch its templates and to say
    that it is done.
    """
    found = _run(_client(**where).call("PUT", "builds", host))
    if as_json:
        output.as_json(found)
    else:
        output.line(f"{found['host']} is in build mode; token {found['token']}")


@commands.command()
@click.argument("host")
@remote
def cancel(host: str, as_json: bool, **where: Any) -> None:
    """Take HOST out of build mode; it boots as before."""
    found = _run(_client(**where).call("DELETE", "builds", host))
    _told(found, as_json, f"the build of {found['host']} is cancelled")


@commands.command(short_help="Mark HOST as installed.")
@click.argument("host")
@remote
def done(host: str, as_json: bool, **where: Any) -> None:
    """Mark HOST as installed, for an installer that does not say so itself."""
    found = _run(_client(**where).call("POST", "builds", host, "done"))
    _told(found, as_json, f"{found['host']} is installed")


@commands.command(short_help="Show who is being and was installed, or one HOST's history.")
@click.argument("host", required=False)
@remote
def status(host: str | None, as_json: bool, **where: Any) -> None:
    """Show who is being and was installed, and what is wrong; of HOST, its history too."""
    client = _client(**where)
    if host is not None:
        found = _run(client.call("GET", "machines", host))
        if as_json:
            output.as_json(found)
            return
        output.line(f"{found['hostname']}  {_state(found)}  {' '.join(found['macs'])}")
        rows = [
            [_when(step["at"]), step["state"], step["cause"], step["peer"] or ""]
            for step in found["history"]
        ]
        output.table(["when", "state", "cause", "from"], rows)
        return
    everything = _run(client.call("GET", "machines"))
    if as_json:
        output.as_json(everything)
        return
    rows = [
        [each["hostname"], _state(each), _when(each["build"]["changed"])]
        for each in everything["machines"]
        if each["build"]
    ]
    output.table(["machine", "state", "since"], rows)
    for problem in everything["problems"]:
        output.error(f"broken: {problem}")


@commands.command()
@remote
def machines(as_json: bool, config: Path | None, **where: Any) -> None:
    """List the machines; from the files, if no daemon answers."""
    from pyxie.registry.registry import Folder

    problems: list[str] = []
    try:
        everything = _run(_client(config=config, **where).call("GET", "machines"))
    except UnreachableError:
        file = _found(config)
        if file is None or where.get("url"):
            raise
        folder = load(file).machinepath
        output.error(f"pyxie: no daemon answers; these are the files in {folder}")
        registry = Folder(folder).scan()
        problems = [str(problem) for problem in registry.problems]
        found = [
            {"hostname": each.hostname, "macs": each.macs, "build": None}
            for each in registry.machines.values()
        ]
        everything = {"machines": found, "problems": problems}
    if as_json:
        output.as_json(everything)
        return
    rows = [
        [each["hostname"], " ".join(each["macs"]), _state(each)] for each in everything["machines"]
    ]
    output.table(["machine", "NICs", "state"], rows)
    for problem in everything["problems"]:
        output.error(f"broken: {problem}")


@commands.command()
@click.option("--follow", "-f", is_flag=True, help="Go on as it happens, until Ctrl-C.")
@click.option("--host", help="Of this machine only.")
@click.option("--mac", help="Of this NIC only.")
@remote
def events(follow: bool, host: str | None, mac: str | None, as_json: bool, **where: Any) -> None:
    """Show the boot trace: every step of every boot, one line each.

    The lines of a machine that does not boot say why: what pyxie was silent to, which file
    is missing, what was refused.
    """
    if mac is not None:
        try:
            mac = canonical(mac)
        except ValueError as exc:
            raise click.BadParameter(str(exc), param_hint="--mac") from exc
    client = _client(**where)

    async def show() -> None:
        async for found in client.events(follow=follow, host=host, mac=mac):
            if as_json:
                output.as_json(found)
            else:
                output.event(found)

    _run(show())


def _found(config: Path | None) -> Path | None:
    if config is not None:
        return config
    for place in _PLACES:
        with suppress(OSError):  # a folder that may not be looked into
            if place.is_file():
                return place
    return None


def _client(
    config: Path | None = None, url: str | None = None, token_file: Path | None = None
) -> Client:
    token = _token(token_file) if token_file else None
    if url is not None:
        try:
            return Client(http_url(url).rstrip("/"), token)
        except ValueError as exc:
            raise click.BadParameter(str(exc), param_hint="--url") from exc
    file = _found(config)
    try:
        settings = load(file) if file else Settings()
    except ConfigError:
        if config is not None:
            raise
        settings = Settings()  # another's, or not ours to read: ask at the usual place
    listen = settings.http.listen[0] if settings.http.listen else "127.0.0.1"
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(listen, listen)
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    return Client(f"http://{host}:{settings.http.port}", token)


def _token(file: Path) -> str:
    try:
        token = file.read_text(encoding="ascii").strip()
    except OSError as exc:
        raise click.BadParameter(f"{file}: {exc.strerror}", param_hint="--token-file") from exc
    except UnicodeDecodeError as exc:
        raise click.BadParameter(f"{file} is not text", param_hint="--token-file") from exc
    if not token.isprintable() or not token:
        raise click.BadParameter(f"{file} is not one line", param_hint="--token-file")
    return token


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    try:
        return asyncio.run(work)
    except RefusedError as exc:
        output.error(f"pyxie: {exc}")
        raise click.exceptions.Exit(FAILED) from exc


def _told(found: Any, as_json: bool, text: str) -> None:
    if as_json:
        output.as_json(found)
    else:
        output.line(text)


def _state(machine: Any) -> str:
    return str(machine["build"]["state"]) if machine["build"] else "-"


def _when(at: float) -> str:
    import time

    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
