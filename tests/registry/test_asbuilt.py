"""What a machine is built from is kept, and is what defining it anew would come to."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from pyxie.bounds import DEFINITIONS_KEPT
from pyxie.config.nodes import parse
from pyxie.errors import ConfigError
from pyxie.registry.asbuilt import KeptDefinitions, made_of
from pyxie.registry.define import Common, UnknownTypeError
from pyxie.registry.folder import Folder
from pyxie.registry.merge import Layer
from pyxie.registry.registry import Registry

HOSTS = ("a.example", "b.example")


def common(said: str) -> Common:
    return Common(Layer("settings", parse(said.encode(), Path("config.yaml"))))


class Site:
    """Machines, and what is kept of them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.groups = path / "groups"
        self.folder = Folder(path, shared=Common(), groups=self.groups)
        self.kept = KeptDefinitions()
        self._edits = 0
        self.groups.mkdir()
        for name in "ab":
            self.write(name, "params: {v: one}\n")

    def write(self, name: str, more: str = "", mac: str = "") -> None:
        """Write a machine's file, which is another one then."""
        self._edits += 1
        mac = mac or f"52:54:00:00:00:{name * 2}"
        text = f"hostname: {name}.example\nnetwork: [{{macaddress: '{mac}'}}]\n{more}"
        (self.path / f"{name}.yaml").write_text(f"{text}# {'x' * self._edits}\n")

    def now(self) -> Registry:
        return self.folder.scan()

    def keep(self, host: str = "a.example") -> None:
        registry = self.now()
        if host not in registry.machines:
            return
        with suppress(ConfigError):
            self.kept.put(registry, *made_of(registry, registry.machines[host]))

    def change(self, what: str, at: int) -> None:
        """Do something that may have a machine be another one."""
        changes: dict[str, Callable[[], object]] = {
            "keep": self.keep,
            "edit": lambda: self.write("a", f"params: {{v: '{at}'}}\n"),
            "same": lambda: self.write("a", "params: {v: one}\n"),
            "grouped": lambda: self.write("a", "groups: [web]\n"),
            "gone": lambda: (self.path / "a.yaml").unlink(missing_ok=True),
            "other": lambda: self.write("b", f"params: {{v: '{at}'}}\n"),
            "twin": lambda: self.write("b", mac="52:54:00:00:00:aa"),
            "group": lambda: (self.groups / "web.yaml").write_text(f"params: {{w: '{at}'}}\n"),
            "settings": lambda: self.folder.share(
                common(f"params: {{s: '{at}'}}\n"), self.groups, None
            ),
        }
        changes[what]()

    def is_kept(self, host: str = "a.example") -> bool:
        return self.kept.find(self.now(), host) is not None


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


class TestIsKept:
    def test_with_what_the_file_says_and_where(self, site: Site) -> None:
        site.keep()

        kept, registry = site.kept.find(site.now(), "a.example"), site.now()

        found = registry.define(registry.machines["a.example"])
        assert kept is not None
        assert kept.definition.machine == found.machine
        assert kept.definition.build_type == found.build_type
        assert kept.definition.merged.data == found.merged.data
        assert str(kept.definition.merged.place(("params", "v"))) == str(
            found.merged.place(("params", "v"))
        )
        assert ("params", "v") in kept.written

    def test_with_the_nics_of_the_machines_file(self, site: Site) -> None:
        """They are a third of what is kept of each of thousands; what is written stays told."""
        site.keep()
        registry = site.now()
        machine = registry.machines["a.example"]
        anew = registry.define(machine).machine

        kept = site.kept.find(registry, "a.example")

        assert kept is not None
        built = kept.definition.machine
        assert built.network is machine.network
        assert built == anew
        assert built.model_fields_set == anew.model_fields_set

    def test_with_the_text_that_its_builds_store(self, site: Site) -> None:
        site.keep()

        kept = site.kept.find(site.now(), "a.example")

        assert kept is not None
        assert kept.text() == kept.definition.machine.model_dump_json()
        assert kept.text() is kept.text()

    def test_for_no_other_machine(self, site: Site) -> None:
        site.keep()

        assert not site.is_kept("b.example")

    def test_but_not_once_its_file_is_another(self, site: Site) -> None:
        site.keep()
        site.write("b")
        assert site.is_kept()

        site.write("a", "params: {v: two}\n")

        assert not site.is_kept()

    def test_but_not_once_what_all_inherit_is_another(self, site: Site) -> None:
        site.keep()

        site.folder.share(common("params: {v: two}\n"), site.groups, None)

        assert not site.is_kept()

    def test_but_not_once_a_group_is_there(self, site: Site) -> None:
        site.keep()

        (site.groups / "example.yaml").write_text("params: {w: group}\n")

        assert not site.is_kept()

    def test_of_so_many_and_the_oldest_is_forgotten(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(DEFINITIONS_KEPT, "most", 1)

        site.keep("a.example")
        site.keep("b.example")

        assert len(site.kept) == 1
        assert (site.is_kept("a.example"), site.is_kept("b.example")) == (False, True)


class TestForAnyChanges:
    @given(
        changes=st.lists(
            st.sampled_from(
                ("keep", "edit", "same", "other", "twin", "gone", "group", "grouped", "settings")
            ),
            max_size=8,
        )
    )
    @hypothesis_settings(deadline=None, max_examples=40)
    def test_what_is_found_is_what_defining_it_comes_to(self, changes: list[str]) -> None:
        with tempfile.TemporaryDirectory() as name:
            site = Site(Path(name))
            site.keep()
            for at, change in enumerate(changes):
                site.change(change, at)

                registry = site.now()
                kept = site.kept.find(registry, "a.example")

                if kept is None:
                    continue
                try:
                    anew = registry.define(registry.machines["a.example"])
                except (ConfigError, UnknownTypeError, KeyError) as exc:
                    raise AssertionError("it is kept, and cannot be made") from exc
                assert kept.definition.machine == anew.machine
                assert kept.definition.merged.data == anew.merged.data
