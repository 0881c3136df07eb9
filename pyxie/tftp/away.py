"""A transfer that goes by the process for big ones, as it is known to the server."""

from __future__ import annotations

import os

from pyxie.tftp.files import Content
from pyxie.tftp.opening import Asked
from pyxie.tftp.tidings import Mirror, Over


class Away:
    """What is known of it.

    Attributes:
        number: No other's.
        peer: The client's address and port.
        name: What it asked for, as it spelt that.
        content: What is sent, for as long.
        again: The same request, come again, if it is not known yet whether this is over.
        transfer: How far it is.
        trouble: The last error of the network's.
    """

    __slots__ = ("again", "content", "name", "number", "peer", "transfer", "trouble")

    def __init__(self, number: int, peer: tuple[str, int], name: str, content: Content) -> None:
        self.number = number
        self.peer = peer
        self.name = name
        self.content = content
        self.again: Asked | None = None
        self.transfer = Mirror(content.size)
        self.trouble: OSError | None = None

    def asked_again(self, asked: Asked | None) -> None:
        """Take note of that; None once it is known that this goes on."""
        self.again = asked

    def over(self, told: Over) -> None:
        """Take note of its end."""
        self.transfer.over(told)
        if told.trouble:
            self.trouble = failure(told.trouble)


def failure(number: int) -> OSError:
    """Return an error of the host's by its number."""
    return OSError(number, os.strerror(number))
