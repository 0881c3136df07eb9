"""Whose offer a machine took: it says so to all servers, in the REQUEST after their offers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pyxie.bounds import DHCP_TAKEN
from pyxie.dhcp.decide import is_netboot
from pyxie.dhcp.glance import client, takes_an_offer
from pyxie.dhcp.message import Op, parse
from pyxie.dhcp.others import Others
from pyxie.dhcp.overheard import Other
from pyxie.errors import WireError
from pyxie.events.datagrams import TookElsewhere
from pyxie.events.event import Recorder
from pyxie.rate import Once, TokenBuckets

_AGAIN: Final = 30.0
"""Seconds in which the same word of the same machine is no news."""


class Taken:
    """Reads it, and tells where another server than pyxie has something to boot of its own.

    Args:
        others: Told of all.
        knows: Tells by a MAC alone whether a machine may be one of ours.
        recorder: Takes the events.
        clock: Seconds, monotonic.
    """

    def __init__(
        self,
        others: Others,
        knows: Callable[[str], bool],
        recorder: Recorder,
        clock: Callable[[], float],
    ) -> None:
        self._others = others
        self._knows = knows
        self._recorder = recorder
        self._clock = clock
        self._once = Once(_AGAIN)
        self._rate = TokenBuckets(DHCP_TAKEN.most, burst=2 * DHCP_TAKEN.most)

    def heard(self, data: bytes) -> None:
        """Note a datagram that came to port 67, and is no DISCOVER."""
        if not takes_an_offer(data):
            return
        now = self._clock()
        if not self._rate.allow(self._knows(client(data).hex(":")), now):
            DHCP_TAKEN.reached()
            return
        try:
            request = parse(data)
        except WireError:
            return  # who it is for will say what is wrong with it
        if request.op is not Op.REQUEST or not is_netboot(request):
            return
        took = self._others.requested(request)
        if took is None or took.reply is None or not took.reply.boots or request.mac is None:
            return
        what = elsewhere(took.reply)
        if self._once.news((request.mac, what), now):
            self._recorder.record(what, mac=request.mac)


def elsewhere(reply: Other) -> TookElsewhere:
    """Return the event of a machine that took a server's offer with something to boot."""
    return TookElsewhere(
        server=str(reply.server),
        siaddr=str(reply.siaddr),
        file=reply.file,
        vendor_class=reply.vendor_class,
        tftp_server=reply.tftp_server,
        bootfile=reply.bootfile,
    )
