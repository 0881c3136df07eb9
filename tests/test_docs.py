"""The documents are held to the code: what they name exists, and what exists is named."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import get_args

import pytest
from prometheus_client.metrics import MetricWrapperBase
from pydantic import AliasChoices, BaseModel

from pyxie.architectures import ARCHITECTURES
from pyxie.builds.life import NEXT, State
from pyxie.cli import commands
from pyxie.config.build import Hook
from pyxie.config.settings import Settings, load
from pyxie.dhcp.decide import Reason
from pyxie.diagnosis.finding import BY_CODE as FOUND
from pyxie.events.kind import BY_CODE, Step, names
from pyxie.hooks.orders import KINDS
from pyxie.http.routing import OPEN, Operation
from pyxie.metrics import Metrics
from pyxie.operations import operations
from pyxie.registry.folder import read_machine
from pyxie.registry.inherited import read_group, read_recipe
from pyxie.registry.machine import Machine
from pyxie.registry.match import Match
from tests.config.test_live import is_fixed
from tests.tables import REMEDIES, TABLES, lines, parts, with_servers
from tests.test_architecture import MODULES, PACKAGES, ROOT, imported, nodes, package

TOP = Path(__file__).parents[1]
DOCUMENTS = sorted(
    [*TOP.glob("*.md"), *TOP.glob("ipxe/*.md"), *TOP.glob("tests/*.md"), *TOP.glob("docs/**/*.md")]
)


def named(path: Path) -> str:
    """Name a document in a test's own name."""
    return str(path.relative_to(TOP))


def text(name: str) -> str:
    """Return a document's text."""
    return (TOP / name).read_text(encoding="utf-8")


def section(document: str, heading: str) -> str:
    """Return what stands under a heading, up to the next one, without code blocks."""
    plain = without_fences(document)
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", plain, re.DOTALL | re.MULTILINE)
    assert found is not None, f"no heading {heading!r}"
    return found[1]


def rows(document: str) -> Iterator[list[str]]:
    """Yield the cells of each line of the tables, without heads."""
    for line in document.splitlines():
        if line.startswith("|") and not re.fullmatch(r"[|\s:-]+", line):
            yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))]


def quoted(cell: str) -> list[str]:
    """Return what stands in backticks."""
    return re.findall(r"`([^`]+)`", cell)


