"""How a transfer begins, and is ended by the server, whatever it goes by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address
from typing import TypeAlias

from pyxie.tftp.batches import Route
from pyxie.tftp.driver import Driver
from pyxie.tftp.files import Content
from pyxie.tftp.handover import Ending
from pyxie.tftp.limits import Limits
from pyxie.tftp.packet import ReadRequest
from pyxie.tftp.session import Session
from pyxie.tftp.transfer import Transfer

Fits: TypeAlias = Callable[[str, tuple[str, int]], int]
"""Told an address of ours and a client's, as `pyxie.tftp.sockets.fitting`; raises OSError."""


class Beginning:
    """Makes sessions.

    Args:
        driver: Moves them on.
        fits: Returns the block size for the way from an address to a client.
        no_offload: As of `Session`, like the next.
        lacks: Told whose content has to be fetched.
    """

    def __init__(
        self,
        driver: Driver,
        fits: Fits,
        no_offload: Callable[[OSError], None],
        lacks: Callable[[Session, int], None],
    ) -> None:
        self._driver = driver
        self._fits = fits
        self._no_offload = no_offload
        self._lacks = lacks

    def session(
        self,
        request: ReadRequest,
        content: Content,
        local: IPv4Address,
        peer: tuple[str, int],
        limits: Limits,
    ) -> Session:
        """Return one that the driver is to start.

        Raises:
            OSError: As of `Driver.port`, or there is no way to the client; the content is closed.
        """
        try:
            fits = self._fits(str(local), peer)
            port = self._driver.port(local, peer)
        except OSError:
            content.close()
            raise
        if fits < limits.max_blksize:
            limits = replace(limits, max_blksize=fits)
        transfer = Transfer(request, content.size, limits)
        return Session(
            transfer,
            content,
            port,
            Route(local if port.local is None else None, peer, transfer.blksize + 4),
            peer,
            self._no_offload,
            self._lacks,
        )


def end_session(driver: Driver, session: Session, why: Ending) -> None:
    """Have a session end for a reason of the server's."""
    match why:
        case Ending.ASKED_ANEW:
            session.transfer.left("asked anew")
        case Ending.FORSAKEN:  # pragma: no branch  (there is no other)
            session.transfer.forsake()
    driver.end(session)
