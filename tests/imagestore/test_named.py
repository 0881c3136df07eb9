"""What a word means: a system, a machine, or a URL that one of them has."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyxie.builds.definitions import Definitions
from pyxie.config.nodes import parse
from pyxie.errors import ConfigError, NotServedError
from pyxie.imagestore.named import Named, Names, by_itself
from pyxie.recipes.cookbook import Cookbook
from pyxie.registry.define import Common
from pyxie.registry.registry import Registry

HEAD = "version: 1\ntitle: T\nunverified: true\n"
RECIPES = {
    "debian": "image_url: http://me:sesame@d.example/{arch}/\nkernel: linux\n"
    "initrd: [initrd.gz, local.cpio]\narch: {amd64: {}, arm64: {}}\n",
    "memtest": "kernel: memtest.bin\n",
    "wrong": "kernel: '{nothing}/linux'\n",
}


def names() -> Names:
    recipes = {
        name: parse(f"{HEAD}{text}".encode(), Path(f"{name}.yaml"))
        for name, text in RECIPES.items()
    }
    registry = Registry(shared=Common(cookbook=Cookbook(shipped=recipes)))
    return Names(registry, (), Definitions(lambda: registry))


def told(found: list[Named]) -> list[tuple[str, str, str]]:
    return [(each.by, each.part, each.source.url) for each in found]


def test_a_system_means_its_files_for_each_architecture() -> None:
    base = "http://me:sesame@d.example"

    assert told(names().of("debian", "arm64")) == [
        ("debian arm64", "kernel", f"{base}/arm64/linux"),
        ("debian arm64", "initrd 0", f"{base}/arm64/initrd.gz"),
        ("debian arm64", "initrd 1", f"{base}/arm64/local.cpio"),
    ]
    assert len(names().of("debian")) == 6


def test_what_a_system_fetches_by_its_command_line_is_told_for_each_architecture() -> None:
    """A folder, a repository and what a template makes are not asked for."""
    line = (
        "ip=dhcp url=http://d.example/d-{arch}.iso modloop=https://d.example/modloop-lts "
        "repo=http://d.example/v3.24/main stage2=http://d.example/os-10/ url={{ BaseURL }}/a.iso "
        "near=http://d.example/{{ it }}/a.iso ---"
    )
    text = f"{RECIPES['debian']}preseed: a.j2\ninteractive: '{line}'\n"
    shipped = {"debian": parse(f"{HEAD}{text}".encode(), Path("debian.yaml"))}
    bare = {"bare": parse(f"{HEAD}kernel: k\npreseed: a.j2\n".encode(), Path("bare.yaml"))}
    shared = Common(cookbook=Cookbook(shipped={**shipped, **bare}))

    assert told(list(by_itself(shared, "debian"))) == [
        ("debian amd64", "url", "http://d.example/d-amd64.iso"),
        ("debian amd64", "modloop", "https://d.example/modloop-lts"),
        ("debian arm64", "url", "http://d.example/d-arm64.iso"),
        ("debian arm64", "modloop", "https://d.example/modloop-lts"),
    ]
    assert list(by_itself(shared, "bare")) == []


def test_files_of_this_host_are_none() -> None:
    assert names().of("memtest") == []


def test_a_url_is_found_as_it_is_shown_and_as_it_is() -> None:
    for url in ("http://d.example/amd64/linux", "http://me:sesame@d.example/amd64/linux"):
        (found,) = names().of(url)

        assert (found.by, found.part) == ("debian amd64", "kernel")


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("http://d.example/amd64/other", "is named by no recipe and by no machine"),
        ("http://[", "is named by no recipe and by no machine"),
        ("debain", "is no system and no machine; did you mean 'debian'"),
        ("x" * 500, "is no system and no machine"),
    ],
)
def test_anything_else_is_refused(word: str, why: str) -> None:
    with pytest.raises(NotServedError, match=why):
        names().of(word)


def test_a_recipe_with_mistakes_is_refused_with_their_place() -> None:
    with pytest.raises(ConfigError, match=r"wrong\.yaml:4:9"):
        names().of("wrong")


def test_one_for_another_architecture_is_refused() -> None:
    with pytest.raises(NotServedError, match="'arch' is arm64"):
        names().of("memtest", "arm64")
