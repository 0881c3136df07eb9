"""The table as text."""

from __future__ import annotations

import pytest

from bench.contest import at_least, at_most
from bench.figures import rows
from bench.table import number, table
from tests.bench.runs import result


def test_has_a_row_for_all_that_is_wanted() -> None:
    wanted = (
        at_least(1.2, "dnsmasq", "tftpd-hpa"),
        at_most(1, "dnsmasq", of="p99", work="p99", unit="ms"),
        at_most(4, of="p99", work="builds", unit="s"),
        at_least(1, "nginx", work="files"),
    )
    seen = result(*wanted, pyxie=[1180, 1200], dnsmasq=[1000, 1000], tftpd_hpa=[900, 900])

    lines = table(rows(seen)).splitlines()

    assert [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]] == [
        [
            *("a loader", "MB/s", "1,190 ±1%", "dnsmasq 1,000 ±0%, tftpd-hpa 900 ±0%"),
            *("1.19 (1.18 to 1.20)", "≥ 1.2 times", "no, 1 of 2", "0.50, 0.50"),
        ],
        [
            *("p99", "ms", "119 ±1%", "dnsmasq 100 ±0%"),
            *("1.19 (1.18 to 1.20)", "≤ 1 times", "no, 0 of 2", "0.50, 0.50"),
        ],
        ["builds", "s", "119 ±1%", "-", "-", "≤ 4 s", "no, 0 of 2", "0.50"],
        ["files", "MB/s", "1,190 ±1%", "-", "-", "≥ 1 times", "no peer here", "0.50"],
    ]


def test_has_columns_that_are_aligned() -> None:
    lines = table(rows(result(pyxie=[1000], dnsmasq=[1]))).splitlines()

    bars = [[at for at, each in enumerate(line) if each == "|"] for line in lines]
    assert bars == [bars[0]] * 3
    assert set(lines[1]) == {"|", "-"}


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.1234, "0.123"), (9.876, "9.88"), (98.76, "98.8"), (987.6, "988"), (19876.5, "19,876")],
)
def test_a_figure_has_three_digits_or_all_before_the_point(value: float, text: str) -> None:
    assert number(value) == text
