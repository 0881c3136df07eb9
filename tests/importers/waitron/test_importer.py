"""waitron's files, of three versions: what pyxie reads of them, and what is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pyxie.checking import check
from pyxie.config.nodes import parse
from pyxie.importers.languages.pongo2.converter import convert
from pyxie.importers.notes import NotFoundError, Result
from pyxie.importers.waitron.importer import read
from pyxie.render.context import template_names
from pyxie.render.strict import Renderer
from tests.importers.languages.gowaitron import CONTEXT, Waitron, names, waitron
from tests.importers.trees import DATA, Imported, imported_tree

__all__ = ["waitron"]

VERSIONS = ["waitron1", "waitron2", "waitron3"]


@pytest.fixture
def imported(request: pytest.FixtureRequest, tmp_path: Path) -> Imported:
    return imported_tree(request.param, read, tmp_path)


def of(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("imported", [name], indirect=True)


def converted(**files: Any) -> Result:
    """Import files, each given as what is in it, with ``__`` for the slash in its name."""
    tree = {
        f"{name.replace('__', '/')}.yaml": text if isinstance(text, str) else yaml.dump(text)
        for name, text in files.items()
    }
    return read({"templates/t.j2": "", "machines/README": "", **tree})


def data(result: Result, file: str = "config.yaml") -> Any:
    return parse(result.files[file].encode(), Path(file)).data


PATHS = {"templatepath": "templates", "machinepath": "machines"}


class TestTemplates:
    """Old and new are compared by what they render, for each machine of the tree."""

    @pytest.mark.parametrize("imported", VERSIONS, indirect=True)
    def test_render_as_in_waitron(self, waitron: Waitron, imported: Imported) -> None:
        settings, compared = imported.settings, 0
        for machine in imported.defined.values():
            for template in filter(None, (machine.preseed, machine.finish)):
                new = Renderer([imported.new / "templates"]).template(
                    template, template_names(machine, settings, CONTEXT)
                )
                old = waitron(
                    names(machine, settings), folder=imported.old / "templates", file=template
                )
                assert new == old
                compared += 1

        assert compared >= 4

    @pytest.mark.parametrize("imported", VERSIONS, indirect=True)
    def test_command_lines_render_as_in_waitron(self, waitron: Waitron, imported: Imported) -> None:
        settings = imported.settings
        written = yaml.load(next(imported.old.glob("config.y*ml")).read_text(), yaml.BaseLoader)
        source = written.get("cmdline") or written["default_cmdline"]
        source = source.replace("/{{ Hostname }}/preseed/", "/template/preseed/{{ Hostname }}/")
        for machine in imported.defined.values():
            names_here = template_names(machine, settings, CONTEXT)
            new = Renderer([]).text("cmdline", settings.cmdline, names_here)

            assert new == waitron(names(machine, settings), text=source, printf=False)


class TestCheck:
    @pytest.mark.parametrize("imported", VERSIONS, indirect=True)
    def test_finds_no_mistake_in_what_was_converted(self, imported: Imported) -> None:
        seen = check(imported.new / "config.yaml")
        found, machines = seen.problems, seen.machines

        assert found == []
        assert machines == len(imported.machines) >= 2


class TestNotes:
    @pytest.mark.parametrize("imported", VERSIONS, indirect=True)
    def test_tell_of_all_that_differs_with_its_place(self, imported: Imported) -> None:
        expected = (DATA / f"{imported.name}.notes").read_text().splitlines()

        assert [note.replace(str(imported.old), "/etc/waitron") for note in imported.notes] == (
            expected
        )


class TestWaitron1:
    @of("waitron1")
    def test_settings_keep_their_meaning(self, imported: Imported) -> None:
        settings = imported.settings

        assert settings.baseurl == "http://192.0.2.1:9090"
        assert settings.http.port == 9090
        assert settings.kernel == "linux"
        assert settings.initrd == ("initrd.gz",)
        assert settings.image_url == "http://mirror.example.org/debian/stretch/amd64/"
        assert settings.cmdline == (
            "interface=auto url={{BaseURL}}/template/preseed/{{ Hostname }}/{{Token}} "
            "hostname={{ Hostname }} ramdisk_size=10800 {% if Token %}auto{% endif %}"
        )

    @of("waitron1")
    def test_params_keep_the_text_they_were_written_with(self, imported: Imported) -> None:
        assert imported.settings.params == {
            "dns": "192.0.2.53",
            "ntp": "192.0.2.123",
            "octal": "010",
            "version": "1.10",
            "hex": "0x1F",
            "million": "1_000",
            "day": "2001-01-01",
            "nothing": "",
            "switch": "off",
            "date_format": "+%%Y",
        }

    @of("waitron1")
    def test_a_machine_that_pyxie_reads_as_it_is_stays_with_its_comments(
        self, imported: Imported
    ) -> None:
        name = "machines/linux001.example.org.yaml"

        assert (imported.new / name).read_text() == (imported.old / name).read_text()

    @of("waitron1")
    def test_urls_put_together_without_a_slash_are_written_out(self, imported: Imported) -> None:
        machine = imported.machines["bsd002.example.org"]

        assert machine.kernel == "http://mirror.example.org/bsd-kernel"
        assert machine.initrd == ("http://mirror.example.org/bsd-ramdisk",)


class TestWaitron2:
    @of("waitron2")
    def test_the_rescue_system_is_a_build_type(self, imported: Imported) -> None:
        rescue = imported.settings.build_types["rescue"]

        assert imported.settings.waitron_api == 1
        assert rescue.kernel == "vmlinuz"
        assert rescue.initrd == ("rescue.img",)
        assert rescue.image_url == "http://mirror.example.org/rescue/"
        assert rescue.cmdline == "rescue url={{ BaseURL }}/files/rescue.cfg"

    @of("waitron2")
    def test_commands_are_run_by_a_shell_and_by_bash_only_where_it_must_be(
        self, imported: Imported
    ) -> None:
        settings = imported.settings

        before, after, cancelled = (
            getattr(settings, f"{name}build_commands")[0] for name in ("pre", "post", "cancel")
        )
        assert before.command == (
            "/bin/bash",
            "-c",
            "[[ -n '{{ machine.Params.disk | default(\"\") }}' ]] && echo {{ Token }}",
        )
        assert (before.timeout_seconds, before.errors_fatal, before.should_log) == (10, True, True)
        assert (after.command, after.shell) == ('{% include "messages/built.j2" %}', True)
        assert after.timeout_seconds == 5
        assert cancelled.timeout_seconds == 3600

    @of("waitron2")
    def test_groups_and_machines_are_read_by_pyxie(self, imported: Imported) -> None:
        machine = imported.machines["web01.example.org"]

        assert machine.macs == ("52:54:00:12:34:60",)
        assert machine.network[0].addresses6[0].cidr == "2001:db8::31/64"
        assert machine.params == {"disk": "/dev/nvme0n1", "vlans": "10,20"}
        assert imported.groups["example.org"].params == {"domain_wide": "yes", "empty": ""}
        assert imported.groups["example.net"].params == {"domain_wide": "no"}


class TestWaitron3:
    @of("waitron3")
    def test_plugins_become_folders(self, imported: Imported) -> None:
        settings = imported.settings

        assert settings.machinepath == imported.new / "machines"
        assert settings.grouppath == imported.new / "groups"
        assert sorted(imported.machines) == ["db01.example.org", "db02.example.org"]
        assert imported.groups["example.org"].params == {"site": "x1"}
        assert settings.log.level == "info"
        assert settings.waitron_api == 3

    @of("waitron3")
    def test_build_types_are_kept_with_that_of_unknown_machines(self, imported: Imported) -> None:
        types = imported.settings.build_types

        assert sorted(types) == ["_unknown_", "rescue"]
        assert imported.settings.unknown == "_unknown_"
        assert types["rescue"].params == {"rescue": "1"}
        assert types["_unknown_"].cmdline.startswith("inventory mac={{ MAC }} report=")

    @of("waitron3")
    def test_scripts_are_handed_to_their_interpreter(self, imported: Imported) -> None:
        settings = imported.settings

        assert settings.prebuild_commands[0].command == (
            "/usr/bin/env",
            "python3",
            "-c",
            'print("{{ machine.Hostname }} as {{ job.BuildTypeName }} with {{ token }}")\n',
        )
        after = settings.postbuild_commands[0]
        assert (after.command, after.shell) == ('logger "{{ machine.Hostname }} is done"\n', True)
        assert settings.stalebuild_commands[0].command == (
            "/bin/bash",
            "-c",
            '{% include "messages/stale.j2" %}',
        )
        assert imported.machines["db02.example.org"].pxeevent_commands[0].command == (
            "/bin/bash",
            "-e",
            "-c",
            "echo {{ machine.Hostname }}\n",
        )

    @of("waitron3")
    def test_what_only_hooks_include_is_no_format(self, imported: Imported) -> None:
        assert '"+%%s"' in (imported.new / "templates/messages/stale.j2").read_text()

    @of("waitron3")
    def test_machines_keep_all_their_keys(self, imported: Imported) -> None:
        machine = imported.machines["db01.example.org"]

        assert (machine.ipmi_address, machine.ipmi_user) == ("192.0.2.201", "admin")
        assert machine.build_type == "rescue"
        assert machine.params["layout"] == "partitioning/uefi.j2"
        nic = machine.network[0]
        assert (nic.vlan_id, nic.zside_device_port) == ("7", "ge-0/0/1")
        assert nic.tags == ("waitron_provisioning", "waitron_primary")


class TestSingleThings:
    def test_without_a_configuration_it_says_so(self) -> None:
        with pytest.raises(NotFoundError, match="no YAML file with 'templatepath'"):
            read({"machines/a.yaml": "hostname: a"})

    def test_a_configuration_that_is_no_yaml_is_told_with_its_place(self) -> None:
        with pytest.raises(NotFoundError, match=r"config.yaml:2:5: left out: is not YAML"):
            read({"config.yaml": "templatepath: x\na: b: c"})

    def test_a_configuration_in_a_folder_of_the_tree_is_found(self) -> None:
        made = read({"etc/config.yaml": "templatepath: t\nmachinepath: m", "etc/t/a.j2": "x"})

        assert made.files["templates/a.j2"] == "x"
        assert [str(note) for note in made.notes] == [
            "etc/config.yaml:2:1: machinepath: 'm' is not in what is imported"
        ]

    def test_of_a_key_that_stands_twice_the_last_counts(self) -> None:
        made = converted(config=PATHS, machines__a="params: {x: 1}\nparams: {x: 2}\n")

        assert data(made, "machines/a.yaml") == {"params": {"x": "2"}}
        assert "stands twice; waitron took the last" in str(made.notes[-1])

    def test_merge_keys_are_unfolded(self) -> None:
        text = "x: &a {p: 1, q: 2}\nparams: {<<: *a, p: 3}\n"

        assert data(converted(config=PATHS, machines__a=text), "machines/a.yaml") == {
            "params": {"p": "3", "q": "2"}
        }

    def test_a_machine_that_is_no_yaml_is_left_out_and_told(self) -> None:
        made = converted(config=PATHS, machines__a="cmdline: {{ BaseURL }}", machines__b="- x")

        assert sorted(made.files) == ["config.yaml", "templates/t.j2"]
        assert [(note.file, note.line, note.column) for note in made.notes] == [
            ("machines/README", 0, 0),
            ("machines/a.yaml", 1, 11),
            ("machines/b.yaml", 1, 1),
        ]

    def test_a_list_in_a_parameter_is_left_out(self) -> None:
        made = converted(config={**PATHS, "params": {"a": ["x"], "b": "y"}})

        assert data(made)["params"] == {"b": "y"}

    @pytest.mark.parametrize("key", ["baseurl", "image_url"])
    def test_what_is_no_url_is_left_out(self, key: str) -> None:
        made = converted(config={**PATHS, "grouppath": "", "cmdline": "x", key: "not a url"})

        assert key not in data(made)
        assert any(f"{key}: left out: 'not a url' is not a URL" in str(n) for n in made.notes)

    @given(
        st.dictionaries(
            st.sampled_from(
                [
                    *("params", "network", "cmdline", "initrd", "tags", "prebuild_commands"),
                    *("build_types", "inventory_plugins", "hostname", "image_url", "log_level"),
                    *("rescue_kernel", "default_kernel", "baseurl", "grouppath", "staticspath"),
                ]
            ),
            st.recursive(
                st.none() | st.text() | st.integers() | st.booleans(),
                lambda inner: (
                    st.lists(inner, max_size=3)
                    | st.dictionaries(
                        st.sampled_from(["name", "command", "macaddress", "addresses4", "x"]),
                        inner,
                        max_size=3,
                    )
                ),
                max_leaves=8,
            ),
        )
    )
    def test_any_yaml_is_imported_or_told(self, found: dict[str, Any]) -> None:
        made = converted(config={**PATHS, **found}, machines__a=found)

        assert "config.yaml" in made.files

    def test_an_include_of_a_named_root_is_shortened(self) -> None:
        made = convert('{% include "/etc/w/a.j2" %}', "t", roots=["/etc/w/", ""])

        assert made.text == '{% include "a.j2" %}'
        assert made.notes == ()
