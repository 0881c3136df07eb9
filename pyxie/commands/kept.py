"""The image store from the command line: list, fetch, cancel, verify, prune, remove, pin, unpin."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any, Final

import click

from pyxie import output
from pyxie.client import Client
from pyxie.commands.options import FAILED, Duration, remote, run
from pyxie.commands.options import client as client_of
from pyxie.events.english import amount
from pyxie.refusals import RefusedError

_POLL: Final = 0.3
"""Seconds between looks how far fetches have come."""
_HASHING: Final = 660.0
"""Seconds that a daemon may take to read one copy from a slow disk; it gives up before."""
_HELD: Final = 409
_LEAST: Final = 8
"""Digits of a digest that name a copy."""
_MONTH: Final = 30 * 86_400.0
_ENDED: Final = ("fetched", "failed")
_WHAT: Final = "SYSTEM|MACHINE|URL"


@click.command("list", short_help="List the copies in the store, or the recipes.")
@click.argument("what", required=False, default="", metavar=f"[{_WHAT}]")
@click.option("--recipes", is_flag=True, help="The recipes in place of the copies.")
@remote
def list_(what: str, recipes: bool, as_json: bool, **where: Any) -> None:
    """List the kernels, initrds and other files that are kept, or those of WHAT alone.

    Each with its size, by what it is verified, when it was wanted last, and its digest.
    """
    client = client_of(**where)
    if recipes:
        if what:
            raise click.UsageError("--recipes lists them all; leave the name out")
        _list_recipes(client, as_json=as_json)
        return
    answer = run(client.call("GET", "images", of=what or None))
    if as_json:
        output.as_json(answer)
        return
    heads = ["file", "size", "used", "pinned", "verified", "sha256"]
    output.table(heads, [_row(each) for each in answer["images"]])
    for each in answer["fetching"]:
        output.note(f"on its way: {each['url']}, {_of(each)}")
    if answer["problem"]:
        output.note(answer["problem"])
    elif not answer["most"]:
        output.note("no images are kept: 'image_store.size' is 0")
    elif not answer["images"]:
        said = f"nothing of {what} is kept" if what else "nothing is kept"
        output.note(f"{said}; to fetch it now: pyxie images fetch {what or 'debian-12'}")
    elif not what:
        output.note(f"{amount(answer['size'])} of {amount(answer['most'])} are taken")


def _row(image: Any) -> list[str]:
    return [
        image["url"],
        amount(image["size"]),
        output.when(image["used"]),
        "pinned" if image["pinned"] else "-",
        image["verified"] or "not verified",
        image["digest"],
    ]


def _list_recipes(client: Client, *, as_json: bool) -> None:
    answer = run(client.call("GET", "recipes"))
    if as_json:
        output.as_json(answer)
        return
    output.table(["os", "arch", "verified", "title"], list(_of_recipes(answer["recipes"])))


def _of_recipes(recipes: Sequence[Any]) -> Iterator[list[str]]:
    for each in recipes:
        if each["problem"]:
            yield [each["name"], "-", "broken", each["problem"]]
        for one in each["archs"]:
            seen = one["verified"]
            said = f"{seen['date']}, {seen['how']}" if seen else "unverified"
            yield [each["name"], one["arch"], said, each["title"]]


@click.command(short_help="Fetch what systems and machines boot, before they do.")
@click.argument("what", metavar=_WHAT, nargs=-1, required=True)
@click.option("--arch", help="Of a SYSTEM: which processor. [default: all that it is for]")
@remote
def fetch(what: tuple[str, ...], arch: str | None, as_json: bool, **where: Any) -> None:
    """Have the newest of what each WHAT names in the store, before a machine asks for it.

    SYSTEM is the name of a recipe, as debian-12; URL is one that a recipe or a machine names. The
    daemon fetches: Ctrl-C ends this command alone, and a fetch that was broken off goes on where
    it stopped when it is asked for again.
    """
    client = client_of(**where)
    answer = run(_fetched(client, what, arch))
    failed = [each for each in answer["fetches"] if each["state"] == "failed"]
    if as_json:
        output.as_json(answer)
    else:
        for each in answer["fetches"]:
            output.line(_ended(each))
        for word in answer["nothing"]:
            output.note(f"{word} names no file of another server's")
    if failed:
        raise click.exceptions.Exit(FAILED)


async def _fetched(client: Client, what: Sequence[str], arch: str | None) -> Any:
    """Have files fetched; return the answer as it is once all have ended."""
    body = {"what": list(what), **({"arch": arch} if arch else {})}
    answer = await client.call("POST", "images", "fetch", body=body)
    with output.bars() as moved:
        while True:
            for each in answer["fetches"]:
                moved(each["url"], each["there"], each["size"])
            if all(each["state"] in _ENDED for each in answer["fetches"]):
                return answer
            await asyncio.sleep(_POLL)
            now = (await client.call("GET", "images", "fetches"))["fetches"]
            found = {each["id"]: each for each in now}
            if missing := [each for each in answer["fetches"] if each["id"] not in found]:
                why = f"the daemon was restarted while it fetched {missing[0]['url']}; call again"
                raise RefusedError(503, why)
            answer["fetches"] = [found[each["id"]] for each in answer["fetches"]]


def _ended(each: Any) -> str:
    if each["state"] == "failed":
        return f"{each['url']}: {each['why']}"
    by = f"verified by {each['verified']}" if each["verified"] else "not verified"
    return f"{each['url']}: {amount(each['size'])}, {by}"


@click.command(short_help="End fetches that are under way.")
@click.argument("what", metavar=f"{_WHAT}|NAME")
@remote
def cancel(what: str, as_json: bool, **where: Any) -> None:
    """End the fetches of WHAT, and keep nothing of what has come; NAME is of an ISO image.

    What a machine is being sent as it comes goes on.
    """
    client = client_of(**where)
    ended = run(_cancelled(client, what))
    if as_json:
        output.as_json({"cancelled": ended})
        return
    for each in ended:
        output.line(f"{each} is fetched no further")


async def _cancelled(client: Client, what: str) -> list[str]:
    """Return the URLs, or the ISO image, that are fetched no further; there is at least one."""
    fetches = (await client.call("GET", "images", "fetches"))["fetches"]
    ahead = [each for each in fetches if each["state"] not in _ENDED]
    coming = (await client.call("GET", "images"))["fetching"]
    chosen = {each["id"]: each["url"] for each in ahead if what in (each["url"], *_by(each))}
    chosen |= {each["id"]: each["url"] for each in coming if what == each["url"]}
    if chosen:
        for key in chosen:
            await client.call("DELETE", "images", "fetches", key)
        return list(chosen.values())
    if not any(each["name"] == what for each in (await client.call("GET", "media"))["media"]):
        why = f"nothing of {what} is being fetched; what is: pyxie images list"
        raise RefusedError(404, why)
    return [(await client.call("DELETE", "media", what, "fetch"))["name"]]


def _by(fetch: Any) -> tuple[str, str]:
    """Return what a fetch may be called by: a machine, or a system with its architecture or not."""
    return fetch["by"], fetch["by"].partition(" ")[0]


@click.command(short_help="Read all copies from disk, and tell which are damaged.")
@click.argument("what", required=False, default="", metavar=f"[{_WHAT}|DIGEST]")
@remote
def verify(what: str, as_json: bool, **where: Any) -> None:
    """Read the copies from disk again, all or those of WHAT, and compare their digests.

    One that is damaged is removed, and fetched again when a machine wants it.
    """
    client = client_of(**where)
    answers = run(_verified(client, what))
    damaged = [each for each in answers if not each["whole"]]
    if as_json:
        output.as_json({"images": answers})
    else:
        for each in damaged:
            found = each["found"] or "not to be had: it cannot be read"
            output.line(
                f"{each['url']} is damaged, and removed: its SHA-256 is {found}, "
                f"and was {each['digest']}"
            )
        output.note(f"{len(answers) - len(damaged)} of {len(answers)} copies are as they were")
    if damaged:
        raise click.exceptions.Exit(FAILED)


async def _verified(client: Client, what: str) -> list[Any]:
    images = (await _chosen(client, what)) if what else await _all(client)
    by_digest = {each["digest"]: each for each in images}  # several may have one content
    patient = Client(client.url, client.token, patience=_HASHING)
    answers = []
    with output.progress("reading", sum(each["size"] for each in by_digest.values())) as moved:
        for each in by_digest.values():
            try:
                answers.append(await patient.call("POST", "images", each["id"], "verify"))
            except RefusedError as exc:
                if exc.status != 404:  # it made room for another meanwhile
                    raise
            moved(each["size"])
    return answers


@click.command(short_help="Make room: remove copies that nobody wants.")
@click.option(
    "--older",
    type=Duration("[smhdwy]", "12h or 90d"),
    help="Those not wanted for so long, as 12h or 90d. [default: 30d]",
)
@click.option("--all", "everything", is_flag=True, help="All, however lately they were wanted.")
@remote
def prune(older: float | None, everything: bool, as_json: bool, **where: Any) -> None:
    """Remove copies that no machine has wanted for 30 days.

    What is pinned, what is being sent, and what a machine in build mode boots always stays.
    """
    if everything and older is not None:
        raise click.UsageError("give --all or --older, not both")
    unused = 0.0 if everything else _MONTH if older is None else older
    answer = run(client_of(**where).call("POST", "images", "prune", body={"unused": unused}))
    if as_json:
        output.as_json(answer)
        return
    for each in answer["removed"]:
        output.line(f"{each['url']} is removed")
    output.note(f"{amount(answer['size'])} are free again")


@click.command(short_help="Remove the copies of one system, machine or URL.")
@click.argument("what", metavar=f"{_WHAT}|DIGEST")
@remote
def remove(what: str, as_json: bool, **where: Any) -> None:
    """Remove the copies of WHAT from the store; a machine that wants one has it fetched again.

    None is removed that is pinned, being sent, or needed by a machine in build mode. DIGEST is
    the SHA-256 of a copy, or at least its first 8 digits.
    """
    removed, kept = run(_removed(client_of(**where), what))
    if as_json:
        output.as_json({"removed": removed, "kept": kept})
    else:
        for each in removed:
            output.line(f"{each['url']} is removed")
        for why in kept:
            output.note(why)
    if kept:
        raise click.exceptions.Exit(FAILED)


async def _removed(client: Client, what: str) -> tuple[list[Any], list[str]]:
    """Return the copies that were removed, and of the others why not."""
    removed: list[Any] = []
    kept: list[str] = []
    for each in await _chosen(client, what):
        try:
            removed.append(await client.call("DELETE", "images", each["id"]))
        except RefusedError as exc:
            if exc.status != _HELD:
                raise
            kept.append(str(exc))
    return removed, kept


@click.command(short_help="Keep copies, whatever else needs room.")
@click.argument("what", metavar=f"{_WHAT}|DIGEST")
@remote
def pin(what: str, as_json: bool, **where: Any) -> None:
    """Keep the copies of WHAT until they are unpinned, whatever else needs room.

    DIGEST is the SHA-256 of a copy, or at least its first 8 digits.
    """
    _pin(client_of(**where), what, "PUT", as_json=as_json)


@click.command(short_help="Let pinned copies go when there is no room.")
@click.argument("what", metavar=f"{_WHAT}|DIGEST")
@remote
def unpin(what: str, as_json: bool, **where: Any) -> None:
    """Let the copies of WHAT go when there is no room, as any others."""
    _pin(client_of(**where), what, "DELETE", as_json=as_json)


def _pin(client: Client, what: str, method: str, *, as_json: bool) -> None:
    async def work() -> list[Any]:
        chosen = await _chosen(client, what)
        return [await client.call(method, "images", each["id"], "pin") for each in chosen]

    answers = run(work())
    if as_json:
        output.as_json({"images": answers})
        return
    for each in answers:
        output.line(f"{each['url']} is {'pinned' if each['pinned'] else 'not pinned'}")


async def _chosen(client: Client, what: str) -> list[Any]:
    """Return the copies that somebody means; there is at least one."""
    is_digest = _LEAST <= len(what) <= 64 and not set(what) - set("0123456789abcdef")
    images = await _all(client)
    found = [
        each
        for each in images
        if what == each["url"] or (is_digest and each["digest"].startswith(what))
    ]
    if not found and not is_digest:
        found = (await client.call("GET", "images", of=what))["images"]
    if not found:
        why = f"nothing of {what} is kept; what is: pyxie images list"
        raise RefusedError(404, why)
    return found


async def _all(client: Client) -> list[Any]:
    images: list[Any] = (await client.call("GET", "images"))["images"]
    return images


def _of(coming: Any) -> str:
    there = amount(coming["there"])
    return there if coming["size"] is None else f"{there} of {amount(coming['size'])}"


COMMANDS: Final = (list_, fetch, cancel, verify, prune, remove, pin, unpin)
