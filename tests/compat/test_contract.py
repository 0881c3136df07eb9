"""pixiecore's contract: what an API server may answer, and what is made of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.bootapi.answer import MOST_BYTES, Answer, AnswerError
from pyxie.compat.contract import boot_url, parse

BASE = "http://api.example/base"
K = {"kernel": "http://files.example/k"}


def answer(**said: Any) -> Answer:
    return parse(json.dumps({**K, **said}).encode(), BASE)


def cmdline(written: Any) -> str:
    found = answer(cmdline=written)
    return found.command_line(lambda at: f"<{found.others[at]}>")


def complaint(said: Any) -> str:
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    with pytest.raises(AnswerError) as caught:
        parse(body, BASE)
    return str(caught.value)


class TestTheQuestion:
    @pytest.mark.parametrize("slash", ["", "/"])
    def test_is_the_settings_url_with_v1_and_the_mac(self, slash: str) -> None:
        assert boot_url(f"http://api.example/base{slash}", "52:54:00:12:34:56") == (
            "http://api.example/base/v1/boot/52:54:00:12:34:56"
        )


class TestAnAnswer:
    def test_may_be_a_kernel_and_no_more(self) -> None:
        assert answer() == Answer(kernel="http://files.example/k")

    def test_has_its_parts_with_keys_in_any_case(self) -> None:
        body = b'{"Kernel":"http://f/k","INITRD":["http://f/a","https://f/b"],"x":1,"message":"hi"}'

        assert parse(body, BASE) == Answer(
            kernel="http://f/k", initrds=("http://f/a", "https://f/b"), message="hi"
        )

    @pytest.mark.parametrize(
        ("written", "url"),
        [
            ("k", "http://api.example/base/k"),
            ("/k", "http://api.example/k"),
            ("../k?x=1", "http://api.example/k?x=1"),
            ("//other/k", "http://other/k"),
            ("https://other/k", "https://other/k"),
        ],
    )
    def test_has_urls_relative_to_v1(self, written: str, url: str) -> None:
        assert answer(kernel=written, initrd=[written]) == Answer(kernel=url, initrds=(url,))

    def test_that_is_a_script_is_nothing_else(self) -> None:
        found = answer(**{"ipxe-script": "#!ipxe\nshell", "initrd": 5})

        assert found == Answer(script="#!ipxe\nshell")

    def test_of_nulls_is_as_without_them(self) -> None:
        nulls = dict.fromkeys(("initrd", "cmdline", "message", "ipxe-script"))

        assert answer(**nulls) == answer()


class TestTheCommandLine:
    @pytest.mark.parametrize(
        ("written", "expanded"),
        [
            ("  a b=c ${net0/mac} ", "a b=c ${net0/mac}"),
            ('x={{ URL "/cfg" }} y', "x=<http://api.example/cfg> y"),
            ('{{URL `http://o/a`}},{{ "b" | URL }}', "<http://o/a>,<http://api.example/base/b>"),
            ('a  {{- URL "b" -}}  c', "a<http://api.example/base/b>c"),
            ("a{{/* not this }} */}}b", "ab"),
            ('{{ "{{ \\"{{\\" }}" }}x', "{{x"),
            ({}, ""),
            ("", ""),
        ],
    )
    def test_is_a_template_that_knows_url(self, written: Any, expanded: str) -> None:
        assert cmdline(written) == expanded

    def test_as_an_object_is_written_as_pixiecore_writes_it(self) -> None:
        said = {
            "z": False,
            "b": True,
            "s": 'a "b"\\\u00e9\u200b',
            "u": {"url": "/cfg"},
            "t": "\x7f",
        }

        assert cmdline(said) == (
            'b s="a \\"b\\"\\\\\u00e9\\u200b" t="\\x7f" u=<http://api.example/cfg> z'
        )


class TestAComplaint:
    @pytest.mark.parametrize(
        ("said", "told"),
        [
            (b"", "is not JSON"),
            (b"\xff", "is not JSON"),
            (b"[" * 60_000, "is not JSON"),
            (b" " * (MOST_BYTES + 1), "is over 64 KiB"),
            ([], "must be an object, not a list"),
            ("k", "must be an object, not text"),
            ({}, "kernel: missing"),
            ({"kernel": ""}, "kernel: missing"),
            ({"kernel": 5}, "kernel: must be text, not a number"),
            ({**K, "message": True}, "message: must be text, not true or false"),
            ({**K, "initrd": "a"}, "initrd: must be a list of URLs, not text"),
            ({**K, "initrd": ""}, "initrd: must be a list of URLs, not text"),
            ({**K, "initrd": ["a", None]}, "initrd[1]: must be a URL, not null"),
            (
                {**K, "initrd": ["a", ""]},
                "initrd[1]: '' does not lead to a file by http or https",
            ),
            ({**K, "initrd": ["a"] * 65}, "initrd: has over 64 entries"),
            (
                {"kernel": "file:///etc/shadow"},
                "kernel: 'file:///etc/shadow' does not lead to a file by http or https",
            ),
            (
                {"kernel": "ftp://me:pw@x/k?sig=1"},
                "kernel: 'ftp://x/k?…' does not lead to a file by http or https",
            ),
            ({"kernel": "http://["}, "kernel: 'a URL' does not lead to a file by http or https"),
            ({**K, "cmdline": 5}, "cmdline: must be text or an object, not a number"),
            (
                {**K, "cmdline": {"n": 1}},
                'cmdline.n: must be text, true or {"url": …}, not a number',
            ),
            (
                {**K, "cmdline": {"n": {"x": 1}}},
                'cmdline.n: must be text, true or {"url": …}, not an object',
            ),
            ({**K, "cmdline": "a\nb"}, "cmdline: must be one line, without control characters"),
            ({**K, "cmdline": "a {{ URL"}, "cmdline: a '{{' has no '}}'"),
            ({**K, "cmdline": "x" * 8193}, "cmdline: is over 8 KiB"),
            ({**K, "cmdline": '{{URL "a"}}' * 65}, "cmdline: has over 64 URLs"),
            ({**K, "cmdline": "{{``}}" * 257}, "cmdline: has over 256 actions in '{{'"),
            (
                {**K, "cmdline": '{{ ID "a" }}'},
                "cmdline: '{{ ID \"a\" }}': pyxie knows 'URL \"…\"' only here",
            ),
            (
                {**K, "cmdline": '{{ "{{ URL `a` }}" }}'},
                "cmdline: '{{ URL `a` }}': pyxie knows nothing but texts here",
            ),
            ({**K, "cmdline": "{{ ; }}"}, "cmdline: '{{ ; }}': ';' is not understood here"),
        ],
    )
    def test_says_what_is_wrong_where(self, said: Any, told: str) -> None:
        assert complaint(said) == told


_SAID = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=30)
    | st.sampled_from(['{{ URL "a" }}', "{{", '{{ "{{" }}', "http://[", "a\nb", "file:///x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["kernel", "Initrd", "cmdline", "message", "ipxe-script", "url"]),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)


class TestForAnyBytes:
    @given(st.binary(max_size=200) | _SAID.map(lambda said: json.dumps(said).encode()))
    def test_there_is_an_answer_or_a_complaint(self, body: bytes) -> None:
        try:
            found = parse(body, BASE)
        except AnswerError:
            return
        assert found.kernel.startswith(("http://", "https://")) or found.script
        assert "\n" not in found.command_line(lambda at: found.others[at])
