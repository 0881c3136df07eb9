"""How the open files that the host allows are shared, so that boots and management each have some.

A connection has three: its socket, once more for the thread that sends, and the file that is sent,
or the connection to the server that it is fetched from; a TFTP transfer has two. Told how many
there are. A connection that waits to be begun has one, on each of two sockets that listen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pyxie.bounds import ARRIVALS, HTTP_HOST
from pyxie.config.settings import Limits

_CONNECTION: Final = 3
_TRANSFER: Final = 2
_ARRIVAL: Final = 2
_HOST_LEAST: Final = 4
"""Connections: a person at the host, and what watches it, are let in on the smallest."""


@dataclass(frozen=True, slots=True)
class Held:
    """How much may be held at once.

    Attributes:
        http: Connections of machines.
        allowed: Connections of the networks in ``api.allow``.
        host: Connections of this host.
        tftp: Transfers.
        arrivals: Connections that wait to be begun, on each socket that listens.
    """

    http: int
    allowed: int
    host: int
    tftp: int
    arrivals: int


def wanted(limits: Limits) -> int:
    """Return how many open files the settings' limits take."""
    every = _as_set(limits)
    connections = every.http + every.allowed + every.host
    others = _TRANSFER * every.tftp + _ARRIVAL * every.arrivals
    return _CONNECTION * connections + others + _most_reserved(1 << 30)


def held(limits: Limits, files: int) -> Held:
    """Return how much may be held: as set, or as far as ``files`` open files go."""
    every = _as_set(limits)
    if files >= wanted(limits):
        return every
    left = max(0, files - _most_reserved(files))

    def share(tenths: int, each: int, least: int = 1) -> int:
        return max(least, left * tenths // 10 // each)

    return Held(
        http=min(every.http, share(4, _CONNECTION)),
        allowed=min(every.allowed, share(2, _CONNECTION)),
        host=min(every.host, share(1, _CONNECTION, _HOST_LEAST)),
        tftp=min(every.tftp, share(2, _TRANSFER)),
        arrivals=min(every.arrivals, share(1, _ARRIVAL)),
    )


def lowered(limits: Limits, files: int) -> str | None:
    """Return a sentence on what is lowered for want of open files; None if nothing is."""
    every, now = _as_set(limits), held(limits, files)
    if now == every:
        return None
    return (
        f"the host allows {files} open files: at once at most {now.http} HTTP connections of"
        f" machines ('limits.http_total' is {every.http}), {now.allowed} of 'api.allow',"
        f" {now.host} of this host and {now.tftp} TFTP transfers ('limits.tftp_total' is"
        f" {every.tftp}); for all of them allow {wanted(limits)}, by LimitNOFILE= of the unit or"
        " `ulimit -n`"
    )


def _as_set(limits: Limits) -> Held:
    return Held(
        limits.http_total,
        limits.http_total,
        HTTP_HOST.whole,
        limits.tftp_total,
        min(ARRIVALS.whole, limits.http_total),
    )


def _most_reserved(files: int) -> int:
    """Return how many are for nobody's requests: sockets, the database, hooks, machine files.

    Of few files fewer, since as few calls use them at once.
    """
    return max(64, min(128, files // 4))
