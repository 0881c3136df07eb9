"""The times of boots, and their table."""

from __future__ import annotations

from typing import Any

from tests.e2e.table import Row, table
from tests.lab.record import Record, Times


def event(at: float, code: str, step: str, **data: object) -> dict[str, Any]:
    return {"at": at, "code": code, "step": step, "data": data}


SCRIPT = event(104.0, "script.sent", "script")
KERNEL = event(106.5, "boot.kernel", "booting")
DONE = event(130.0, "build.changed", "build", state="installed")


class TestARecord:
    def test_tells_how_long_after_its_start_a_machine_took_each_step(self) -> None:
        record = Record()
        record.power_on(100.0, "bios")
        begun = event(90.0, "build.changed", "build", state="building")

        record.add([begun, SCRIPT, {**SCRIPT, "at": 105.0}, KERNEL, DONE])

        assert record.times() == Times(firmware="bios", script=4.0, kernel=6.5, done=30.0)

    def test_of_several_machines_tells_of_that_which_got_farthest(self) -> None:
        record = Record()
        record.add([{**SCRIPT, "at": 55.0}, SCRIPT, KERNEL, DONE, {**DONE, "at": 140.0}])

        for at, firmware in ((50.0, "uefi"), (100.0, "bios"), (135.0, "uefi-http")):
            record.power_on(at, firmware)

        assert record.times() == Times(firmware="bios", script=4.0, kernel=6.5, done=30.0)

    def test_has_no_times_where_no_machine_was_switched_on(self) -> None:
        record = Record()

        record.add([SCRIPT])

        assert record.times() is None


def test_the_table_is_sorted_and_leaves_out_what_was_not_reached() -> None:
    rows = [
        Row(scenario="UEFI", times=None, whole=0.2, result="skipped"),
        Row(scenario="BIOS", times=Times(firmware="bios", script=4.4), whole=12.6, result="passed"),
    ]

    assert table(rows) == (
        "| scenario | firmware | script | kernel | done | whole | result  |\n"
        "| -------- | -------- | ------ | ------ | ---- | ----- | ------- |\n"
        "| BIOS     | bios     | 4      |        |      | 13    | passed  |\n"
        "| UEFI     |          |        |        |      | 0     | skipped |\n"
    )
