"""What other DHCP servers are to do, so that what was found goes away. Pure."""

from __future__ import annotations

from pyxie.diagnosis.finding import Finding
from pyxie.diagnosis.findings import LoaderSilent, OtherOffer, Port4011, TwoServers
from pyxie.diagnosis.remedy import Wish


def wish_of(what: Finding) -> Wish | None:
    """Return it; None where no other server is at fault, as far as is known."""
    match what:
        case OtherOffer() | TwoServers() | Port4011():
            return Wish.SILENT
        case LoaderSilent(why_not="server-unknown" | "server-elsewhere", secure_boot=state):
            return Wish.NEXT_SERVER if state != "off" else None
        case LoaderSilent() as silent if silent.grub:
            return Wish.NEXT_SERVER
        case _:
            return None


def server_of(what: Finding) -> str:
    """Return the address of the server that is to be changed; empty where that is not known."""
    match what:
        case OtherOffer(server=server):
            return server.address
        case TwoServers(servers=(server,)):
            return server.address
        case _:
            return ""
