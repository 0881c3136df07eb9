"""Templates: strict in what they print, lenient in what they test, and boxed in."""

from __future__ import annotations

import builtins
import io
import os
from pathlib import Path
from typing import Any

import jinja2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pyxie.errors import RenderError
from pyxie.render.context import Params, Record
from pyxie.render.strict import Renderer, compile_ahead

NAMES: dict[str, Any] = {
    "name": "web01",
    "number": 5,
    "params": Params("params", {"static": "True", "items": "I", "get": "G", "a-b": "dash"}),
    "machine": Record(
        "machine", {"hostname": "web01", "network": [{"mac": "x"}], "image_url": "u"}
    ),
}


def render(source: str) -> str:
    return Renderer([]).text("cmdline", source, NAMES)


def complaint(source: str) -> str:
    with pytest.raises(RenderError) as caught:
        render(source)
    return str(caught.value)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def write(folder: Path, name: str, text: str | bytes) -> None:
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())


def file_complaint(folder: Path, name: str) -> str:
    with pytest.raises(RenderError) as caught:
        Renderer([folder]).template(name, NAMES)
    return str(caught.value)


class TestPrinting:
    @pytest.mark.parametrize(
        "source",
        [
            "{{ nope }}",
            "{{ nope.deeper.still }}",
            "{{ nope[0] }}",
            "{{ nope() }}",
            "{{ nope.method(1) }}",
            "{{ nope ~ 'x' }}",
            "{{ 'x' ~ nope }}",
            "{{ nope + 'x' }}",
            "{{ 'x' + nope }}",
            "{{ nope * 2 }}",
            "{{ -nope }}",
            "{{ nope % 2 }}",
            "{{ '%s' % nope }}",
            "{{ '%r' % [nope] }}",
            "{{ '{}'.format(nope) }}",
            "{{ [nope] }}",
            "{{ {'key': nope} }}",
            "{{ nope|upper }}",
            "{{ nope|trim }}",
            "{{ nope|string }}",
            "{{ nope|int }}",
            "{{ nope|length }}",
            "{{ nope|join(',') }}",
            "{{ nope|first }}",
            "{{ nope|list }}",
            "{{ nope|replace('a', 'b') }}",
            "{{ nope|e }}",
            "{{ nope|attr('x') }}",
            "{{ [1, nope]|join }}",
            "{% for x in nope %}{% endfor %}",
            "{% for x in nope.list %}{% endfor %}",
            "{% macro m(x) %}{{ x }}{% endmacro %}{{ m(nope) }}",
            "{% set x = nope %}{{ x }}",
            "{% include nope %}",
            "{% filter upper %}{{ nope }}{% endfilter %}",
            "{% call nope() %}{% endcall %}",
        ],
    )
    def test_or_looping_over_an_undefined_name_names_it(self, source: str) -> None:
        assert complaint(source) == "cmdline:1: 'nope' is undefined"

    @pytest.mark.parametrize(
        ("source", "name"),
        [
            ("{{ machine.nope }}", "machine.nope"),
            ("{{ machine.nope.deeper }}", "machine.nope"),
            ("{{ machine['nope'] }}", "machine.nope"),
            ("{{ params.nope }}", "params.nope"),
            ("{{ params.nope|upper }}", "params.nope"),
            ("{{ machine[0] }}", "machine.0"),
        ],
    )
    def test_a_name_is_told_with_the_way_to_it(self, source: str, name: str) -> None:
        assert complaint(source) == f"cmdline:1: '{name}' is undefined"

    def test_beyond_the_end_of_a_list_is_undefined(self) -> None:
        assert complaint("{{ machine.network[1].mac }}") == (
            "cmdline:1: list object has no element 1"
        )

    def test_a_function_is_a_mistake(self) -> None:
        assert complaint("{{ params.values }}") == (
            "cmdline:1: a function cannot be printed; call it, with () after it"
        )

    def test_the_line_is_counted_in_the_text(self) -> None:
        assert complaint("a\nb\n\n{{ name }} {{ nope }}\n") == "cmdline:4: 'nope' is undefined"