def fences(document: str, kind: str) -> list[str]:
    """Return the code blocks of a kind."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", document, re.DOTALL | re.MULTILINE)


def without_fences(document: str) -> str:
    """Return a document without its code blocks, whose comments look like headings."""
    return re.sub(r"^```.*?^```$", "", document, flags=re.DOTALL | re.MULTILINE)


def slug(heading: str) -> str:
    """Return the anchor that a heading gets."""
    plain = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return plain.replace(" ", "-")


class TestPictures:
    def test_each_is_shown_and_small(self) -> None:
        texts = [document.read_text(encoding="utf-8") for document in DOCUMENTS]
        pictures = list((TOP / "docs/pictures").iterdir())

        shown = {name for text in texts for name in re.findall(r"pictures/([\w.-]+)\)", text)}
        assert {picture.name for picture in pictures} == shown
        assert [each for each in pictures if each.stat().st_size > 200_000] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
class TestEveryDocument:
    def test_its_links_lead_somewhere(self, document: Path) -> None:
        broken = []
        for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text(encoding="utf-8")):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            place = document.parent / path if path else document
            if not place.exists() or (anchor and anchor not in anchors(place)):
                broken.append(target)

        assert broken == []

    def test_files_of_the_checkout_that_it_names_are_there(self, document: Path) -> None:
        where = r"`((?:pyxie|tests|docs|packaging|ipxe|bench|templates|machines)/[\w./-]+)`"
        paths = re.findall(where, document.read_text(encoding="utf-8"))

        assert [path for path in paths if not (TOP / path).exists()] == []

    def test_tests_that_it_names_exist(self, document: Path) -> None:
        names = re.findall(r"`([\w/]*test_\w+\.py)::(\w+)`", document.read_text(encoding="utf-8"))

        assert [f"{file}::{name}" for file, name in names if name not in defined_in(file)] == []

    def test_no_cell_of_its_tables_is_an_essay(self, document: Path) -> None:
        cells = [cell for row in rows(document.read_text(encoding="utf-8")) for cell in row]

        assert [cell for cell in cells if len(cell.split()) > 75] == []

    def test_its_yaml_is_valid(self, document: Path, tmp_path: Path) -> None:
        everything = document.read_text(encoding="utf-8")
        file = tmp_path / "web01.example.org.yaml"

        for example in fences(everything, "yaml config"):
            file.write_text(example, encoding="utf-8")
            load(file)
        for example in fences(everything, "yaml machine"):
            file.write_text(example, encoding="utf-8")
            assert read_machine(file, file).problems == ()

        for example in fences(everything, "yaml group"):
            file.write_text(example, encoding="utf-8")
            assert read_group(file, file).problems == ()
        for example in fences(everything, "yaml recipe"):
            file.write_text(example, encoding="utf-8")
            assert read_recipe(file, file).problems == ()

        assert fences(everything, "ya?ml") == [], "mark it as `yaml config` or `yaml machine`"


@cache
def anchors(document: Path) -> frozenset[str]:
    """Return all that a link into the document may lead to."""
    if document.is_dir():
        return frozenset()
    lines = without_fences(document.read_text(encoding="utf-8")).splitlines()
    return frozenset(slug(line.lstrip("#")) for line in lines if line.startswith("#"))


@cache
def defined_in(file: str) -> frozenset[str]:
    """Return the names of the tests in a file below ``tests/``."""
    tree = ast.parse((TOP / "tests" / file).read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, kinds))


def keys(model: type[BaseModel], prefix: str = "") -> set[str]:
    """Return the keys of a model and of those inside it, as ``http.port``."""
    found: set[str] = set()
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            found |= keys(inner, f"{prefix}{name}.")
        elif isinstance(field.validation_alias, AliasChoices):
            found |= {f"{prefix}{alias}" for alias in field.validation_alias.choices}
        else:
            found.add(prefix + name)
    return found


class TestSettings:
    def test_every_key_is_explained_and_no_other(self) -> None:
        explained = {key for row in rows(text("docs/config.md")) for key in quoted(row[0])}

        assert explained == keys(Settings)

    def test_every_limit_is_told_with_its_default(self) -> None:
        told = {row[0]: row[1] for row in rows(section(text("docs/config.md"), "Limits"))}
        del told["key"]

        limits = Settings().limits.model_dump()

        assert told == {f"`limits.{name}`": f"`{value}`" for name, value in limits.items()}

    def test_every_key_says_whether_a_change_takes_a_reload_or_a_restart(self) -> None:
        told = {
            key: row[2]
            for row in rows(text("docs/config.md"))
            for key in quoted(row[0])
            if len(row) == 4
        }

        expected = {key: "restart" if is_fixed(key) else "reload" for key in keys(Settings)}
        expected["dhcp.mode"] = "reload; to or from `off` or `serve`: restart"
        assert told == expected

    def test_every_key_of_a_machine_is_explained(self) -> None:
        table = section(text("docs/machines.md"), "Machine files")
        explained = {key for row in rows(table) for key in quoted(row[0])}

        assert explained == set(Machine.model_fields)

    def test_every_key_of_a_nic_is_explained(self) -> None:
        table = section(text("docs/machines.md"), "Machine files")
        explained = next(quoted(row[1]) for row in rows(table) if row[0] == "`network`")
        nic = get_args(Machine.model_fields["network"].annotation)[0]

        assert set(explained) >= set(nic.model_fields)

    def test_every_key_to_match_by_is_explained(self) -> None:
        table = section(text("docs/machines.md"), "Machines without a known MAC")
        explained = {key for row in rows(table) for key in quoted(row[0])}

        assert explained == {"network[].macaddress", *Match.model_fields}


class TestMetrics:
    def test_every_one_is_in_operate_with_its_labels_and_no_other(self) -> None:
        table = section(text("docs/operate.md"), "Metrics")
        told = {quoted(row[0])[0]: quoted(row[1]) for row in rows(table) if quoted(row[0])}

        kept = (each for each in vars(Metrics()).values() if isinstance(each, MetricWrapperBase))
        assert told == {**dict(map(described, kept)), "pyxie_bound_reached_total": ["bound"]}


def described(metric: MetricWrapperBase) -> tuple[str, list[str]]:
    """Return a metric's name as it is scraped, and its labels."""
    family = next(iter(metric.collect()))
    ending = "_total" if family.type == "counter" else ""
    return family.name + ending, list(metric._labelnames)


class TestCommands:
    def test_every_one_is_named(self) -> None:
        everything = "\n".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)

        assert [name for name in commands.commands if f"pyxie {name}" not in everything] == []

    def test_those_that_are_named_exist(self) -> None:
        everything = "\n".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)
        spoken = set(re.findall(r"`pyxie ([a-z]+)", everything))

        assert spoken - commands.commands.keys() == set()


