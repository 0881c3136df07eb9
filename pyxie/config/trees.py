"""The nodes of documents whose places are asked for: made then, and kept while they are small."""

from __future__ import annotations

from threading import Lock
from typing import Final
from weakref import WeakValueDictionary

from yaml.nodes import MappingNode, Node, SequenceNode

from pyxie.bounds import YAML_KEPT, Bound
from pyxie.config.counted import composed
from pyxie.config.unfold import pairs

_NODE: Final = 1000
"""Bytes of memory that a node takes at most, with its places, beside its text."""


class Tree:
    """The nodes of one document.

    Attributes:
        text: What they were made of.
        root: None for an empty document.
        size: Bytes of memory, at most.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.root = composed(text)
        self.size = len(text) + _NODE * (_count(self.root) if self.root is not None else 0)
        self._children: dict[Node, dict[str, tuple[Node, Node]]] = {}

    def child(self, node: Node, step: str | int) -> tuple[Node, Node] | None:
        """Return the key and the value that ``step`` leads to; of a list the item twice."""
        if isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
            item = node.value[step]
            return item, item
        if not isinstance(node, MappingNode) or not isinstance(step, str):
            return None
        children = self._children.get(node)
        if children is None:
            children = {}
            for key, value in pairs(node):
                if isinstance(key.value, str):
                    children.setdefault(key.value, (key, value))
            self._children[node] = children
        return children.get(step)


class Trees:
    """Trees made lately, the last as many as fit; for several threads.

    One that somebody holds is given to all who ask for it, however large it is.

    Args:
        most: Bytes that are kept.
    """

    def __init__(self, most: Bound = YAML_KEPT) -> None:
        self._most = most
        self._changing = Lock()
        self._kept: dict[str, Tree] = {}
        self._held: WeakValueDictionary[str, Tree] = WeakValueDictionary()
        self._size = 0

    def of(self, text: str) -> Tree:
        """Return the tree of a text that `pyxie.config.counted.check` has passed."""
        with self._changing:
            tree = self._held.get(text)
        if tree is None:
            tree = Tree(text)
        with self._changing:
            self._keep(tree)
        return tree

    def _keep(self, tree: Tree) -> None:
        old = self._kept.pop(tree.text, None)
        if old is not None:
            self._size -= old.size
        self._held[tree.text] = tree
        if tree.size > self._most.whole:
            return
        self._kept[tree.text] = tree
        self._size += tree.size
        while self._size > self._most.whole:
            self._size -= self._kept.pop(next(iter(self._kept))).size
            self._most.reached()


def _count(root: Node) -> int:
    seen: set[Node] = set()
    todo = [root]
    while todo:
        node = todo.pop()
        if node in seen:
            continue
        seen.add(node)
        if isinstance(node, MappingNode):
            todo += [each for pair in node.value for each in pair]
        elif isinstance(node, SequenceNode):
            todo += node.value
    return len(seen)
