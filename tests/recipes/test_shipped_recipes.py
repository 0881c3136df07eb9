"""Each shipped recipe, against what was recorded: URLs, command line, templates, script.

`UPDATE_TESTDATA=1 pytest tests/recipes` writes anew what is booted, to be read before it is kept;
the directory trees are written by hand, of what their makers document.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import ClassVar

import pytest

from pyxie.advice.entering import entering
from pyxie.config.nodes import read
from pyxie.config.publicmirrors import PUBLIC
from pyxie.config.validate import validate
from pyxie.recipes.recipe import Recipe
from pyxie.shipped import shipped
from pyxie.wiping.forecast import Answer
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
from tests.test_docs import quoted, rows, section

INSTALLED = (
    *("almalinux", "alpine", "centos", "debian", "fedora", "flatcar", "opensuse-leap-15"),
    *("opensuse-tumbleweed", "proxmox", "rocky", "ubuntu"),
)
"""Systems whose templates are pyxie's own; the others are live, or bring no template."""
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


@pytest.mark.parametrize("name", names())
class TestASystemsUsers:
    def test_without_a_key_is_advised_against_and_with_one_is_not(self, name: str) -> None:
        params, arch = recorded(name).params, next(iter(cookbook().archs(name)))
        without = {key: value for key, value in params.items() if key != "ssh_key"}

        found = rehearsed(definition(name, arch, without)).served
        with_one = rehearsed(definition(name, arch, {**without, "ssh_key": "ssh-ed25519 A"})).served

        said = [each.about for each in entering(found)]
        assert said == ([("os",)] if name.startswith(INSTALLED) else [])
        assert list(entering(with_one)) == []


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

        lists = found["checksums"] or {}
        files = [found["kernel"], *found["initrds"]]
        files += [found[key] for key in ("shim", "grub") if key in found]
        files += [lists[key] for key in ("url", "release") if key in lists]
        lines = f"{found['cmdline']} {found['interactive'] or ''}"
        named = re.findall(r"https?://[^ ,;\"']+", lines)
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

    def test_has_a_list_of_digests_above_its_files_if_there_is_one(
        self, name: str, arch: str
    ) -> None:
        found = booted(definition(name, arch, recorded(name).params))
        lists = found["checksums"] or {"url": ""}

        folder = lists["url"].rpartition("/")[0]
        assert all(url.startswith(folder) for url in (found["kernel"], *found["initrds"]))
        assert ("keyring" in lists) == ("release" in lists)

    def test_can_be_built(self, name: str, arch: str) -> None:
        """All its templates are rendered, as before a build begins."""
        tree = recorded(name)
        found = rehearsed(definition(name, arch, tree.params))

        needed = tuple(f"{each}: " for each in tree.local)
        assert [each for each in map(str, found.faults) if not each.startswith(needed)] == []


class TestWhatWasSeenToBoot:
    def test_is_what_boots_in_our_own_tests(self) -> None:
        """tests/e2e/test_boot.py and tests/e2e/test_programs.py."""
        seen = {
            (name, arch)
            for name, arch in CASES
            if cookbook().about(name).verified[arch] is not None
        }

        assert seen == {
            ("debian-12", "amd64"),
            ("memtest86+", "amd64"),
            ("memtest86+-bios", "amd64"),
        }


class TestTheDocument:
    TEXT = (Path(__file__).parents[2] / "docs/images.md").read_text(encoding="utf-8")

    def test_lists_every_system_with_whether_it_is_there_for_arm64(self) -> None:
        table = section(self.TEXT, "The systems there are")
        told = {name: row[2] != "no" for row in rows(table) for name in quoted(row[0])}
        del told["os"]

        arm = {name: "arm64" in cookbook().archs(name) for name in names()}
        assert told == {**arm, "netboot.xyz-bios": True}

    def test_lists_by_what_each_systems_files_are_verified(self) -> None:
        table = section(self.TEXT, "By what their files are verified")
        told = {name: quoted(row[1])[:1] for row in rows(table) for name in quoted(row[0])}
        del told["os"]

        lists = {
            name: found["checksums"]["url"].rpartition("/")[2]
            for name in names()
            for found in recorded(name).boots.values()
            if found["checksums"]
        }
        assert told == {name: [each] for name, each in lists.items()}

    def test_lists_every_file_that_the_operator_provides(self) -> None:
        table = section(self.TEXT, "What you provide")
        told = {name: quoted(row[1]) for row in rows(table) for name in quoted(row[0])}
        needed = {name: recorded(name).local for name in names() if recorded(name).local}

        assert told.keys() - {"os"} == needed.keys()
        for name, files in needed.items():
            media = {each.partition("/")[0] for each in files if each.startswith("media:")}
            assert media | {each for each in files if ":" not in each} <= set(told[name])

    def test_lists_every_mirror(self) -> None:
        _, *lines = rows(section(self.TEXT, "Mirrors"))
        told = {quoted(row[0])[0]: tuple(quoted(row[1])) for row in lines}

        assert told == dict(PUBLIC)


