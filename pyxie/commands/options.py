"""What the commands share: their options, the daemon they call, the codes they end with."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click
from pydantic import ValidationError

from pyxie import output
from pyxie.config.nodes import read
from pyxie.config.settings import Http, load
from pyxie.config.values import http_url
from pyxie.errors import ConfigError

if TYPE_CHECKING:
    from pyxie.client import Client

FAILED: Final = 1
"""The daemon said no, or died."""
MISTAKEN: Final = 2
"""A mistake in the files, or in how the command was called."""
ALREADY: Final = 4
"""What was asked for is so already."""
NOT_FOUND: Final = 5
"""There is no such machine, build or token."""
FORBIDDEN: Final = 6
"""The caller may not do that."""
TIME_IS_UP: Final = 7
"""What was waited for has not come to be."""

_NO_CONFIG: Final = (
    "there is no ./config.yaml and no /etc/pyxie/config.yaml; say where it is with --config"
)
PLACES: Final = (Path("config.yaml"), Path("/etc/pyxie/config.yaml"))

_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "y": 31_536_000}

F = TypeVar("F", bound=Callable[..., Any])


class Duration(click.ParamType[float]):
    """A number with a unit, as seconds.

    Args:
        units: The letters that may follow it, as a regular expression has them.
        example: What is right, for who wrote something else.
    """

    name = "duration"

    def __init__(self, units: str, example: str) -> None:
        self._pattern = re.compile(rf"(\d{{1,9}})({units})")
        self._example = example

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the seconds; fails as a mistake in the call."""
        found = self._pattern.fullmatch(str(value))
        if not found:
            self.fail(f"{value!r} is not a duration like {self._example}", param, ctx)
        return float(int(found[1]) * _UNITS[found[2]])


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


def found(config: Path | None) -> Path | None:
    """Return the settings' file: the one that is named, else at the usual places."""
    if config is not None:
        return config
    for place in PLACES:
        with suppress(OSError):  # a folder that may not be looked into
            if place.is_file():
                return place
    return None


def needed(config: Path | None) -> Path:
    """Return the settings' file, without which the command makes no sense."""
    file = found(config)
    if file is None:
        raise click.UsageError(_NO_CONFIG)
    return file


def client(
    config: Path | None = None, url: str | None = None, token_file: Path | None = None
) -> Client:
    """Return the client of the daemon that the options name."""
    from pyxie.client import Client  # which `pyxie serve` has no need of

    token = _token(token_file) if token_file else None
    if url is not None:
        try:
            return Client(http_url(url).rstrip("/"), token)
        except ValueError as exc:
            raise click.BadParameter(str(exc), param_hint="--url") from exc
    file = found(config)
    try:
        http = load(file).http if file else Http()
    except ConfigError as exc:
        if config is not None or file is None:
            raise
        known = _http(file)
        if known is None and exc.problems[0].line:  # else another's, or not ours to read
            output.error(f"pyxie: {exc.problems[0]}; --url names the daemon's address")
        http = known or Http()
    return Client(url_of(http), token)


def url_of(http: Http) -> str:
    """Return where a daemon of this host is called that listens so."""
    listen = http.listen[0] if http.listen else "127.0.0.1"
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(listen, listen)
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    return f"http://{host}:{http.port}"


def _http(file: Path) -> Http | None:
    """Return where a daemon listens whose settings have mistakes; None if they do not say."""
    with suppress(ConfigError, ValidationError):
        data = read(file, tolerant=True).data
        if isinstance(data, dict):
            return Http.model_validate(data.get("http") or {})
    return None


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


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Return what the calls of a daemon come to; raises RefusedError, UnreachableError."""
    import asyncio

    return asyncio.run(work)


def code_of(status: int, code: str | None = None) -> int:
    """Return what a command ends with that the daemon has refused.

    Args:
        status: HTTP's.
        code: That of the problem; see `pyxie.refusals.RefusedError`.
    """
    if code == "already":
        return ALREADY
    return {401: FORBIDDEN, 403: FORBIDDEN, 404: NOT_FOUND}.get(status, FAILED)
