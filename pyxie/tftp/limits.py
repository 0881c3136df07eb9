"""How much a TFTP client may ask for, and how often the log says so."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds of every transfer and of all of them together.

    Attributes:
        timeout: Seconds before all that is not acknowledged is sent again; each further wait
            doubles, unless the client asked for a `timeout` of its own (RFC 2349). The last
            block goes out again before that: see `pyxie.tftp.roundtrip`.
        max_timeout: The longest `timeout` option that is accepted, in seconds.
        attempts: How often the same packet or window is sent before the client is given
            up. With the defaults that is after 63 s of silence: devices that write what
            they get to slow flash memory pause that long.
        max_blksize: The largest block agreed to, in bytes (RFC 2348). 1468 fills an
            Ethernet frame; ROMs cannot put IP fragments together.
        max_windowsize: The most blocks sent without an ACK between them (RFC 7440).
        per_client: Transfers in progress for one client address.
        total: Transfers in progress altogether.
    """

    timeout: float = 1.0
    max_timeout: int = 60
    attempts: int = 6
    max_blksize: int = 1468
    max_windowsize: int = 64
    per_client: int = 256
    total: int = 4096

    def __post_init__(self) -> None:
        sound = (
            self.timeout > 0
            and 1 <= self.max_timeout <= 255
            and self.attempts >= 1
            and 8 <= self.max_blksize <= 65464
            # More than half the wire's numbers in flight, and an ACK could mean two blocks.
            and 1 <= self.max_windowsize <= 32767
            and self.per_client >= 1
            and self.total >= 1
        )
        if not sound:
            raise ValueError(f"out of range: {self}")


class Ration:
    """At most ``count`` times a key in ``seconds``, for at most ``keys`` keys.

    It is told the time, in seconds of any steady clock. Once more keys than that are
    known, new ones get nothing until old ones lapse: what is rationed is only talk.
    """

    def __init__(self, count: int, seconds: float, keys: int = 4096) -> None:
        self._count = count
        self._seconds = seconds
        self._keys = keys
        self._used: dict[Hashable, tuple[float, int]] = {}
        """By key: when its period ends, and what it has had of it; the oldest first."""

    def allows(self, key: Hashable, now: float) -> bool:
        """Take one of the key's ration; False if none is left."""
        self._lapse(now)
        if key not in self._used and len(self._used) >= self._keys:
            return False
        ends, used = self._used.get(key, (now + self._seconds, 0))
        self._used[key] = (ends, used + 1)
        return used < self._count

    def _lapse(self, now: float) -> None:
        while self._used:
            oldest = next(iter(self._used))
            if self._used[oldest][0] > now:
                return
            del self._used[oldest]
