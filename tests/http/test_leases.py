"""The REST API of the addresses that pyxie gives."""

from __future__ import annotations

import json
from pathlib import Path

from pyxie.config.settings import leases_file
from tests.http.site import HOST, MAC, serving


async def test_those_that_machines_have_are_told_with_the_machines_names(tmp_path: Path) -> None:
    async with serving(tmp_path) as site:
        leases_file(site.parts.settings()).write_text(
            f"1795410729 {MAC} 192.0.2.100 linux *\n0 52:54:00:00:00:01 192.0.2.101 * *\n"
        )

        answer = await site.ask("GET", "/api/v1/leases")

    assert json.loads(answer.body) == {
        "serves": False,
        "range": "",
        "leases": [
            {
                "address": "192.0.2.100",
                "mac": MAC,
                "host": HOST,
                "name": "linux",
                "expires": 1795410729.0,
            },
            {
                "address": "192.0.2.101",
                "mac": "52:54:00:00:00:01",
                "host": "",
                "name": "",
                "expires": None,
            },
        ],
    }
