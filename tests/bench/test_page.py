"""The table in the documents."""

from __future__ import annotations

import pytest

from bench.page import BEGIN, END, written


def test_is_written_anew_and_all_else_stays() -> None:
    page = f"# Speed\n\n{BEGIN}\nyesterday\n\n| old |\n{END}\n\nmore\n"

    found = written(page, "today", "| new |\n")

    assert found == f"# Speed\n\n{BEGIN}\ntoday\n\n| new |\n{END}\n\nmore\n"
    assert written(found, "today", "| new |\n") == found


@pytest.mark.parametrize("page", ["", f"{BEGIN}\n", f"{END}\n{BEGIN}\n"])
def test_has_its_place_or_that_is_said(page: str) -> None:
    with pytest.raises(ValueError, match="no lines"):
        written(page, "today", "| new |\n")
