"""Any frame of the network: other servers' replies, as the daemon and a probe hear them."""

from __future__ import annotations

from ipaddress import IPv4Address

from pyxie.dhcp.message import MessageType, parse
from pyxie.dhcp.others import Others
from pyxie.dhcp.overheard import read
from pyxie.dhcp.udp import unwrap
from pyxie.errors import WireError
from pyxie.probing.heard import Answers, readable
from tests.dhcp.packets import discover
from tests.fuzz.target import Target

SOURCE = IPv4Address("192.168.7.2")


def take(data: bytes) -> None:
    answers = Answers(discover(7), MessageType.OFFER, MessageType.ACK)
    answers.take(data, 0.5)
    answers.read(data, SOURCE, 67, "", 0.5)
    for heard in answers.heard:
        assert all(map(str.isprintable, (heard.file, heard.vendor, heard.tftp_server)))
    assert readable(data).isprintable()
    message = parse(unwrap(data[14:]).data)
    reply = read(message, source=SOURCE, interface=2, name="eth0", here=False, moment=0.0)
    if reply is not None:
        assert all(map(str.isprintable, (reply.file, reply.vendor_class, reply.bootfile)))
        others = Others(lambda: 1.0)
        others.asked(message, 2, known=True)
        others.replied(reply)
        others.requested(message)
        others.age(1e9)


TARGET = Target(
    take=take,
    longest=65_535,
    refuses=(WireError,),
    words=(b"\x63\x82\x53\x63", b"\x35\x01\x02", b"\x45\0", b"\x11", b"\0C\0D", b"PXEClient"),
)