class TestWhatIsInstalled:
    @pytest.mark.parametrize(
        ("name", "arch", "says"),
        [
            (
                "rocky-9",
                "arm64",
                "url --url=https://dl.rockylinux.org/pub/rocky/9/BaseOS/aarch64/os/",
            ),
            (
                "centos-stream-10",
                "amd64",
                "--baseurl=https://mirror.stream.centos.org/10-stream/AppStream/x86_64/os/",
            ),
            ("fedora-44", "arm64", "/linux/releases/44/Everything/aarch64/os/"),
            ("debian-13", "amd64", "d-i mirror/http/hostname string mirrors.kernel.org\n"),
            ("debian-13", "amd64", "# Debian 13, unattended"),
            ("ubuntu-26.04", "arm64", 'uri: "http://ports.ubuntu.com/ubuntu-ports"'),
            ("alpine-3.23", "amd64", "http://dl-cdn.alpinelinux.org/alpine/v3.23/main"),
        ],
    )
    def test_comes_from_where_its_kernel_does(self, name: str, arch: str, says: str) -> None:
        found = rehearsed(definition(name, arch, {}))

        assert any(says in text for text in found.served.texts.values())

    def test_by_debians_installer_may_come_over_tls(self) -> None:
        machine = definition("debian-12", "amd64", {"mirror_scheme": "https"})

        text = rehearsed(machine).served.texts["preseed"]

        assert "d-i mirror/protocol string https\nd-i mirror/https/hostname string " in text


class TestWiping:
    SAID: ClassVar[dict[str, str]] = recorded("wipe").params

    @pytest.mark.parametrize(
        ("params", "why"),
        [
            ({}, "'disk' is empty: this installer finds none by itself, so name it"),
            ({"disk": "sda"}, "to wipe its disk, say 'wipe: web01.example.org' among its params"),
            (
                {"disk": "sda", "wipe": "web02.example.org"},
                "to wipe its disk, say 'wipe: web01.example.org' among its params",
            ),
            ({"wipe": "web01.example.org"}, "'disk' is empty"),
        ],
    )
    def test_is_refused_unless_disk_and_machine_are_named(
        self, params: dict[str, str], why: str
    ) -> None:
        found = rehearsed(definition("wipe", "amd64", params))

        assert [why in str(fault) for fault in found.faults] == [True]

    def test_is_told_before_it_begins(self) -> None:
        found = rehearsed(definition("wipe", "amd64", self.SAID))

        assert (found.faults, found.forecast.answer) == ((), Answer.YES)

    @pytest.mark.parametrize("name", ["rescue", "archlinux", "memtest86+", "memtest86+-bios"])
    def test_is_not_done_by_what_is_for_a_look(self, name: str) -> None:
        found = definition(name, "amd64", {})

        assert found.machine.wipes is False
        assert rehearsed(found).forecast.answer is Answer.NO


class TestMirrors:
    def test_that_are_public_are_all_of_use(self) -> None:
        used = {mirror for name in names() for mirror in _mirrors(name)}

        assert used == set(PUBLIC)


def _mirrors(name: str) -> set[str]:
    text = (shipped("recipes") / f"{name}.yaml").read_text()
    return {read_recipe(name).mirror, *re.findall(r"\{mirror:([a-z-]+)", text)} - {""}