class TestDiagnoses:
    def test_every_code_is_explained_with_how_its_machine_stands_and_no_other(self) -> None:
        page = section(text("docs/troubleshooting.md"), "What `pyxie why` says")
        told = {tuple(map(str.strip, (*quoted(row[0]), row[1]))) for row in list(rows(page))[1:]}

        assert told == {(code, str(of.standing)) for code, of in FOUND.items()}


class TestRoutes:
    def test_every_one_is_in_rest_with_who_may_call_it_and_no_other(self) -> None:
        told = {
            route: row[1]
            for row in rows(text("docs/rest.md"))
            for route in quoted(row[0])
            if route[0].isupper()
        }

        declared = [each for version in (1, 3) for each in operations(version)]
        assert told == dict(route(each) for each in declared if not of_the_page(each))

    def test_every_one_of_the_page_is_in_its_document_with_who_may_and_no_other(self) -> None:
        told = {
            route: row[1]
            for row in rows(section(text("docs/page.md"), "Routes"))
            for route in quoted(row[0])
            if route[0].isupper()
        }

        assert told == dict(route(each) for each in operations(1) if of_the_page(each))


def of_the_page(operation: Operation) -> bool:
    """Tell whether an operation is for browsers alone."""
    return operation.path.startswith("/page/")


def route(operation: Operation) -> tuple[str, str]:
    """Return an operation as ``GET /path/{name}``, and who may call it."""
    path = re.sub(r"\{(\w+):[^}]*\}", r"{\1}", operation.path)
    free = "token" if "{token}" in path else "all"
    return f"{operation.method} {path}", free if operation.scope is OPEN else str(operation.scope)


class TestBuilds:
    def test_the_diagram_is_the_table_of_transitions(self) -> None:
        (diagram,) = fences(text("docs/builds.md"), "mermaid")
        drawn = re.findall(r"^ +(\w+) --> (\w+)$", diagram, re.MULTILINE)

        assert drawn == [(now, to) for now in State for to in State if to in NEXT[now]]

    def test_every_state_and_key_of_a_hook_is_explained(self) -> None:
        page = text("docs/builds.md")
        states = [quoted(row[0])[0] for row in list(rows(section(page, "The life of a build")))[1:]]
        hook = {key for row in rows(section(page, "Hooks")) for key in quoted(row[0])}

        assert states == list(State)
        assert hook >= {*Hook.model_fields, *(f"{kind}_commands" for kind in KINDS)}


class TestTroubleshooting:
    def test_every_reason_for_silence_is_explained_and_no_other(self) -> None:
        table = section(text("docs/troubleshooting.md"), '"not answered: …"')
        explained = [quoted(row[0])[0] for row in rows(table) if quoted(row[0])]

        assert sorted(explained) == sorted(Reason)


@pytest.mark.parametrize(("page", "head"), TABLES, ids=lambda said: said.strip("| "))
def test_a_table_made_of_the_code_is_the_code_s(page: str, head: str) -> None:
    """``python -m tests.tables`` writes them anew."""
    _, told, _ = parts(text(page), head)

    assert told.splitlines() == lines(TABLES[page, head])


def test_the_lines_for_other_dhcp_servers_are_the_code_s() -> None:
    """``python -m tests.tables`` writes them anew."""
    assert text(REMEDIES) == with_servers(text(REMEDIES))


class TestDoctor:
    def test_every_finding_is_explained_and_no_other(self) -> None:
        told = list(rows(section(text("docs/troubleshooting.md"), "What `pyxie doctor` says")))[1:]

        assert sorted(code for row in told for code in quoted(row[0])) == sorted(findings())


def findings() -> set[str]:
    """Return the codes of all that `pyxie doctor` may find, which stand where they are made."""
    calls = [
        node
        for module, path in MODULES.items()
        if module.startswith("pyxie.doctor.")
        for node in nodes(path)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Finding"
    ]
    return {
        each.value
        for call in calls
        for each in ast.walk(call.args[0])
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
    }


class TestLoaders:
    def test_every_name_is_listed(self) -> None:
        listed = {name for row in rows(text("ipxe/README.md")) for name in quoted(row[-1])}

        assert {
            name for row in ARCHITECTURES.values() for name in (*row.loaders, *row.shims)
        } <= listed


