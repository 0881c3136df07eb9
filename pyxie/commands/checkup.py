"""`pyxie images check`: do the servers that recipes name still have their files?"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import click

from pyxie import output
from pyxie.client import Client
from pyxie.commands.options import FAILED, remote, run
from pyxie.commands.options import client as client_of
from pyxie.refusals import RefusedError

_AT_ONCE: Final = 4
"""Recipes; the daemon asks for some of their files at once."""
_PATIENCE: Final = 300.0
_WRONG: Final = ("wrong", "unread")
_SIGNED: Final = {
    "good": "signature is good",
    "wrong": "signature is wrong",
    "unread": "list cannot be read",
    "unchecked": "signature not checked",
    "unsigned": "not signed",
    "none": "not verified",
}


@click.command(short_help="Do the servers that recipes name have their files?")
@click.argument("recipes", metavar="[SYSTEM]...", nargs=-1)
@remote
def check(recipes: tuple[str, ...], as_json: bool, **where: Any) -> None:
    """Ask the servers that recipes name for each file's first byte, and check their signatures.

    Of all recipes, or of those that are named. It ends with 1 if a server has a file no more, or a
    signature does not hold; a host without internet is told so in a sentence, and is no failure.
    """
    client = client_of(**where)
    answers = run(_checked(Client(client.url, client.token, patience=_PATIENCE), recipes))
    files = [(each["recipe"], file) for each in answers for file in each["files"]]
    silent = next((file for _, file in files if file["state"] == "silent"), None)
    is_cut_off = silent is not None and all(file["state"] == "silent" for _, file in files)
    bad = [each for each in answers if each["problem"]]
    failed = bool(bad) or (not is_cut_off and any(map(_is_bad, (file for _, file in files))))
    if as_json:
        output.as_json({"recipes": answers, "internet": not is_cut_off})
    else:
        _tell(answers, files, "" if not is_cut_off or silent is None else _where(silent))
    if failed:
        raise click.exceptions.Exit(FAILED)


def _tell(answers: Sequence[Any], files: Sequence[tuple[str, Any]], cut_off: str) -> None:
    for each in answers:
        if each["problem"]:
            output.line(f"{each['recipe']}: {each['problem']}")
    if cut_off:
        output.note(f"no server answers, so nothing was checked: no internet here? {cut_off}")
        return
    heads = ["os", "arch", "file", "server", "signature", "url", "why"]
    output.table(heads, [_row(name, file) for name, file in files])
    bad = sum(_is_bad(file) for _, file in files)
    output.note(f"{len(files) - bad} of {len(files)} files are as their recipes say")


def _row(name: str, file: Any) -> list[str]:
    said = [file["why"]] if file["why"] else []
    said += [file["by"]] if file["signature"] in (*_WRONG, "unchecked") else []
    signed = _SIGNED.get(file["signature"], file["signature"])
    why = "; ".join(said)
    return [name, file["arch"], file["part"], file["state"], signed, file["url"], why]


def _is_bad(file: Any) -> bool:
    return file["state"] != "answers" or file["signature"] in _WRONG


def _where(file: Any) -> str:
    return f"{file['url']}: {file['why']}"


async def _checked(client: Client, names: Sequence[str]) -> list[Any]:
    chosen = list(dict.fromkeys(names)) or [
        each["name"] for each in (await client.call("GET", "recipes"))["recipes"]
    ]
    turns = asyncio.Semaphore(_AT_ONCE)
    with output.progress("checking", len(chosen)) as moved:

        async def one(name: str) -> Any:
            async with turns:
                try:
                    found = await client.call("POST", "recipes", name, "check")
                except RefusedError as exc:
                    if exc.status != 409:
                        raise
                    found = {"recipe": name, "files": [], "problem": str(exc)}
            moved(1)
            return {"problem": "", **found}

        return await asyncio.gather(*map(one, chosen))
