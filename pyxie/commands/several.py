"""Commands that take several machines: by name, by pattern, by group, or all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from pyxie import output
from pyxie.client import Client
from pyxie.commands.options import FAILED, code_of
from pyxie.refusals import RefusedError
from pyxie.registry.chosen import is_pattern

F = TypeVar("F", bound=Callable[..., Any])


def several(function: F) -> F:
    """Add what names machines: HOST..., --group, --all."""
    hosts = click.argument("hosts", nargs=-1, metavar="[HOST]...")
    group = click.option("--group", default="", help="All machines of this group, or domain.")
    everything = click.option("--all", "everything", is_flag=True, help="All machines.")
    return hosts(group(everything(function)))


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which machines a command is about, as it was told.

    Attributes:
        hosts: Hostnames, or patterns with ``*`` and ``?``.
        group: All of that group.
        everything: All.
    """

    hosts: tuple[str, ...]
    group: str
    everything: bool

    @property
    def none(self) -> bool:
        """Whether nobody is named."""
        return not (self.hosts or self.group or self.everything)

    @property
    def single(self) -> str | None:
        """The only machine that is meant, if it is named whole."""
        if len(self.hosts) == 1 and not is_pattern(self.hosts[0]):
            return None if self.group or self.everything else self.hosts[0]
        return None

    def needed(self) -> None:
        """Refuse to go on if nobody is named."""
        if self.none:
            raise click.UsageError("name a HOST, or several, --group or --all")

    async def found(self, client: Client) -> list[str]:
        """Return all that are meant, each once.

        Raises:
            RefusedError: A pattern, or the group, fits none.
        """
        found: dict[str, None] = {}
        for host in self.hosts:
            if is_pattern(host):
                found |= await self._listed(client, host, name=host)
            else:
                found[host.lower()] = None
        if self.group:
            found |= await self._listed(client, self.group, group=self.group)
        if self.everything:
            found |= await self._listed(client, "--all")
        return list(found)

    @staticmethod
    async def _listed(client: Client, what: str, **of: str) -> dict[str, None]:
        listed = await client.call("GET", "machines", **of)
        hosts = dict.fromkeys(str(each["hostname"]) for each in listed["machines"])
        if not hosts:
            raise RefusedError(404, f"no machine fits {what!r}")
        return hosts


async def each_active(
    client: Client, chosen: Chosen, call: Callable[[str], Awaitable[Any]]
) -> list[dict[str, Any]]:
    """End the builds of all that are meant; of those not named whole, the active ones.

    Returns:
        What became of each, as `POST /api/v1/builds` answers it.
    """
    named = {host.lower() for host in chosen.hosts if not is_pattern(host)}
    results = []
    for host in await chosen.found(client):
        try:
            build = await call(host)
            results.append(
                {"host": build["host"], "status": 200, "detail": "", "code": None, "build": build}
            )
        except RefusedError as exc:
            if exc.status == 404 and host not in named:
                continue
            results.append(
                {
                    "host": host,
                    "status": exc.status,
                    "detail": str(exc),
                    "code": exc.code,
                    "build": None,
                }
            )
    if not results:
        raise RefusedError(404, "none of them is in build mode")
    return results


def tell(results: Sequence[Any], as_json: bool, sentence: Callable[[Any], str]) -> None:
    """Print what became of each; the command ends with what the refusals have in common.

    Args:
        results: As `POST /api/v1/builds` answers them.
        as_json: For scripts.
        sentence: What is said of a build.
    """
    if as_json:
        output.as_json({"results": list(results)})
    refused = [each for each in results if each["build"] is None]
    for each in () if as_json else results:
        if each["build"] is not None:
            output.line(sentence(each["build"]))
        else:
            named = each["detail"].startswith(f"{each['host']} ")
            output.error(f"pyxie: {'' if named else each['host'] + ': '}{each['detail']}")
    codes = {code_of(each["status"], each["code"]) for each in refused}
    if codes:
        raise click.exceptions.Exit(codes.pop() if len(codes) == 1 else FAILED)