class TestEvents:
    def test_every_step_is_named_in_rest(self) -> None:
        sentence = text("docs/rest.md").partition("\n`step` is one of ")[2].partition(";")[0]
        assert [step for step in Step if f"`{step}`" not in sentence] == []

    def test_every_code_is_explained_with_its_step_and_its_data_and_no_other(self) -> None:
        table = list(rows(section(text("docs/rest.md"), "Codes of events")))[1:]
        told = [(quoted(row[0]), quoted(row[1]), quoted(row[2])) for row in table]

        kept = [([code], [str(of.step)], [*names(of)]) for code, of in BY_CODE.items()]
        assert sorted(told) == sorted(kept)


class TestArchitecture:
    PAGE = text("docs/architecture.md")

    def test_its_tree_has_every_package_and_what_is_in_it_exists(self) -> None:
        (tree,) = fences(self.PAGE, "text tree")
        there = [re.split(r" {2,}", line.strip(), maxsplit=1) for line in tree.splitlines()[1:]]
        named = [(name, said) for names, said in there for name in names.split()]
        inside = [
            f"{package}{module}"
            for package, said in named
            if package.endswith("/") and (ROOT / package).is_dir()
            for module in re.sub(r" \([^)]*\)", "", said).rpartition(": ")[2].split(", ")
        ]

        packages = {f"pyxie.{name.strip('/')}" for name, _ in named if (ROOT / name).is_dir()}
        assert packages == {each for each in PACKAGES if each.count(".") == 1}
        files = {name for name, _ in named if name.endswith(".py")}
        assert files == {path.name for path in ROOT.glob("*.py")} - {"__init__.py"}
        assert [name for name in inside if not exists(name)] == []

    def test_in_its_picture_all_are_once_and_use_what_is_below_them(self) -> None:
        (picture,) = fences(self.PAGE, "text layers")
        rows = [re.split(r" {3,}", line)[0].split() for line in picture.splitlines()]
        level = {f"pyxie.{name}": at for at, row in enumerate(rows) for name in row}
        uses = {
            (package(module), package(name))
            for module, path in MODULES.items()
            for name in imported(path)
            if name in MODULES and package(name) not in ("pyxie", package(module))
        }

        assert len(level) == sum(map(len, rows))
        assert level.keys() == {package(module) for module in MODULES} - {"pyxie"}
        assert [(one, other) for one, other in uses if level[one] >= level[other]] == []


def exists(name: str) -> bool:
    """Tell whether ``name`` is a module or a folder of pyxie's, as in ``store/queue``."""
    return (ROOT / f"{name}.py").is_file() or (name.endswith("/") and (ROOT / name).is_dir())


class TestInstalling:
    """A checkout has a config.yaml of its own, which `pyxie` takes before the installed one."""

    def test_never_sits_in_the_checkout(self) -> None:
        commands = "".join(fences(text("docs/install.md"), "sh"))

        assert "/usr/local/src/pyxie" in commands
        assert re.findall(r"^.*(?:\bcd|pushd) .*$", commands, re.MULTILINE) == []
        assert (
            re.findall(r"(?:^| )(?:\.|packaging|templates|docs|requirements)(?:/| |$)", commands)
            == []
        )

    def test_checks_what_it_restarts_with(self) -> None:
        commands = "".join(fences(text("docs/install.md"), "sh"))

        restarts = [line for line in commands.splitlines() if "systemctl restart" in line]
        assert len(restarts) == 2
        for line in restarts:
            assert line.startswith("pyxie check --config /etc/pyxie/config.yaml && ")


class TestDecisions:
    def test_each_has_a_number_of_its_own_all_parts_and_a_line_in_the_list(self) -> None:
        pages = sorted((TOP / "docs/decisions").glob("[0-9]*.md"))
        listed = text("docs/decisions/README.md")

        numbers = [int(page.name[:4]) for page in pages]
        assert len(set(numbers)) == len(numbers)
        for number, page in zip(numbers, pages, strict=True):
            heads = re.findall(r"^#.*|^Status: \w+", page.read_text(encoding="utf-8"), re.MULTILINE)
            assert page.name.startswith(f"{number:04d}-")
            assert heads[0].startswith(f"# {number}. ")
            assert heads[1].startswith("Status: ")
            assert heads[2:] == ["## Context", "## Decision", "## Consequences"]
            assert f"({page.name})" in listed


class TestReadme:
    def test_the_essentials_fit_on_one_screen(self) -> None:
        before, _, _ = text("README.md").partition("## Documentation")

        assert len(before.splitlines()) <= 72

    def test_it_names_the_command_that_runs_the_tests(self) -> None:
        assert "make test" in fences(text("README.md"), "sh")[0]
