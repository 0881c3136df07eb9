"""Which other server is to change, and how, by what was found."""

from __future__ import annotations

import pytest

from pyxie.diagnosis.finding import Finding
from pyxie.diagnosis.findings import LoaderSilent, OtherOffer, PlainDhcp, Port4011, TwoServers
from pyxie.diagnosis.remedy import Wish
from pyxie.diagnosis.situation import Server
from pyxie.diagnosis.tochange import server_of, wish_of

THEIRS = Server("192.0.2.3")


def silent(name: str = "ipxe.efi", *, state: str = "unknown", why_not: str = "") -> LoaderSilent:
    return LoaderSilent(
        name=name, architecture="", uefi=True, secure_boot=state, why_not=why_not, rounds=1
    )


@pytest.mark.parametrize(
    ("found", "wish", "server"),
    [
        (OtherOffer(server=THEIRS), Wish.SILENT, "192.0.2.3"),
        (TwoServers(servers=(THEIRS,)), Wish.SILENT, "192.0.2.3"),
        (TwoServers(servers=(THEIRS, THEIRS)), Wish.SILENT, ""),
        (Port4011(), Wish.SILENT, ""),
        (silent(), None, ""),
        (silent(why_not="server-elsewhere"), Wish.NEXT_SERVER, ""),
        (silent(why_not="server-unknown", state="on"), Wish.NEXT_SERVER, ""),
        (silent(why_not="server-unknown", state="off"), None, ""),
        (silent("grubx64.efi"), Wish.NEXT_SERVER, ""),
        (PlainDhcp(), None, ""),
    ],
)
def test_is_told_by_what_was_found(found: Finding, wish: Wish | None, server: str) -> None:
    assert (wish_of(found), server_of(found)) == (wish, server)
