"""A LAN for each test; scenarios, which `make e2e` runs, and the table of their times.

What happened on the LAN is shown when the test fails.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import pytest

from tests.e2e.scenarios import IN_MAKE_TEST, SHORTEST
from tests.e2e.table import Row, table
from tests.lab.lan import Lan
from tests.lab.needs import MissingError
from tests.lab.record import Times
from tests.needs import missing

HERE = Path(__file__).parent
MARKS: Final = ("scenario", "shortest")
"""By which `make e2e` asks for scenarios."""

TABLE: Final = "e2e-times.md"
"""The file in the checkout, which git ignores."""


@pytest.fixture
def lan(request: pytest.FixtureRequest) -> Iterator[Lan]:
    """A LAN with nothing on it but the server's namespace."""
    with Lan() as laid:
        yield laid
        # What a worker of pytest-xdist has to say goes to its master as JSON.
        times = laid.record.times()
        request.node.user_properties.append(("times", times and asdict(times)))
        # pytest shows it only where the test failed.
        for process in laid.processes:
            print(f"--- {process.name}\n{process.tail()}")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the shortest scenarios; and leave most to `make e2e`, and to who asks by path."""
    scenarios = {item: name for item in items if (name := _scenario(item))}
    if nameless := [each for each in items if _boots(each) and each not in scenarios]:
        raise pytest.UsageError(f"{nameless[0].nodeid}: a whole boot has the mark `scenario`")
    _check(list(scenarios.values()), whole=_is_whole(config, items))
    for item, name in scenarios.items():
        item.user_properties.append(("scenario", name))
        if name in SHORTEST:
            item.add_marker(pytest.mark.shortest)
    asked = config.getoption("markexpr") in MARKS or any(
        Path(str(each).partition("::")[0]).absolute().is_relative_to(HERE) for each in config.args
    )
    left = [] if asked else [item for item in scenarios if scenarios[item] not in IN_MAKE_TEST]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]


def _boots(item: pytest.Item) -> bool:
    """Whether a test is of a whole boot; those of the lab switch machines on at most."""
    return item.get_closest_marker("e2e") is not None and item.path.name != "test_lab.py"


def _scenario(item: pytest.Item) -> str:
    mark = item.get_closest_marker("scenario")
    return mark.args[0] if mark else ""


def _is_whole(config: pytest.Config, items: list[pytest.Item]) -> bool:
    """Whether all tests of this folder are among them."""
    parts = any("::" in str(each) for each in config.args)
    return not parts and set(HERE.glob("test_*.py")) <= {item.path for item in items}


def _check(names: list[str], *, whole: bool) -> None:
    """Refuse a name that two scenarios have, and one in the lists that none has."""
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise pytest.UsageError(f"two scenarios are called {', '.join(twice)}")
    absent = [name for name in (*IN_MAKE_TEST, *SHORTEST) if name not in names]
    if whole and absent:
        raise pytest.UsageError(f"tests/e2e/scenarios.py: no scenario is called {absent[0]!r}")


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the table of the scenarios that were run, and keep it."""
    reports = [
        each
        for some in terminalreporter.stats.values()
        for each in some
        if isinstance(each, pytest.TestReport) and _of(each, "scenario")
    ]
    if not reports:
        return
    text = table(
        _row([each for each in reports if each.nodeid == nodeid])
        for nodeid in dict.fromkeys(each.nodeid for each in reports)
    )
    (config.rootpath / TABLE).write_text(text)
    terminalreporter.section(f"seconds from power-on, also in {TABLE}")
    terminalreporter.write(text)


def _row(reports: list[pytest.TestReport]) -> Row:
    """Return the row of a test, by the reports on its set-up, call and tear-down."""
    ends = {each.outcome: each for each in reports}
    result = "failed" if "failed" in ends else "passed"
    if skipped := ends.get("skipped"):
        why = skipped.longrepr
        result = str(why[-1]) if isinstance(why, tuple | list) else "skipped"
    found = next(filter(None, (_of(each, "times") for each in reports)), None)
    return Row(
        scenario=_of(reports[0], "scenario"),
        times=Times(**found) if found else None,
        whole=sum(each.duration for each in reports),
        result=result,
    )


def _of(report: pytest.TestReport, name: str) -> Any:
    """Return what a test noted of itself by that name."""
    return dict(report.user_properties).get(name)


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
