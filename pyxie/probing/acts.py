"""What a probe has found, as values: an act a program that asks the network. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Network

from pyxie.probing.choice import Question, Stuck, Taken
from pyxie.probing.heard import Broken, Heard
from pyxie.probing.loaded import Loaded
from pyxie.probing.questions import Client
from pyxie.probing.target import Target


@dataclass(frozen=True, slots=True)
class Asked:
    """A question on port 4011, and what came of it; None where nothing came."""

    question: Question
    answer: Heard | None


@dataclass(frozen=True, slots=True)
class File:
    """A file that was fetched, or not.

    Attributes:
        url: Which.
        size: In bytes, as far as it is known.
        fault: Why it cannot be fetched; empty if it was.
        code: ``missing``, ``silent`` or ``refused``, if it was not.
        loaded: What it is, if it was looked at.
        seconds: That it took.
    """

    url: str
    size: int | None = None
    fault: str = ""
    code: str = ""
    loaded: Loaded | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What one program asked, heard and did.

    Attributes:
        client: As what the network was asked.
        heard: The offers.
        broken: Answers that are none.
        choice: What of it is taken.
        asked: On port 4011.
        unasked: Nobody could be asked there, for this host has no address on the LAN.
        boot: The answer that names the boot file.
        target: Where it leads.
        file: What was fetched from there.
        stages: What the loader fetches next, if it is shim or GRUB.
        files: What its script loads: of each the first byte.
    """

    client: Client
    heard: tuple[Heard, ...]
    broken: tuple[Broken, ...] = ()
    choice: Taken | Stuck
    asked: tuple[Asked, ...] = ()
    unasked: bool = False
    boot: Heard | None = None
    target: Target | None = None
    file: File | None = None
    stages: tuple[File, ...] = ()
    files: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """All of it.

    Attributes:
        interface: The LAN.
        mac: Who asked.
        own: It was the interface itself.
        seconds: That offers were waited for.
        network: The LAN's; None if this host has no address there.
        acts: The firmware, and the iPXE that it loaded.
    """

    interface: str
    mac: str
    own: bool
    seconds: float
    network: IPv4Network | None = None
    acts: tuple[Act, ...] = field(default=())
