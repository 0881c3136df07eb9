"""Machines that stand still before the eyes of who looks at the page."""

from __future__ import annotations

import json

from tests.browser.conftest import OnStage
from tests.browser.stage import Stage, machine
from tests.browser.troubles import TROUBLES

MACHINES = {f"{code}.example.org": machine(10 + at) for at, code in enumerate(TROUBLES)}


async def stand_still(site: Stage) -> None:
    for at, (code, stands_still) in enumerate(TROUBLES.items()):
        await stands_still(site, f"{code}.example.org", 10 + at)


async def why(site: Stage, host: str) -> dict[str, str]:
    answer = await site.pyxie.rest("GET", f"/api/v1/machines/{host}/why")
    found: dict[str, str] = json.loads(answer.text)
    return found


async def test_each_has_the_diagnosis_that_it_is_called_by(onscreen: OnStage) -> None:
    async with onscreen(machines=MACHINES) as site:
        await stand_still(site)

        found = {host: (await why(site, host)) for host in MACHINES}

    assert {host: each["code"] for host, each in found.items()} == {
        f"{code}.example.org": code for code in TROUBLES
    }
    assert {each["standing"] for each in found.values()} == {"stuck"}
