"""Boot loaders from the command line: which there are, for whom, and what is missing."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import Any

import click

from pyxie import output
from pyxie.commands.options import client as client_of
from pyxie.commands.options import common, needed, remote, run
from pyxie.config.settings import load
from pyxie.errors import PyxieError
from pyxie.events.english import amount
from pyxie.urls import shown

_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


class WrongArchiveError(PyxieError):
    """An archive is not the one that was meant; the text says what to do."""


@click.group(
    invoke_without_command=True,
    short_help="List boot loaders, who signed them, and which are missing; fetch signed ones.",
)
@remote
@click.pass_context
def loaders(context: click.Context, /, as_json: bool, **where: Any) -> None:
    """List what the firmware of each kind of machine can be handed, the usual one first.

    With the version and the signers that each names itself, and the end of the certificate of
    each signer's CA. Firmware does not look at that date; but machines that are newer than the
    CA's next certificate may have that one alone.
    """
    if context.invoked_subcommand is not None:
        return
    answer = run(client_of(**where).call("GET", "loaders"))
    if as_json:
        output.as_json(answer)
        return
    there = [each for each in answer["loaders"] if each["name"]]
    heads = ["client", "loader", "from", "size", "version", "signed by"]
    output.table(heads, [_row(each) for each in there])
    for each in answer["loaders"]:
        if each["missing"]:
            output.note(f"none for {each['client']}: {each['missing']}")


def _row(each: Any) -> list[str]:
    folder = each["path"].removesuffix(each["name"]).rstrip("/")
    return [
        each["client"],
        each["name"] + ("" if each["usual"] else " (if asked for)"),
        folder,
        amount(each["size"]),
        each["version"] or "-",
        ", ".join(map(_signer, each["signers"])) or "nobody",
    ]


def _signer(signer: Any) -> str:
    until = f" (until {signer['expires']})" if signer["expires"] else ""
    return f"{signer['ca']}{until}"


def _digest(_context: click.Context, _option: click.Parameter, said: str) -> str:
    digest = said.strip().lower()
    if digest and not _DIGEST.fullmatch(digest):
        raise click.BadParameter(f"{said[:80]!r} is no SHA-256 in 64 hexadecimal digits")
    return digest


@loaders.command(short_help="Put iPXE's own release into the folder 'ipxe': signed, with shims.")
@click.argument("what", metavar="[FILE|URL]", default="")
@click.option(
    "--sha256",
    "digest",
    default="",
    callback=_digest,
    metavar="DIGEST",
    help="Of another release than 2.0.0.",
)
@common
def fetch(config: Path | None, what: str, digest: str, as_json: bool) -> None:
    """Put the boot loaders of iPXE's release archive into the folder 'ipxe'.

    Among them the iPXE that is signed for Secure Boot, with its shims, in x86_64-sb and arm64-sb:
    from then on all UEFI clients get that. Of those that are not signed, a file in the root of
    the folder still comes first.

    FILE is ipxeboot.tar.gz of a release on this host, URL where it is; without either, it is
    fetched from iPXE. Nothing is opened that has not the release's SHA-256, which pyxie knows of
    2.0.0, and nothing is replaced until all of it is there.
    """
    from pyxie.loaders import ipxeboot  # no other command needs it
    from pyxie.loaders.layingdown import lay_down

    what, digest = what or ipxeboot.URL, digest or ipxeboot.SHA256
    settings = load(needed(config))
    packed = _read(what, ipxeboot.MOST_PACKED, settings.image_store.ca)
    there, name = hashlib.sha256(packed).hexdigest(), shown(what)
    if there != digest:
        raise WrongArchiveError(
            f"{name} has the SHA-256 {there}, and not {digest}: get it again; or, for a release"
            f" other than {ipxeboot.VERSION}, say --sha256 with what its page names"
        )
    try:
        files = ipxeboot.useful(packed)
    except ipxeboot.ArchiveError as exc:
        raise WrongArchiveError(f"{name} {exc}") from exc
    changed, folder = lay_down(files, settings.ipxe), settings.ipxe
    if as_json:
        output.as_json(
            {
                "folder": str(folder),
                "sha256": digest,
                "files": sorted(files),
                "changed": changed,
                "signed": ipxeboot.signed(files),
            }
        )
        return
    for each in changed:
        output.line(str(folder / each))
    signed = " and ".join(ipxeboot.signed(files)) or "none of them"
    output.note(
        f"{len(changed)} of {len(files)} loaders are new in {folder}; signed, with their shims:"
        f" {signed}. A running daemon sees them at: systemctl reload pyxie (or SIGHUP)"
    )


def _read(what: str, most: int, ca: Path | None) -> bytes:
    """Return an archive, from a file or from a server."""
    if not what.startswith(("http://", "https://")):
        try:
            with Path(what).open("rb") as file:
                return file.read(most)
        except OSError as exc:
            why = f"{what[:200]}: {exc.strerror}"
            raise click.BadParameter(why, param_hint="FILE|URL") from exc
    from pyxie.loaders.archivefetch import fetched  # aiohttp takes a while to import
    from pyxie.outbound.proxies import proxies_of

    with output.bars() as moved:
        work = fetched(what, proxies_of(os.environ), ca, lambda there, of: moved("iPXE", there, of))
        data: bytes = run(work)
        return data
