"""The LAN's other DHCP and PXE servers: who they are, and what they give which machine. Pure.

In memory and bounded: what is not known, because pyxie has just begun or nothing was overheard, is
told as such. Anybody on the LAN can forge a reply, and so what is known here decides only between
ways that both boot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address
from typing import Final, NamedTuple

from pyxie.bounded import note
from pyxie.bounds import DHCP_LESSEES, DHCP_SERVERS
from pyxie.dhcp.firmware import Ipxe, ipxe
from pyxie.dhcp.message import DhcpMessage, Option
from pyxie.dhcp.overheard import Network, Other

HOUR: Final = 3600.0
DAY: Final = 24 * HOUR
IPXE: Final = "iPXE"
_SORTS: Final = 16
"""Sorts of clients that are kept of a server; there are some thirty architectures."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Whose offer a client took.

    Attributes:
        server: Its address, as the client names it (option 54).
        reply: What that server told the client; None if it was not overheard.
        moment: When, seconds, by a clock that is never set.
        late: The reply was read after the client had taken it: two sockets hear them, and either
            may be read first.
    """

    server: IPv4Address
    reply: Other | None
    moment: float
    late: bool = field(default=False, compare=False)


@dataclass(slots=True)
class _Given:
    """Which ``siaddr`` a server gives one sort of clients, and when it last was another."""

    siaddr: IPv4Address
    changed: float | None = None
    moment: float = 0.0

    def told(self, siaddr: IPv4Address, now: float) -> None:
        if siaddr != self.siaddr:
            self.siaddr, self.changed = siaddr, self.moment
        self.moment = now

    def alike(self, now: float) -> bool:
        """Not one thing to these and another to those, but what was changed an hour ago."""
        return self.changed is None or now - self.changed >= HOUR


@dataclass(slots=True)
class _Server:
    """A server as it answers one network."""

    last: Other
    is_chosen: bool = False
    given: dict[str, _Given] = field(default_factory=dict)

    def chosen(self) -> None:
        """Note that a machine took its offer."""
        self.is_chosen = True

    def said(self, reply: Other, *, to_firmware: bool) -> None:
        """Keep the latest; but an installed system is told less than firmware is."""
        if to_firmware or not self.given:
            self.last = replace(reply, addresses=reply.addresses or self.last.addresses)
        else:
            self.last = replace(self.last, moment=reply.moment)


@dataclass(slots=True)
class _Client:
    """A client that boots from the network, in its latest transaction."""

    network: Network
    sort: str
    xid: int
    replies: dict[IPv4Address, Other] = field(default_factory=dict)
    took: Chosen | None = None
    own: Other | None = None
    """What its firmware was told last by the server whose address it took."""

    def asks_again(self, xid: int) -> None:
        """Note that it asks in another transaction, in which nobody has told it anything."""
        self.xid = xid
        self.took = None
        if self.replies:
            self.replies = {}

    def goes_on_as(self, xid: int) -> None:
        """Note the transaction that its REQUEST, and so the ACK, is of."""
        self.xid = xid

    def takes(self, took: Chosen) -> None:
        """Note whose offer it took."""
        self.took = took
        if took.reply is not None and took.reply.addresses and self.sort != IPXE:
            self.own = took.reply


class Asking(NamedTuple):
    """How a client asks that boots from the network.

    Attributes:
        sort: What servers may tell it apart by: `sort_of` its request.
        network: Where it is.
    """

    sort: str
    network: Network


_PER_CLIENT: Final = 8
"""Servers whose replies to one client are kept."""


class Others:
    """Keeps them.

    Args:
        steady: Seconds, by a clock that is never set.
    """

    def __init__(self, steady: Callable[[], float]) -> None:
        self._steady = steady
        self._servers: dict[tuple[IPv4Address, Network], _Server] = {}
        self._known: dict[str, _Client] = {}
        self._strange: dict[str, _Client] = {}
        self._again: dict[str, int] = {}
        """Who has asked since it was last looked up, and in which transaction;"""
        self._otherwise: dict[str, Asking] = {}
        """and how, of those of them that did not do so before."""
        self._learnt = 0

    @property
    def learnt(self) -> int:
        """How often something was heard by which `boot_server` may tell another."""
        return self._learnt

    def asked(self, request: DhcpMessage, network: Network, *, known: bool) -> None:
        """Note that a client that boots from the network asks all servers: its DISCOVER.

        Args:
            request: It.
            network: Where it is.
            known: It is of a machine that is known: strangers drive out none of those.
        """
        if request.mac is not None:
            self.asks(request.mac, sort_of(request), request.xid, network, known=known)

    def asks(self, mac: str, sort: str, xid: int, network: Network, *, known: bool) -> None:
        """Note the same of a request that is not at hand.

        Args:
            mac: The client's.
            sort: As of `sort_of`.
            xid: Of its DISCOVER.
            network: Where it is.
            known: As of `asked`.
        """
        before = self._of(mac)
        if before is not None and before.network == network:
            if before.xid == xid and before.sort == sort:
                return  # it repeats itself
            if before.sort == sort:
                before.asks_again(xid)
                client = before
            else:
                client = _Client(network, sort, xid, own=before.own)
        else:
            client = _Client(network, sort, xid)
        self._forget(mac)
        table = self._known if known else self._strange
        if len(table) >= DHCP_LESSEES.whole:
            DHCP_LESSEES.reached()
        note(table, mac, client, DHCP_LESSEES.whole)

    def ask_again(self, asked: Iterable[tuple[str, int]]) -> None:
        """Note that clients ask once more, as and where each did before.

        It is only kept here; whoever looks one of them up finds it noted.

        Args:
            asked: MACs, and the transactions of their DISCOVERs.
        """
        self._again.update(asked)
        while len(self._again) > DHCP_LESSEES.whole:
            self._of(next(iter(self._again)))

    def ask_later(self, asked: Sequence[tuple[str, int]], asking: Asking) -> None:
        """Note that known machines ask, perhaps otherwise than before; as `ask_again` does.

        Args:
            asked: Their MACs, and the transactions of their DISCOVERs.
            asking: How all of them do.
        """
        otherwise = self._otherwise
        if otherwise:
            for mac, _ in asked:
                if otherwise.get(mac, asking) is not asking:
                    self._of(mac)
        otherwise.update((mac, asking) for mac, _ in asked)
        self.ask_again(asked)

    def is_new(self, mac: str) -> bool:
        """Tell whether `boot_server` tells what all are told that ask as a client does."""
        client = self._known.get(mac) or self._strange.get(mac)
        return client is None or client.own is None

    def replied(self, reply: Other, *, ours: bool = True) -> Other | None:
        """Note what a server was heard to tell a client.

        Args:
            reply: It.
            ours: It was heard where we serve; else it counts for a client that has asked us only.

        Returns:
            The same, where it answers what such a client has just asked.
        """
        client = self._of(reply.mac) if reply.mac is not None else None
        answers = client is not None and client.xid == reply.xid
        if client is not None and answers:
            reply = replace(reply, network=client.network)
        elif not ours:
            return None
        self._learnt += 1
        server = self._server(reply, answers=answers)
        if client is None or not answers:
            return None
        given = server.given.setdefault(client.sort, _Given(reply.siaddr))
        given.told(reply.siaddr, reply.moment)
        note(server.given, client.sort, given, _SORTS)
        note(client.replies, reply.server, reply, _PER_CLIENT)
        took = client.took
        known = took is not None and took.server == reply.server
        late = known and took is not None and took.reply is None
        if reply.kind == "ACK" and reply.addresses:
            self._takes(client, Chosen(reply.server, reply, reply.moment, late))
        elif known and took is not None:
            self._takes(client, replace(took, reply=reply, late=late))
        return reply

    def requested(self, request: DhcpMessage) -> Chosen | None:
        """Note whose offer a client takes: its REQUEST, which all servers get (RFC 2131 3.1).

        Returns:
            That; None if the request names no server, as when a lease is renewed.
        """
        named = request.options.get(Option.SERVER_ID, b"")
        client = self._of(request.mac) if request.mac is not None else None
        if client is None or len(named) != 4:
            return None
        client.goes_on_as(request.xid)
        server = IPv4Address(named)
        took = Chosen(server, client.replies.get(server), self._steady())
        self._takes(client, took)
        return took

    def _takes(self, client: _Client, took: Chosen) -> None:
        self._learnt += 1
        client.takes(took)
        server = self._servers.get((took.server, client.network))
        if server is not None:
            server.chosen()

    def _server(self, reply: Other, *, answers: bool) -> _Server:
        key = (reply.server, reply.network)
        server = self._servers.get(key)
        if server is None:
            self._make_room()
            server = _Server(reply)
        else:
            server.said(reply, to_firmware=answers)
        note(self._servers, key, server, DHCP_SERVERS.whole)
        return server

    def _make_room(self) -> None:
        if len(self._servers) < DHCP_SERVERS.whole:
            return
        DHCP_SERVERS.reached()
        made_up = (key for key, each in self._servers.items() if not each.is_chosen)
        del self._servers[next(made_up, next(iter(self._servers)))]

    def boot_server(self, mac: str) -> IPv4Address | None:
        """Return which ``siaddr`` a client's own DHCP server gives it; None if that is not known.

        It is 0.0.0.0 where that server names none. Known is what the firmware of this client was
        told; else what all of its sort are told, where one server alone gives addresses.

        Args:
            mac: The client's, which has asked since pyxie was started.
        """
        client = self._of(mac)
        if client is None:
            return None
        if client.own is not None:
            return client.own.siaddr
        if not self._servers:
            return None
        now = self._steady()
        near = [
            each
            for (_, network), each in self._servers.items()
            if network == client.network and each.last.addresses and now - each.last.moment < DAY
        ]
        given = near[0].given.get(client.sort) if len(near) == 1 else None
        return given.siaddr if given is not None and given.alike(now) else None

    def chosen(self, mac: str) -> Chosen | None:
        """Return whose offer a client took in its latest boot; None if that is not known."""
        client = self._of(mac)
        return client.took if client is not None else None

    def told(self, mac: str) -> Mapping[IPv4Address, Other]:
        """Return what other servers told a client in its latest boot, by their addresses."""
        client = self._of(mac)
        return dict(client.replies) if client is not None else {}

    def servers(self) -> list[Other]:
        """Return all that were heard, each by its latest reply, the last heard at the end."""
        return [each.last for each in self._servers.values()]

    def givers(self) -> frozenset[IPv4Address]:
        """Return the servers that give addresses.

        Also one that was never overheard, as a switch sends its answers to the client alone, but
        whose offer a client took: the REQUEST that says so is sent to all.
        """
        for mac in tuple(self._again):
            self._of(mac)
        clients = (*self._known.values(), *self._strange.values())
        heard = {each.last.server for each in self._servers.values() if each.last.addresses}
        return frozenset(heard | {each.took.server for each in clients if each.took is not None})

    def age(self, moment: float) -> float:
        """Return how many seconds ago something was."""
        return self._steady() - moment

    def _of(self, mac: str) -> _Client | None:
        xid = self._again.pop(mac, None) if self._again else None
        asking = self._otherwise.pop(mac, None) if xid is not None else None
        if xid is not None and asking is not None:
            self.asks(mac, asking.sort, xid, asking.network, known=True)
        client = self._known.get(mac) or self._strange.get(mac)
        if client is not None and xid is not None and client.xid != xid:
            client.asks_again(xid)
            table = self._known if mac in self._known else self._strange
            note(table, mac, client, DHCP_LESSEES.whole)
        return client

    def _forget(self, mac: str) -> None:
        self._known.pop(mac, None)
        self._strange.pop(mac, None)


def sort_of(request: DhcpMessage) -> str:
    """Return what a server may tell clients apart by: the architecture, or that it is iPXE."""
    if ipxe(request.options.get(Option.USER_CLASS)) is not Ipxe.NO:
        return IPXE
    told = request.options.get(Option.CLIENT_ARCH) or request.options.get(Option.VENDOR_CLASS, b"")
    return told[:_SORT].hex()


_SORT: Final = 20
"""Bytes of that: ``PXEClient:Arch:00007``."""
