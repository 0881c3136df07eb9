"""A machine, as its file describes it."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from pyxie.config.kinds import HttpUrl, Mac, Names, Params
from pyxie.config.validate import Model

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


class Nic(Model):
    """One network interface.

    Attributes:
        macaddress: By which the machine is recognised, with any of its NICs.
        name, ipaddress, netmask, gateway: For the operator's templates.
    """

    name: str = ""
    macaddress: Mac | None = None
    ipaddress: str = ""
    netmask: str = ""
    gateway: str = ""


class Machine(Model):
    """One machine file.

    Attributes:
        hostname: The key of everything; by default the file's name without its ending.
        kernel, initrd, image_url, cmdline: As in the settings, which stand in for what
            is not given here.
        preseed, finish: Templates, below ``templatepath``.
    """

    hostname: Annotated[str, AfterValidator(hostname)]
    shortname: str = ""
    domain: str = ""
    operatingsystem: str = ""
    preseed: str = ""
    finish: str = ""
    params: Params = Field(default_factory=dict)
    cmdline: str = ""
    kernel: str = ""
    initrd: Names = ()
    image_url: HttpUrl | None = None
    network: tuple[Nic, ...] = ()

    @property
    def macs(self) -> tuple[str, ...]:
        """The addresses of its NICs, in the file's order."""
        return tuple(nic.macaddress for nic in self.network if nic.macaddress)
