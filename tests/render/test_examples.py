"""The worked examples as a whole, and the document that explains them."""

from __future__ import annotations

import base64
import json
import re
from html import escape
from pathlib import Path
from shlex import quote

import pytest

from pyxie.events.english import sentence
from pyxie.events.wipes import told
from pyxie.registry.folder import Folder
from pyxie.rehearsal import rehearse
from pyxie.render.filters import FILTERS, IP_QUERIES
from pyxie.render.rendering import Rendering, kinds
from pyxie.shipped import shipped
from tests.render.examples import (
    KEY,
    PARAMS,
    cases,
    config,
    context,
    example,
    names,
    params_in,
    registry,
    rendered,
    url,
)
from tests.render.table import table, written

DOCUMENT = Path(__file__).parents[2] / "docs/templates.md"


def everything(name: str, case: str = "as it is") -> str:
    """Return all templates of an example, and what stands in them in base64."""
    told = "".join(rendered(name, kind, case) for kind in kinds(example(name)))
    hidden = re.findall(r"base64(?:,|://)([A-Za-z0-9+/=]+)", told)
    return told + "".join(base64.b64decode(each).decode() for each in hidden)


class TestTheExamples:
    def test_are_no_machines_of_the_folder_above(self) -> None:
        above = Folder(shipped("machines")).scan()

        assert above.files == ("vm01.example.org.yaml",)

    def test_are_all_sound(self) -> None:
        assert registry().problems == ()
        assert len(names()) == len(registry().files)

    @cases
    @pytest.mark.parametrize("name", names())
    def test_have_nothing_that_could_not_be_rendered(self, name: str, case: str) -> None:
        machine = example(name, **PARAMS[case])

        assert rehearse(Rendering(config()), machine, context(machine)).faults == ()

    @pytest.mark.parametrize("name", names())
    def test_say_when_they_are_done_and_what_went_wrong(self, name: str) -> None:
        told = everything(name)

        assert url(name, "done") in told
        if name not in ("rescue", "proxmox"):  # it has nothing to fail at; it cannot
            assert f"{url(name, 'failed')}?reason=" in told

    def test_use_each_shipped_template(self) -> None:
        used = {
            *("report.j2", "disk.j2", "d-i.preseed.j2", "kickstart.j2"),
            *("d-i.cmdline.j2", "d-i.system.j2", "ifupdown.j2", "ignition.network.j2"),
            *("d-i.mirror.j2", "mirror.j2"),
        }  # by the others, and by command lines
        used |= {"debian12.preseed.j2"}  # kept for those who name it
        used |= {"archlinux.script.sh.j2", "wipe.preseed.j2"}  # see tests/recipes
        used |= {"esxi.boot.cfg.j2"}  # see tests/media
        for machine in map(example, names()):
            used |= {machine.preseed, machine.finish, *machine.templates.values()} - {""}

        assert {path.name for path in shipped("templates").glob("*.j2")} == used

    @pytest.mark.parametrize("name", names())
    def test_let_in_who_has_the_key_and_nobody_by_a_password(self, name: str) -> None:
        told = everything(name, "with all")

        spellings = (KEY, json.dumps(KEY), escape(KEY).replace("&#x27;", "&#39;"), quote(KEY))
        assert any(each in told for each in spellings)
        assert "$6$" not in told.replace("$6$pyxie$" + "." * 86, "")  # of no password


class TestWhatIsLost:
    """Each example says which disk it takes, by its own word and by the param."""

    FOUND = "the first disk that is neither removable, read-only, empty nor in use"

    def said(self, name: str, case: str) -> list[str]:
        machine = example(name, **PARAMS[case])
        tried = rehearse(Rendering(config()), machine, context(machine))
        return [sentence(each) for each in told(tried.forecast)]

    @pytest.mark.parametrize("name", sorted({*names()} - {"rescue", "proxmox"}))
    def test_is_said_by_all_that_install(self, name: str) -> None:
        (found,) = self.said(name, "as it is")
        (named,) = self.said(name, "with all")

        assert re.fullmatch(
            rf"will be installed by [\w. -]+\.j2: all data on {self.FOUND} is lost", found
        )
        assert named.endswith(": all data on /dev/vda is lost")

    def test_is_the_disk_that_the_file_names(self) -> None:
        assert self.said("proxmox", "with all") == [
            "will be installed by proxmox.answer.toml.j2: all data on /dev/vda is lost"
        ]

    @cases
    def test_is_nothing_of_the_rescue(self, case: str) -> None:
        assert self.said("rescue", case) == [
            "keeps its data: neither a template nor the command line wipes a disk"
        ]


class TestTheBuildTypes:
    """What is installed stands in a type, so that another type leaves nothing of it."""

    @pytest.mark.parametrize("name", names())
    def test_hold_all_that_is_installed_and_the_machines_only_what_is_theirs(
        self, name: str
    ) -> None:
        written = registry().documents[f"{name}.example.org"].data

        assert isinstance(written, dict)
        assert written.keys() == {"hostname", "build_type", "network", "params"}
        assert written["build_type"] == name

    @pytest.mark.parametrize("name", names())
    def test_boot_any_example_into_the_rescue_system(self, name: str) -> None:
        """Asked for a rescue, the machine must not be installed by what its file names."""
        machine = registry().define(registry().machines[f"{name}.example.org"], "rescue").machine

        rescue = example("rescue")
        assert dict.fromkeys(kinds(machine), machine.preseed) == {"preseed": "rescue.preseed.j2"}
        assert (machine.kernel, machine.initrd, machine.image_url, machine.cmdline) == (
            *(rescue.kernel, rescue.initrd, rescue.image_url, rescue.cmdline),
        )


def rows() -> dict[str, str]:
    """Return the document's lines on templates, by their names."""
    found = re.findall(r"^(\| `([\w.-]+\.j2)`.*)$", DOCUMENT.read_text(), re.MULTILINE)
    return {name: row for row, name in found}


class TestTheDocument:
    def test_names_every_shipped_template_and_no_other(self) -> None:
        assert rows().keys() == {path.name for path in shipped("templates").glob("*.j2")}

    @pytest.mark.parametrize("name", sorted(p.name for p in shipped("templates").glob("*.j2")))
    def test_names_every_param_of_a_template(self, name: str) -> None:
        asked = params_in(shipped("templates") / name)

        assert [each for each in asked if f"`{each}`" not in rows()[name]] == []

    def test_has_the_table_of_what_is_read_as_the_templates_are_now(self) -> None:
        assert written() == table()  # python -m tests.render.table

    def test_names_every_filter_and_every_query_of_ipaddr(self) -> None:
        text = DOCUMENT.read_text()

        assert [name for name in FILTERS if f"`{name}" not in text] == []
        assert [name for name in IP_QUERIES if f"`{name}`" not in text] == []

    def test_names_every_example(self) -> None:
        text = DOCUMENT.read_text()

        assert [
            name for name in names() if f"machines/examples/{name}.example.org" not in text
        ] == []
