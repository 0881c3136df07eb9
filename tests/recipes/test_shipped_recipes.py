"""Each shipped recipe, against what was recorded: URLs, command line, templates, script.

`UPDATE_TESTDATA=1 pytest tests/recipes` writes anew what is booted, to be read before it is kept;
the directory trees are written by hand, of what their makers document.
"""

from __future__ import annotations

import os
import re

import pytest

from pyxie.config.nodes import read
from pyxie.config.publicmirrors import PUBLIC
from pyxie.config.validate import validate
from pyxie.recipes.recipe import Recipe
from pyxie.shipped import shipped
from tests.recipes.recorded import (
    TREES,
    UPDATE,
    booted,
    cookbook,
    definition,
    names,
    recorded,
    rehearsed,
    update,
)

CASES = [(name, arch) for name in names() for arch in cookbook().archs(name)]


def read_recipe(name: str) -> Recipe:
    return validate(read(shipped("recipes") / f"{name}.yaml"), Recipe)


@pytest.mark.parametrize("name", names())
class TestEveryRecipe:
    def test_is_valid_and_has_a_tree(self, name: str) -> None:
        found = read_recipe(name)

        assert found.title
        assert found.docs.startswith("https://")
        assert (TREES / f"{name}.yaml").is_file()
        assert recorded(name).boots.keys() == set(cookbook().archs(name))

    def test_names_no_host_but_by_its_mirror(self, name: str) -> None:
        text = (shipped("recipes") / f"{name}.yaml").read_text()

        urls = re.findall(r"https?://[^ \"]+", re.sub(r"(?m)^(docs|#).*$", "", text))
        assert urls == []


@pytest.mark.parametrize(("name", "arch"), CASES)
class TestASystem:
    def test_has_nothing_that_a_build_could_not_have(self, name: str, arch: str) -> None:
        assert cookbook().misfits(name, arch) == []

    def test_boots_what_was_recorded(self, name: str, arch: str) -> None:
        tree = recorded(name)
        found = booted(definition(name, arch, tree.params))
        if os.environ.get(UPDATE):
            update(name, arch, found)

        assert found == recorded(name).boots[arch]

    def test_boots_files_that_are_there(self, name: str, arch: str) -> None:
        tree = recorded(name)
        found = booted(definition(name, arch, tree.params))

        files = [found["kernel"], *found["initrds"]]
        named = re.findall(r"https?://[^ ,;\"']+", found["cmdline"])
        missing = [
            url
            for url in files
            if not (
                url.removeprefix("images/") in tree.local if "://" not in url else tree.has(url)
            )
        ]
        foreign = [url for url in named if not url.startswith("http://192.0.2.1:8090/")]
        missing += [url for url in foreign if not (tree.has(url) or url in tree.tree)]
        assert missing == []

    def test_can_be_built(self, name: str, arch: str) -> None:
        """All its templates are rendered, as before a build begins."""
        tree = recorded(name)
        found = rehearsed(definition(name, arch, tree.params))

        needed = [f"{each}: no such file" for each in tree.local]
        assert [each for each in map(str, found.faults) if each not in needed] == []


class TestMirrors:
    def test_that_are_public_are_all_of_use(self) -> None:
        used = {mirror for name in names() for mirror in _mirrors(name)}

        assert used == set(PUBLIC)


def _mirrors(name: str) -> set[str]:
    text = (shipped("recipes") / f"{name}.yaml").read_text()
    return {read_recipe(name).mirror, *re.findall(r"\{mirror:([a-z-]+)", text)} - {""}
