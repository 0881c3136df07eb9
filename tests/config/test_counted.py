"""What a YAML text comes to is counted while it is parsed: too much is refused at its place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pyxie.bounds import Bound
from pyxie.config.counted import check_json
from pyxie.config.nodes import BUILD_BODY, FILE, LARGE, Document, Loc, Plain, Size, parse
from pyxie.config.simple import LOADER
from pyxie.errors import ConfigError
from pyxie.registry.edit import written
from tests.config.test_simple import lines, trees

HERE = Path("body")
FEW = 12
SMALL = Size(FILE.length, Bound("few", FEW, "keys and values", "refused"))


def complaint(text: str, size: Size = FILE) -> str:
    with pytest.raises(ConfigError) as caught:
        parse(text.encode(), HERE, size=size)
    return str(caught.value)


def counted(text: str) -> Iterator[tuple[int, int]]:
    """Walk the places of keys and values, mappings and lists, as PyYAML tells them."""
    for event in yaml.parse(text, Loader=LOADER):
        if isinstance(event, yaml.NodeEvent):
            mark: Any = event.start_mark
            yield mark.line + 1, mark.column + 1


def ways(data: Plain, loc: Loc = ()) -> Iterator[Loc]:
    """Walk the ways to all values."""
    yield loc
    for step, inner in data.items() if isinstance(data, dict) else ():
        yield from ways(inner, (*loc, step))
    for at, inner in enumerate(data) if isinstance(data, list) else ():
        yield from ways(inner, (*loc, at))


def places(document: Document) -> list[str]:
    return [
        str(document.problem(loc, "x", at_key=at_key))
        for loc in ways(document.data)
        for at_key in (False, True)
    ]


class TestForAnyDocument:
    @given(st.dictionaries(st.text(max_size=4), trees).map(written) | lines)
    def test_within_the_bound_nothing_differs_and_beyond_it_the_place_is_told(
        self, text: str
    ) -> None:
        try:
            whole = parse(text.encode(), HERE, size=LARGE, tolerant=True)
        except ConfigError:
            return
        there = list(counted(text))

        if len(there) <= FEW:
            found = parse(text.encode(), HERE, size=SMALL, tolerant=True)
            assert found == whole
            assert places(found) == places(whole)
        else:
            line, column = there[FEW]
            assert complaint(text, SMALL) == (
                f"body:{line}:{column}: holds over 12 keys and values"
            )

    @given(st.text() | st.text("%[]{}:,-\n# &*!|>'\"a"), st.integers(0, 30))
    def test_any_text_is_read_or_refused(self, text: str, most: int) -> None:
        size = Size(FILE.length, Bound("some", most, "keys and values", "refused"))

        try:
            found = parse(text.encode(errors="replace"), HERE, size=size)
        except ConfigError:
            return

        assert sum(1 for _ in ways(found.data)) <= most + 1


class TestRefusals:
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("- a\n" * 300_000, "body:5000:3: holds over 5,000 keys and values"),
            ("[" + "[]," * 300_000, "body:1:14999: holds over 5,000 keys and values"),
            ("k: v\n" * 200_000, "body:2500:4: holds over 5,000 keys and values"),
            ("{" + "a," * 500_000, "body:1:5001: holds over 5,000 keys and values"),
            ("a: &a x\nb: [" + "*a," * 300_000, "body:2:14990: holds over 5,000 keys and values"),
            ("? a\n" * 200_000, "body:2501:1: holds over 5,000 keys and values"),
            ("[" * 1_000_000, "body:1:101: is nested too deeply"),
            ("---\n" * 200_000, "body:2:1: a second document begins; a file holds one"),
        ],
        ids=lambda text: text[:6].strip(),
    )
    def test_come_at_the_first_that_is_too_much(self, text: str, said: str) -> None:
        endless = Size(LARGE.length, BUILD_BODY.values)

        assert complaint(text, endless) == said

    def test_are_counted(self) -> None:
        before = BUILD_BODY.values.times, BUILD_BODY.length.times

        complaint("- a\n" * 5000, BUILD_BODY)
        complaint("#" * 70_000, BUILD_BODY)

        assert (BUILD_BODY.values.times, BUILD_BODY.length.times) == (before[0] + 1, before[1] + 1)

    def test_of_length_say_how_much_may_be(self) -> None:
        assert complaint("#" * 65_537, BUILD_BODY) == "body: is over 64 KiB"
        assert complaint("#" * 1_048_577) == "body: is over 1 MiB"

    def test_directives_are_not_compared_with_each_other_by_the_thousand(self) -> None:
        """Python's lock is held for minutes while libyaml does so."""
        head = "".join(f"%TAG !{each}! x\n" for each in range(65_000))

        assert complaint(f"{head}---\na: b\n") == (
            "body:65:1: over 64 lines begin with '%', as YAML's directives do"
        )

    def test_a_text_of_percent_signs_has_no_directives(self) -> None:
        text = "a: |\n" + "  %post\n" * 200 + "b: '" + "%20" * 100 + "'\n"

        assert parse(text.encode(), HERE).data == {"a": "%post\n" * 200, "b": "%20" * 100}

    def test_a_few_directives_are_read(self) -> None:
        assert parse(b"%YAML 1.1\n%TAG !e! tag:example.org,2026:\n---\na: !e!x b\n", HERE).data == {
            "a": "b"
        }


class TestGoodFiles:
    def test_of_two_hundred_kilobytes_with_a_preseed_in_them_are_read(self) -> None:
        preseed = "d-i partman/early_command string true\n" * 5300
        text = "hostname: web01.example.org\nparams:\n  preseed: |\n" + "".join(
            f"    {line}\n" for line in preseed.splitlines()
        )

        found = parse(text.encode(), HERE).data

        assert len(text) > 200_000
        assert found == {"hostname": "web01.example.org", "params": {"preseed": preseed}}

    def test_with_two_thousand_params_are_read(self) -> None:
        params: Plain = {f"key{each}": f"value {each}" for each in range(2000)}

        assert parse(written({"params": params}).encode(), HERE).data == {"params": params}


class TestJson:
    @given(
        st.recursive(
            st.none() | st.integers() | st.text('a,:[{"\\'),
            lambda inner: st.lists(inner) | st.dictionaries(st.text('b,:[{"\\'), inner),
            max_leaves=8,
        ),
        st.integers(0, 12),
        st.sampled_from((None, 1)),
    )
    def test_of_any_shape_is_counted_as_it_is_written(
        self, data: Any, most: int, indent: int | None
    ) -> None:
        text = json.dumps(data, indent=indent)
        values = Bound("some", most, "keys and values", "refused")

        if _signs(data) <= most:
            check_json(text.encode(), HERE, values)
        else:
            with pytest.raises(ConfigError) as caught:
                check_json(text.encode(), HERE, values)
            (problem,) = caught.value.problems
            assert text.splitlines()[problem.line - 1][problem.column - 1] in "[{,:"

    @pytest.mark.parametrize("text", [b'"' * 999_999, b'"\\' * 500_000, b'\\"' * 500_000])
    def test_without_end_takes_no_time(self, text: bytes) -> None:
        check_json(text + b"," * 6000, HERE, BUILD_BODY.values)


def _signs(data: Any) -> int:
    """Count the signs that stand before keys and values."""
    if isinstance(data, dict):
        return max(2 * len(data), 1) + sum(map(_signs, data.values()))
    if isinstance(data, list):
        return max(len(data), 1) + sum(map(_signs, data))
    return 0
