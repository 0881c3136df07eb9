"""What the first installation takes, in the order in which it is needed. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pyxie.http.page.bootrow import machine_path
from pyxie.http.page.commandline import command
from pyxie.http.page.waitingview import PATH as WAITING


@dataclass(frozen=True, slots=True, kw_only=True)
class Premises:
    """How pyxie stands before the first machine is installed.

    Attributes:
        mode: ``dhcp.mode``.
        reload: What has config.yaml read again.
        answering: The interfaces that answer, with their addresses; empty for none.
        present: All that are served, likewise.
        servers: Addresses of other servers that give addresses, or whose offers machines took.
        heard: Some network-boot client was heard.
        loaders: Kinds of machines for which there is a loader: ``BIOS``.
        missing: A sentence for each common kind that has none.
        machines: How many machine files are read without a mistake.
        unread: Their folder, and why it cannot be read; empty if it can.
        broken: The first that is not, with its place; empty for none.
        host: One of the machines; empty for none.
        building: One that is in build mode; empty for none.
        unfetched: Why its kernel and initrd cannot be fetched; empty where nothing is known to be
            in their way.
        asked: That one, or another in build mode, has sent a DISCOVER since.
        waiting: How many machines were heard that no file knows.
    """

    mode: str
    reload: str
    answering: str
    present: str
    servers: tuple[str, ...]
    heard: bool
    loaders: tuple[str, ...]
    missing: tuple[str, ...]
    machines: int
    unread: str
    broken: str
    host: str
    building: str
    unfetched: str
    asked: bool
    waiting: int


@dataclass(frozen=True, slots=True)
class Point:
    """A point of the list.

    Attributes:
        name: What is needed.
        done: It is there.
        says: How it stands; or, if it is open, what to do.
        command: That does it; empty where none does.
        path: The screen that does; empty where none does.
        label: What the link to that screen says.
    """

    name: str
    done: bool
    says: str
    command: str = ""
    path: str = ""
    label: str = "Waiting machines"


_SERVE: Final = (
    "set `dhcp.mode: serve` and `dhcp.range` (as `192.0.2.100-192.0.2.199`) in config.yaml, and "
    "start pyxie again."
)
"""The range counts from the start on."""


def checklist(found: Premises) -> tuple[Point, ...]:
    """Return all points, in their order."""
    return tuple(_points(found))


def _points(found: Premises) -> Iterator[Point]:
    yield _interface(found)
    yield _answers(found)
    yield _addresses(found)
    yield _loaders(found)
    yield _file(found)
    yield _build(found)
    yield _files(found)
    yield _discover(found)


def _interface(found: Premises) -> Point:
    name = "An interface with an address"
    if found.answering:
        return Point(name, done=True, says=found.answering)
    says = (
        f"None of the interfaces that pyxie serves has an IPv4 address ({found.present}). Give the "
        "one to the machines' network an address, or name the right one by `interfaces` in "
        "config.yaml."
    )
    return Point(name, done=False, says=says, command="ip address")


def _answers(found: Premises) -> Point:
    name = "pyxie answers machines"
    match found.mode:
        case "answer":
            return Point(name, done=True, says="Beside the DHCP server of your network.")
        case "serve":
            return Point(name, done=True, says="It is the DHCP server of its network itself.")
        case "observe":
            says = (
                "It only watches, and sends machines nothing (`dhcp.mode: observe`). Set "
                "`dhcp.mode: answer` in config.yaml."
            )
            return Point(name, done=False, says=says, command=found.reload)
        case _:
            # Then the site's own server sends machines here, which nobody can see before they come.
            says = "Your own DHCP server is to send machines here (`dhcp.mode: off`)."
            return Point(name, done=True, says=says)


def _addresses(found: Premises) -> Point:
    name = "A DHCP server that gives addresses"
    if found.mode == "serve":
        return Point(name, done=True, says="pyxie gives them itself (`dhcp.mode: serve`).")
    if found.servers:
        return Point(name, done=True, says=f"{' and '.join(found.servers)} was seen.")
    if found.heard:
        says = (
            "Machines have asked, and no server was heard to answer them. Look whether the DHCP "
            f"server of this network runs; where there is none, {_SERVE}"
        )
    else:
        says = (
            "None was seen yet: it is heard when a machine asks it. Where the network has none, "
            f"{_SERVE}"
        )
    return Point(name, done=False, says=says, command=command("probe"))


def _loaders(found: Premises) -> Point:
    name = "Boot loaders"
    if not found.missing:
        return Point(name, done=True, says=f"For {' and '.join(found.loaders)} machines.")
    says = " ".join(f"{each[0].upper()}{each[1:]}." for each in found.missing)
    return Point(name, done=False, says=says, command=command("loaders fetch"))


def _file(found: Premises) -> Point:
    name = "A machine file"
    if found.machines:
        count = "1 machine" if found.machines == 1 else f"{found.machines} machines"
        if not found.waiting:
            return Point(name, done=True, says=f"{count}.")
        more = f"{found.waiting} more {_has(found.waiting)} asked that no file knows."
        return Point(name, done=True, says=f"{count}. {more}", path=WAITING)
    if found.unread:
        return Point(name, done=False, says=f"Their folder {found.unread}.")
    if found.broken:
        says = f"There is one with a mistake: {found.broken}"
        return Point(name, done=False, says=says, command=command("check"))
    if found.waiting:
        heard = "A machine" if found.waiting == 1 else f"{found.waiting} machines"
        says = (
            f"{heard} {_has(found.waiting)} asked that no file knows: adopt the one that is to be "
            "installed."
        )
        return Point(name, done=False, says=says, path=WAITING)
    says = (
        "Power a machine on that boots from the network first: it is then to be adopted on the "
        "screen Waiting. Or write its file, by its MAC address."
    )
    how = command("add", "HOST", mac="52:54:00:12:34:56")
    return Point(name, done=False, says=says, command=how, path=WAITING)


def _has(machines: int) -> str:
    return "has" if machines == 1 else "have"


def _build(found: Premises) -> Point:
    name = "A machine in build mode"
    if found.building:
        return Point(name, done=True, says=f"{found.building}.")
    if not found.host:
        return Point(name, done=False, says="As soon as there is a machine file.")
    says = (
        f"{found.host} boots from its disk until somebody has it installed, which wipes the disks"
        " that are named when it begins."
    )
    path = f"{machine_path(found.host)}/build"
    how = command("build", found.host)
    return Point(name, done=False, says=says, command=how, path=path, label="Build it…")


def _files(found: Premises) -> Point:
    name = "Its kernel and initrd"
    if not found.building:
        says = (
            "They are looked for when a build begins, and fetched as the machine asks for them: "
            "from the servers of its system, unless the files are on this host."
        )
        return Point(name, done=False, says=says, path="/page/images", label="Fetch them before")
    if not found.unfetched:
        return Point(name, done=True, says="Nothing is known to be in their way.")
    says = (
        f"{found.unfetched}. Does this host reach that server? A copy nearer by is named by "
        "`mirrors` in config.yaml."
    )
    return Point(name, done=False, says=says, command=command("why", found.building))


def _discover(found: Premises) -> Point:
    name = "Its DISCOVER"
    if found.asked:
        return Point(name, done=True, says="It has asked the network what to boot.")
    if not found.building:
        says = "Once it is in build mode, have it boot from the network."
        return Point(name, done=False, says=says)
    says = (
        f"Nothing was heard of {found.building} since. Power it on, with the network first in its "
        "firmware's boot order."
    )
    return Point(name, done=False, says=says, command=command("why", found.building))
