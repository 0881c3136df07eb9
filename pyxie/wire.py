"""Read fields off a datagram, never past its end, and say where it went wrong."""

from __future__ import annotations

from ipaddress import IPv4Address

from pyxie.errors import WireError


class Reader:
    """Take fields off the front of ``data``, or say exactly where they end.

    Offsets count from the start of the *datagram*, also in a nested reader, so that an
    error in a sub-option points at a byte that a packet capture shows at the same place.
    """

    __slots__ = ("_at", "_base", "_data")

    def __init__(self, data: bytes, *, base: int = 0) -> None:
        self._data = data
        self._base = base
        self._at = 0

    @property
    def offset(self) -> int:
        """Where the next field begins, in bytes from the start of the datagram."""
        return self._base + self._at

    @property
    def left(self) -> int:
        """How many bytes remain."""
        return len(self._data) - self._at

    def take(self, size: int, field: str) -> bytes:
        """Return the next ``size`` bytes.

        Raises:
            WireError: Fewer than that remain.
        """
        if size > self.left:
            raise WireError(self.offset, field, f"needs {size} bytes, only {self.left} left")
        start, self._at = self._at, self._at + size
        return self._data[start : self._at]

    def uint(self, size: int, field: str) -> int:
        """Return the next ``size`` bytes as an unsigned big-endian number."""
        return int.from_bytes(self.take(size, field))

    def ipv4(self, field: str) -> IPv4Address:
        """Return the next four bytes as an address."""
        return IPv4Address(self.take(4, field))

    def text(self, field: str) -> str:
        """Return the bytes up to the next NUL, which is taken too, as Latin-1 text.

        Raises:
            WireError: No NUL follows; the offset is where the text began.
        """
        end = self._data.find(b"\0", self._at)
        if end < 0:
            raise WireError(self.offset, field, "is not ended by a zero byte")
        start, self._at = self._at, end + 1
        return self._data[start:end].decode("latin-1")

    def nested(self, size: int, field: str) -> Reader:
        """Return a reader over the next ``size`` bytes only."""
        base = self.offset
        return Reader(self.take(size, field), base=base)
