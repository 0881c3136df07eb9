"""The filters of templates: what they give, what they refuse, and that they end."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import tomllib
from contextlib import suppress
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from passlib.hash import sha512_crypt as crypt

from pyxie.errors import RenderError
from pyxie.render.arguments import FilterError
from pyxie.render.filters import from_yaml, ipaddr
from pyxie.render.strict import Renderer
from tests.render.filtered import complaint, render


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
        ("source", "sentence"),
        [
            ("{{ inf | to_json }}", "to_json: JSON has no infinite numbers"),
            ("{{ 1 | to_json(99) }}", "to_json: 'indent' is a number from 0 to 16"),
            ("{{ 1 | to_yaml(1) }}", "to_yaml: 'indent' is a number from 2 to 16"),
        ],
    )
    def test_cannot_be_made_of_what_has_no_form_in_it(self, source: str, sentence: str) -> None:
        assert complaint(source) == sentence


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


def test_the_libraries_are_imported_only_where_they_are_used() -> None:
    """Together they take a tenth of a second, and megabytes."""
    program = (
        "import sys, pyxie.render.rendering; "
        "print({'netaddr', 'passlib', 'regex'} & {name.split('.')[0] for name in sys.modules})"
    )

    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert ran.stdout == "set()\n"
