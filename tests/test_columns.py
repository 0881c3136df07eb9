"""Tables on terminals of all widths."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

import pytest

from pyxie.columns import draw, fitted

Drawn: TypeAlias = Callable[[tuple[tuple[str, ...], ...], int], list[str]]

HEADS = ("machine", "state", "since", "type")
HOST = "linux001.internal.example.org"
ROWS = (
    (HOST, "installing", "2026-11-26 17:10:00", "debian12"),
    ("db1", "pending", "2026-11-26 17:10:01", "rescue"),
)
ORIGINS = (
    ("key", "value", "from", "layer"),
    ("image_url", "http://mirror.internal/" + "x" * 120, "config.yaml:38", "settings"),
    ("params.disk", "", "machines/web01.yaml:10", "machine"),
)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Drawn:
    def lines(rows: tuple[tuple[str, ...], ...], columns: int) -> list[str]:
        monkeypatch.setenv("COLUMNS", str(columns))
        draw(rows)
        return re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out).splitlines()

    return lines


class TestATable:
    def test_that_fits_has_a_line_a_row(self, drawn: Drawn) -> None:
        assert drawn((HEADS, *ROWS), 80) == [
            "machine                        state       since                type",
            "linux001.internal.example.org  installing  2026-11-26 17:10:00  debian12",
            "db1                            pending     2026-11-26 17:10:01  rescue",
        ]

    def test_that_is_too_wide_folds_its_longest_column(self, drawn: Drawn) -> None:
        assert drawn(ORIGINS, 110) == [
            (
                "key          value                                                            "
                "from                    layer"
            ),
            "image_url    http://mirror.internal/"
            + "x" * 40
            + "  config.yaml:38          settings",
            "             " + "x" * 63,
            "             " + "x" * 17,
            "params.disk" + " " * 67 + "machines/web01.yaml:10  machine",
        ]

    def test_that_is_much_too_wide_has_its_cells_below_each_other(self, drawn: Drawn) -> None:
        assert drawn(ORIGINS, 60) == [
            "key          value",
            "             from  layer",
            "image_url    http://mirror.internal/" + "x" * 24,
            "             " + "x" * 47,
            "             " + "x" * 47,
            "             xx",
            "             config.yaml:38  settings",
            "params.disk",
            "             machines/web01.yaml:10  machine",
        ]

    def test_on_the_narrowest_terminal_keeps_hosts_and_states_whole(self, drawn: Drawn) -> None:
        assert drawn((HEADS, *ROWS), 40) == [
            "machine",
            "    state",
            "    since  type",
            "linux001.internal.example.org",
            "    installing",
            "    2026-11-26 17:10:00  debian12",
            "db1",
            "    pending",
            "    2026-11-26 17:10:01  rescue",
        ]

    @pytest.mark.parametrize("columns", range(1, 130, 3))
    def test_loses_nothing_at_any_width(self, drawn: Drawn, columns: int) -> None:
        found = drawn(ORIGINS, columns)

        assert all(len(line) <= max(columns, 5) for line in found)
        letters = "".join("".join(found).split())
        assert letters.count("x") == 120
        assert sorted(letters) == sorted("".join("".join(map("".join, ORIGINS)).split()))

    def test_counts_wide_letters_as_the_two_columns_that_they_take(self, drawn: Drawn) -> None:
        assert drawn((("host", "state"), ("網", "pending"), ("web", "-")), 40) == [
            "host  state",
            "網    pending",
            "web   -",
        ]


class TestWidths:
    @pytest.mark.parametrize(
        ("room", "widths"),
        [(63, [10, 40, 9]), (62, [10, 39, 9]), (47, [10, 24, 9]), (46, None)],
    )
    def test_are_taken_from_the_widest_as_long_as_it_can_be_read(
        self, room: int, widths: list[int] | None
    ) -> None:
        assert fitted([10, 40, 9], room) == widths
