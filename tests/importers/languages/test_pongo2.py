"""pongo2's templates in Jinja2, judged by pongo2 itself and by what Jinja2 makes of them."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pyxie.config.settings import Settings
from pyxie.errors import RenderError
from pyxie.importers.languages.pongo2.converter import convert
from pyxie.importers.languages.pongo2.lexer import pieces
from pyxie.registry.machine import Machine
from pyxie.render.context import template_names
from pyxie.render.strict import Renderer
from tests.importers.languages.gowaitron import CONTEXT, Waitron, names, waitron

__all__ = ["waitron"]

MACHINE = Machine.model_validate(
    {
        "hostname": "web01.example.org",
        "operatingsystem": "12",
        "preseed": "debian.j2",
        "initrd": ["initrd.gz", "more.gz"],
        "params": {
            "disk": "/dev/sda",
            "static": "True",
            "off": "False",
            "empty": "",
            "count": "12",
            "words": "one two  three",
            "list": "a,b,c",
            "per": "50%",
            "config_context": '{"site": "x1", "mounts": {"root": "4G"}, "ntp": ["n1", "n2"]}',
        },
        "network": [
            {
                "name": "eth0",
                "macaddress": "52:54:00:12:34:56",
                "ipaddress": "192.0.2.21",
                "addresses4": [{"ipaddress": "192.0.2.21", "cidr": "192.0.2.21/24"}],
                "gateway4": "192.0.2.1",
                "zside_device_port": "ge-0/0/1",
                "tags": ["waitron_primary", "waitron_provisioning"],
            },
            {"name": "eth1", "macaddress": "52:54:00:12:34:57"},
        ],
    }
)
SETTINGS = Settings.model_validate({"params": {"dns": "192.0.2.53"}, "kernel": "linux"})

P, N = "machine.Params", "machine.Network"

SAME = [
    # Names.
    "{{ machine.Hostname }} {{Token}} {{ BaseURL }}/{{ Hostname }} {{ machine.ShortName }}",
    "{{ machine.Domain }} {{ machine.Params.disk }} {{ config.Params.dns }} {{ config.BaseURL }}",
    "[{{ machine.Params.nope }}{{ nope }}{{ nope.at.all }}{{ machine.Network.7.MacAddress }}]",
    "{{ machine.Network.0.MacAddress }} {{ machine.Network.0.Addresses4.0.Cidr }}",
    "{{ machine.Network.1.Tags.0 }}",
    "{{ machine.Params.keys }}{{ machine.Params.items }}{{ machine.Params.get }}",
    "{{ nil }}{{ none }}{{ None }}{{ true }}{{ false }}",
    # Filters.
    '{{ machine.Params.disk|default:"x" }} {{ machine.Params.no | default: "y" }}',
    '{{ machine.Params.empty|default:"e" }} {{ machine.Params.no|default_if_none:"n" }}',
    '[{{ machine.Params.empty|default_if_none:"n" }}] {{ machine.Params.no|default:Hostname }}',
    "{{ machine.Params.no|default:machine.Params.disk|upper }}[{{ nope|default:nope2 }}]",
    "{{ machine.Params.static|lower }} {{ machine.Params.no|upper }} {{ Hostname|safe|upper }}",
    '{{ 3|add:4 }} {{ machine.Params.count|add:3 }} {{ "a"|add:machine.Params.no|add:"b" }}',
    '{{ "ab"|capfirst }} {{ machine.Params.disk|cut:"/" }} {{ machine.Params.words|wordcount }}',
    '{{ machine.Params.list|split:","|join:"-" }} {{ "abc"|first }}{{ "abc"|last }}',
    '{{ "abcdef"|slice:"1:3" }} {{ "abcdef"|slice:":2" }} {{ "abcdef"|slice:"4:" }}',
    '[{{ "ab"|ljust:5 }}] [{{ "ab"|rjust:"5" }}] {{ 3.14159|floatformat:2 }}',
    '{{ 12|divisibleby:4 }} {{ "abc"|length }} {{ "abc"|length_is:3 }} {{ nope|length }}',
    '{{ machine.Params.disk|urlencode }} {{ "a b~c"|urlencode }} {{ "abcdefgh"|truncatechars:5 }}',
    '{{ "abc"|truncatechars:3 }} {{ 5|stringformat:"%03d" }} {{ "x"|stringformat:"<%4s>"|safe }}',
    '{{ true|yesno }} {{ false|yesno:"y,n" }} {{ nope|yesno:"y,n,m" }} {{ nope|yesno:"y,n" }}',
    '{{ machine.Params.off|yesno }} {{ "ab"|addslashes }} {{ "web one"|title }}',
    '{{ "12"|integer }} {{ machine.Params.count|integer|add:1 }} {{ nope|integer }}',
    '{{ "1.5"|float }}',
    "{% for t in machine.Network %}NIC{{ forloop.Counter|pluralize }} {% endfor %}",
    '{% for c in "abc"|make_list %}{{ c }}.{% endfor %}',
    # Sums and comparisons.
    "{{ 7/2 }} {{ 7.0/2 }} {{ 1+2*3 }} {{ (1+2)*3 }} {{ 7%4 }} {{ 2^3 }} {{ -3 }} {{ 10 - 2 - 3 }}",
    '{{ machine.Params.count + 1 }} {{ "5" * 2 }} {{ nope + 1 }} {{ 1.5 }} {{ 08 }}',
    "{{ machine.Params.count > 9 }} {{ machine.Params.count <= 9 }} {{ nope < 1 }} {{ 2 >= 1.5 }}",
    '{{ machine.Params.count == "12" }} {{ machine.Params.count == 12 }} {{ 1 <> 2 }} {{ 1 != 1 }}',
    '{{ nope == nil }} {{ machine.Params.disk != None }} {{ nope == "" }}',
    '{{ machine.Finish == "" }}',
    '{{ "sd" in machine.Params.disk }} {{ "disk" in machine.Params }} {{ "x" in nope }}',
    '{{ "waitron_primary" in machine.Network.0.Tags }}',
    "{{ machine.Params.disk && nope }} {{ machine.Params.disk || nope }}",
    "{{ !nope }} {{ not true }}",
    # Conditions.
    '{% if machine.Params.static == "True" %}static{% else %}dhcp{% endif %}',
    '{% if machine.Params.no == "1" || machine.Params.static == "True" %}a{% endif %}',
    '{% if machine.Params.static == "True" && !machine.Params.no %}a{% elif nope %}b{% endif %}',
    "{% if machine.Params.off %}texts are true{% endif %}",
    "{% if not machine.Params.empty %}!{% endif %}",
    "{% if true && false || true %}a{% else %}b{% endif %}",
    "{% if false && true || true %}a{% else %}b{% endif %}",
    "{% if true || true && false %}a{% else %}b{% endif %}",
    '{% if !machine.Params.no == "x" %}a{% else %}b{% endif %}',
    '{% if not "disk" in machine.Params %}a{% else %}b{% endif %}',
    "{% if !(machine.Params.no) and (machine.Params.disk) %}a{% endif %}",
    '{% ifequal machine.Params.count "12" %}y{% else %}n{% endifequal %}',
    '{% ifnotequal machine.Params.count|default:"1" nope %}y{% else %}n{% endifnotequal %}',
    # Loops.
    "{% for nic in machine.Network %}{{ nic.Name }}={{ nic.MacAddress }} {% endfor %}",
    "{% for n in machine.Network %}{{ forloop.Counter }}{{ forloop.Counter0 }}{% endfor %}",
    "{% for n in machine.Network %}{{ forloop.Revcounter }}{{ forloop.Revcounter0 }}{% endfor %}",
    "{% for n in machine.Network %}{{ forloop.First }}{{ forloop.Last }};{% endfor %}",
    "{% for n in machine.Network %}{% for a in n.Addresses4 %}{{ a.Cidr }}{% endfor %}{% endfor %}",
    "{% for x in nope %}x{% empty %}none{% endfor %}{% for x in machine.Params.no %}x{% endfor %}",
    "{% for n in machine.Network reversed %}{{ n.Name }}{% endfor %}",
    "{% for k in machine.Params sorted %}{{ k }},{% endfor %}",
    "{% for k, v in config.Params %}{{ k }}={{ v }}{% endfor %}{% for k, v in nope %}x{% endfor %}",
    "{% for k, v in machine.Params sorted %}{{ k|upper }}={{ v|length }},{% endfor %}",
    '{% for t in machine.Params.list|split:"," %}{% if not forloop.Last %}-{% endif %}{% endfor %}',
    '{% for t in machine.Network %}{% cycle "a" "b" %}{% cycle "c" "d" as z %}{{ z }}{% endfor %}',
    '{% for t in machine.Network %}{% cycle "c" "d" as z silent %}{{ z }}{{ z }}{% endfor %}',
    '{% for c in "aabba" %}{% ifchanged c %}{{ c }}{% else %}-{% endifchanged %}{% endfor %}',
    # Names set in the template.
    "{% with a=machine.Params.disk b=1 %}{{ a }}{{ b }}{% endwith %}[{{ a }}]",
    "{% with a = machine.Params.no|default:Hostname %}{{ a|upper }}{% endwith %}",
    "{% with machine.Params.disk as d %}{{ d }}{% endwith %}",
    "{% with machine.Params.no as d 1 as e %}[{{ d }}]{{ e }}{% endwith %}",
    "{% set z = machine.Params.count %}{{ z }}{% if nope %}{% set y = 1 %}{% endif %}[{{ y }}]",
    '{% macro f(a, b="z") %}{{ a }}-{{ b }}{{ Token }}{% endmacro %}{{ f("q") }}{{ f() }}',
    # The rest.
    "a{# a comment #}b{#- dashes -#}c {% comment %}of {{ several }}\n#} lines{% endcomment %}d",
    "a {%- if true -%} b {%- endif -%} c {{- 1 -}} d",
    "{%if true%}x{%endif%}{{Token}}{{machine.Params.no}}",
    "{% verbatim %}{{ not this }}{% nor this %}{% endverbatim %}",
    "{% autoescape off %}{{ machine.Params.disk }}{% endautoescape %} x",
    "a {%- autoescape off -%} {{ 1 }} {%- endautoescape %} b",
    '{% firstof nope machine.Params.empty machine.Params.disk "z" %}{% firstof nope %}',
    "{% filter upper %}ab {{ Hostname }}{% endfilter %}",
    '{% filter lower|cut:"B" %}aBc{% endfilter %}',
    "{% templatetag openblock %} {% templatetag closevariable %}{% templatetag opencomment %}",
    "{% block body %}in a {{ Hostname }}{% endblock %}",
]

FORMATS = [
    "%%packages\n100%% done %%%%\n{{ machine.Params.disk }}%%",
    '{{ "%%x" }} {{ nope|default:"5%%" }} {% verbatim %}%%{% endverbatim %}',
]

WITH_FILTERS = [
    "{{ machine.Network.0.ZSideDeviceInterface }} {{ job.TriggerMacRaw }} {{ job.Machine.Domain }}",
    '{% regex_replace machine.Params.disk "/dev/(s)d" "$1:${1}-" %}',
    '{% regex_replace Hostname "^(\\\\w+)\\\\..*" "<$1>" %}',
    "{% with c=machine.Params.config_context|from_yaml %}{{ c.mounts.root }}{% endwith %}",
    "{% set c = machine.Params.config_context|from_yaml %}{% for n in c.ntp %}{{ n }},{% endfor %}",
    "{% with c=machine.Params.no|from_yaml %}[{{ c.nope }}]{% endwith %}",
    '{{ machine.Params|key:"disk" }}[{{ machine.Params|key:"no" }}]',
    "{% spaceless %}<a> <b>\n</b></a> x{% endspaceless %}",
]


def rendered(text: str, folder: Path | None = None) -> str:
    """Return what pyxie makes of a converted template."""
    renderer = Renderer([folder] if folder else [])
    return renderer.text("template", text, template_names(MACHINE, SETTINGS, CONTEXT))


class TestConverted:
    @pytest.mark.parametrize("source", [*SAME, *FORMATS, *WITH_FILTERS])
    def test_nothing_is_left_unconverted(self, source: str) -> None:
        notes = convert(source, "t.j2").notes

        assert [note for note in notes if "not converted" in note.sentence] == []

    @pytest.mark.parametrize("source", SAME)
    def test_a_template_renders_as_in_waitron(self, waitron: Waitron, source: str) -> None:
        converted = convert(source, "t.j2")

        assert rendered(converted.text) == waitron(
            names(MACHINE, SETTINGS), text=source, printf=False
        )
        assert not [note for note in converted.notes if "not converted" in note.sentence]

    @pytest.mark.parametrize("source", FORMATS)
    def test_a_doubled_percent_sign_becomes_the_one_that_waitron_printed(
        self, waitron: Waitron, source: str
    ) -> None:
        assert rendered(convert(source, "t.j2").text) == waitron(
            names(MACHINE, SETTINGS), text=source
        )

    @pytest.mark.parametrize("source", WITH_FILTERS)
    def test_waitrons_own_additions_render_as_in_waitron(
        self, waitron: Waitron, source: str
    ) -> None:
        converted = convert(source, "t.j2")

        assert rendered(converted.text) == waitron(
            names(MACHINE, SETTINGS), text=source, printf=False
        )
        assert converted.notes == ()

    def test_what_was_not_touched_is_as_it_was_written(self) -> None:
        source = "{{Token}} {%if  true%}x{%endif%} {# c #} {{ machine.Hostname }}{%   endif  %}"

        assert convert("{{Token}} {% if machine.Finish %}x{%   endif  %}", "t").text == (
            "{{Token}} {% if machine.Finish %}x{%   endif  %}"
        )
        assert convert(source, "t").text.startswith("{{Token}} {%if  true%}x{%endif%} {# c #}")

    def test_a_value_is_no_html_any_more(self, waitron: Waitron) -> None:
        """Waitron escaped what a template printed, also in a preseed (docs/waitron.md)."""
        machine = MACHINE.model_copy(update={"params": {"quote": 'it\'s <b> & "c"'}})
        converted = convert("{{ machine.Params.quote }}", "t.j2").text
        made = Renderer([]).text("t", converted, template_names(machine, SETTINGS, CONTEXT))

        assert made == 'it\'s <b> & "c"'
        assert waitron(names(machine, SETTINGS), text="{{ machine.Params.quote }}") == (
            "it&#39;s &lt;b&gt; &amp; &quot;c&quot;"
        )


class TestFiles:
    """Includes and their kin, from folder to folder."""

    FILES: ClassVar = {
        "main.j2": '{% include "parts/a.j2" %}|'
        '{% include machine.Params.no|default:"parts/b.j2" %}|'
        '{% include "/ROOT/parts/b.j2" %}|{% include "gone.j2" if_exists %}|'
        '{% include "parts/w.j2" with who=Hostname n=1 %}[{{ who }}]|'
        '{% import "m.j2" loud, soft as s %}{{ loud("x") }}{{ s(Hostname) }}',
        "parts/a.j2": 'a {% include "b.j2" %}',
        "parts/b.j2": "b of {{ Hostname }}",
        "parts/w.j2": "{{ who }}{{ n }}{{ nope }}",
        "m.j2": "{% macro loud(t) export %}{{ t|upper }}!{% endmacro %}"
        "{% macro soft(t) export %}{{ t }} {{ Token }}{% endmacro %}",
        "child.j2": '{% extends "base.j2" %}{% block b %}<{{ block.Super }}>{% endblock b %}',
        "base.j2": "{% block a %}a{% endblock %}{% block b %}b {{ Hostname }}{% endblock %}.",
    }

    @pytest.mark.parametrize("name", ["main.j2", "child.j2"])
    def test_render_as_in_waitron(self, waitron: Waitron, tmp_path: Path, name: str) -> None:
        old, new = tmp_path / "old", tmp_path / "new"
        for file, text in self.FILES.items():
            source = text.replace("/ROOT", str(old))
            made = convert(source, file, roots=[str(old)])
            assert made.notes == ()
            for folder, written in ((old, source), (new, made.text)):
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                (folder / file).write_text(written)

        made_of_it = Renderer([new]).template(name, template_names(MACHINE, SETTINGS, CONTEXT))

        assert made_of_it == waitron(names(MACHINE, SETTINGS), folder=old, file=name)

    def test_outside_of_the_folder_are_told(self) -> None:
        assert said('{% include "/elsewhere/x.j2" %}') == [
            "t.j2:1:1: '/elsewhere/x.j2' is outside of 'templatepath', where pyxie includes nothing"
        ]


def said(source: str, *, printf: bool = True) -> list[str]:
    """Return the notes about a template."""
    return [str(note) for note in convert(source, "t.j2", printf=printf).notes]


class TestNotes:
    @pytest.mark.parametrize(
        ("source", "sentence"),
        [
            ("a\n  {{ machine.Params[0] }}", "2:20: not converted: pongo2 has no '[' here"),
            ('{% now "2006" %}', "1:1: not converted: 'now': pyxie has no clock for templates"),
            ("{% nonsense %}", "1:1: not converted: 'nonsense': pongo2 has no such tag"),
            ("{{ x|nonsense }}", "1:6: not converted: pongo2 has no filter 'nonsense'"),
            ('{{ x|date:"2" }}', "1:6: not converted: the filter 'date' has no like in Jinja2"),
            ("{{ x.Call() }}", "1:6: not converted: a call of a Go method has no like in Jinja2"),
            ("{{ x", "1:1: not converted: '{{' has no end"),
            ("{{ x y }}", "1:6: not converted: 'y' is not understood here"),
            ("{{ }}", "1:4: not converted: a name is missing here"),
            ("{% %}", "1:1: not converted: a tag needs a name"),
            ("{% endif %}", "1:1: not converted: 'endif' ends nothing here"),
            ("{% cycle 1 2 %}", "1:1: not converted: 'cycle': Jinja2 takes turns in a loop only"),
            (
                "{% for a in b %}{{ forloop.Parentloop.Counter }}{% endfor %}",
                "1:28: not converted: 'forloop.Parentloop' has no like in Jinja2",
            ),
            (
                "{% for a in b %}{% set c = 1 %}{% set c = 2 %}{% endfor %}",
                "1:32: 'c': what is set in a loop is gone after that turn in Jinja2",
            ),
            ("{{ machine.hostname }}", "1:12: waitron knew 'Hostname' only"),
            ("{{ job.End }}", "1:8: pyxie's 'job' has no 'End', so it is nothing here"),
            ("{% if a && b || c %}{% endif %}", "1:9: pongo2 reads 'a and b or c' as"),
            ("{% if !a == b %}{% endif %}", "1:10: pongo2 negates before it compares"),
            ("{% if True %}{% endif %}", "1:7: 'True' is no name of pongo2's, and so false"),
            ("{{ x|escape }}", "1:6: the filter 'escape': waitron escaped this twice"),
            ("100%% 5% x", "1:4: '%%' was what waitron printed as '%'; it is '%' now"),
            ("a\r\nb", "1:2: its lines end in CR LF; Jinja2 makes LF of them"),
            ("{% if a %}", "1:1: 'if' has no end"),
            ("{% autoescape on %}{% endautoescape %}", "1:1: pyxie does not escape for HTML"),
        ],
    )
    def test_tell_where_it_is_and_why(self, source: str, sentence: str) -> None:
        assert said(source)[0].startswith(f"t.j2:{sentence}")

    @pytest.mark.parametrize(
        "source",
        [
            '{% now "2006" %}',
            "{{ machine.Params[0] }}",
            "{% ifchanged %}a{% else %}b{% endifchanged %}",
            "{% nonsense a %}b{% endnonsense %}",
            "{% for a, in b %}{{ Token }}{% empty %}{% endfor %}",
        ],
    )
    def test_what_is_not_converted_stays_so_that_it_is_found_again(self, source: str) -> None:
        converted = convert(source, "t.j2")

        assert converted.text == source
        with pytest.raises(RenderError):
            rendered(converted.text)

    @pytest.mark.parametrize(
        ("source", "first"),
        [
            ("""{{ "}}" }} a""", """{{ "}}" }}"""),
            ("""{{ " }} a""", """{{ " }}"""),
            (r"""{% ' \' %}{{ a }}""", r"""{% ' \' %}"""),
            ("""{{ '"' ' }} a""", """{{ '"' ' }}"""),
        ],
    )
    def test_a_quote_without_an_end_is_a_letter(self, source: str, first: str) -> None:
        assert next(pieces(source)).source == first

    def test_what_is_no_format_keeps_its_percent_signs(self) -> None:
        assert convert("date +%%s; %H", "t.j2", printf=False).text == "date +%%s; %H"
        assert said("date +%%s; %H", printf=False) == []