class TestTesting:
    @pytest.mark.parametrize(
        "source",
        [
            "{{ nope == 'True' }}",
            "{{ params.nope == 'True' }}",
            "{{ nope.deeper.still == 1 }}",
            "{{ nope is defined }}",
            "{{ nope.deeper is defined }}",
            "{{ nope < 3 }}",
            "{{ nope > 3 }}",
            "{{ 'x' in nope }}",
            "{{ nope in ['x'] }}",
            "{{ machine.network[7].mac == 'x' }}",
            "{{ machine[0] is defined }}",
            "{{ not not nope }}",
        ],
    )
    def test_an_undefined_name_is_false(self, source: str) -> None:
        assert render(source) == "False"

    @pytest.mark.parametrize(
        "source",
        [
            "{% if nope %}no{% else %}yes{% endif %}",
            "{% if params.nope == 'True' %}no{% else %}yes{% endif %}",
            "{% if nope and name %}no{% else %}yes{% endif %}",
            "{{ nope or 'yes' }}",
            "{{ nope|default('yes') }}",
            "{{ params.nope|default('yes') }}",
            "{{ nope.a.b|default('yes') }}",
            "{{ 'yes' if nope is undefined }}",
            "{% for x in nope|default(['yes']) %}{{ x }}{% endfor %}",
            "{% if nope != 'x' %}yes{% endif %}",
            "{% if ''.__class__ %}no{% else %}yes{% endif %}",
        ],
    )
    def test_it_makes_the_other_way_be_taken(self, source: str) -> None:
        assert render(source) == "yes"


class TestParams:
    def test_are_text_as_they_were_written(self) -> None:
        assert render("{{ params.static == 'True' }} {{ params['a-b'] }}") == "True dash"

    def test_that_are_named_like_a_method_of_a_mapping_win(self) -> None:
        assert render("{{ params.items }} {{ params.get }}") == "I G"

    def test_can_be_walked(self) -> None:
        source = "{% for k, v in params|dictsort %}{{ k }}={{ v }} {% endfor %}"

        assert render(source) == "a-b=dash get=G items=I static=True "
        assert render("{{ params.keys()|sort|join(' ') }}") == "a-b get items static"


class TestText:
    def test_that_is_no_template_comes_out_as_it_went_in(self) -> None:
        text = "100% %d %s & <b> 'it' \"quoted\" $HOME ${x} \\n # ; || é\ttab"

        assert render(text) == text

    def test_in_raw_blocks_too(self) -> None:
        assert render("{% raw %}{{ x }} {% if %}{% endraw %}") == "{{ x }} {% if %}"

    def test_keeps_its_last_line_end_and_loses_those_of_windows(self) -> None:
        assert render("a\r\nb\r\n") == "a\nb\n"

    def test_values_are_not_escaped(self) -> None:
        assert render("{{ \"it's <b> & 'that'\" }}") == "it's <b> & 'that'"

    def test_a_byte_order_mark_does_not_get_into_a_script(self, folder: Path) -> None:
        write(folder, "a.sh", b"\xef\xbb\xbf#!/bin/sh\n")

        assert Renderer([folder]).template("a.sh", {}) == "#!/bin/sh\n"


class TestMistakesInTemplates:
    def test_are_told_with_their_line(self) -> None:
        assert complaint("a\n{% if x %}\nb") == (
            "cmdline:2: is not a template: Unexpected end of template. Jinja was looking for the "
            "following tags: 'elif' or 'else' or 'endif'. The innermost block that needs to be "
            "closed is 'if'."
        )

    @pytest.mark.parametrize(
        ("source", "said"),
        [
            ("{{ name|nofilter }}", "is not a template: No filter named 'nofilter'."),
            ("{% notag %}", "is not a template: Encountered unknown tag 'notag'."),
            ("{{ }}", "is not a template: Expected an expression, got 'end of print statement'"),
            ("{{ 1/0 }}", "ZeroDivisionError: division by zero"),
            ("{{ name + 1 }}", 'TypeError: can only concatenate str (not "int") to str'),
        ],
    )
    def test_of_any_kind(self, source: str, said: str) -> None:
        assert complaint("\n" + source) == f"cmdline:2: {said}"


