"""All here is marked ``attack``; it is left out of a run that is of more than this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out what is here, unless it was asked for by its path or its mark."""
    asked = config.getoption("markexpr") == "attack" or any(
        Path(str(each).partition("::")[0]).absolute().is_relative_to(HERE) for each in config.args
    )
    return None if asked or HERE not in (collection_path, *collection_path.parents) else True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is here."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.attack)
