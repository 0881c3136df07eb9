"""Why a machine does not boot, over REST."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.http.site import HOST, MAC, Served, serving


async def why(served: Served, machine: str) -> Any:
    answer = await served.get(f"/api/v1/machines/{machine}/why")
    assert answer.status == 200, answer.text
    return json.loads(answer.body)


async def test_is_told_of_a_hostname_in_any_case_of_its_file_and_of_a_mac(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        told = [await why(served, name) for name in (HOST, HOST.upper(), MAC, MAC.upper())]
        dashed = await why(served, MAC.replace(":", "-"))

    assert {each["code"] for each in (*told, dashed)} == {"not-in-build-mode"}
    assert {each["host"] for each in (*told, dashed)} == {HOST}
    assert told[0]["steps"] == [f"to install it: pyxie build {HOST}"]


async def test_of_a_mac_that_no_file_has_near_ones_are_named(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        told = await why(served, "00:de:ad:90:74:61")

    assert (told["host"], told["macs"]) == (None, ["00:de:ad:90:74:61"])
    assert (told["code"], told["standing"]) == ("unknown-machine", "stuck")
    assert told["data"]["near"] == [{"host": HOST, "mac": MAC, "how": "board"}]


async def test_a_machine_in_build_mode_is_waited_for(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        await served.build()
        told = await why(served, HOST)

    assert (told["code"], told["standing"]) == ("waiting", "waiting")
    assert told["data"]["step"] == "discover"
    assert told["until"] == told["since"] + told["data"]["patience"]
    assert [each["code"] for each in told["evidence"]] == ["build.changed"]


async def test_a_name_that_is_of_nothing_is_told_with_near_ones(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        answer = await served.get("/api/v1/machines/linux01.internal/why")

    assert answer.status == 404
    assert f"Did you mean {HOST}?" in json.loads(answer.body)["detail"]
