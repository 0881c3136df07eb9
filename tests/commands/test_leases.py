"""`pyxie leases`: who has which address."""

from __future__ import annotations

import json
from typing import Any

from tests.commandline import Ran, Runner, clean, pyxie
from tests.fakedaemon import answered, fake_daemon

__all__ = ["clean", "pyxie"]

LEASE = {"address": "192.0.2.100", "mac": "52:54:00:12:34:56"}
GIVEN: dict[str, Any] = {
    "serves": True,
    "range": "192.0.2.100-192.0.2.199",
    "leases": [
        {**LEASE, "host": "web01", "name": "w", "expires": None},
        {**LEASE, "host": "", "name": "laptop", "expires": 1795410729.0},
        {**LEASE, "host": "", "name": "", "expires": None},
    ],
}


def called(pyxie: Runner, said: dict[str, Any], *words: str) -> Ran:
    with fake_daemon({"GET /api/v1/leases": answered(said)}) as daemon:
        return pyxie("leases", *words, "--url", daemon.url)


def test_each_is_told_with_its_machine(pyxie: Runner) -> None:
    rows = [line.split() for line in called(pyxie, GIVEN).out.splitlines()]

    assert [row[2] for row in rows] == ["web01", "laptop", "-"]
    assert [row[0] for row in rows] == ["192.0.2.100"] * 3
    assert rows[0][3:] == rows[2][3:] == ["never"]


def test_programs_get_all_of_it(pyxie: Runner) -> None:
    assert json.loads(called(pyxie, GIVEN, "--json").out) == GIVEN


def test_where_there_is_none_it_is_said_why(pyxie: Runner) -> None:
    nobody = {**GIVEN, "leases": []}

    assert "no machine has an address of 192.0.2.100-192.0.2.199 yet" in called(pyxie, nobody).err
    assert "pyxie gives no addresses: your DHCP server does" in (
        called(pyxie, {**nobody, "serves": False}).err
    )
