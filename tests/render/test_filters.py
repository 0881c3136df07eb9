"""The filters of templates: what they give, what they refuse, and that they end."""

from __future__ import annotations

import base64
import json
import shlex
import subprocess
import sys
import time
import tomllib
from contextlib import suppress
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from passlib.hash import sha512_crypt as crypt

from pyxie.errors import RenderError
from pyxie.render.context import Params, Record
from pyxie.render.filters import FILTERS, FilterError, from_yaml, ipaddr, regex_replace, sh_quote
from pyxie.render.strict import Renderer

NAMES: dict[str, Any] = {
    "Token": "0-t0ken",
    "Hostname": "web01.example.org",
    "params": Params("params", {"list": "[1, no, ~]", "map": "a: {b: 0755}\n"}),
    "record": Record("record", {"image_url": "u", "names": ("a", "b")}),
    "inf": float("inf"),
    "laughs": "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
    + "".join(
        f"{n}: &{n} [{','.join([f'*{p}'] * 10)}]\n" for p, n in zip("abcde", "bcdef", strict=True)
    ),
    "long": "x" * ((1 << 20) + 1),
}


def render(source: str, **more: Any) -> str:
    return Renderer([]).text("t", source, NAMES | more)


def complaint(source: str) -> str:
    with pytest.raises(RenderError) as caught:
        render(source)
    return str(caught.value).removeprefix("t:1: ")


