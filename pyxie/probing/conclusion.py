"""What a probe comes to: would the machine boot, why not, and what to try next. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from typing import Final

from pyxie.diagnosis.remedies import remedies
from pyxie.diagnosis.remedy import Remedy, Site, Wish
from pyxie.probing.acts import Act, File, Play
from pyxie.probing.choice import Stuck, Taken, vendor
from pyxie.probing.heard import Heard
from pyxie.probing.questions import Order
from pyxie.probing.target import ByHttp, ByTftp, Nowhere


@dataclass(frozen=True, slots=True)
class Change:
    """What to change in the DHCP server so that a machine goes by another server's boot.

    Attributes:
        server: The DHCP server.
        boot: Who should boot machines.
        remedies: The lines, for each kind of DHCP server: which it is, a probe does not see.
    """

    server: IPv4Address
    boot: IPv4Address
    remedies: tuple[Remedy, ...]


@dataclass(frozen=True, slots=True)
class Conclusion:
    """The whole in a sentence.

    Attributes:
        code: A stable name.
        sentence: For people.
        steps: What to try, the likeliest first; none where nothing is to be done.
        boots: As far as a probe can see, the machine boots.
        change: What to change in the DHCP server, if that is it.
    """

    code: str
    sentence: str
    steps: tuple[str, ...] = ()
    boots: bool = False
    change: Change | None = None


def conclude(play: Play) -> Conclusion:
    """Return what it comes to: what went wrong last, or that nothing did."""
    found = _concluded(play, play.acts[-1])
    return replace(found, change=_change(play, play.acts[-1], found))


def _concluded(play: Play, act: Act) -> Conclusion:
    if isinstance(act.choice, Stuck):
        return _stuck(play, act, act.choice)
    if act.boot is None:
        return _unanswered(play, act)
    if isinstance(act.target, Nowhere):
        server = act.boot.server
        return Conclusion(
            "no-file",
            f"{_who(act)} gets no further: {act.target.why}.",
            (f"Mend the boot file in the settings of {server}: option 67, and next-server.",),
        )
    assert act.file is not None  # noqa: S101
    if act.file.fault:
        return _unfetched(act, act.file)
    loaded = act.file.loaded
    assert loaded is not None  # noqa: S101
    if loaded.wrong:
        return Conclusion(
            "wrong-loader",
            f"{act.file.url} does not start on such a machine: {loaded.wrong}.",
            (_own_file(act, act.boot),),
        )
    return _went_well(act, act.file)


def _own_file(act: Act, boot: Heard) -> str:
    arch = f"{act.client.arch:#04x} (option 93)"
    return f"Give clients of architecture {arch} their own file in the settings of {boot.server}."


def _who(act: Act) -> str:
    return "iPXE" if act.client.order is Order.IPXE else "The machine"


def _stuck(play: Play, act: Act, choice: Stuck) -> Conclusion:
    after = " iPXE was loaded, and asked anew:" if len(play.acts) > 1 else ""
    match choice.code:
        case "nobody":
            sentence = (
                f"A machine on {play.interface} gets neither an address nor a boot file:{after}"
                f" nobody answered within {play.seconds:g} s."
            )
            where = f"Does {play.interface} lead to the machines' network: cable, VLAN, bridge?"
            return Conclusion(choice.code, sentence, (where, _RUNS))
        case "no-address":
            sentence = (
                f"{_list(act.heard)} offers a boot, and no server an address,"
                " without which no firmware goes on."
            )
            start = "Start the DHCP server of this network."
            return Conclusion(choice.code, sentence, (start, _KNOWS))
        case _:
            leases = _list(tuple(each for each in act.heard if each.lease))
            sentence = f"{leases} offers an address, but {choice.why}."
            return Conclusion(choice.code, sentence, _unnamed(play))


_RUNS: Final = "Does the DHCP server run, and pyxie? Their firewalls have to let in UDP port 67."
_KNOWS: Final = (
    "If it runs, look for this MAC in its log: it may know no other MACs than those that it is"
    " told of, or have no address left."
)


def _unnamed(play: Play) -> tuple[str, ...]:
    """Return what to look at where pyxie, or whoever is to, names no boot file."""
    if play.own:
        own = (
            f"{play.mac} is {play.interface} itself, and pyxie answers machines in build mode alone"
        )
        return (f"Ask as a machine that is to boot, by --mac: {own}.",)
    asks = f"`pyxie why {play.mac}` on pyxie's host tells"
    return (
        f"Is that machine in build mode, and has pyxie a loader for it (`pyxie loaders`)? {asks}.",
        "Does pyxie run on this network? Its firewall has to let in UDP port 67.",
    )


def _unanswered(play: Play, act: Act) -> Conclusion:
    choice = act.choice
    assert not isinstance(choice, Stuck)  # noqa: S101
    asked = " and ".join(str(each.server) for each in choice.questions)
    if act.unasked:
        sentence = (
            f"{play.interface} has no address from which {asked} could be asked for the boot"
            " file's name on port 4011, as the machine would."
        )
        where = f"Give {play.interface} an address in the machines' network"
        return Conclusion("not-asked", sentence, (f"{where}, or probe from a host that has one.",))
    silent = f"{asked} does not answer on UDP port 4011, where {_firmware(act)} asks for the file."
    if choice.boot is choice.lease:
        server, kind = choice.boot.server, vendor(act.client)
        out = (
            f"Take option 60 ({kind}) out of the DHCP server {server}: by it that server calls"
            " itself a PXE server, which keeps machines from any other."
        )
        return Conclusion("silent-4011", silent, (out,))
    let_in = f"Let UDP port 4011 in through the firewall of {asked}."
    return Conclusion("silent-4011", silent, (let_in,))


def _firmware(act: Act) -> str:
    return "iPXE" if act.client.order is Order.IPXE else "such firmware"


def _unfetched(act: Act, file: File) -> Conclusion:
    assert act.boot is not None  # noqa: S101
    server = act.boot.server
    sentence = f"{_who(act)} is sent to {file.url}, which cannot be fetched: {file.fault}."
    if file.code == "missing":
        place = f"Put that file where {server} serves it from, or name another one there."
        return Conclusion("file-missing", sentence, (place,))
    if file.code == "silent" and isinstance(act.target, ByTftp):
        hint = (
            f"Does a TFTP server run on {act.target.server}? Its firewall has to let in UDP port 69"
            " and, unless it answers from there (pyxie with tftp.single_port), any other."
        )
        return Conclusion("file-silent", sentence, (hint,))
    if file.code == "silent" and isinstance(act.target, ByHttp):
        hint = (
            f"Does a web server run there? Its firewall has to let in TCP port {act.target.port}."
        )
        return Conclusion("file-silent", sentence, (hint,))
    hint = f"Look into the log of the server that {file.url} names."
    return Conclusion(f"file-{file.code}", sentence, (hint,))


def _went_well(act: Act, file: File) -> Conclusion:
    loaded = file.loaded
    assert loaded is not None  # noqa: S101
    *_, last = (file, *act.stages)
    lost = next((each for each in act.stages if each.fault), None)
    if lost is not None:
        return _lost(act, file, lost)
    failed = [each for each in act.files if each.fault]
    if failed:
        first = failed[0]
        return Conclusion(
            "image-missing",
            f"The script loads {first.url}, which cannot be fetched: {first.fault}.",
            ("Put it there, or mend the URL: for machines of pyxie's, `image_url` has it.",),
        )
    if loaded.is_script:
        how = f"; of {_count(len(act.files), 'file')} that it names the first byte came"
        return Conclusion(
            "boots",
            f"It would boot: iPXE gets its script from {last.url}{how if act.files else ''}.",
            boots=True,
        )
    what = f", {last.loaded.what}" if last.loaded is not None else ""
    then = f", and then {last.url}{what}" if last is not file else what
    return Conclusion(
        "loads",
        f"It loads {file.url}{then}; what that does next shows on the machine alone.",
        boots=True,
    )


def _lost(act: Act, file: File, lost: File) -> Conclusion:
    """Return what comes of shim or GRUB where what it fetches next is not there."""
    choice = act.choice
    assert not isinstance(choice, Stuck)  # noqa: S101
    sentence = f"{file.url} goes on to {lost.url}, which cannot be fetched: {lost.fault}."
    if file.loaded is not None and file.loaded.is_script:
        return Conclusion("stage-missing", sentence, (f"Mend the URL that {file.url} chains.",))
    if not lost.url.endswith("grub.cfg"):
        return Conclusion("stage-missing", sentence, (f"Put it beside {file.url}.",))
    # GRUB goes by the DHCP server's siaddr, whoever named the loader.
    lease, boot = choice.lease, choice.boot
    step = f"Put GRUB's configuration there, on {boot.server}."
    if _is_misled(act):
        step = (
            f"Have the DHCP server {lease.server} give {boot.server} as next-server, without a file"
            " name: that is where GRUB looks for its configuration."
        )
    return Conclusion("stage-missing", sentence, (step,))


def _change(play: Play, act: Act, found: Conclusion) -> Change | None:
    """Return what to change in the DHCP server, if it is in the way of another's boot."""
    choice = act.choice
    if isinstance(choice, Stuck):
        return None
    lease, boot = choice.lease, choice.boot
    if found.code == "stage-missing" and _is_misled(act):
        return _lines(play, Wish.NEXT_SERVER, lease.server, boot.server)
    kind = vendor(act.client)
    proxies = (each for each in act.heard if each.lease is None and _boots(each, kind))
    other = next(proxies, None)
    if boot.lease is None or other is None:
        return None
    return _lines(play, Wish.SILENT, boot.server, other.server)


