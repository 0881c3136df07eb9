"""What holds for all tests."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Generator, Iterator

import pytest
from aiohttp.web_app import _cached_build_middleware
from hypothesis import settings

from tests.procfs import open_files
from tests.stalled import pytest_addoption, pytest_configure
from tests.verification.signers import Keys
from tests.verification.signers import keys as made_keys
from tests.watchdog import Watchdog, collects

__all__ = ["pytest_addoption", "pytest_configure"]

# How long an example takes says more about what else the computer does than about pyxie.
settings.register_profile("pyxie", deadline=None)
settings.register_profile("quick", deadline=None, max_examples=10)
settings.load_profile("pyxie")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Have the garbage collector never look through what is loaded for all tests.

    Else it does so time and again: a quarter of loading, and half a second in every hundred tests.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have each worker begin with its share of the virtual machines, which take the longest.

    Workers get parts of the whole, one after the other, and take from each other what is left
    of them (pytest-xdist's worksteal): a machine at the end would be waited for by all.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    machines = [item for item in items if item.get_closest_marker("e2e")]
    others = [item for item in items if not item.get_closest_marker("e2e")]
    ordered: list[pytest.Item] = []
    for worker in range(workers):
        own = machines[worker::workers]
        size = (len(items) - len(ordered)) // (workers - worker)
        more = max(0, size - len(own))
        ordered += own + others[:more]
        del others[:more]
    items[:] = ordered + others


@pytest.fixture(scope="session")
def keys() -> Iterator[Keys]:
    """Keys that sign, made by GnuPG."""
    with made_keys() as made:
        yield made


MOST_NOTICES = 16
"""Of inotify(7): a user has but 128, and aiohttp remembers the applications of tests that ended,
with all that is theirs. Systemd does not boot without one."""


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown() -> None:
    """Give back what the kernel has little of."""
    if open_files().count("anon_inode:inotify") > MOST_NOTICES:
        _cached_build_middleware.cache_clear()
        gc.collect()
    if not collects():
        gc.enable()
        raise AssertionError("it leaves all tests that follow without collecting garbage")


WATCHDOG = Watchdog()
WATCHDOG.install()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None]:
    """Fail a test in which pyxie held the event loop, or asked a file system on it."""
    WATCHDOG.seen.clear()
    yield
    if WATCHDOG.seen and sys.gettrace() is None:
        raise AssertionError("\n".join(WATCHDOG.seen))