class TestYaml:
    @pytest.mark.parametrize(
        ("source", "text"),
        [
            ("{{ (params.map|from_yaml).a.b }}", "0755"),
            ("{{ params.list|from_yaml|join('/') }}", "1/no/"),
            ("{{ ('plain'|from_yaml) }}", "plain"),
            ("{% for key in ''|from_yaml %}x{% endfor %}", ""),
            ("{% if ('a: yes'|from_yaml).a == 'yes' %}text{% endif %}", "text"),
        ],
    )
    def test_is_read_as_machine_files_are(self, source: str, text: str) -> None:
        assert render(source) == text

    @pytest.mark.parametrize(
        ("source", "sentence"),
        [
            ("{{ 'a: [' | from_yaml }}", "from_yaml: line 2, column 1: is not YAML"),
            ("{{ 'a: 1\\na: 2' | from_yaml }}", "from_yaml: line 2, column 1: the key 'a' stands"),
            (
                "{{ laughs | from_yaml }}",
                "from_yaml: line 1, column 24: unfolds to too many values",
            ),
            ("{{ ('[' * 200) | from_yaml }}", "from_yaml: line 1, column 101: is nested too deep"),
            ("{{ long | from_yaml }}", "from_yaml: a text over 1048576 characters"),
            ("{{ params | from_yaml }}", "from_yaml: takes a text, not a Params"),
            ("{{ params.nope | from_yaml }}", "'params.nope' is undefined"),
        ],
    )
    def test_that_is_wrong_is_told_with_its_place(self, source: str, sentence: str) -> None:
        assert complaint(source).startswith(sentence)

    @given(st.text(max_size=200))
    def test_gives_a_value_or_a_sentence_whatever_the_text_is(self, text: str) -> None:
        with suppress(FilterError):
            from_yaml(text)

    @given(
        st.recursive(
            st.text() | st.booleans() | st.integers() | st.none(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=20,
        )
    )
    def test_and_json_that_are_written_are_read_as_the_same(self, value: Any) -> None:
        assert json.loads(render("{{ value|to_json }}", value=value)) == value
        if "\x85" not in repr(value):
            assert yaml.safe_load(render("{{ value|to_yaml }}", value=value)) == value

    def test_that_is_written_quotes_what_would_not_be_read_as_text(self) -> None:
        assert render("{{ params.list|from_yaml|to_yaml }}") == "- '1'\n- 'no'\n- ''\n"

    def test_of_a_bare_value_has_no_end_of_document(self) -> None:
        assert render("{{ 'a'|to_yaml }}{{ 'no'|to_yaml }}{{ 5|to_yaml }}") == "a\n'no'\n5\n"

    def test_of_all_fields_of_a_record_keeps_their_order(self) -> None:
        assert render("{{ record|to_yaml(4) }}") == "imageurl: u\nnames:\n- a\n- b\n"
        assert render("{{ record|to_json }}") == '{"imageurl": "u", "names": ["a", "b"]}'

    @pytest.mark.parametrize(
        ("source", "text"),
        [
            ("{{ range(3) | to_json }}", "[0, 1, 2]"),
            ("{{ ['a'] | map('upper') | to_json }}", '["A"]'),
            ("{{ ('a' ~ 'b') | to_json }}", '"ab"'),
            ("{{ {'a': (1, none)} | to_json(1) }}", '{\n "a": [\n  1,\n  null\n ]\n}'),
        ],
    )
    def test_is_made_of_whatever_a_template_holds(self, source: str, text: str) -> None:
        assert render(source) == text

    @pytest.mark.parametrize(
        ("source", "sentence"),
        [
            ("{{ [nope] | to_json }}", "'nope' is undefined"),
            ("{{ inf | to_json }}", "to_json: JSON has no infinite numbers"),
            ("{{ 1 | to_json(99) }}", "to_json: 'indent' is a number from 0 to 16"),
            ("{{ 1 | to_yaml(1) }}", "to_yaml: 'indent' is a number from 2 to 16"),
            ("{{ range | to_yaml }}", "to_yaml: a function is no text, number, list or mapping"),
        ],
    )
    def test_cannot_be_made_of_what_has_no_form_in_it(self, source: str, sentence: str) -> None:
        assert complaint(source) == sentence


class TestRegularExpressions:
    @pytest.mark.parametrize(
        ("source", "text"),
        [
            (r"{{ 'web01' | regex_replace('^([a-z]+)0*', '\\1-') }}", "web-1"),
            (r"{{ 'web01' | regex_replace('(?P<n>\\d+)', '<\\g<n>>') }}", "web<01>"),
            ("{{ 'aXa' | regex_replace('x', ignorecase=true) }}", "aa"),
            ("{{ 'rack 12' | regex_search('[0-9]+') }}", "12"),
            ("{{ 'rack 12' | regex_search('rack (.)', 1) }}", "1"),
            ("{% if not 'rack' | regex_search('[0-9]') %}none{% endif %}", "none"),
        ],
    )
    def test_find_and_replace(self, source: str, text: str) -> None:
        assert render(source) == text

    @pytest.mark.parametrize(
        ("source", "sentence"),
        [
            ("{{ 'a' | regex_search('(') }}", "regex_search: '(' is no regular expression: "),
            ("{{ 'a' | regex_search('a', 1) }}", "regex_search: 'a' has no group 1"),
            (r"{{ 'a' | regex_replace('a', '\\7') }}", r"regex_replace: '\\7': "),
            ("{{ nope | regex_search('a') }}", "'nope' is undefined"),
            ("{{ 'a' | regex_search(nope) }}", "'nope' is undefined"),
            ("{{ long | regex_search('a') }}", "regex_search: a text over 1048576 characters"),
            (
                "{{ ('a' * 1000) | regex_replace('a', 'b' * 4000) }}",
                "regex_replace: what comes out is over 1048576 characters",
            ),
        ],
    )
    def test_that_cannot_work_are_told(self, source: str, sentence: str) -> None:
        assert complaint(source).startswith(sentence)

    @pytest.mark.parametrize(
        ("pattern", "sentence"),
        [
            ("(?:(?:a{1000}){1000}){1000}", " repeats too much to be compiled"),
            ("a{1,1000000000}", " repeats too much to be compiled"),
            ("(?x)a{ 1000000000 }", " repeats too much to be compiled"),
            ("(" * 2000 + ")" * 2000, " is nested too deeply"),
            ("a" * 5000, "a text over 4096 characters"),
        ],
    )
    def test_that_would_fill_the_memory_are_not_compiled(self, pattern: str, sentence: str) -> None:
        with pytest.raises(RenderError) as caught:
            render("{{ 'a' | regex_search(pattern) }}", pattern=pattern)

        assert str(caught.value).endswith(sentence)

    def test_with_ordinary_counts_are(self) -> None:
        uuid = "-".join(f"[0-9a-f]{{{count}}}" for count in (8, 4, 4, 4, 12))
        text = "id 4c4c4544-0042-3110-8052-b4c04f565031."

        assert render("{{ t | regex_search(p) }}", t=text, p=uuid) == text[3:-1]

    @pytest.mark.parametrize("name", ["regex_search", "regex_replace"])
    def test_that_would_never_end_are_ended(self, name: str) -> None:
        began = time.monotonic()

        said = complaint("{{ ('a' * 4000 ~ 'b') | NAME('(a|a)*$') }}".replace("NAME", name))

        assert said == f"{name}: '(a|a)*$' was still searching after 0.5 s"
        assert time.monotonic() - began < 5

    @given(st.text(max_size=30), st.text(max_size=12), st.text(max_size=12))
    def test_give_a_text_or_a_sentence_whatever_they_are(
        self, value: str, pattern: str, replacement: str
    ) -> None:
        with suppress(FilterError):
            assert isinstance(regex_replace(value, pattern, replacement), str)


class TestAddresses:
    @pytest.mark.parametrize(
        ("value", "query", "part"),
        [
            ("192.0.2.5/24", "address", "192.0.2.5"),
            ("192.0.2.5/24", "network", "192.0.2.0"),
            ("192.0.2.5/24", "netmask", "255.255.255.0"),
            ("192.0.2.5/24", "hostmask", "0.0.0.255"),
            ("192.0.2.5/255.255.254.0", "prefix", "23"),
            ("192.0.2.5/24", "broadcast", "192.0.2.255"),
            ("192.0.2.5/24", "subnet", "192.0.2.0/24"),
            ("192.0.2.5/255.255.255.0", "host/prefix", "192.0.2.5/24"),
            ("192.0.2.5/24", "size", "256"),
            ("192.0.2.5/24", "first_usable", "192.0.2.1"),
            ("192.0.2.5/24", "last_usable", "192.0.2.254"),
            ("192.0.2.4/31", "first_usable", "192.0.2.4"),
            ("192.0.2.4/31", "last_usable", "192.0.2.5"),
            ("192.0.2.5", "revdns", "5.2.0.192.in-addr.arpa."),
            ("192.0.2.5", "netmask", "255.255.255.255"),
            ("192.0.2.5/24", 1, "192.0.2.1/24"),
            ("192.0.2.5/24", "-1", "192.0.2.255/24"),
            ("2001:DB8::5/64", "", "2001:db8::5/64"),
            ("2001:DB8::5", "", "2001:db8::5"),
            ("2001:db8::5/64", "network", "2001:db8::"),
            ("2001:db8::5/64", "version", "6"),
            ("2001:db8::/64", "last_usable", "2001:db8::ffff:ffff:ffff:ffff"),
            ("192.0.2.5", "192.0.2.0/24", "192.0.2.5"),
            ("192.0.3.5", "192.0.2.0/24", ""),
            ("2001:db8::5", "192.0.2.0/24", ""),
        ],
    )
    def test_are_taken_apart_as_ansible_does(self, value: str, query: str | int, part: str) -> None:
        assert ipaddr(value, query) == part

    @pytest.mark.parametrize(
        ("value", "query", "sentence"),
        [
            ("192.0.2", "", "ipaddr: '192.0.2' is no address or network like 192.0.2.5/24"),
            ("", "", "ipaddr: '' is no address or network like 192.0.2.5/24"),
            ("192.0.2.5/33", "", "ipaddr: '192.0.2.5/33' is no address or network like"),
            ("192.0.2.5/24", 256, "ipaddr: 192.0.2.0/24 has no address number 256"),
            ("2001:db8::/64", "broadcast", "ipaddr: 2001:db8::/64 has no broadcast"),
            ("192.0.2.5", "netmsk", "ipaddr: 'netmsk' is no query; there are: address, network,"),
            ("192.0.2.5", "10.x", "ipaddr: '10.x' is no address or network like 192.0.2.5/24"),
        ],
    )
    def test_that_are_none_are_told(self, value: str, query: str | int, sentence: str) -> None:
        with pytest.raises(FilterError) as caught:
            ipaddr(value, query)

        assert str(caught.value).startswith(sentence)

    @given(st.text(max_size=40), st.text(max_size=20) | st.integers())
    def test_give_a_text_or_a_sentence_whatever_they_are(self, value: str, query: Any) -> None:
        with suppress(FilterError):
            assert isinstance(ipaddr(value, query), str)


class TestPasswords:
    def test_are_hashed_as_crypt_does(self) -> None:
        found = render("{{ 'se cret' | sha512_crypt }}")

        assert found.startswith("$6$")
        assert crypt.verify("se cret", found)

    def test_give_the_same_bytes_again_and_others_for_another_build_or_host(self) -> None:
        source = "{{ 'secret' | sha512_crypt }}"

        found = [
            render(source),
            render(source),
            render(source, Token="1-other"),
            render(source, Hostname="web02.example.org"),
        ]

        assert found[0] == found[1]
        assert len(set(found)) == 3

    def test_have_a_salt_that_tells_nothing_of_the_password(self) -> None:
        salts = {render(f"{{{{ '{word}' | sha512_crypt }}}}").split("$")[2] for word in "ab"}

        assert len(salts) == 1

    def test_take_a_salt_and_rounds(self) -> None:
        found = render("{{ 'secret' | sha512_crypt(salt='pyxie', rounds=10000) }}")

        assert found.startswith("$6$rounds=10000$pyxie$")
        assert crypt.verify("secret", found)

    @pytest.mark.parametrize(
        ("source", "sentence"),
        [
            (
                "{{ 'x' | sha512_crypt(salt='a$') }}",
                "sha512_crypt: a salt is 1 to 16 letters, digits, dots and slashes",
            ),
            (
                "{{ 'x' | sha512_crypt(rounds=10**9) }}",
                "sha512_crypt: 'rounds' is from 1000 to 1000000",
            ),
            ("{{ ('x' * 2000) | sha512_crypt }}", "sha512_crypt: a text over 1024 characters"),
            ("{{ '\\0' | sha512_crypt }}", "sha512_crypt: a password cannot hold NUL"),
            ("{{ params.nope | sha512_crypt }}", "'params.nope' is undefined"),
        ],
    )
    def test_that_cannot_be_hashed_are_told(self, source: str, sentence: str) -> None:
        assert complaint(source) == sentence

    def test_need_a_salt_where_there_is_no_build(self) -> None:
        with pytest.raises(RenderError) as caught:
            Renderer([]).text("t", "{{ 'x' | sha512_crypt }}", {})

        assert str(caught.value) == (
            "t:1: sha512_crypt: there is no build to take a salt from; set 'salt='"
        )


class TestShellQuoting:
    @given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
    def test_makes_one_word_of_anything(self, text: str) -> None:
        assert shlex.split(sh_quote(text)) == [text]

    def test_is_what_a_shell_undoes(self) -> None:
        text = "a 'b' \"$x\" `id` \\ & ; #\n*"

        ran = subprocess.run(
            ["sh", "-c", f"printf %s {render('{{ value|quote }}', value=text)}"],
            capture_output=True,
            text=True,
        )

        assert ran.stdout == text

    def test_refuses_what_no_word_can_hold(self) -> None:
        assert complaint("{{ 'a\\0' | sh_quote }}") == "sh_quote: a shell's word cannot hold NUL"


class TestLine:
    @pytest.mark.parametrize("text", ["en_US.UTF-8", "a 'b' \"c\" $d \\e", "grüß \U0001f600", ""])
    def test_is_left_as_it_is(self, text: str) -> None:
        assert render("{{ value | line }}", value=text) == text

    @pytest.mark.parametrize("end", ["\n", "\r", "\0", "\x1b", "\x7f", "\x85", "\u2028", "\ufeff"])
    def test_that_ends_is_refused(self, end: str) -> None:
        for name in ("line", "kickstart"):
            with pytest.raises(RenderError) as caught:
                render(f"{{{{ value | {name} }}}}", value=f"a{end}b")
            assert str(caught.value.problem) == (
                f"{name}: {f'a{end}b'!r} has {end!r}, which ends a line or is no text"
            )

    def test_that_takes_in_the_next_is_refused(self) -> None:
        assert complaint("{{ 'a\\\\' | line }}") == (
            "line: 'a\\\\' ends in a backslash, which takes in the next line"
        )

    def test_may_not_begin_with_what_means_something_there(self) -> None:
        assert render("{{ 'a%' | line('%@') }}") == "a%"
        assert complaint("{{ '%end' | line('%') }}") == (
            "line: '%end' begins with '%', which has a meaning here"
        )

    def test_of_a_kickstart_is_one_word(self) -> None:
        assert render("{{ value | kickstart }}", value='a "b" $c') == "'a \"b\" $c'"


class TestJsonInOtherFormats:
    @pytest.mark.parametrize("text", ["\x7f", "\x85", "\u2028", "\u2029", "\ufeff", "\U0001f600 ü"])
    def test_is_the_same_text_in_yaml_and_toml(self, text: str) -> None:
        made = render("{{ value | to_json }}", value=f"a{text}b")

        assert json.loads(made) == yaml.safe_load(made) == f"a{text}b"
        assert tomllib.loads(f"x = {made}") == {"x": f"a{text}b"}


def test_base64_is_of_the_utf_8_and_in_one_line() -> None:
    found = render("{{ value|b64encode }}", value="ü" * 200)

    assert "\n" not in found
    assert base64.b64decode(found).decode() == "ü" * 200


def test_numbers_and_texts_are_taken_and_lists_are_not() -> None:
    assert render("{{ 5|sh_quote }}") == "5"
    for name in sorted(FILTERS.keys() - {"to_yaml", "to_json"}):
        call = f"{name}('a')" if name.startswith("regex") else name
        shown = "sh_quote" if name == "quote" else name
        assert complaint(f"{{{{ ['a']|{call} }}}}") == f"{shown}: takes a text, not a list"


def test_the_libraries_are_imported_only_where_they_are_used() -> None:
    """Together they take a tenth of a second, and megabytes."""
    program = (
        "import sys, pyxie.render.rendering; "
        "print({'netaddr', 'passlib', 'regex'} & {name.split('.')[0] for name in sys.modules})"
    )

    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert ran.stdout == "set()\n"
