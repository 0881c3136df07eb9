"""Do the tests of a pure module notice each error that somebody could make in it?

    python -m tests.mutation [--jobs 2] MODULE…

Each mutant of a module is given a process of its own, which runs the module's tests (those that
count for `tests.cover`, no property tests) until one fails: what differs in a function, those that
pass it, in the tests as they are loaded (`tests.mutation.swapped`); all else, and what survived
that, all of them, with the mutant loaded in the module's place. One that all of them pass has
survived: a test is missing, or it means the same, which `explained.txt` says with the reason.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import CodeType, ModuleType
from typing import Final

import pytest

from tests.cover import own_tests
from tests.mutation.mutants import Mutant, mutants
from tests.mutation.swapped import OPTIONS, killed, limit
from tests.test_architecture import MODULES, PURE

EXPLAINED: Final = Path(__file__).with_name("explained.txt")
_SURVIVED: Final = 0


class _InPlace(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives a module other code than its file's."""

    def __init__(self, name: str, code: CodeType) -> None:
        self._name = name
        self._code = code

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != self._name:
            return None
        place = MODULES[name]
        inner = [str(place.parent)] if place.name == "__init__.py" else None
        return importlib.util.spec_from_file_location(
            name, place, loader=self, submodule_search_locations=inner
        )

    def exec_module(self, module: ModuleType) -> None:
        exec(self._code, module.__dict__)


def _tests(module: str, code: CodeType, files: list[str], told: int | None = None) -> int:
    """Run tests with a module's code in its place; in a process that is forked for it."""
    sys.meta_path.insert(0, _InPlace(module, code))
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    ended = int(pytest.main([*OPTIONS, *files]))
    if told is not None:
        names = (name for name in sys.modules if not name.startswith(("pyxie", "tests")))
        os.write(told, "\n".join(names).encode())
    return ended


def _forked(module: str, code: CodeType, files: list[str], told: int | None = None) -> int:
    """Have a process run them; return its number."""
    number = os.fork()
    if number:
        return number
    limit()
    ended = 99
    with suppress(BaseException):
        ended = _tests(module, code, files, told)
    os._exit(ended)  # 99 if the mutant ends the interpreter, or cannot be loaded


def _load_libraries(module: str, files: list[str]) -> None:
    """Load what the tests load of other people's, once for all mutants; and see that they pass."""
    names: list[str] = []
    for _ in range(2):  # also with those that are loaded
        for name in names:
            if not name.startswith(("_pytest", "pytest", "__main__")):
                with suppress(Exception):
                    importlib.import_module(name)
        code = compile(ast.parse(MODULES[module].read_text()), MODULES[module], "exec")
        out, into = os.pipe()
        number = _forked(module, code, files, into)
        os.close(into)
        with os.fdopen(out) as told:
            names = told.read().split("\n")
        _, status = os.waitpid(number, 0)
        if os.waitstatus_to_exitcode(status) != _SURVIVED:
            sys.exit(f"the tests of {module} do not pass as it is: {' '.join(files)}")


def survivors(
    module: str, jobs: int, until: float, begin: int, tell: Callable[[Mutant], None]
) -> int:
    """Tell of the mutants that no test notices; return how many there were."""
    files = [str(path) for path in own_tests(module)]
    source = MODULES[module].read_text()
    noticed = set(killed(str(MODULES[module]), source, files, jobs, begin))
    every, waiting = 0, []
    for every, mutant in enumerate(mutants(source), start=1):
        if every > begin and every - 1 not in noticed:
            waiting.append(mutant)
    waiting.reverse()
    _load_libraries(module, files)
    running: dict[int, Mutant] = {}
    while waiting or running:
        while waiting and len(running) < jobs:
            mutant = waiting.pop()
            try:
                code = compile(mutant.tree, MODULES[module], "exec")
            except SyntaxError:
                continue
            running[_forked(module, code, files)] = mutant
        number, status = os.wait()
        mutant = running.pop(number)
        if os.waitstatus_to_exitcode(status) == _SURVIVED:
            tell(mutant)
        if waiting and time.monotonic() > until:
            print(f"{module}: no more time; go on with --from {every - len(waiting)}", flush=True)
            waiting.clear()
    return every


def explained() -> dict[str, set[str]]:
    """Return the mutants of each module that mean the same as it does."""
    found: dict[str, set[str]] = {}
    module = ""
    for line in EXPLAINED.read_text().splitlines():
        if line.startswith("## "):
            module = line[3:]
        elif line.startswith("- "):
            found.setdefault(module, set()).add(line[2:])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("modules", nargs="*", default=sorted(PURE), metavar="MODULE")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=1e9, help="when to stop")
    parser.add_argument(
        "--from", type=int, default=0, dest="begin", help="the mutant to begin with"
    )
    options = parser.parse_args()
    if unknown := sorted({*options.modules} - {*PURE}):
        parser.error(f"no pure modules: {', '.join(unknown)}; name them as in {min(PURE)}")
    until = time.monotonic() + options.seconds
    known = explained()
    unexplained = 0
    for module in options.modules:
        of_its = known.get(module, set())
        told: list[str] = []

        def tell(
            mutant: Mutant,
            place: Path = MODULES[module],
            of_its: set[str] = of_its,
            told: list[str] = told,
        ) -> None:
            said = " ".join(f"{mutant.place}: {mutant.change}".split())
            told.append(said)
            if said not in of_its:
                print(f"{place}:{mutant.line}: {said}", flush=True)

        every = survivors(module, options.jobs, until, options.begin, tell)
        left = [said for said in told if said not in of_its]
        unexplained += len(left)
        print(
            f"{module}: {every} mutants, {len(told)} survived, {len(left)} unexplained", flush=True
        )
    sys.exit(1 if unexplained else 0)


if __name__ == "__main__":
    main()
