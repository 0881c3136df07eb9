"""Plays a machine that boots: asks the network, goes by the answers, fetches what they name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address
from typing import Final, TypeAlias

from pyxie.bounds import PROBE_LOADER, PROBE_SCRIPT
from pyxie.dhcp.message import DhcpMessage
from pyxie.probing.acts import Act, Asked, File, Play
from pyxie.probing.choice import Stuck, Taken, choose
from pyxie.probing.discover import SECONDS, Line, ask, inquire
from pyxie.probing.fetch import Fetched, FetchError, by_http, by_tftp
from pyxie.probing.heard import Answers
from pyxie.probing.loaded import Loaded, chained, judged, named
from pyxie.probing.questions import CLIENTS, Client, Firmware, Order, then_ipxe
from pyxie.probing.stages import configuration, second
from pyxie.probing.target import ByHttp, ByTftp, Nowhere, target

Says: TypeAlias = Callable[[str], None]

_ASKED: Final = 4
"""Servers that are asked on port 4011."""
_CHAIN: Final = 3
"""Scripts that one leads to, and that to the next."""
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
            network=line.addresses[0].network if line.addresses else None,
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
    act = Act(
        client=client,
        heard=heard,
        broken=broken,
        choice=choice,
        asked=asked,
        unasked=unasked,
        boot=boot,
        target=where,
    )
    if where is None or isinstance(where, Nowhere):
        return act
    file, data = await _fetched(line, client, where, says)
    if file.loaded is None or file.loaded.wrong:
        return replace(act, file=file)
    if file.loaded.is_script:
        stages, data = await _chained(line, answers.asked, client, data, says)
        files = await _named(line, data, says) if not any(each.fault for each in stages) else ()
        return replace(act, file=file, stages=stages, files=files)
    return replace(act, file=file, stages=await _stages(line, client, choice, (where, data), says))


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


async def _fetched(
    line: Line, client: Client, where: ByTftp | ByHttp, says: Says
) -> tuple[File, bytes]:
    """Fetch a file, and tell what it is."""
    says(f"fetching {where}")
    strict = client.order is Order.HTTP
    try:
        if isinstance(where, ByTftp):
            got = await by_tftp(where)
        else:
            got = await by_http(where, _own(line), most=PROBE_LOADER.whole, strict=strict)
    except FetchError as exc:
        return File(str(where), fault=exc.why, code=exc.code), b""
    loaded = judged(client, str(where), got.data)
    size = got.size or len(got.data)
    return File(str(where), size, loaded=loaded, seconds=got.seconds), got.data


async def _chained(
    line: Line, asked: DhcpMessage, client: Client, script: bytes, says: Says
) -> tuple[tuple[File, ...], bytes]:
    """Fetch the script that a script leads to, if it does no more; return the last of them."""
    stages: list[File] = []
    while len(stages) < _CHAIN:
        url = chained(_text(script), asked.chaddr.hex(":"))
        if url is None:
            break
        file, data = await _fetched(line, client, ByHttp(url), says)
        stages.append(file)
        if file.loaded is None or not file.loaded.is_script:
            break
        script = data
    return tuple(stages), script


def _text(script: bytes) -> str:
    if len(script) > PROBE_SCRIPT.whole:
        PROBE_SCRIPT.reached()
    return script[: PROBE_SCRIPT.whole].decode("utf-8", "replace")


async def _named(line: Line, script: bytes, says: Says) -> tuple[File, ...]:
    """Ask for the first byte of each file that a script loads."""
    files: list[File] = []
    for url in named(_text(script), _FILES):
        says(f"looking at {url}")
        files.append(await _first_byte(ByHttp(url), _own(line)))
    return tuple(files)


async def _stages(
    line: Line,
    client: Client,
    choice: Taken,
    first: tuple[ByTftp | ByHttp, bytes],
    says: Says,
) -> tuple[File, ...]:
    """Fetch what shim and GRUB fetch next."""
    where, data = first
    stages: list[File] = []
    following = second(where, data)
    if following is not None:
        file, data = await _fetched(line, client, following, says)
        stages.append(file)
    settings = configuration(choice.lease, client.arch, data)
    if settings is not None:
        file, _ = await _fetched(line, client, settings, says)
        # A text: that no firmware starts it does not matter.
        stages.append(file if file.fault else replace(file, loaded=Loaded("GRUB's configuration")))
    return tuple(stages)


async def _first_byte(what: ByHttp, own: tuple[IPv4Address, ...]) -> File:
    try:
        got: Fetched = await by_http(what, own, most=1)
    except FetchError as exc:
        return File(what.url, fault=exc.why, code=exc.code)
    return File(what.url, got.size, seconds=got.seconds)
