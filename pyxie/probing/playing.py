"""Plays a machine that boots: asks the network, goes by the answers, fetches what they name."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Final, TypeAlias

from pyxie.bounds import PROBE_LOADER, PROBE_SCRIPT
from pyxie.probing.acts import Act, Asked, File, Play
from pyxie.probing.choice import Stuck, Taken, choose
from pyxie.probing.discover import SECONDS, Line, ask, inquire
from pyxie.probing.fetch import Fetched, FetchError, by_http, by_tftp
from pyxie.probing.heard import Answers
from pyxie.probing.loaded import judged, named
from pyxie.probing.questions import CLIENTS, Client, Firmware, Order, then_ipxe
from pyxie.probing.target import ByHttp, ByTftp, Nowhere, target

Says: TypeAlias = Callable[[str], None]

_ASKED: Final = 4
"""Servers that are asked on port 4011."""
_FILES: Final = 8
"""Files of a script whose first byte is asked for."""


async def play(
    interface: str,
    mac: str | None,
    firmware: Firmware,
    seconds: float = SECONDS,
    says: Says = lambda _: None,
) -> Play:
    """Play a machine on a LAN, up to what its loader's script loads.

    Args:
        interface: Which leads there.
        mac: The machine's; the interface's own if None.
        firmware: The machine's.
        seconds: That offers are waited for.
        says: Is told what is done now.

    Raises:
        ProbeError: The LAN cannot be asked.
    """
    chaddr = bytes.fromhex(mac.replace(":", "")) if mac else None
    async with Line(interface) as line:
        acts = [await _act(line, chaddr, CLIENTS[firmware], seconds, says)]
        loaded = acts[0].file.loaded if acts[0].file is not None else None
        if loaded is not None and loaded.is_ipxe and not loaded.wrong:
            acts.append(await _act(line, chaddr, then_ipxe(CLIENTS[firmware]), seconds, says))
        return Play(
            interface=interface,
            mac=(chaddr or line.mac).hex(":"),
            own=chaddr in (None, line.mac),
            seconds=seconds,
            addresses=_own(line),
            acts=tuple(acts),
        )


def _own(line: Line) -> tuple[IPv4Address, ...]:
    return tuple(each.ip for each in line.addresses)


async def _act(line: Line, chaddr: bytes | None, client: Client, seconds: float, says: Says) -> Act:
    says(f"asking as {client.title}, for {seconds:g} s")
    answers = await ask(line, chaddr, client, seconds)
    choice = choose(client, answers.heard)
    heard, broken = tuple(answers.heard), tuple(answers.broken)
    if isinstance(choice, Stuck):
        return Act(client=client, heard=heard, broken=broken, choice=choice)
    unasked = bool(choice.questions) and not line.addresses
    asked = () if unasked else await _inquired(line, answers, choice, says)
    boot = choice.boot if not choice.questions else asked[-1].answer if asked else None
    where = target(client, boot) if boot is not None else None
    file, files = await _followed(line, client, where, says)
    return Act(
        client=client,
        heard=heard,
        broken=broken,
        choice=choice,
        asked=asked,
        unasked=unasked,
        boot=boot,
        target=where,
        file=file,
        files=files,
    )


async def _inquired(line: Line, answers: Answers, choice: Taken, says: Says) -> tuple[Asked, ...]:
    """Ask on port 4011, of each server until one names a file."""
    done: list[Asked] = []
    for question in choice.questions[:_ASKED]:
        says(f"asking port 4011 of {question.server}")
        answer = await inquire(line, answers.asked, question)
        done.append(Asked(question, answer))
        if answer is not None and answer.file:
            break
    return tuple(done)


async def _followed(
    line: Line, client: Client, where: ByTftp | ByHttp | Nowhere | None, says: Says
) -> tuple[File | None, tuple[File, ...]]:
    """Fetch what the answer leads to; of a script, the first byte of what it loads, too."""
    if where is None or isinstance(where, Nowhere):
        return None, ()
    says(f"fetching {where}")
    strict = client.order is Order.HTTP
    try:
        if isinstance(where, ByTftp):
            got = await by_tftp(where)
        else:
            got = await by_http(where, _own(line), most=PROBE_LOADER.whole, strict=strict)
    except FetchError as exc:
        return File(str(where), fault=exc.why, code=exc.code), ()
    loaded = judged(client, str(where), got.data)
    file = File(str(where), got.size or len(got.data), loaded=loaded, seconds=got.seconds)
    files: list[File] = []
    if loaded.is_script and not loaded.wrong:
        if len(got.data) > PROBE_SCRIPT.whole:
            PROBE_SCRIPT.reached()
        text = got.data[: PROBE_SCRIPT.whole].decode("utf-8", "replace")
        for url in named(text, _FILES):
            says(f"looking at {url}")
            files.append(await _first_byte(ByHttp(url), _own(line)))
    return file, tuple(files)


async def _first_byte(what: ByHttp, own: tuple[IPv4Address, ...]) -> File:
    try:
        got: Fetched = await by_http(what, own, most=1)
    except FetchError as exc:
        return File(what.url, fault=exc.why, code=exc.code)
    return File(what.url, got.size, seconds=got.seconds)
