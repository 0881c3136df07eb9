"""The REST API of other DHCP and PXE servers."""

from __future__ import annotations

import json
import time
from pathlib import Path

from tests.dhcp.replies import overheard, reply
from tests.http.site import serving


async def test_those_that_were_overheard_are_told_with_what_they_say_to_boot(
    tmp_path: Path,
) -> None:
    async with serving(tmp_path) as site:
        others = site.parts.others
        said = reply(file=b"pxelinux.0", o43=b"\xff", o60=b"PXEClient", o66=b"tftp")
        others.replied(overheard(said, at=others.age(0.0)))  # now, by its clock

        answer = await site.ask("GET", "/api/v1/dhcp/servers")

    (told,) = json.loads(answer.body)["servers"]
    assert abs(told.pop("last") - time.time()) < 60
    assert told == {
        "server": "192.168.7.254",
        "source": "192.168.7.254",
        "interface": "eth0",
        "here": False,
        "addresses": True,
        "kind": "OFFER",
        "siaddr": "0.0.0.0",
        "file": "pxelinux.0",
        "options": {"43": "ff", "60": "PXEClient", "66": "tftp", "67": ""},
    }
