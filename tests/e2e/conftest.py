"""A LAN for each test; what happened on it is shown when the test fails."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager

import pytest

from tests.lab.lan import Lan
from tests.lab.needs import MissingError
from tests.needs import missing


@pytest.fixture
def lan() -> Iterator[Lan]:
    """A LAN with nothing on it but the server's namespace."""
    with Lan() as laid:
        yield laid
        # pytest shows it only where the test failed.
        for process in laid.processes:
            print(f"--- {process.name}\n{process.tail()}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Generator[None]:
    with _skipped_where_something_is_missing():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None]:
    with _skipped_where_something_is_missing():
        return (yield)


@contextmanager
def _skipped_where_something_is_missing() -> Iterator[None]:
    try:
        yield
    except MissingError as exc:
        missing(str(exc))
