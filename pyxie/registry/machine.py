"""A machine, as its file describes it."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from pyxie.config.build import BuildKeys, WhenIdle
from pyxie.config.values import Names
from pyxie.config.words import architectures
from pyxie.registry.match import Match
from pyxie.registry.nic import Nic

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")


def hostname(text: str) -> str:
    """Return a hostname in lower case.

    Raises:
        ValueError: RFC 1123 section 2.1 does not allow it.
    """
    name = text.strip().lower()
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise ValueError(f"{text[:80]!r} is not a hostname like web01.example.org")
    return name


def codes_of(machine: Machine) -> frozenset[int]:
    """Return the client architectures that ``machine`` may have, by option 93; of any, none."""
    names = machine.match.arch if machine.match else ()
    return frozenset(code for name in names for code in architectures(name))


def _part(text: str) -> str:
    """Return a part of a name as it is written, if it can be one."""
    hostname(text)
    return text.strip()


class Machine(BuildKeys):
    """A machine: what its file says, or that with everything it inherits.

    Attributes:
        hostname: Its full name, unique among machines; by default the file's name without
            its ending.
        shortname: By default the hostname up to the first dot.
        domain: By default the hostname after the first dot; also names a group.
        groups: Files of ``grouppath``, without ending, beside the one of its domain.
        build_type: One of ``build_types``, for builds whose request names none.
        when_idle: What it hears while it is not in build mode: nothing, or ``local``, that it is to
            go on to its next boot device.
        network: Its NICs.
        match: By what it is recognised beside its MAC addresses.
        ipmi_address, ipmi_user, ipmi_password: Its management controller; used by hooks and
            templates only.
    """

    hostname: Annotated[str, AfterValidator(hostname)]
    shortname: Annotated[str, AfterValidator(_part)] = ""
    domain: Annotated[str, AfterValidator(_part)] = ""
    groups: Names = ()
    build_type: str = ""
    when_idle: WhenIdle | None = None
    network: tuple[Nic, ...] = ()
    match: Match | None = None
    ipmi_address: str = ""
    ipmi_user: str = ""
    ipmi_password: str = ""

    @property
    def macs(self) -> tuple[str, ...]:
        """The addresses of its NICs, in the file's order."""
        return tuple(nic.macaddress for nic in self.network if nic.macaddress)
