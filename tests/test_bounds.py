"""Everything that a stranger can make has a bound: the table is held to code and papers."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

from pyxie import bounds
from pyxie.bounds import ALL, Bound
from pyxie.config.settings import Limits, Settings
from pyxie.metrics import Metrics
from tests.test_architecture import MODULES

NAMES = {id(each): name for name, each in vars(bounds).items() if isinstance(each, Bound)}

GROWS = frozenset(
    ("deque", "Queue", "Semaphore", "BoundedSemaphore", "ThreadPoolExecutor", "create_task",
     "lru_cache", "TokenBuckets", "Once")
)  # fmt: skip
"""What is called to make something that grows, or that waits, with what clients send."""

ELSEWHERE: dict[str, str] = {
    "pyxie.service": "one task a service",
    "pyxie.daemon": "one reload at a time",
    "pyxie.rate": "makes what others bound",
    "pyxie.bounded": "makes what others bound",
    "pyxie.advice.served": "the last texts that were looked through, with a bound of its own",
    "pyxie.bylines": "lines that were looked through, with a bound of its own",
    "pyxie.events.wipes": "a cache of what machine files say, with a bound of its own",
    "pyxie.loaders.choosing": "a cache of what machine files say, with a bound of its own",
    "pyxie.net.address": "a cache of addresses that were read, with a bound of its own",
    "pyxie.render.patterns": "the last searches in short texts, with a bound of its own",
    "pyxie.render.strict": "one rendering, in a process that RENDER_CPU and RENDER_MEMORY end",
    "pyxie.composition": "gives bounds to what keeps to them",
    "pyxie.tftp.readings": "one reading a transfer",
    "pyxie.workers.renders": "one look at templates at a time",
    "pyxie.servers": "gives bounds to what keeps to them",
    "pyxie.http.awaited": "one answer a connection",
    "pyxie.dhcp.server": "one task that sorts, and one that looks up ahead",
}
"""Modules that hold nothing of what a stranger can make, with the reason."""


COUNTED_AS = {
    "AD_HOC_LEASE": "lease",
    "AD_HOC_ONCE": "lease",
    "AD_HOC_MACS": "bound",
    "AD_HOC_FILES": "bound",
    "AT_HAND": "of_host",
    "HTTP_HOST": "of_host",
    "THREADS_WAITING": "self._waiting",  # of each pool
    "MANAGEMENT_WAITING": "self._waiting",
    "VERIFY_LIST": "most",
    "VERIFY_SIGNATURE": "most",
    "BODY_LENGTH": "most",
    "SIGN_IN_LENGTH": "most",
    "ANSWER_LENGTH": "most",
    "ANSWER_VALUES": "values",
    "BODY_VALUES": "values",
    "BUILDS_LENGTH": "most",
    "BUILDS_VALUES": "values",
    "FAILURE_LENGTH": "most",
    "LOG_LENGTH": "most",
    "MEDIUM_LENGTH": "most",
    "LOG_KEPT": "kept",
    "BUILD_BODY_LENGTH": "size.length",
    "BUILD_BODY_VALUES": "values",
    "YAML_FORM": "most",
    "YAML_LENGTH": "size.length",
    "YAML_VALUES": "values",
    "YAML_KEPT": "_most",
}
"""What a module calls a bound that it is given."""


@cache
def others() -> str:
    """Return the source of all modules but the bounds' own."""
    return "\n".join(p.read_text() for module, p in MODULES.items() if module != "pyxie.bounds")


def called(tree: ast.AST) -> Iterator[str]:
    """Yield the names of what is called, without what they are attributes of."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            what = node.func
            while isinstance(what, ast.Subscript):
                what = what.value
            if isinstance(what, ast.Attribute):
                yield what.attr
            elif isinstance(what, ast.Name):
                yield what.id
        elif isinstance(node, ast.FunctionDef):
            yield from (each.id for each in node.decorator_list if isinstance(each, ast.Name))


class TestEachBound:
    def test_has_a_name_of_its_own(self) -> None:
        names = [each.name for each in ALL]

        assert sorted(set(names)) == sorted(names)
        assert [name for name in names if not re.fullmatch(r"[a-z0-9_]+", name)] == []

    def test_is_its_settings_default(self) -> None:
        told = {each.setting: each.most for each in ALL if each.setting}

        fields = {f"limits.{key}": field.default for key, field in Limits.model_fields.items()}
        assert told == {setting: fields.get(setting) for setting in told}
        assert "limits" in Settings.model_fields

    def test_is_kept_to_and_counted_by_some_module(self) -> None:
        names = [NAMES[id(each)] for each in ALL]
        used = set(re.findall(r"\w+", others()))
        calls = "\n".join(re.findall(r".*\.reached\(", others()))

        assert [name for name in names if name not in used] == []
        counted = {name: re.escape(COUNTED_AS.get(name, name)) for name in names}
        assert [
            f"nothing counts it: say {name}.reached()"
            for name, told in counted.items()
            if not re.search(rf"\b{told}\.reached\(", calls)
        ] == []

    def test_is_counted_in_metrics(self) -> None:
        before = bounds.HTTP_TOTAL.times

        bounds.HTTP_TOTAL.reached()

        assert f'pyxie_bound_reached_total{{bound="http_total"}} {before + 1}' in (
            Metrics().text().decode().replace(".0\n", "\n")
        )


def test_what_grows_has_a_bound() -> None:
    unbounded = []
    for module, path in MODULES.items():
        if module in ELSEWHERE or ".commands." in module or ".importers" in module:
            continue
        source = path.read_text()
        grows = GROWS & set(called(ast.parse(source)))
        if "from pyxie.bounded import note" in source:
            grows |= {"note"}
        if grows and "pyxie.bounds import" not in source:
            unbounded.append(f"{module} calls {', '.join(sorted(grows))}")

    assert unbounded == [], "with no bound of pyxie.bounds"