WORDS = st.sampled_from(
    [
        *("{{", "}}", "{%", "%}", "{#", "#}", "-", " ", "\n", '"', "'", "\\", "%%", "|", ":", "."),
        *("if ", "else", "endif", "for ", "in ", "a", "0", "(", ")", "==", "!", "&&", "default"),
        *("verbatim", "endverbatim", "comment", "with ", "cycle ", "machine", "set ", "filter "),
        *("x", "=", ",", "include ", "macro ", "regex_replace ", "endfor", "forloop", "é", "\0"),
    ]
)


class TestAnyText:
    @given(st.one_of(st.text(), st.lists(WORDS, max_size=40).map("".join)))
    @example("{{ " + "(" * 5000 + " }}")
    @example("{{ a" + " || a" * 5000 + " }}")
    @example("{% filter first %}{% endfilter %}")
    @example("{{ 1" + "^1" * 5000 + " }}")
    def test_is_converted_or_told(self, text: str) -> None:
        made = convert(text, "t.j2")

        for note in made.notes:
            assert 1 <= note.line <= text.count("\n") + 1
            assert note.column >= 1

    @given(st.text(alphabet=st.characters(exclude_characters="{%")))
    def test_that_is_no_template_stays(self, text: str) -> None:
        assert convert(text, "t.j2").text == text