class TestFiles:
    def test_are_sought_in_the_folders_in_their_order(self, tmp_path: Path) -> None:
        for place in ("first", "second"):
            write(tmp_path, f"{place}/a.j2", place)
        write(tmp_path, "second/b.j2", "only {{ name }}")
        renderer = Renderer([tmp_path / "first", tmp_path / "second"])

        assert renderer.template("a.j2", NAMES) == "first"
        assert renderer.template("b.j2", NAMES) == "only web01"

    def test_that_are_missing_are_named_with_the_folder(self, folder: Path) -> None:
        for name in ("no.j2", "../etc/passwd", "sub/no.j2", "", "."):
            assert file_complaint(folder, name) == (
                f"{name}: there is no such template in {folder}"
            )

    def test_a_template_that_is_edited_counts_from_then_on(self, folder: Path) -> None:
        write(folder, "a.j2", "old")
        renderer = Renderer([folder])
        old = renderer.template("a.j2", {})
        (folder / "a.j2").unlink()
        write(folder, "a.j2", "new and longer")

        os.utime(folder / "a.j2", (1, 1))
        assert (old, renderer.template("a.j2", {})) == ("old", "new and longer")

    def test_also_where_another_of_the_same_age_replaces_it(self, folder: Path) -> None:
        for name, text in (("a.j2", "one"), ("new", "two")):
            write(folder, name, text)
            os.utime(folder / name, (1, 1))
        renderer = Renderer([folder])
        old = renderer.template("a.j2", {})

        (folder / "new").replace(folder / "a.j2")

        assert (old, renderer.template("a.j2", {})) == ("one", "two")

    def test_also_where_the_folder_is_a_link_that_is_moved(self, tmp_path: Path) -> None:
        for release in ("r1", "r2"):
            write(tmp_path, f"{release}/a.j2", release)
            os.utime(tmp_path / release / "a.j2", (1, 1))
        link = tmp_path / "current"
        link.symlink_to("r1")
        renderer = Renderer([link])
        old = renderer.template("a.j2", {})

        link.unlink()
        link.symlink_to("r2")

        assert (old, renderer.template("a.j2", {})) == ("r1", "r2")

    def test_also_while_it_is_read(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        write(folder, "a.j2", "old")

        def edited_meanwhile(file: str, **named: Any) -> io.StringIO:
            monkeypatch.undo()
            source = Path(file).read_text(**named)
            write(folder, "a.j2", "new and longer")
            return io.StringIO(source)

        monkeypatch.setattr(builtins, "open", edited_meanwhile)
        renderer = Renderer([folder])
        old = renderer.template("a.j2", {})

        assert (old, renderer.template("a.j2", {})) == ("old", "new and longer")

    @pytest.mark.parametrize(
        "source",
        [
            "{% import 'macros.j2' as macros %}{{ macros.shown() }}",
            "{% from 'macros.j2' import shown %}{{ shown() }}",
            "{% include 'macros.j2' without context %}",
            "{% include 'macros.j2' %}",
        ],
    )
    def test_also_where_one_that_is_imported_imports_it(self, folder: Path, source: str) -> None:
        macros = "{% from 'inner.j2' import x %}{% macro shown() %}{{ x }}{% endmacro %}"
        write(folder, "macros.j2", f"{macros}{{{{ shown() }}}}")
        write(folder, "a.j2", source)
        write(folder, "inner.j2", "{% set x = 'old' %}")
        renderer = Renderer([folder])
        old = renderer.template("a.j2", {})

        write(folder, "inner.j2", "{% set x = 'longer' %}")

        assert (old, renderer.template("a.j2", {})) == ("old", "longer")

    def test_one_that_appears_in_the_first_folder_takes_over(self, tmp_path: Path) -> None:
        (tmp_path / "first").mkdir()
        write(tmp_path, "second/a.j2", "shipped")
        renderer = Renderer([tmp_path / "first", tmp_path / "second"])
        before = renderer.template("a.j2", {})

        write(tmp_path, "first/a.j2", "own")

        assert (before, renderer.template("a.j2", {})) == ("shipped", "own")

    def test_links_are_followed(self, folder: Path) -> None:
        write(folder, "real.txt", "{{ name }}")
        (folder / "a.j2").symlink_to("real.txt")

        assert Renderer([folder]).template("a.j2", NAMES) == "web01"

    def test_that_are_not_text_are_told(self, folder: Path) -> None:
        write(folder, "a.j2", b"\xff")
        write(folder, "b.j2", "\n{% include 'a.j2' %}")

        assert file_complaint(folder, "a.j2") == "a.j2: is, or includes, what is not UTF-8 text"
        assert file_complaint(folder, "b.j2") == "b.j2:2: is, or includes, what is not UTF-8 text"


class TestIncludes:
    def test_are_sought_beside_the_including_file_then_at_the_root(self, folder: Path) -> None:
        write(folder, "both.j2", "root")
        write(folder, "sub/both.j2", "sub")
        write(folder, "top.j2", "top")
        write(folder, "sub/a.j2", "{% include 'both.j2' %} {% include 'top.j2' %}")

        assert Renderer([folder]).template("sub/a.j2", {}) == "sub top"

    def test_by_a_dotted_way_stay_in_the_folder(self, folder: Path) -> None:
        write(folder, "top.j2", "top")
        write(folder, "sub/a.j2", "{% include '../top.j2' %}")
        write(folder, "sub/b.j2", "{% include '../../etc/passwd' %}")

        assert Renderer([folder]).template("sub/a.j2", {}) == "top"
        assert file_complaint(folder, "sub/b.j2") == (
            f"sub/b.j2:1: includes ../../etc/passwd, which is not in {folder}"
        )

    def test_a_missing_one_is_told_where_it_is_included(self, folder: Path) -> None:
        write(folder, "sub/inner.j2", "a\n{% include 'gone.j2' %}\n")
        write(folder, "outer.j2", "a\nb\nc\n{% include 'sub/inner.j2' %}\n")

        assert file_complaint(folder, "outer.j2") == (
            f"sub/inner.j2:2: includes gone.j2, which is not in {folder}"
        )

    @pytest.mark.parametrize(
        "outer",
        [
            "{% include 'inner.j2' %}",
            "{% extends 'inner.j2' %}",
            "{% import 'inner.j2' as x %}{{ x.m() }}",
            "{% from 'inner.j2' import m %}{{ m() }}",
        ],
    )
    def test_what_fails_in_the_inner_one_is_told_of_the_inner_one(
        self, folder: Path, outer: str
    ) -> None:
        body = "{% macro m() %}\n{{ nope }}\n{% endmacro %}"
        if "include" in outer or "extends" in outer:
            body = "{% block b %}\n{{ nope }}\n{% endblock %}"
        write(folder, "inner.j2", body)
        write(folder, "outer.j2", f"\n\n\n{outer}")

        assert file_complaint(folder, "outer.j2") == "inner.j2:2: 'nope' is undefined"

    def test_a_mistake_in_the_inner_one_is_told_of_the_inner_one(self, folder: Path) -> None:
        write(folder, "inner.j2", "\n{% nope %}")
        write(folder, "outer.j2", "{% include 'inner.j2' %}")

        assert file_complaint(folder, "outer.j2") == (
            "inner.j2:2: is not a template: Encountered unknown tag 'nope'."
        )

    def test_without_end_end(self, folder: Path) -> None:
        write(folder, "a.j2", "{% include 'b.j2' %}")
        write(folder, "b.j2", "\n{% include 'a.j2' %}")

        said = file_complaint(folder, "a.j2")

        assert said.endswith(": includes or calls itself without end")


class TestTheBox:
    @pytest.mark.parametrize(
        "source",
        [
            "{{ ''.__class__.__mro__ }}",
            "{{ name.__init__.__globals__ }}",
            "{{ params.update({'a': 'b'}) }}",
            "{{ params.pop('static') }}",
            "{% do params.clear() %}",
            "{% do machine.network.append(1) %}",
            "{{ machine._fields }}",
            "{{ machine.__class__ }}",
            "{{ render.__globals__ }}",
        ],
    )
    def test_is_not_left_and_nothing_in_it_changed(self, source: str) -> None:
        complaint(source)

        assert dict(NAMES["params"]) == {
            "static": "True",
            "items": "I",
            "get": "G",
            "a-b": "dash",
        }
        assert NAMES["machine"].network == [{"mac": "x"}]

    @pytest.mark.parametrize(
        ("source", "said"),
        [
            ("{{ 'a' * 10**9 }}", "OverflowError: a product too large for a template"),
            ("{{ 10**9 * 'a' }}", "OverflowError: a product too large for a template"),
            ("{{ [0] * 10**9 }}", "OverflowError: a product too large for a template"),
            ("{{ 9**(9**9) }}", "OverflowError: a product too large for a template"),
            (
                "{{ range(10**9) }}",
                (
                    "OverflowError: Range too big. The sandbox blocks ranges larger than MAX_RANGE "
                    "(100000)."
                ),
            ),
            (
                "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
                "includes or calls itself without end",
            ),
        ],
    )
    def test_bombs_do_not_go_off(self, source: str, said: str) -> None:
        assert complaint(source) == f"cmdline:1: {said}"

    def test_a_text_without_end_is_cut_off(self) -> None:
        source = "{% for i in range(1000) %}{{ 'x' * 100000 }}{% endfor %}"

        assert complaint(source) == "cmdline: its text is over 16 MiB"


def test_an_error_whose_text_would_quote_an_undefined_name_names_it() -> None:
    empty: dict[object, str] = {}

    with pytest.raises(RenderError) as caught:
        Renderer([]).text("cmdline", "{{ look(nope) }}", {"look": empty.__getitem__})

    assert str(caught.value) == "cmdline:1: KeyError: 'nope' is undefined"


_PIECES = st.sampled_from(
    [
        "{{", "}}", "{%", "%}", "{#", "#}", " ", "\n", "name", "nope", "params", "machine",
        ".", "[", "]", "(", ")", "|", "~", "+", "-", "*", "**", "%", "/", "==", "<", ",", "'",
        "a", "5", "-1", "items", "static", "network", "mac", "if ", "else", "endif", "for ",
        " in ", "endfor", "set ", "x", "=", "include ", "extends ", "import ", "macro ", "m()",
        "endmacro", "raw", "endraw", "do ", "break", "not ", " is ", "defined", "default",
        "upper", "join", "int", "length", "tojson", "__class__", "{{ nope }}", "{{ name }}",
        "{{ params.", " }}", "{% for x in ", " %}", "{% endfor %}", "é", "\0", "%s", "range(9)",
    ]
)  # fmt: skip


class TestForAnyTemplate:
    @given(st.lists(_PIECES, max_size=12).map("".join))
    @example("{{ {}[nope] }}")
    @example("{{ 'abc'.index(nope) }}")
    @example("{{ [1].index(nope) }}")
    @example("{{ '%(a)s' % {} }}")
    @example("{{ 10 ** 5000 }}")
    @example("{{ params[params] }}")
    def test_there_is_a_text_or_a_render_error_on_one_line(self, source: str) -> None:
        error = None
        try:
            assert isinstance(render(source), str)
        except RenderError as exc:
            error = exc

        if error is not None:
            assert str(error).startswith("cmdline")
            assert "\n" not in str(error)
            assert error.line <= source.count("\n") + 1


class TestWhatIsCompiledAhead:
    def test_is_not_compiled_again_unless_its_file_is_another(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "a.j2").write_text("one")
        (tmp_path / "broken.j2").write_text("{% if %}")
        compile_ahead(tmp_path)
        compiled: list[str] = []
        compile_ = jinja2.Environment.compile

        def noted(self: jinja2.Environment, source: str, *rest: Any, **named: Any) -> Any:
            compiled.append(source)
            return compile_(self, source, *rest, **named)

        monkeypatch.setattr(jinja2.Environment, "compile", noted)

        first = Renderer([tmp_path]).template("a.j2", {})
        (tmp_path / "a.j2").write_text("another")
        second = Renderer([tmp_path]).template("a.j2", {})

        assert (first, second, compiled) == ("one", "another", ["another"])
