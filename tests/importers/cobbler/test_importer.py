"""Cobbler's export: what becomes of it, judged by Cheetah where it can judge."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from pyxie.config.nodes import parse
from pyxie.errors import RenderError
from pyxie.importers.cobbler.importer import read
from pyxie.importers.languages.cheetah import convert
from pyxie.importers.notes import NotFoundError, Result
from pyxie.render.context import BuildContext, template_names
from pyxie.render.rendering import Rendering
from pyxie.render.strict import Renderer
from tests import needs
from tests.importers.trees import DATA, Imported, imported_tree

CONTEXT = BuildContext(base_url="http://192.0.2.1:8090", token="t0ken", mac="52:54:00:aa:00:01")
NAMES = {"n": "N", "e": "", "words": "a b", "tree": "http://m.example.org/r"}
_CHEETAH = """
import json, sys
from Cheetah.Template import Template
asked = json.load(sys.stdin)
sys.stdout.write(str(Template(asked["text"], searchList=[asked["names"]])))
"""


@pytest.fixture
def imported(tmp_path: Path) -> Imported:
    return imported_tree("cobbler", read, tmp_path)


def by_cheetah(text: str) -> str:
    """Render a template by Debian's own Cheetah, with Debian's own Python."""
    python = "/usr/bin/python3"
    if subprocess.run([python, "-c", "import Cheetah"], capture_output=True).returncode:
        needs.missing("Cheetah is missing; install python3-cheetah")
    asked = json.dumps({"text": text, "names": NAMES})
    ran = subprocess.run([python, "-c", _CHEETAH], input=asked, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def rendered(text: str) -> str:
    return Renderer([]).text("t", text, {"params": NAMES})


def converted(**export: Any) -> Result:
    """Import an export with a distro and a profile, and with what is given."""
    whole = {
        "distros": [{"name": "d", "kernel": "http://m.example.org/k", "breed": "redhat"}],
        "profiles": [{"name": "p", "distro": "d"}],
        **export,
    }
    return read({"cobbler.json": json.dumps(whole)})


def data(result: Result, file: str) -> Any:
    return parse(result.files[file].encode(), Path(file)).data


class TestTemplates:
    @pytest.mark.parametrize(
        "source",
        [
            'a $n ${n} ${tree}/x $tree. $n-x \\$n \\#if $1 $? $$ 5$ "$@"\n',
            "#if $n == \"N\" and $getVar('zz', 'd') == 'd'\n  yes\n#else\n  no\n#end if\nafter",
            "  #if $e\n  x\n  #elif $n\n  y\n  #end if\n  z\n",
            "## comment\n  ## another\nx ## trailing $n\ny",
            "#set $q = $n + '1'\nq=$q ${q}\n",
            "#unless $e\nz\n#end unless\n.",
            "#raw\n$n {{ x }} {% y %} ${#z}\n#end raw\n.",
            "# a shell comment $n\n#not a directive\n",
            "a #* of\nseveral lines *#b\nc",
            "#if $varExists('n') and not $hasVar('nope')\nx\n#end if\n",
            '{{ $n }} {% {# a[${n}] $getVar(\'words\') $getVar("zz", "q")',
            "#if ($n in ['N', 'M'])\nx\n#end if",
            "#set $l = $words.split(' ')\n#if $words.upper() == 'A B'\nx\n#end if\n",
        ],
    )
    def test_render_as_in_cobbler(self, source: str) -> None:
        made = convert(source, "t", NAMES)

        assert made.notes == ()
        assert rendered(made.text) == by_cheetah(source)

    def test_loops_go_over_lists(self) -> None:
        made = convert("#for $w in $words.split()\n- $w\n#end for\n.", "t", NAMES)

        assert rendered(made.text) == "- a\n- b\n."

    def test_snippets_are_included_and_the_last_one_reports(self) -> None:
        made = convert("$SNIPPET('a/b') SNIPPET::c\n$SNIPPET('kickstart_done')\n", "t")

        assert made.text == (
            '{% include "snippets/a/b" %} {% include "snippets/c" %}\n'
            "curl -sf -o /dev/null --retry 5 {{ urls.done }}\n"
        )

    def test_names_that_cobbler_does_not_know_stay_as_it_left_them(self) -> None:
        made = convert("$HOME ${HOME} $other @@other@@ @@n@@", "t", NAMES)

        assert made.text == "$HOME ${HOME} $other @@other@@ {{ params.n }}"
        assert [str(note) for note in made.notes] == [
            "t:1:15: left as it is: 'other' is no name that Cobbler's export has"
        ]

    @pytest.mark.parametrize(
        ("source", "sentence"),
        [
            ("#import os\n", "1:1: not converted: '#import' has no like here"),
            ("x\n $n.split()\n", "2:2: not converted: only '$n' alone has a like here"),
            ("a #if $n# b #end if#\n", "1:3: not converted: a directive within a line"),
            ("#if $foo($n)\n", "1:1: not converted: '$foo(…)' has no like here"),
            ("#if `x`\n", "1:1: not converted: '`x`' has no like here"),
            ("#if\n", "1:1: not converted: an expression is missing here"),
            ("#end for\n", "1:1: not converted: '#end for' ends nothing here"),
            ("#for $a, $b in $n\n", "1:1: not converted: '#for' of this form"),
            ("$getVar($n)", "1:1: not converted: this 'getVar' has no like here"),
        ],
    )
    def test_what_is_not_converted_stops_the_check(self, source: str, sentence: str) -> None:
        made = convert(source, "t", NAMES)

        assert str(made.notes[0]).startswith(f"t:{sentence}")
        with pytest.raises(RenderError):
            rendered(made.text)

    @given(
        st.one_of(
            st.text(),
            st.lists(
                st.sampled_from(
                    [
                        *(
                            "#if ",
                            "#end if",
                            "#for ",
                            "#raw",
                            "#end raw",
                            "#set ",
                            "\n",
                            "##",
                            "#*",
                        ),
                        *("*#", "$", "${", "}", "$n", "$getVar(", ")", "'", '"', "\\", "{%", "%}"),
                        *("$SNIPPET('", "@@", "=", "in ", "#", " ", "else", "#else", "é"),
                    ]
                ),
                max_size=30,
            ).map("".join),
        )
    )
    @example("#if " + "(" * 5000 + "\n")
    def test_any_text_is_converted_or_told(self, text: str) -> None:
        for note in convert(text, "t", NAMES).notes:
            assert 1 <= note.line <= text.count("\n") + 1

    def test_of_the_tree_render_for_their_machine(self, imported: Imported) -> None:
        machine = imported.defined["web01.example.org"]
        renderer = Renderer([imported.new / "templates"])

        made = renderer.template("rocky.ks", template_names(machine, imported.settings, CONTEXT))

        assert made == (DATA / "cobbler.rocky.ks").read_text()


class TestProfiles:
    def test_become_build_types_with_all_that_they_inherit(self, imported: Imported) -> None:
        types = imported.settings.build_types

        assert sorted(types) == ["base", "debian-12", "lost", "web"]
        assert types["web"].kernel == "rocky9-x86_64/vmlinuz"
        assert types["web"].preseed == "rocky.ks"
        assert types["web"].params["packages"] == "nginx"
        assert types["web"].params["timezone"] == "Etc/UTC"
        assert types["debian-12"].kernel == "http://deb.example.org/linux"
        assert types["debian-12"].params == {"suite": "bookworm", "bare": ""}

    def test_options_merge_repeat_and_are_taken_out(self, imported: Imported) -> None:
        assert imported.settings.build_types["base"].cmdline == (
            "inst.text console=tty0 console=ttyS0,115200 net.ifnames=0 "
            "inst.ks={{ urls.template('preseed') }}"
        )

    def test_a_profile_that_is_its_own_parent_ends(self) -> None:
        profiles = [{"name": "p", "distro": "d", "parent": "q"}, {"name": "q", "parent": "p"}]

        assert sorted(data(converted(profiles=profiles), "config.yaml")["build_types"]) == [
            "p",
            "q",
        ]


class TestSystems:
    def test_become_machines(self, imported: Imported) -> None:
        machine = imported.machines["web01.example.org"]

        assert machine.macs == ("52:54:00:aa:00:01",)
        nic = machine.network[0]
        assert (nic.ipaddress, nic.netmask, nic.gateway) == (
            "192.0.2.31",
            "255.255.255.0",
            "192.0.2.1",
        )
        assert nic.addresses6[0].cidr == "2001:db8::31/64"
        assert (machine.ipmi_address, machine.ipmi_password) == ("192.0.2.201", "secret")
        assert machine.params == {"disk": "sda", "debug": "yes"}

    def test_options_of_their_own_are_in_their_command_line(self, imported: Imported) -> None:
        machine = imported.defined["web01.example.org"]

        assert Rendering(imported.settings).boot(machine, CONTEXT).cmdline == (
            "inst.text console=tty0 console=ttyS0,115200 net.ifnames=0 mem=4G "
            "inst.ks=http://192.0.2.1:8090/template/preseed/web01.example.org/t0ken"
        )

    def test_without_options_of_their_own_inherit_the_command_line(
        self, imported: Imported
    ) -> None:
        assert imported.machines["db01"].cmdline == ""


class TestTheExport:
    @pytest.mark.parametrize("form", ["json", "yaml", "by name"])
    def test_may_be_one_file_of_json_or_yaml(self, form: str) -> None:
        profiles: Any = [{"name": "p", "distro": "d"}]
        if form == "by name":
            profiles = {"p": {"distro": "d"}}
        export = {
            "distros": [{"name": "d", "kernel": "http://m.example.org/k"}],
            "profiles": profiles,
            "systems": [{"name": "s", "profile": "p", "interfaces": {}}],
        }
        text = yaml.dump(export) if form == "yaml" else json.dumps(export)

        made = read({f"export.{'yaml' if form == 'yaml' else 'json'}": text})

        assert data(made, "machines/s.yaml") == {"hostname": "s", "build_type": "p"}
        assert data(made, "config.yaml")["build_types"] == {
            "p": {"kernel": "http://m.example.org/k"}
        }

    def test_letters_that_json_writes_in_two_halves_are_read(self) -> None:
        made = converted(profiles=[{"name": "p", "distro": "d", "comment": "a \U0001f40d"}])

        assert data(made, "config.yaml")["build_types"]["p"]["description"] == "a \U0001f40d"

    def test_two_of_a_name_are_told(self) -> None:
        made = converted(systems=[{"name": "s", "profile": "p"}, {"name": "s", "profile": "p"}])

        assert "left out: there are two of systems with this name" in str(made.notes)

    def test_without_profiles_says_so(self) -> None:
        with pytest.raises(NotFoundError, match="there are no profiles in it"):
            read({"x.json": '{"systems": []}', "y.json": "{", "z.txt": ""})

    def test_tells_of_all_that_differs_with_its_place(self, imported: Imported) -> None:
        assert imported.notes == (DATA / "cobbler.notes").read_text().splitlines()

    @given(
        st.dictionaries(
            st.sampled_from(["distros", "profiles", "systems"]),
            st.recursive(
                st.none() | st.text() | st.integers() | st.booleans(),
                lambda inner: (
                    st.lists(inner, max_size=3)
                    | st.dictionaries(
                        st.sampled_from(
                            [
                                *("name", "profile", "distro", "parent", "kernel_options"),
                                *("autoinstall", "ks_meta", "interfaces", "mac_address", "x"),
                            ]
                        ),
                        inner,
                        max_size=4,
                    )
                ),
                max_leaves=10,
            ),
        )
    )
    def test_any_export_is_imported_or_told(self, found: dict[str, Any]) -> None:
        profiles = found.pop("profiles", None)
        listed = profiles if isinstance(profiles, list) else []

        made = converted(**found, profiles=[{"name": "p", "distro": "d"}, *listed])

        assert "config.yaml" in made.files


class TestAddressesOfCobblersServer:
    """Left as they were they passed the check, and the machine was installed at every boot."""

    TEMPLATE = (
        "url --url=http://$http_server/cobbler/links/rocky9\n"
        "%post\n"
        "#if $n\n"
        'wget "http://$http_server/cblr/svc/op/nopxe/system/$system_name" -O /dev/null\n'
        "#end if\n"
        'wget "http://$http_server/cblr/svc/op/trig/mode/post/system/$system_name" -O /dev/null\n'
    )

    def test_are_pyxies_own_or_named(self) -> None:
        profile = {"name": "p", "distro": "d", "autoinstall": "a.ks", "autoinstall_meta": "n=1"}
        export = {"distros": [{"name": "d"}], "profiles": [profile]}
        made = read({"cobbler.json": json.dumps(export), "templates/a.ks": self.TEMPLATE})

        assert made.files["templates/a.ks"] == (
            "url --url={{ urls.base }}/cobbler/links/rocky9\n"
            "%post\n"
            "{% if params.n\n%}"
            'wget "{{ urls.done }}" -O /dev/null\n'
            "{% endif\n%}"
            'wget "{{ urls.base }}/cblr/svc/op/trig" -O /dev/null\n'
        )
        assert [str(note) for note in made.notes if "a.ks" in str(note)] == [
            (
                "templates/a.ks:1:11: '/cobbler/links/rocky9': pyxie serves no such path; put it "
                "below 'staticspath', as '/files/…'"
            ),
            (
                "templates/a.ks:6:7: '/cblr/svc/op/trig': pyxie has no such address; what triggers "
                "did is done by hooks, as 'postbuild_commands'"
            ),
        ]

    def test_in_the_kernels_options_are_named(self) -> None:
        options = "info=http://192.0.2.9/cblr/svc/op/nopxe/system/s"
        made = converted(profiles=[{"name": "p", "distro": "d", "kernel_options": options}])

        assert f"'{options}': pyxie has no such address" in str(made.notes)
