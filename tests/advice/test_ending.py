"""Whether anything that a build serves ends it."""

from __future__ import annotations

from base64 import b64encode

import pytest

from pyxie.advice.ending import ending
from pyxie.advice.served import Advice, Served
from pyxie.registry.machine import Machine

BASE = "http://192.0.2.10:8090"
TOKEN = "00000000-0000-0000-0000-000000000000"
DONE = f"{BASE}/done/web01.example.org/{TOKEN}"
IDLE = (
    "nothing in this build calls 'urls.done': the machine boots it again at every network boot, "
    "until `pyxie done` or `pyxie cancel`"
)


def served(*, cmdline: str = "", texts: dict[str, str] | None = None, **keys: object) -> Served:
    machine = Machine.model_validate({"hostname": "web01.example.org", **keys})
    return Served(
        machine=machine, base_url=BASE, token=TOKEN, cmdline=cmdline, script="", texts=texts or {}
    )


class TestEnding:
    @pytest.mark.parametrize(
        "ends",
        [
            served(texts={"preseed": f"late: wget {DONE}"}),
            served(texts={"preseed": "x", "finish": f"curl -X POST {DONE}"}),
            served(cmdline=f"tell={DONE}"),
            served(texts={"ignition": f"data:;base64,{b64encode(DONE.encode()).decode()}"}),
        ],
        ids=["preseed", "finish", "command line", "in base64"],
    )
    def test_is_looked_for_in_all_that_is_served(self, ends: Served) -> None:
        assert list(ending(ends)) == []

    @pytest.mark.parametrize(
        ("idle", "about"),
        [
            (served(preseed="p.j2", texts={"preseed": f"{BASE}/done/other/{TOKEN}"}), ("preseed",)),
            (served(templates={"answer": "a.j2"}, texts={"answer": ""}), ("templates", "answer")),
            (served(kernel="memtest.efi"), ("kernel",)),
        ],
        ids=["preseed", "template", "kernel"],
    )
    def test_that_is_nowhere_is_advice_on_what_is_served(
        self, idle: Served, about: tuple[str, ...]
    ) -> None:
        assert list(ending(idle)) == [Advice(about, IDLE)]
