"""Who asks, and what kind of request it is: of those that were answered before."""

from __future__ import annotations

from collections.abc import Sequence

from pyxie.bounded import note
from pyxie.bounds import DHCP_READY
from pyxie.dhcp.packets import Kind, Own, Packets
from pyxie.dhcp.ready import Alike, Ready, Standing, expected, ready
from pyxie.dhcp.received import Received, Unreadable
from pyxie.dhcp.shapes import NO_ADDRESS, Shapes


class Familiar:
    """Tells it.

    Attributes:
        shapes: Kinds of requests.
        kinds: The same, as packets, by their `Packets.key`.
        machines: Those in build mode that are looked up, by their MAC addresses, six bytes.
        last: What was asked last.

    Args:
        standing: On what answers rest.
    """

    def __init__(self, standing: Standing) -> None:
        self._standing = standing
        self.shapes = Shapes()
        self.kinds: dict[int, Kind[Alike]] = {}
        self.machines: dict[bytes, Ready] = {}
        self.last: Alike | None = None

    def of(self, who: bytes) -> Ready | None:
        """Return what is looked up of a machine, by its MAC address; None as of `look_up`."""
        machine = self.machines.get(who)
        if machine is None or self._standing.active(machine.host) is not machine.build:
            return self.look_up(who)
        return machine

    def read(self, received: Received) -> Own[Alike] | None:
        """Return what a request is one of and what its machine's own is; None if it is new."""
        data = received.data
        who = data[28:34]
        machine = self.machines.get(who)
        # Most ask as they did before, or as somebody else did just now.
        alike = self.last if machine is None else machine.alike or self.last
        if (
            alike is None
            or alike.cut(data) != alike.shape
            or received.interface != alike.interface
            or received.source != NO_ADDRESS
        ):
            alike = self.shapes.find(received)
        if alike is None:
            return None
        return alike, who, int.from_bytes(data[4:8]), data[alike.uuid]

    def look_up(self, who: bytes) -> Ready | None:
        """Look up what a machine will be answered by; None if it is not in build mode, say."""
        known = expected(self._standing, who.hex(":"))
        if known is None:
            self.machines.pop(who, None)
            return None
        machine = ready(known)
        if note(self.machines, who, machine, DHCP_READY.whole):
            DHCP_READY.reached()
        return machine

    def learn(self, come: Sequence[Received | Unreadable], at: int, alike: Alike) -> None:
        """Note how packets are read that ask as one did.

        Args:
            come: With what that came.
            at: Which it was.
            alike: What it is one of.
        """
        if isinstance(come, Packets):
            self.kinds[come.key(at)] = alike.packets()

    def asked(self, alike: Alike) -> None:
        """Note what was asked last."""
        self.last = alike

    def forget(self) -> None:
        """Forget all."""
        self.shapes.clear()
        self.kinds.clear()
        self.machines.clear()
        self.last = None
