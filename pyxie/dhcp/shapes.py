"""Kinds of requests: what is left of each without what is its machine's own."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Final

from pyxie.bounds import DHCP_SHAPES
from pyxie.dhcp.alike import Layout, Shape, layout
from pyxie.dhcp.firmware import Ipxe, ipxe
from pyxie.dhcp.message import DhcpMessage
from pyxie.dhcp.others import Asking, sort_of
from pyxie.dhcp.ready import Alike
from pyxie.dhcp.received import Received, Unreadable
from pyxie.dhcp.unanswered import listens

NO_ADDRESS: Final = bytes(4)
_LAYOUTS: Final = 4
"""Of one length, on one interface."""


@dataclass(slots=True)
class _Interface:
    layouts: dict[int, tuple[Layout, ...]] = field(default_factory=dict)
    alike: dict[Shape, Alike] = field(default_factory=dict)


class Shapes:
    """Those that were answered, by the interface that they came in on; at most `DHCP_SHAPES`."""

    def __init__(self) -> None:
        self._interfaces: dict[int, _Interface] = {}
        self._count = 0

    def __len__(self) -> int:
        """How many there are."""
        return self._count

    def find(self, received: Received | Unreadable) -> Alike | None:
        """Return those that a request is one of; None if there are none."""
        there = self._interfaces.get(received.interface)
        if there is None or isinstance(received, Unreadable) or received.source != NO_ADDRESS:
            return None
        data = received.data
        for each in there.layouts.get(len(data), ()):
            alike = there.alike.get(each.shape(data))
            if alike is not None:
                return alike
        return None

    def of(self, received: Received, request: DhcpMessage, server: IPv4Address) -> Alike | None:
        """Return the same, made if need be; None if the request is to be looked at whole.

        Args:
            received: The request.
            request: The same, as it was parsed.
            server: Our address there.
        """
        data = received.data
        there = self._interfaces.setdefault(received.interface, _Interface())
        mine, known = layout(data), there.layouts.get(len(data), ())
        if mine is None:
            return None
        same = next((each for each in known if each.cuts == mine.cuts), None)
        if same is None:
            if len(known) >= _LAYOUTS:
                return None
            same = mine
            there.layouts[len(data)] = (*known, mine)
        shape = same.shape(data)
        alike = there.alike.get(shape)
        if alike is None:
            if self._count >= DHCP_SHAPES.whole:
                DHCP_SHAPES.reached()
                self.clear()
                return None
            self._count += 1
            alike = there.alike[shape] = Alike(
                *(shape, same.shape, same.cuts, same.own, same.uuid),
                ipxe(request.options.get(77)) is not Ipxe.NO,
                *(Asking(sort_of(request), received.interface), listens(request)),
                *(server, received.interface),
            )
        return alike

    def clear(self) -> None:
        """Forget all."""
        self._interfaces.clear()
        self._count = 0
