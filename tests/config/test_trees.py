"""The nodes of documents: kept while they are small, and shared while somebody holds them."""

from __future__ import annotations

import gc

from yaml.nodes import Node

from pyxie.bounds import Bound
from pyxie.config.trees import Tree, Trees


def at(tree: Tree, *steps: str | int) -> str | None:
    node: Node | None = tree.root
    for step in steps:
        found = tree.child(node, step) if node is not None else None
        node = found[1] if found else None
    return str(node.value) if node is not None else None


class TestATree:
    def test_leads_to_values_by_keys_and_numbers(self) -> None:
        tree = Tree("a: [b, {c: d}]\n? [e]\n: f\n")

        assert at(tree, "a", 0) == "b"
        assert at(tree, "a", 1, "c") == "d"

    def test_leads_nowhere_where_nothing_is(self) -> None:
        tree = Tree("a: [b]\nc: d\n")

        ways: list[tuple[str | int, ...]] = [("b",), (0,), ("a", 1), ("a", "b"), ("c", "d")]

        assert [at(tree, *way) for way in ways] == [None] * 5

    def test_leads_to_what_is_written_before_what_is_merged(self) -> None:
        tree = Tree("x: &x {a: 1, b: 2}\ny:\n  <<: *x\n  b: 3\n")

        assert (at(tree, "y", "a"), at(tree, "y", "b")) == ("1", "3")

    def test_counts_a_node_once_however_many_aliases_lead_to_it(self) -> None:
        plain, laughing = Tree("a: [x, x]\n"), Tree("a: &a [x]\nb: [*a, *a, *a]\n")

        assert plain.size == len("a: [x, x]\n") + 5 * 1000
        assert laughing.size == len("a: &a [x]\nb: [*a, *a, *a]\n") + 6 * 1000
        assert Tree("").size == 0


class TestTrees:
    def trees(self, most: int) -> Trees:
        return Trees(Bound("some", most, "bytes", "forgotten"))

    def test_are_made_once_while_they_are_kept(self) -> None:
        trees = self.trees(10_000)

        assert trees.of("a: b") is trees.of("a: b")

    def test_are_forgotten_the_oldest_first_when_they_are_too_large_together(self) -> None:
        trees = self.trees(10_000)  # three, of three nodes each
        trees.of("a: 1")
        second = trees.of("a: 2")
        trees.of("a: 3")
        assert trees.of("a: 2") is second

        trees.of("a: 4")
        gc.collect()

        assert "a: 1" not in trees._kept
        assert list(trees._kept) == ["a: 3", "a: 2", "a: 4"]
        assert trees._size <= 10_000

    def test_a_large_one_is_not_kept_but_shared_while_it_is_held(self) -> None:
        trees = self.trees(2000)
        text = "- a\n" * 10

        held = trees.of(text)
        same = trees.of(text) is held
        del held
        gc.collect()

        assert same
        assert len(trees._held) == 0
