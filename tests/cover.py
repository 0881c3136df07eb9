"""Each pure module is covered whole, lines and branches, by the tests of its own file.

    python -m tests.cover [MODULE...]

What others' tests run does not count, for they would go on passing if the module did something
else there; nor do property tests, which pass some line in one run and not in the next. One
process runs all the files; coverage keeps apart, by its contexts, which file's tests were
at work.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import coverage
import pytest

from tests.test_architecture import MODULES, PURE

TESTS = Path(__file__).parent

ELSEWHERE = {
    # What an answer looks like is seen in what is decided.
    "pyxie.dhcp.reply": "dhcp/test_decide.py",
    # A test file for each source and language: its parts are nothing without each other.
    "pyxie.importers": "importers",
    # A test file for each format: what they have in common is nothing without them.
    "pyxie.wiping": "wiping",
    # What is found of a machine, by which rule, and in which words, is one table of situations.
    "pyxie.diagnosis": "diagnosis",
    # Who it is, and who comes first, is one table of rules.
    "pyxie.registry.select": "registry/test_match.py",
    "pyxie.registry.selector": "registry/test_match.py",
    # Which system a medium brings is one table of cases.
    "pyxie.media.installermedia": "media/test_knownmedia.py",
    "pyxie.media.livemedia": "media/test_knownmedia.py",
    "pyxie.media.marks": "media/test_knownmedia.py",
}
"""Of modules and packages, the test file or folder that is theirs, where it is not one to one."""

GAPS = {
    "pyxie.importers.languages.cheetah": 8,
    "pyxie.importers.languages.gotemplate.converter": 4,
    "pyxie.importers.languages.gotemplate.pipelines": 11,
    "pyxie.importers.languages.jinja": 2,
    "pyxie.importers.languages.pongo2.converter": 6,
    "pyxie.importers.languages.pongo2.expression": 6,
    "pyxie.importers.languages.pongo2.filtermap": 26,
    "pyxie.importers.languages.pongo2.lexer": 4,
    "pyxie.importers.languages.pongo2.tags": 10,
}
"""Of modules that are not covered yet, how many lines and branches are missing at most."""

_IMPORT = "import"
"""The context of what runs when a module is imported, whoever's test is the first to do it."""


def own_tests(module: str) -> list[Path]:
    """Return the test files of a module: ``tests/tftp/test_packet.py`` of ``pyxie.tftp.packet``."""
    for parent, place in ELSEWHERE.items():
        if f"{module}.".startswith(f"{parent}."):
            path = TESTS / place
            return [path] if path.is_file() else sorted(path.rglob("test_*.py"))
    package, _, name = module.rpartition(".")
    path = TESTS.joinpath(*package.split(".")[1:], f"test_{name}.py")
    return [path] if path.exists() else []


class Contexts:
    """Tells coverage whose tests are at work, their fixtures and collection too."""

    def __init__(self, measured: coverage.Coverage) -> None:
        self._measured = measured

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> Iterator[None]:
        self._measured.switch_context(_context(collector.path))
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._measured.switch_context(_context(item.path))
        return (yield)


def _context(path: Path) -> str:
    return path.relative_to(TESTS).as_posix() if path.suffix == ".py" else ""


def run(modules: list[str], scratch: Path) -> coverage.Coverage:
    """Run the modules' tests; exit if one fails."""
    # The newer way to measure, by sys.monitoring, sees each line once and not once a context.
    os.environ["COVERAGE_CORE"] = "ctrace"
    # Judges from outside (what Go makes of it) take long to build, and are not asked here.
    os.environ.update(PATH="", CI="")
    measured = coverage.Coverage(data_file=scratch / "data", source_pkgs=modules)
    files = sorted({str(path) for module in modules for path in own_tests(module)})
    options = ["-q", "-m", "not hypothesis", "-p", "no:xdist", "-p", "no:cacheprovider", "-rNfE"]
    measured.start()
    measured.switch_context(_IMPORT)
    for module in modules:
        importlib.import_module(module)
    ended = pytest.main([*options, "--no-header", *files], plugins=[Contexts(measured)])
    measured.stop()
    measured.save()
    if ended != pytest.ExitCode.OK:
        sys.exit(int(ended))
    return measured


class Missing(NamedTuple):
    """What the module's own tests do not pass."""

    lines: list[int]
    branches: list[list[int]]

    def __len__(self) -> int:
        return len(self.lines) + len(self.branches)

    def __str__(self) -> str:
        told = [str(line) for line in self.lines]
        told += [f"{start}->{end if end > 0 else 'exit'}" for start, end in self.branches]
        return ", ".join(told)


def missing(module: str, measured: coverage.Coverage, scratch: Path) -> Missing:
    """Return what is not covered of a module by its own tests."""
    contexts = [f"^{_IMPORT}$", *(f"^{_context(path)}$" for path in own_tests(module))]
    out = scratch / "report.json"
    measured.json_report(morfs=[str(MODULES[module])], outfile=str(out), contexts=contexts)
    (found,) = json.loads(out.read_text())["files"].values()
    return Missing(found["missing_lines"], found["missing_branches"])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("modules", nargs="*", default=sorted(PURE), metavar="MODULE")
    modules = parser.parse_args().modules
    mistakes = [f"GAPS: {name} is no pure module" for name in sorted(GAPS.keys() - PURE)]
    with tempfile.TemporaryDirectory() as name:
        measured = run(modules, Path(name))
        for module in modules:
            lacks = missing(module, measured, Path(name))
            allowed = GAPS.get(module, 0)
            if len(lacks) > allowed:
                own = ", ".join(map(_context, own_tests(module))) or "no test file of its own"
                mistakes.append(f"{MODULES[module]}: {own} leaves out {lacks}")
            elif len(lacks) < allowed:
                mistakes.append(f"{module} lacks {len(lacks)} now: say so in GAPS of {__file__}")
    sys.exit("\n".join(mistakes) if mistakes else 0)


if __name__ == "__main__":
    main()
