"""What the TFTP server asks the rest of pyxie: the meaning of a file name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path
from typing import Protocol

from pyxie.errors import NotServedError
from pyxie.openfile import OpenFile
from pyxie.render.uses import State


class ProbeError(NotServedError):
    """Nothing, and nobody need hear of it: its client looks whether there is one, and goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is to be sent; of ``path``, ``data`` and ``open`` exactly one is given.

    Attributes:
        path: A regular file, of any size; `confined.find` gives such paths.
        data: Bytes made for this request; may be empty.
        open: Opens what is no file by itself, as one inside an image; for threads.
        mac: ``aa:bb:cc:dd:ee:ff`` of the machine that asks, where the name tells.
        what: A plain name for the log and the events, such as ``undionly.kpxe``.
        given: Called once the client has all of it.
        state: The file's, where it is known without a look.
    """

    path: Path | None = None
    data: bytes | None = None
    open: Callable[[], OpenFile] | None = None
    mac: str | None = None
    what: str
    given: Callable[[], None] | None = field(default=None, compare=False)
    state: State = None

    def __post_init__(self) -> None:
        if [self.path, self.data, self.open].count(None) != 2:
            raise ValueError("exactly one of path, data and open must be given")


class Source(Protocol):
    """Where files come from; called in threads."""

    def open(self, name: str, local: IPv4Address, peer: IPv4Address) -> Found:
        """Return what ``name`` means to this client.

        Args:
            name: As the client spelt it; see `confined.normalise`.
            local: The address of ours that the client asked.
            peer: The client's address.

        Raises:
            NotServedError: Nothing; the client is told ERROR 1, file not found.
            OutsideError: The same for a name that leads out: ERROR 2, access violation.
        """
        ...