def _lines(play: Play, wish: Wish, server: IPv4Address, boot: IPv4Address) -> Change:
    site = Site(address=boot, network=play.network, server=server)
    return Change(server, boot, remedies(wish, site))


def _is_misled(act: Act) -> bool:
    """Tell whether GRUB looks for its configuration at another server than its loader's."""
    choice = act.choice
    return (
        isinstance(choice, Taken)
        and choice.lease.next_server != choice.boot.server
        and any(each.fault and each.url.endswith("grub.cfg") for each in act.stages)
    )


def _boots(heard: Heard, kind: str) -> bool:
    return heard.vendor.startswith(kind) or bool(heard.file)


def doubts(act: Act) -> Iterator[str]:
    """Yield what may come out otherwise on the next machine, a sentence each."""
    kind = vendor(act.client)
    named = [each for each in act.heard if _boots(each, kind)]
    servers = list(dict.fromkeys(str(each.server) for each in named))
    choice = act.choice
    if len(servers) > 1 and not isinstance(choice, Stuck):
        yield (f"{len(servers)} servers offer a boot, {' and '.join(servers)}. {_WHICH}")
    for each in act.heard:
        if each.lease and each.file and not isinstance(choice, Stuck) and each is not choice.boot:
            yield (
                f"The DHCP server {each.server} names a boot file itself, {each.file}: some"
                " firmware takes that, whatever else is offered."
            )
    for broken in act.broken:
        yield f"{broken.source} answered, and no machine heeds it: {broken.why}."


_WHICH: Final = (
    "Which of them a machine goes by depends on its firmware, and on who is the first to answer:"
    " let one of them do it."
)


def _list(heard: tuple[Heard, ...]) -> str:
    return " and ".join(dict.fromkeys(str(each.server) for each in heard))


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
