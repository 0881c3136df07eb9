"""Changes of YAML text: what is to change does, and every other byte stays."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.config.nodes import Plain, parse
from pyxie.errors import ConfigError
from pyxie.registry.edit import EditError, merged, plain, rewritten, written

VM01 = """\
# One machine.
hostname: vm01.example.org   # its name
mode: 0755
installed: no
network: # as plugged in
    - name: eth0  # the first
      macaddress: "52:54:00:12:34:56"

# Below are values of our own.
params:
    # Root gets no password.
    ssh_key: ''
    disk: /dev/sda
    gone: ~
late: {a: 'b', "c": d}  # on one line
"""

texts = st.text(max_size=12) | st.sampled_from(
    [
        *(
            "",
            "~",
            "null",
            "<<",
            "0755",
            "no",
            "1e3",
            "52:54:00:12:34:56",
            "a: b",
            "# x",
            "{{ x }}",
        ),
        *("a\nb\n", "a\n\nb", " a\nb", "a\n", "\n", "- a", "|", "a\tb", "{a}", "'", '"', "a \nb\n"),
    ]
)
keys = st.sampled_from(list("abcd")) | texts.filter(str.isprintable)
data = st.recursive(
    st.none() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)
files = st.dictionaries(keys, data, max_size=5)


def read(text: str) -> Plain:
    return parse(text.encode(), Path("text")).data


def patched(text: str, patch: Any) -> str:
    return rewritten(text, merged(read(text), plain(patch)))


def differences(old: str, new: str) -> tuple[list[str], list[str]]:
    """Return the lines that went, and those that came."""
    before, after = old.splitlines(), new.splitlines()
    gone = [line for line in before if line not in after]
    return gone, [line for line in after if line not in before]


class TestWritten:
    @given(files)
    def test_whatever_is_written_is_read_back_the_same(self, value: dict[str, Plain]) -> None:
        assert read(written(value)) == value

    def test_it_is_spelt_as_a_person_would(self) -> None:
        value: Plain = {
            "hostname": "web01",
            "network": [{"macaddress": "52:54:00:12:34:56", "tags": ["a", "b"]}],
            "cmdline": "quiet {{ x }}",
            "script": "a\nb\n",
            "params": {"empty": "", "nothing": None, "word": "null", "mode": "0755", "no": "no"},
            "tags": [],
        }

        assert written(value) == (
            "hostname: web01\n"
            "network:\n"
            "  - macaddress: 52:54:00:12:34:56\n"
            "    tags:\n"
            "      - a\n"
            "      - b\n"
            "cmdline: quiet {{ x }}\n"
            "script: |\n"
            "  a\n"
            "  b\n"
            "params:\n"
            '  empty: ""\n'
            "  nothing: null\n"
            '  word: "null"\n'
            "  mode: 0755\n"
            "  no: no\n"
            "tags: []\n"
        )


class TestRewritten:
    @given(files, files)
    def test_the_new_text_is_read_as_what_was_asked(
        self, old: dict[str, Plain], new: dict[str, Plain]
    ) -> None:
        assert read(rewritten(written(old), new)) == new

    @given(files)
    def test_a_file_that_a_person_wrote_can_become_anything(self, new: dict[str, Plain]) -> None:
        assert read(rewritten(VM01, new)) == new

    @given(st.text(alphabet=string.printable, max_size=60), files)
    def test_any_text_is_changed_or_refused(self, text: str, new: dict[str, Plain]) -> None:
        try:
            changed = rewritten(text, new)
        except (ConfigError, EditError):
            return

        assert read(changed) == new

    def test_nothing_is_touched_if_it_says_so_already(self) -> None:
        text = "a:   'b'\n\n\n#\nc: [ 1 ,2]"

        assert rewritten(text, {"c": ["1", "2"], "a": "b"}) == text

    @pytest.mark.parametrize(
        ("patch", "gone", "came"),
        [
            (
                {"hostname": "vm02"},
                ["hostname: vm01.example.org   # its name"],
                ["hostname: vm02   # its name"],
            ),
            ({"mode": None}, ["mode: 0755"], []),
            ({"mode": 0o640}, ["mode: 0755"], ["mode: 416"]),
            ({"installed": True}, ["installed: no"], ["installed: true"]),
            ({"params": {"disk": None}}, ["    disk: /dev/sda"], []),
            ({"params": {"tz": "UTC"}}, [], ["    tz: UTC"]),
            ({"params": {"gone": "no"}}, ["    gone: ~"], ["    gone: no"]),
            ({"domain": "example.org"}, [], ["domain: example.org"]),
            ({"tags": ["a"]}, [], ["tags:", "    - a"]),
            (
                {"late": {"c": "{{ x }}"}},
                ["late: {a: 'b', \"c\": d}  # on one line"],
                ["late: {a: 'b', \"c\": '{{ x }}'}  # on one line"],
            ),
            (
                {"late": {"e": "f"}},
                ["late: {a: 'b', \"c\": d}  # on one line"],
                ["late: {a: 'b', \"c\": d, e: f}  # on one line"],
            ),
            (
                {"network": [{"name": "eth0", "macaddress": "525400123457", "vlan_id": 7}]},
                ['      macaddress: "52:54:00:12:34:56"'],
                ["      macaddress: 525400123457", "      vlan_id: 7"],
            ),
            (
                {"network": [{"name": "eth1"}]},
                [
                    "    - name: eth0  # the first",
                    '      macaddress: "52:54:00:12:34:56"',
                ],
                ["    - name: eth1  # the first"],
            ),
            (
                {"params": None},
                [
                    "params:",
                    "    # Root gets no password.",
                    "    ssh_key: ''",
                    "    disk: /dev/sda",
                    "    gone: ~",
                ],
                [],
            ),
        ],
    )
    def test_only_the_lines_of_what_differs_change(
        self, patch: Any, gone: list[str], came: list[str]
    ) -> None:
        assert differences(VM01, patched(VM01, patch)) == (gone, came)

    def test_a_comment_stays_when_what_stood_before_it_is_replaced(self) -> None:
        changed = patched(VM01, {"network": []})

        assert "network: [] # as plugged in\n\n# Below are values of our own.\n" in changed

    def test_a_file_of_comments_only_gets_its_first_key_below_them(self) -> None:
        assert patched("# To be done.", {"a": "b"}) == "# To be done.\na: b\n"

    @pytest.mark.parametrize("text", ["a: b", "a: b\n", "a: b # c", "a: |\n  b\n", "a:\n- b"])
    def test_a_key_is_added_at_the_end_whatever_the_end_is(self, text: str) -> None:
        assert patched(text, {"z": "y"}).rstrip("\n") == text.rstrip("\n") + "\nz: y"

    def test_lines_that_end_in_two_characters_go_on_doing_so(self) -> None:
        changed = patched("a: b\r\nc: d\r\n", {"c": "e", "f": ["g"]})

        assert changed == "a: b\r\nc: e\r\nf:\r\n  - g\r\n"

    def test_a_byte_order_mark_stays(self) -> None:
        assert patched("\ufeffa: b\n", {"a": "c"}) == "\ufeffa: c\n"

    def test_an_alias_is_written_over_and_its_anchor_stays(self) -> None:
        text = "base: &x {a: b}\nparams: *x\nc: d\n"

        assert patched(text, {"params": {"a": "e"}}) == ("base: &x {a: b}\nparams:\n  a: e\nc: d\n")

    def test_what_a_merge_key_brings_is_overridden(self) -> None:
        text = "base: &x {a: b}\nparams:\n  <<: *x\n  c: d\n"

        assert patched(text, {"params": {"a": "e"}}) == text + "  a: e\n"

    @pytest.mark.parametrize(
        ("text", "patch"),
        [
            ("base: &x {a: b}\nparams:\n  <<: *x\n  c: d\n", {"params": {"a": None}}),
            ("base: &x {a: b}\nparams: *x\n", {"base": {"a": "c"}}),
            ("base: &x {a: b}\nparams: *x\n", {"base": None}),
            ("? a\n: b\n", {"a": None}),
        ],
    )
    def test_what_only_a_person_can_change_is_refused(self, text: str, patch: Any) -> None:
        with pytest.raises(EditError, match=r"it has anchors|does not begin its line"):
            patched(text, patch)

    @pytest.mark.parametrize(
        ("text", "patch", "why"),
        [
            ("- a\n", {"a": "b"}, "it is no mapping of keys to values"),
            ("? a\nb: c\n", {"b": "d"}, "a key is written without a colon behind it"),
            ("a: &x b\nk:\n  - c\n  - *x\n", {"k": "z"}, "a list ends in an alias"),
            ("k: # n\n  a: b\n", {"k": "x\ny\n"}, "a comment stands where a text is to begin"),
        ],
    )
    def test_a_refusal_says_why(self, text: str, patch: Any, why: str) -> None:
        with pytest.raises(EditError) as caught:
            patched(text, patch)

        assert str(caught.value) == why

    @pytest.mark.parametrize(
        ("text", "patch", "changed"),
        [
            ("k: {a: b, c: d}\n", {"k": {"a": None}}, "k: {c: d}\n"),
            ("k:\n  ? a\n  : b\n  c: d\n", {"k": {"a": None}}, "k:\n  c: d\n"),
            ("k:\n  a: b\nz: y\n", {"k": {"a": None, "n": "1"}}, "k:\n  n: 1\nz: y\n"),
            (
                "k:\n  - a: b # n\n  - c: d\n",
                {"k": [{"a": "b"}, {"c": "e"}]},
                "k:\n  - a: b # n\n  - c: e\n",
            ),
            ("k:\n  - a # n\n  - b\n", {"k": ["a", "c"]}, "k:\n  - a\n  - c\n"),
            (
                "base: &x {a: b}\nk:\n  - *x\n  - c\n",
                {"k": [{"a": "c"}, "c"]},
                "base: &x {a: b}\nk:\n  - a: c\n  - c\n",
            ),
            (
                "base: &x {a: b}\nk:\n  <<: *x\n",
                {"k": {"n": "1"}},
                "base: &x {a: b}\nk:\n  n: 1\n  <<: *x\n",
            ),
            ("# top\na: b\n", {"a": None, "c": "d"}, "# top\nc: d\n"),
        ],
    )
    def test_what_cannot_be_changed_inside_is_written_anew(
        self, text: str, patch: Any, changed: str
    ) -> None:
        assert patched(text, patch) == changed

    def test_a_file_with_a_mistake_is_not_touched(self) -> None:
        with pytest.raises(ConfigError, match="the key 'a' stands twice"):
            rewritten("a: b\na: c\n", {"a": "d"})


class TestPlain:
    def test_scalars_are_texts_and_null_stays(self) -> None:
        value = {"a": [1, 2.5, True, False, None], 7: ("x",)}

        assert plain(value) == {"a": ["1", "2.5", "true", "false", None], "7": ["x"]}

    def test_has_a_deepest_level(self) -> None:
        nested: Any = "x"
        for _ in range(50):
            nested = [nested]

        assert plain(nested) == nested
        with pytest.raises(ValueError, match="is nested too deeply"):
            plain([nested])


class TestMerged:
    """RFC 7396, appendix A; its numbers are texts here."""

    @pytest.mark.parametrize(
        ("target", "patch", "result"),
        [
            ({"a": "b"}, {"a": "c"}, {"a": "c"}),
            ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
            ({"a": "b"}, {"a": None}, {}),
            ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
            ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
            ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
            ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
            ({"a": [{"b": "c"}]}, {"a": ["1"]}, {"a": ["1"]}),
            (["a", "b"], ["c", "d"], ["c", "d"]),
            ({"a": "b"}, ["c"], ["c"]),
            ({"a": "foo"}, None, None),
            ({"a": "foo"}, "bar", "bar"),
            ({"e": None}, {"a": "1"}, {"e": None, "a": "1"}),
            (["1", "2"], {"a": "b", "c": None}, {"a": "b"}),
            ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
        ],
    )
    def test_gives_the_results_of_the_rfc(self, target: Any, patch: Any, result: Any) -> None:
        assert merged(target, patch) == result
