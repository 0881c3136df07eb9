"""Mutants that differ in what a function does: its code is swapped where the tests are loaded.

The tests are collected once, and each is seen run, for the lines that it passes. Then each mutant
has a process that is forked there, puts its code into the function, and runs the tests that pass
its line, until one fails. That takes some hundredths of a second. A mutant that this cannot do, as
one of a constant, and one that survives here, is for the slow way: `tests.mutation.__main__`.
"""

from __future__ import annotations

import ast
import gc
import os
import resource
import signal
import sys
from collections.abc import Iterator, Sequence
from types import CodeType, FrameType, FunctionType
from typing import Any, Final

import pytest

from tests.mutation.mutants import mutants

_PATIENCE: Final = 400
"""Seconds for a mutant's tests, if it waits for what does not come."""
_PROCESSOR: Final = 20
"""Seconds of the processor; what takes more loops, which its tests would notice."""
OPTIONS: Final = (
    *("-q", "-x", "-m", "not hypothesis", "-p", "no:xdist", "-p", "no:cacheprovider"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning", "--no-header"),
)


def limit() -> None:
    """End this process by the time that a mutant has; by the processor's, for it may be stopped."""
    signal.alarm(_PATIENCE)
    resource.setrlimit(resource.RLIMIT_CPU, (_PROCESSOR, _PROCESSOR))


def inner(code: CodeType) -> list[CodeType]:
    """Return the code of the functions and classes in some code, in their order."""
    return [each for each in code.co_consts if isinstance(each, CodeType)]


def difference(code: CodeType, other: CodeType) -> tuple[CodeType, CodeType] | None:
    """Return the function that differs between a module and its mutant; None if it is no function.

    Args:
        code: The module's.
        other: Its mutant's.
    """
    if code == other:
        return None
    mine, its = inner(code), inner(other)
    for one, another in zip(mine, its, strict=False):
        # What a function has, its constants among it, is loaded with it; a class's with the module.
        if one != another:
            alike = code.replace(co_consts=_without(code)) == other.replace(
                co_consts=_without(other)
            )
            if not alike or len(mine) != len(its):
                return None
            found = difference(one, another) if not _is_function(one) else (one, another)
            return found if found and found[0].co_freevars == found[1].co_freevars else None
    return None


def _is_function(code: CodeType) -> bool:
    """Tell whether it is a function's, not a class's."""
    return bool(code.co_flags & 0x02)  # CO_NEWLOCALS


def _without(code: CodeType) -> tuple[Any, ...]:
    return tuple(None if isinstance(each, CodeType) else each for each in code.co_consts)


class _Swapping:
    """A plugin of pytest's that has it run its tests for each mutant instead of once.

    Attributes:
        killed: The places of the mutants that a test has noticed.
    """

    def __init__(self, path: str, source: str, begin: int, jobs: int) -> None:
        self.killed: list[int] = []
        self._path = path
        self._source = source
        self._begin = begin
        self._jobs = jobs
        self._told: int | None = None
        self._running: dict[int, int] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        whole = compile(ast.parse(self._source), self._path, "exec")
        gc.unfreeze()  # what is frozen is not told; pytest freezes what it has loaded
        functions = [each for each in gc.get_objects() if isinstance(each, FunctionType)]
        passing = self._lines(session)
        gc.collect()
        gc.freeze()
        # One by one: each has the whole module, and a large process forks slowly.
        for at, mutant in enumerate(mutants(self._source)):
            if at < self._begin:
                continue
            try:
                code = compile(mutant.tree, self._path, "exec")
            except SyntaxError:
                self.killed.append(at)
                continue
            found = difference(whole, code)
            mine = [each for each in functions if found and each.__code__ == found[0]]
            items = [session.items[each] for each in passing.get(mutant.line, ())]
            if found is None or not mine or not items:
                continue
            if len(self._running) >= self._jobs:
                self._reap()
            self._running[self._fork(items, mine, found[1])] = at
        while self._running:
            self._reap()
        return True

    def _reap(self) -> None:
        number, status = os.wait()
        if number in self._running:
            at = self._running.pop(number)
            if status:
                self.killed.append(at)

    def _fork(self, items: list[pytest.Item], mine: list[FunctionType], code: CodeType) -> int:
        number = os.fork()
        if not number:
            self._told = -1
            limit()
            ended = 99
            try:
                for each in mine:
                    each.__code__ = code
                _run(items)
                ended = 0
            finally:
                os._exit(ended)
        return number

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and self._told is not None:
            os._exit(1)

    def _lines(self, session: pytest.Session) -> dict[int, list[int]]:
        """Return which tests pass each line.

        It is seen in a process of its own: what tests leave behind is not to be there for mutants.
        """
        out, into = os.pipe()
        number = os.fork()
        if not number:
            self._told = into
            try:
                os.close(out)
                _trace(session.items, self._path, into)
                os._exit(0)
            finally:
                os._exit(99)
        os.close(into)
        found: dict[int, list[int]] = {}
        with os.fdopen(out) as told:
            for line in told:
                at, _, passed = line.partition(":")
                for each in passed.split():
                    found.setdefault(int(each), []).append(int(at))
        _, status = os.waitpid(number, 0)
        if status:
            pytest.exit(f"the tests of {self._path} do not pass as it is", returncode=1)
        return found


def _run(items: Sequence[pytest.Item]) -> None:
    for item, following in zip(items, [*items[1:], None], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)


def _trace(items: Sequence[pytest.Item], path: str, into: int) -> None:
    """Run tests, and tell the lines of a file that each passes."""
    passed: set[int] = set()

    def at_line(frame: FrameType, event: str, argument: object) -> Any:
        passed.add(frame.f_lineno)
        return at_line

    def at_call(frame: FrameType, event: str, argument: object) -> Any:
        if frame.f_code.co_filename != path:
            return None
        # An expression on several lines may be begun at any.
        passed.update(line for _, _, line in frame.f_code.co_lines() if line)
        return at_line

    with os.fdopen(into, "w") as told:
        for at, (item, following) in enumerate(zip(items, [*items[1:], None], strict=True)):
            passed.clear()
            sys.settrace(at_call)
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            sys.settrace(None)
            told.write(f"{at}:{' '.join(map(str, sorted(passed)))}\n")


def killed(
    path: str, source: str, files: Sequence[str], jobs: int, begin: int = 0
) -> Iterator[int]:
    """Walk the places of the mutants that a test notices; in a process of its own.

    Args:
        path: The module's file.
        source: What is in it.
        files: Its tests.
        jobs: How many processes at once.
        begin: The place of the mutant to begin with.
    """
    out, into = os.pipe()
    number = os.fork()
    if not number:
        try:
            os.close(out)
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, 1)
            os.dup2(null, 2)
            plugin = _Swapping(path, source, begin, jobs)
            pytest.main([*OPTIONS, *files], plugins=[plugin])
            with os.fdopen(into, "w") as told:
                told.write(" ".join(map(str, plugin.killed)))
        finally:
            os._exit(0)
    os.close(into)
    with os.fdopen(out) as told:
        yield from map(int, told.read().split())
    os.waitpid(number, 0)
