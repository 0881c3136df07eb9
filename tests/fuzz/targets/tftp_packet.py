"""Any datagram, as the TFTP codec reads it."""

from __future__ import annotations

from pyxie.errors import WireError
from pyxie.tftp.limits import Limits
from pyxie.tftp.packet import Ack, ReadRequest, acked, parse, read_request
from pyxie.tftp.report import one_line
from pyxie.tftp.transfer import negotiate
from tests.fuzz.target import Target


def take(data: bytes) -> None:
    number = acked(data)
    packet = parse(data)
    assert number is None or packet == Ack(number)
    if isinstance(packet, ReadRequest):
        # What is in Latin-1 is told as what it means; a request of ours is in UTF-8.
        assert not data.isascii() or parse(read_request(packet)) == packet
        assert one_line(packet.filename).isprintable()
        accepted = negotiate(packet, 1000, Limits())
        assert accepted.keys() <= packet.options.keys()


TARGET = Target(
    take=take,
    longest=65_507,
    refuses=(WireError,),
    words=(
        b"\0\1",
        b"\0\4",
        b"\0\5\0\0",
        b"\0\6",
        b"octet\0",
        b"blksize\0",
        b"tsize\0",
        b"\0",
        b"9",
    ),
)
