"""Tokens and the audit log from the command line."""

from __future__ import annotations

from typing import Any

import click

from pyxie import output
from pyxie.commands.options import Duration, remote, run
from pyxie.commands.options import client as client_of


@click.group(short_help="API tokens, for administration from elsewhere.")
def token() -> None:
    """API tokens, for administration from elsewhere: create, list, revoke."""


@token.command()
@click.argument("name")
@click.option(
    "--scope",
    type=click.Choice(["read", "build", "admin"]),
    default="read",
    show_default=True,
    help="read: look; build: also begin and end builds; admin: also change machines and tokens.",
)
@click.option(
    "--expires",
    type=Duration("[smhdwy]", "12h or 90d"),
    help="Its lifetime, as 12h or 90d. [default: unlimited]",
)
@remote
def create(name: str, scope: str, expires: float | None, as_json: bool, **where: Any) -> None:
    """Create the token NAME and print its secret, which is not stored or shown again."""
    wanted = {"name": name, "scope": scope, "seconds": expires}
    answer = run(client_of(**where).call("POST", "tokens", body=wanted))
    output.answer(answer, as_json, answer["token"])


@token.command("list")
@remote
def list_(as_json: bool, **where: Any) -> None:
    """List the tokens, with their scopes and when they expire."""
    answer = run(client_of(**where).call("GET", "tokens"))
    if as_json:
        output.as_json(answer)
        return
    rows = [
        [
            each["name"],
            each["scope"],
            output.when(each["created"]),
            output.when(each["expires"]) if each["expires"] else "never",
        ]
        for each in answer["tokens"]
    ]
    output.table(["token", "scope", "created", "expires"], rows)
    if not rows:
        output.note("there are no tokens; to create one: pyxie token create NAME")


@token.command()
@click.argument("name")
@remote
def revoke(name: str, as_json: bool, **where: Any) -> None:
    """Revoke the token NAME; it is invalid at once."""
    run(client_of(**where).call("DELETE", "tokens", name))
    output.answer({"name": name}, as_json, f"{name} is revoked")


@click.command(short_help="Show who changed what.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@remote
def audit(limit: int, as_json: bool, **where: Any) -> None:
    """Show who changed what over HTTP, the newest first."""
    answer = run(client_of(**where).call("GET", "audit", limit=str(limit)))
    if as_json:
        output.as_json(answer)
        return
    rows = [
        [
            *(output.when(each["at"]), each["who"], each["peer"]),
            *(f"{each['method']} {each['path']}", str(each["status"])),
        ]
        for each in answer["entries"]
    ]
    output.table(["when", "who", "from", "what", "status"], rows)
    if not rows:
        output.note("nothing was changed over HTTP so far")
