"""A probe's findings for people, line by line, and for scripts. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pyxie.probing.acts import Act, File, Play
from pyxie.probing.choice import Taken
from pyxie.probing.conclusion import Conclusion, doubts
from pyxie.probing.heard import Heard
from pyxie.probing.questions import Order


def lines(play: Play, conclusion: Conclusion) -> Iterator[str]:
    """Yield the report, as people read it."""
    for number, act in enumerate(play.acts):
        if number:
            yield ""
        yield from _act(play, act, first=number == 0)
    yield ""
    yield conclusion.sentence
    if conclusion.steps:
        yield "Try next:"
        yield from (f"{at:3}. {each}" for at, each in enumerate(conclusion.steps, 1))
    said = dict.fromkeys(each for act in play.acts for each in doubts(act))
    yield from (f"Beside that: {each}" for each in said)
    change = conclusion.change
    if change is not None and not conclusion.boots:
        yield ""
        yield (
            f"If {change.boot} is to boot machines, to change in the DHCP server {change.server},"
            " whichever it is:"
        )
        for remedy in change.remedies:
            yield from (f"    {line}" for line in remedy.text())


def _act(play: Play, act: Act, *, first: bool) -> Iterator[str]:
    what = f"asked as {act.client.title}, by {play.mac}"
    yield f"{play.interface}: {what}; no address is taken" if first else f"then {what}"
    yield from (f"  {offer(each)}" for each in act.heard)
    if not act.heard:
        yield f"  no answer within {play.seconds:g} s"
    if isinstance(act.choice, Taken):
        lease, boot = act.choice.lease.server, act.choice.boot.server
        yield f"  it takes the address of {lease}, and goes by the answer of {boot}:"
        yield f"    {act.choice.why}"
    for each in act.asked:
        said = offer(each.answer, leased=True) if each.answer is not None else "no answer"
        yield f"  port 4011 of {each.question.server}: {said}"
    if act.file is not None:
        yield f"  {fetched(act.file)}"
    yield from (f"  {fetched(each)}" for each in (*act.stages, *act.files))


def offer(heard: Heard, *, leased: bool = False) -> str:
    """Return what an answer says, in a line.

    Args:
        heard: The answer.
        leased: The client has an address by then, which is not told again.
    """
    said = [] if leased else [f"address {heard.lease}" if heard.lease else "no address"]
    if heard.file:
        said.append(f"boot file {heard.file}")
    if heard.next_server is not None and (heard.file or heard.next_server != heard.server):
        said.append(f"next-server {heard.next_server}")
    if heard.tftp_server and heard.tftp_server != str(heard.next_server):
        said.append(f"option 66 {heard.tftp_server}")
    if heard.vendor:
        said.append(heard.vendor)
    came = f" (from {heard.source})" if heard.source != heard.server else ""
    return f"{heard.server}{came}: {', '.join(said) or 'nothing to boot'}"


def fetched(file: File) -> str:
    """Return what came of a file, in a line."""
    if file.fault:
        return f"{file.url}: {file.fault}"
    what = f", {file.loaded.what}" if file.loaded is not None else ""
    size = "" if file.size is None else f"{file.size:,} bytes"
    return f"{file.url}: {size or 'there'}{what}"


def data(play: Play, conclusion: Conclusion) -> dict[str, Any]:
    """Return the same as plain data."""
    change = conclusion.change
    return {
        "interface": play.interface,
        "mac": play.mac,
        "boots": conclusion.boots,
        "code": conclusion.code,
        "sentence": conclusion.sentence,
        "steps": list(conclusion.steps),
        "servers": [each.as_data() for each in change.remedies] if change is not None else [],
        "acts": [_as_data(act) for act in play.acts],
    }


def _as_data(act: Act) -> dict[str, Any]:
    choice = act.choice
    taken = None
    if isinstance(choice, Taken):
        taken = {"lease": str(choice.lease.server), "boot": str(choice.boot.server)}
    return {
        "client": act.client.title,
        "ipxe": act.client.order is Order.IPXE,
        "servers": [_heard(each) for each in act.heard],
        "taken": taken,
        "why": choice.why,
        "asked": [
            {"server": str(each.question.server), "answer": each.answer and _heard(each.answer)}
            for each in act.asked
        ],
        "file": act.file and _file(act.file),
        "stages": [_file(each) for each in act.stages],
        "files": [_file(each) for each in act.files],
        "doubts": list(doubts(act)),
    }


def _heard(heard: Heard) -> dict[str, Any]:
    return {
        "server": str(heard.server),
        "source": str(heard.source),
        "link": heard.link,
        "address": heard.lease and str(heard.lease),
        "next_server": heard.next_server and str(heard.next_server),
        "file": heard.file,
        "vendor_class": heard.vendor,
        "tftp_server": heard.tftp_server,
        "options": {str(code): value.hex() for code, value in sorted(heard.options.items())},
        "after": round(heard.after, 3),
    }


def _file(file: File) -> dict[str, Any]:
    return {
        "url": file.url,
        "size": file.size,
        "what": file.loaded.what if file.loaded is not None else "",
        "fault": file.fault,
        "seconds": round(file.seconds, 3),
    }
