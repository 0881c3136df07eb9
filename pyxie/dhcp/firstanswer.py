"""One request and its answer, from nobody and to nobody, before there is any.

What a data class calls first is compiled then (`pyxie.latemethods`): of what answers the first
DISCOVER, that was 14 methods and as many times what the answer takes; and a hall that is powered on
asks within a millisecond, all of it waiting for the first.
"""

from __future__ import annotations

from typing import Final

from pyxie.dhcp.alike import Own, form
from pyxie.dhcp.decide import Answer, Boot, decide
from pyxie.dhcp.intake import Heard
from pyxie.dhcp.message import UNSPECIFIED, DhcpMessage, MessageType, Op, Option, build, parse
from pyxie.dhcp.others import Others
from pyxie.dhcp.ready import Offer
from pyxie.dhcp.received import Received
from pyxie.dhcp.shapes import NO_ADDRESS, Shapes
from pyxie.dhcp.sightings import Sightings
from pyxie.dhcp.sockets import DhcpSocket
from pyxie.events.datagrams import Offered
from pyxie.loaders.catalogue import Choice
from pyxie.recognition.recognise import Client, Known, Mode

_MAC: Final = "02:00:00:00:00:00"
_UEFI: Final = 7
_ASKED: Final = DhcpMessage(
    op=Op.REQUEST,
    xid=1,
    chaddr=bytes.fromhex(_MAC.replace(":", "")),
    options={
        Option.MESSAGE_TYPE: bytes([MessageType.DISCOVER]),
        Option.VENDOR_CLASS: b"PXEClient:Arch:00007:UNDI:003016",
        Option.CLIENT_ARCH: _UEFI.to_bytes(2),
        Option.CLIENT_NDI: b"\1\3\x10",
        Option.CLIENT_UUID: bytes(17),
    },
)


def rehearse(on: DhcpSocket) -> Offer | None:
    """Do what is done for the first DISCOVER, but send and keep nothing.

    Args:
        on: Whatever receives requests.

    Returns:
        What it would be told.
    """
    data = build(_ASKED)
    request, received = parse(data), Received(data, NO_ADDRESS, 68, 0)
    Heard(on, received, request, 0.0, 0.0, known=True)
    Others(lambda: 0.0).asked(request, 0, known=True)
    Sightings(lambda: 0.0).answered(_MAC, request.xid)
    client = Known(_MAC, Mode.IN_BUILD)
    if Client(_MAC) == Client("") or client == Known("", Mode.IDLE):
        return None
    boot = Boot(server=UNSPECIFIED, http_port=80, loaders={_UEFI: "ipxe.efi"}, client=client)
    answer = decide(request, 67, boot)
    alike = Shapes().of(received, request, UNSPECIFIED)
    if not isinstance(answer, Answer) or not isinstance(answer.what, Offered) or alike is None:
        return None
    alike.packets()
    made = form(answer.message, Own(*alike.own(data)))
    return None if made is None else Offer(made, answer.what, "", Choice({}))
