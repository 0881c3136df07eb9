"""What became of each datagram: counted, logged, and told to the trace, each within bounds."""

from __future__ import annotations

import logging
import sys
from ipaddress import IPv4Address
from typing import Final

from prometheus_client import Counter

from pyxie.bounds import DHCP_LINES, DHCP_PER_MAC, DHCP_STRANGERS
from pyxie.dhcp.decide import Port, Reason, Silence, is_netboot
from pyxie.dhcp.message import UNSPECIFIED, DhcpMessage
from pyxie.errors import WireError
from pyxie.events.datagrams import AnswerNotSent, NotAnswered
from pyxie.events.english import sentence
from pyxie.events.event import Recorder
from pyxie.metrics import Metrics
from pyxie.rate import Once, TokenBuckets

log = logging.getLogger(__name__)

_ORDINARY: Final = frozenset(
    {Reason.NOT_A_REQUEST, Reason.NOT_A_DISCOVER, Reason.NOT_A_BOOT_REQUEST, Reason.NOT_NETBOOT}
)


class Account:
    """Keeps it. Times are seconds, monotonic.

    Args:
        recorder: Takes the events of the boots.
        metrics: Counts.
    """

    def __init__(self, recorder: Recorder, metrics: Metrics) -> None:
        self._recorder = recorder
        self._metrics = metrics
        self._once = Once()
        self._lines = TokenBuckets(DHCP_LINES.most / 60, burst=DHCP_LINES.most)
        self._counters: dict[tuple[int, str, str], Counter] = {}

    def count(self, port: Port, outcome: str, reason: str = "", *, times: int = 1) -> None:
        """Count datagrams."""
        key = (port, outcome, reason)
        counter = self._counters.get(key)
        if counter is None:
            counter = self._metrics.dhcp.labels(str(port), outcome, reason)
            self._counters[key] = counter
        counter.inc(times)

    def receiving_failed(self, port: Port, error: OSError, now: float) -> None:
        """Note that the network was not there for a moment."""
        self.count(port, "failed")
        if self._once.news((port, error.errno), now):
            log.warning("DHCP port %d: receiving: %s", port, error)

    def malformed(
        self, port: Port, interface: str, error: WireError, data: bytes, source: bytes, now: float
    ) -> None:
        """Note a datagram that is no DHCP message.

        Args:
            port: Where it came.
            interface: The name of the one that it came in on.
            error: What is wrong with it.
            data: It.
            source: The sender's address; empty if that cannot be read either.
            now: The time.
        """
        self.count(port, "malformed")
        # As near to a client's name as such a datagram gets. What is in it is the sender's
        # to make up, so all of them together have a bound as well.
        client = (port, interface, source if any(source) else data[28:34])
        if self._once.news(client, now) and self._may_tell("malformed", now):
            sender = str(IPv4Address(source)) if source else "an unreadable packet"
            log.info("DHCP port %d, from %s on %s: %s", port, sender, interface, error)

    def bug(self, port: Port, data: bytes, *, again: bool = False) -> None:
        """Note that a datagram has met a bug of ours, with the exception that is being handled."""
        self.count(port, "bug")
        met = "met again" if again else "met"
        told = sys.exc_info()
        log.error("DHCP port %d: a bug, %s with %s", port, met, data.hex(), exc_info=told)

    def passed_over(self, port: Port, data: bytes, reason: Reason) -> None:
        """Note a datagram that asks for nothing, by what a glance at it shows."""
        self.count(port, "silent", reason)
        if log.isEnabledFor(logging.DEBUG):
            log.debug("DHCP port %d, from %s: %s", port, data[28:34].hex(":"), reason)

    def crowded(self, port: Port, interface: str, now: float) -> None:
        """Note a request that is one too many of unknown machines."""
        self.count(port, "silent", Reason.CROWDED)
        if self._once.news((Reason.CROWDED, interface), now):
            log.warning(
                "DHCP on %s: unknown machines ask more than %d times a second; known ones come"
                " first, and of the others some are not answered",
                interface,
                DHCP_STRANGERS.whole,
            )

    def limited(self, port: Port, client: bytes, now: float) -> None:
        """Note a request beyond its client's share."""
        self.count(port, "silent", Reason.LIMITED)
        DHCP_PER_MAC.reached()
        if self._once.news((Reason.LIMITED, client), now) and self._may_tell("limited", now):
            log.info("DHCP from %s: more than its share of requests", client.hex(":"))

    def silent(
        self,
        port: Port,
        request: DhcpMessage,
        silence: Silence,
        host: str | None,
        source: IPv4Address,
        now: float,
    ) -> None:
        """Note that a request is not answered."""
        who = host or request.mac or request.chaddr.hex(":")
        log.debug("DHCP port %d, from %s: %s", port, who, silence.detail)
        # The LAN's other DHCP traffic is counted, and no more said of it; nor is the
        # REQUEST of a booting machine, which is for the LAN's DHCP server.
        if silence.reason in _ORDINARY or not is_netboot(request):
            return
        if self._once.news((request.chaddr, silence), now):
            self._recorder.record(
                NotAnswered(reason=silence.reason, detail=silence.detail),
                mac=request.mac,
                host=host,
                peer=peer_of(source),
            )

    def unsent(
        self,
        port: Port,
        request: DhcpMessage,
        unsent: AnswerNotSent,
        host: str | None,
        source: IPv4Address,
        now: float,
    ) -> None:
        """Note that the network did not take an answer."""
        self.count(port, "failed")
        mac = request.mac
        if self._once.news((mac, unsent), now) and (host or self._may_tell("unsent", now)):
            log.warning("DHCP from %s: %s", mac, sentence(unsent))
            self._recorder.record(unsent, mac=mac, host=host, peer=peer_of(source))

    def _may_tell(self, kind: str, now: float) -> bool:
        """Tell whether there may be one more line of a kind that anybody can cause."""
        if self._lines.allow(kind, now):
            return True
        DHCP_LINES.reached()
        return False


def peer_of(source: IPv4Address) -> str | None:
    """Return a sender's address for the trace; None while it has none."""
    return None if source is UNSPECIFIED else str(source)
