"""What was rendered is given again, and only while it would be the same."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pyxie.errors import RenderError
from pyxie.registry.machine import Machine
from pyxie.render import cache as module
from pyxie.render.cache import RenderCache
from pyxie.render.rendering import Rendering
from pyxie.render.uses import Uses
from tests.render.site import CONTEXT, machine, settings

HERE = "http://192.0.2.1:8090"


class Site:
    """A rendering, its templates, and the machine whose preseed is ``p.j2``."""

    def __init__(self, folder: Path, **keys: Any) -> None:
        self.settings = settings(folder, **keys)
        self.rendering = Rendering(self.settings)
        self.machine = machine(preseed="p.j2")
        self._edits = 0

    def write(self, name: str, text: str) -> None:
        """Write a template; its time of change differs each time."""
        path = self.settings.templatepath / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        self._edits += 1
        os.utime(path, ns=(0, self._edits * 1_000_000_000))

    def kept(self) -> str | None:
        return self.rendering.kept_template(self.machine, "preseed", CONTEXT)

    def rendered(self) -> str:
        return self.rendering.keep_template(self.machine, "preseed", CONTEXT)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


class TestATemplate:
    def test_is_kept_once_it_was_rendered(self, site: Site) -> None:
        site.write("p.j2", "{{ MAC }}")

        assert site.kept() is None
        assert site.rendered() == CONTEXT.mac
        assert site.kept() == CONTEXT.mac

    def test_is_not_where_it_is_only_tried(self, site: Site) -> None:
        site.write("p.j2", "{{ MAC }}")

        assert site.rendering.template(site.machine, "preseed", CONTEXT) == CONTEXT.mac
        assert site.kept() is None

    def test_is_not_once_its_file_was_edited(self, site: Site) -> None:
        site.write("p.j2", "one")
        site.rendered()

        site.write("p.j2", "two")

        assert site.kept() is None
        assert site.rendered() == "two"

    @pytest.mark.parametrize(
        "text",
        [
            "{% include 'i.j2' %}",
            "{% extends 'i.j2' %}",
            "{% import 'i.j2' as i %}{{ i.x }}",
            "{% set name = 'i.j2' %}{% include name %}",
        ],
    )
    def test_nor_once_what_it_uses_was_edited(self, site: Site, text: str) -> None:
        site.write("i.j2", "{% set x = 'one' %}{{ x }}")
        site.write("p.j2", text)
        assert site.rendered() == "one"
        assert site.kept() == "one"

        site.write("i.j2", "{% set x = 'two' %}{{ x }}")

        assert site.kept() is None
        assert site.rendered() == "two"

    def test_nor_once_its_file_has_gone(self, site: Site) -> None:
        site.write("p.j2", "one")
        site.rendered()

        (site.settings.templatepath / "p.j2").unlink()

        assert site.kept() is None

    def test_nor_once_a_file_hides_the_shipped_one(self, site: Site) -> None:
        host = machine(preseed="report.j2")
        shipped = site.rendering.keep_template(host, "preseed", CONTEXT)
        assert site.rendering.kept_template(host, "preseed", CONTEXT) == shipped

        site.write("report.j2", "mine")

        assert site.rendering.kept_template(host, "preseed", CONTEXT) is None

    @pytest.mark.parametrize(
        "text",
        [
            "{{ ['a', 'b'] | random }}",
            "{{ lipsum() }}",
            "{% include 'gone.j2' ignore missing %}",
            "{% include ['gone.j2', 'i.j2'] %}",
        ],
    )
    def test_is_never_kept_if_it_may_be_another_one_the_next_time(
        self, site: Site, text: str
    ) -> None:
        site.write("i.j2", "there")
        site.write("p.j2", text)

        site.rendered()

        assert site.kept() is None

    def test_nor_if_a_file_beside_it_would_come_first(self, site: Site) -> None:
        site.machine = machine(preseed="sub/p.j2")
        site.write("i.j2", "root")
        site.write("sub/p.j2", "{% include 'i.j2' %}")
        assert site.rendered() == "root"

        site.write("sub/i.j2", "beside")

        assert site.kept() is None
        assert site.rendered() == "beside"

    def test_one_that_fails_is_not_kept(self, site: Site) -> None:
        site.write("p.j2", "{{ nope }}")

        with pytest.raises(RenderError):
            site.rendered()

        assert site.kept() is None

    def test_a_kind_that_means_the_preseed_is_kept_as_itself(self, site: Site) -> None:
        site.write("p.j2", "text")
        site.rendering.keep_template(site.machine, "meta-data", CONTEXT)

        assert site.kept() is None
        assert site.rendering.kept_template(site.machine, "meta-data", CONTEXT) == "text"


class TestAScript:
    def test_is_kept_for_the_nic_the_token_and_the_way_it_was_asked_for(self, site: Site) -> None:
        text = site.rendering.keep_script(site.machine, CONTEXT, HERE)

        def kept(here: str = HERE, host: Machine = site.machine, **changed: Any) -> str | None:
            return site.rendering.kept_script(host, replace(CONTEXT, **changed), here)

        assert kept() == text
        assert kept(here="http://192.0.2.2:8090") is None
        assert kept(mac="52:54:00:00:00:0a") is None
        assert kept(token="another") is None
        assert kept(state="installing") is None
        assert kept(base_url="http://boot.example") is None
        assert kept(host=machine(preseed="p.j2")) is None  # read again from its file

    def test_is_not_once_the_command_line_depends_on_chance(self, site: Site) -> None:
        host = machine(cmdline="x={{ [1, 2] | random }}")

        site.rendering.keep_script(host, CONTEXT, HERE)

        assert site.rendering.kept_script(host, CONTEXT, HERE) is None

    def test_is_not_once_the_operators_own_template_is_there(self, site: Site) -> None:
        site.rendering.keep_script(site.machine, CONTEXT, HERE)

        (site.settings.ipxe / "boot.ipxe.j2").write_text("#!ipxe\n")

        assert site.rendering.kept_script(site.machine, CONTEXT, HERE) is None


HOST = machine()


class TestBounds:
    def test_the_first_is_forgotten_where_there_are_too_many(self) -> None:
        kept = RenderCache(most_texts=2)
        for key in "abc":
            kept.put(key, HOST, key, Uses())

        assert [kept.get(key, HOST) for key in "abc"] == [None, "b", "c"]

    def test_or_where_they_are_too_long_together(self) -> None:
        kept = RenderCache(most_letters=100)
        for key in "abc":
            kept.put(key, HOST, key * 40, Uses())
        kept.put("b", HOST, "", Uses())

        assert [kept.get(key, HOST) for key in "abc"] == [None, "", "c" * 40]
        kept.put("d", HOST, "d" * 60, Uses())
        assert len(kept) == 3

    def test_one_that_is_too_long_is_not_kept_and_what_it_replaces_neither(self) -> None:
        kept = RenderCache()
        kept.put("a", HOST, "short", Uses())

        kept.put("a", HOST, "x" * (module.LONGEST + 1), Uses())

        assert kept.get("a", HOST) is None

    def test_threads_do_not_disturb_each_other(self) -> None:
        kept = RenderCache(most_texts=10)

        def put(start: int) -> None:
            for at in range(2000):
                kept.put((start, at), HOST, "x", Uses())
                kept.get((start, at - 5), HOST)

        threads = [threading.Thread(target=put, args=(start,)) for start in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert (len(kept), kept._letters) == (10, 10)
