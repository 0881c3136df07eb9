"""YAML with places: what is read, and what is said of what cannot be."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.config.nodes import Document, Plain, parse, read
from pyxie.errors import ConfigError
from tests.procfs import open_files

FILE = Path("f.yaml")


def data(text: str) -> Plain:
    return parse(text.encode(), FILE).data


def complaint(raw: bytes | str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse(raw.encode() if isinstance(raw, str) else raw, FILE)
    return str(caught.value)


class TestScalars:
    @pytest.mark.parametrize(
        "written",
        [
            "52:54:00:12:34:56",
            "0755",
            "0x1F",
            "1_000",
            "1.10",
            "1e3",
            "no",
            "off",
            "True",
            "2001-01-01",
            ".inf",
            "=",
        ],
    )
    def test_keep_the_text_they_were_written_with(self, written: str) -> None:
        assert data(f"key: {written}\n") == {"key": written}

    @pytest.mark.parametrize("written", ["", "~", "null", "Null", "NULL"])
    def test_a_plain_null_is_nothing(self, written: str) -> None:
        assert data(f"key: {written}\n") == {"key": None}

    @pytest.mark.parametrize("written", ["''", '""', "'~'", '"null"', "Nil", "none"])
    def test_a_quoted_null_is_text(self, written: str) -> None:
        assert data(f"key: {written}\n") == {"key": written.strip("'\"")}

    def test_tags_change_nothing_and_make_nothing(self) -> None:
        text = "a: !!python/object/apply:os.getcwd []\nb: !!int '5'\nc: !own x\n"

        assert data(text) == {"a": [], "b": "5", "c": "x"}

    def test_a_folded_text_is_one_line_and_a_literal_one_keeps_its_lines(self) -> None:
        assert data("a: >-\n  x\n  y\nb: |\n  x\n  y\n") == {"a": "x y", "b": "x\ny\n"}


class TestKeys:
    def test_are_text_too(self) -> None:
        assert data("1: a\nno: b\n0x1: c\n") == {"1": "a", "no": "b", "0x1": "c"}

    def test_one_that_stands_twice_is_named_at_its_second_place(self) -> None:
        said = complaint("a: 1\nb:\n  c: 1\n  c: 2\na: 3\n")

        assert said == (
            "f.yaml:4:3: b.c: the key 'c' stands twice\nf.yaml:5:1: a: the key 'a' stands twice"
        )

    def test_that_stand_twice_by_the_thousand_are_told_a_hundred_times(self) -> None:
        said = complaint("a: 1\n" * 5001).splitlines()

        assert len(said) == 101
        assert said[99:] == [
            "f.yaml:101:1: a: the key 'a' stands twice",
            "f.yaml:101:1: a: … and 4,900 more mistakes",
        ]

    def test_of_a_thousand_letters_are_told_in_short(self) -> None:
        key = "k" * 1000

        assert complaint(f"{key}: 1\n{key}: 2\n") == (
            f"f.yaml:2:1: {'k' * 80}: the key '{'k' * 80}' stands twice"
        )

    def test_a_list_cannot_be_one(self) -> None:
        assert complaint("? - a\n: 1\n") == "f.yaml:1:3: a key must be plain text"

    def test_a_template_without_quotes_is_told_to_take_some(self) -> None:
        assert complaint("cmdline: {{ BaseURL }}\n") == (
            "f.yaml:1:11: cmdline: a key must be plain text; text with {{ }} in it needs quotes"
        )


class TestMerging:
    def test_what_is_written_wins_over_what_is_merged_wherever_it_stands(self) -> None:
        text = "base: &base {a: 1, b: 2}\nhost:\n  b: 3\n  <<: *base\n"

        assert data(text) == {"base": {"a": "1", "b": "2"}, "host": {"a": "1", "b": "3"}}

    def test_of_several_the_first_wins(self) -> None:
        text = "x: &x {a: 1}\ny: &y {a: 2, b: 2}\nz: {<<: [*x, *y]}\n"

        assert parse(text.encode(), FILE).data == {
            "x": {"a": "1"},
            "y": {"a": "2", "b": "2"},
            "z": {"a": "1", "b": "2"},
        }

    def test_only_a_mapping_can_be_merged(self) -> None:
        assert complaint("<<: text\n") == "f.yaml:1:5: <<: '<<' merges mappings only"

    def test_a_quoted_one_is_a_key_like_others(self) -> None:
        assert data("'<<': text\n") == {"<<": "text"}

    def test_a_mistake_in_what_is_merged_is_told_once(self) -> None:
        text = "x: &x {a: 1, a: 2}\ny: {<<: *x}\nz: *x\n"

        assert complaint(text) == "f.yaml:1:14: x.a: the key 'a' stands twice"

    def test_a_problem_with_a_merged_value_is_where_it_was_written(self) -> None:
        document = parse(b"x: &x\n  a: 1\ny:\n  <<: *x\n", FILE)

        assert str(document.problem(("y", "a"), "bad")) == "f.yaml:2:6: y.a: bad"


class TestWholeFiles:
    @pytest.mark.parametrize("text", ["", "\n", "# a remark\n", "---\n", "~\n", "---\n...\n"])
    def test_without_content_are_an_empty_mapping(self, text: str) -> None:
        assert parse(text.encode(), FILE) == Document(FILE, {}, None)

    def test_may_have_a_byte_order_mark_and_the_line_ends_of_windows(self) -> None:
        assert parse(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n", FILE).data == {"a": "1", "b": "2"}

    def test_may_be_a_list_which_is_for_the_models_to_refuse(self) -> None:
        assert data("- a\n- b\n") == ["a", "b"]

    @pytest.mark.parametrize(
        ("raw", "said"),
        [
            (b"a: 1\n---\nb: 2\n", "f.yaml:2:1: a second document begins; a file holds one"),
            (b"a: 1\nb: \xff\n", "f.yaml:2:4: is not UTF-8 text"),
            ("a: 1\n".encode("utf-16"), "f.yaml:1:1: is not UTF-8 text"),
            (b"a:\n\tb: 1\n", "f.yaml:2:1: is not YAML: found character that cannot start any"),
            (b"a: 1\nb: x\x07\n", "f.yaml:2:5: is not YAML: the character U+0007 is not allowed"),
            (b"a: 1\nb: \x00\n", "f.yaml:2:4: is not YAML: the character U+0000 is not allowed"),
            ("ä: ü\nö: é\x01".encode(), "f.yaml:2:5: is not YAML: the character U+0001 is not"),
            (b"a: *b\n", "f.yaml:1:4: is not YAML: found undefined alias"),
            (b'a: "\\q"\n', "f.yaml:1:5: is not YAML: found unknown escape character"),
            (b"a: b: c\n", "f.yaml:1:5: is not YAML: mapping values are not allowed in this"),
            (b"%YAML 9.9\n---\na: 1\n", "f.yaml:1:1: is not YAML: found incompatible YAML"),
        ],
    )
    def test_that_are_no_yaml_are_told_where(self, raw: bytes, said: str) -> None:
        found = complaint(raw)

        assert "\n" not in found
        assert found.startswith(said)

    @pytest.mark.parametrize(
        ("text", "place"),
        [
            ("a: 1\nos:debian-12\nb: 2\n", "2:4"),
            ("a: 1\nos:debian-12\n", "2:4"),
            ("a: 1\nos:debian-12", "2:4"),
            ("a: 1\r\nos:debian-12\r\nb: 2\r\n", "2:4"),
            ("os:debian-12\nb: 2\n", "1:4"),
            ("os:debian-12\n\n\nb: 2\n", "1:4"),
            ("a: 1\nkernel:http://x/y\nb: 1\n", "2:8"),
            ("a: 1\nb:c\n\n# remark\nd: 2\n", "2:3"),
            ("params:\n  ssh_key:x\n  b: 2\n", "2:11"),
            ("network:\n  - macaddress:52:54:00:12:34:56\n    name: x\n", "2:16"),
        ],
    )
    def test_a_blank_that_is_missing_after_a_colon_is_told_where_it_is(
        self, text: str, place: str
    ) -> None:
        assert complaint(text) == f"f.yaml:{place}: is not YAML: a blank is missing after ':'"

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("a: 1\nfoo\nb: 1\n", "2:1: is not YAML: could not find expected ':'"),
            ("b: c: d\n", "1:5: is not YAML: mapping values are not allowed in this context"),
            ("foo\nb: 1\n", "2:2: is not YAML: mapping values are not allowed in this context"),
            ("a: x\n b: 1\n", "2:3: is not YAML: mapping values are not allowed in this context"),
            ("- http://x/y\n  b: 1\n", "2:4: is not YAML: mapping values are not allowed in"),
        ],
    )
    def test_a_line_that_is_no_key_has_no_blank_missing(self, text: str, said: str) -> None:
        assert complaint(text).startswith(f"f.yaml:{said}")

    def test_letters_and_not_bytes_are_counted(self) -> None:
        assert complaint("ärger: 1\nüber: {ö: 1, ö: 2}\n") == (
            "f.yaml:2:14: über.ö: the key 'ö' stands twice"
        )


class TestBombs:
    def test_a_billion_laughs_are_not_laughed(self) -> None:
        lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
        lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]

        assert complaint("\n".join(lines)).endswith("unfolds to too many values")

    def test_nor_are_a_billion_merges(self) -> None:
        lines = ["a0: &a0 {x: y}"]
        lines += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}" for n in range(1, 10)]

        assert complaint("\n".join(lines)).endswith("unfolds to too many values")

    @pytest.mark.parametrize("text", ["&a [*a]", "&a {b: *a}", "&a {<<: *a}", "&a [*a, *a, *a]"])
    def test_what_contains_itself_is_refused(self, text: str) -> None:
        assert complaint(text) == "f.yaml:1:1: is nested too deeply"

    def test_a_hundred_levels_are_deep_enough(self) -> None:
        assert data("[" * 100 + "]" * 100) is not None
        assert complaint("[" * 101 + "]" * 101) == "f.yaml:1:101: is nested too deeply"

    @pytest.mark.parametrize("piece", ["[", "- ", "{a: ", "? "])
    def test_a_hundred_thousand_levels_do_not_end_the_process(self, piece: str) -> None:
        """Unguarded this is a SIGSEGV: the composer of libyaml recurses on the C stack."""
        program = (
            "from pathlib import Path\n"
            "from pyxie.config.nodes import parse\n"
            "from pyxie.errors import ConfigError\n"
            f"try:\n    parse({piece.encode()!r} * 100_000, Path('f'))\n"
            "except ConfigError as exc:\n    print(exc.problems[0].sentence)\n"
        )

        ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

        assert (ran.returncode, ran.stdout) == (0, "is nested too deeply\n")


class TestReading:
    def test_a_file_that_is_missing(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError) as caught:
            read(tmp_path / "no.yaml", shown=FILE)

        assert str(caught.value) == "f.yaml: cannot be read: No such file or directory"

    def test_a_folder(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError) as caught:
            read(tmp_path, shown=FILE)

        assert str(caught.value) == "f.yaml: cannot be read: Is a directory"

    def test_a_folder_again_and_again_leaves_no_descriptor_open(self, tmp_path: Path) -> None:
        before = len(open_files())

        for _ in range(3):
            with pytest.raises(ConfigError):
                read(tmp_path)

        assert len(open_files()) <= before

    def test_a_dangling_link(self, tmp_path: Path) -> None:
        (tmp_path / "a.yaml").symlink_to("nowhere")

        with pytest.raises(ConfigError) as caught:
            read(tmp_path / "a.yaml", shown=FILE)

        assert str(caught.value) == "f.yaml: cannot be read: No such file or directory"

    def test_a_named_pipe_is_not_waited_for(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "a.yaml")

        with pytest.raises(ConfigError) as caught:
            read(tmp_path / "a.yaml", shown=FILE)

        assert str(caught.value) == "f.yaml: cannot be read: it is not a file"

    def test_a_device_that_never_ends(self) -> None:
        with pytest.raises(ConfigError) as caught:
            read(Path("/dev/zero"))

        assert str(caught.value) == "/dev/zero: cannot be read: it is not a file"

    def test_a_file_over_the_limit(self, tmp_path: Path) -> None:
        (tmp_path / "a.yaml").write_bytes(b"#" * ((1 << 20) + 1))

        with pytest.raises(ConfigError) as caught:
            read(tmp_path / "a.yaml", shown=FILE)

        assert str(caught.value) == "f.yaml: is over 1 MiB"


class TestPlaces:
    TEXT = b"name: x\nnetwork:\n  - mac: a\n  - mac: b\n    ip: c\n"

    @pytest.mark.parametrize(
        ("loc", "at_key", "place"),
        [
            (("name",), False, "f.yaml:1:7: name: bad"),
            (("name",), True, "f.yaml:1:1: name: bad"),
            (("network",), False, "f.yaml:3:3: network: bad"),
            (("network", 1, "ip"), False, "f.yaml:5:9: network[1].ip: bad"),
            (("network", 1, "ip"), True, "f.yaml:5:5: network[1].ip: bad"),
            (("network", 1, "gone"), False, "f.yaml:4:5: network[1].gone: bad"),
            (("network", 7, "ip"), False, "f.yaml:3:3: network[7].ip: bad"),
            (("gone", "deep"), True, "f.yaml:1:1: gone.deep: bad"),
            ((), False, "f.yaml:1:1: bad"),
        ],
    )
    def test_lead_as_far_as_was_written(
        self, loc: tuple[str | int, ...], at_key: bool, place: str
    ) -> None:
        problem = parse(self.TEXT, FILE).problem(loc, "bad", at_key=at_key)

        assert str(problem) == place

    def test_in_an_empty_file_are_its_beginning(self) -> None:
        assert str(parse(b"", FILE).problem(("a",), "missing")) == "f.yaml:1:1: a: missing"


_EDGES = [
    b"a: ", b"- ", b"? ", b": ", b"[", b"]", b"{", b"}", b",", b"&a ", b"*a", b"<<: ", b"!!x ",
    b"'", b'"', b"|\n", b">\n", b"---\n", b"...\n", b"%YAML 1.1\n", b"#", b"\t", b"\n", b"\r",
    b"\n  ", b"~", b"\\", b"\x00", b"\x85", b"\xef\xbb\xbf", b"\xff", b"\xed\xa0\x80",
    "\u2028".encode(), "\U0001f600".encode(), b"@", b"`", b"[" * 101, b"a: " * 101,
]  # fmt: skip


class TestForAnyBytes:
    @given(st.lists(st.sampled_from(_EDGES) | st.binary(max_size=4), max_size=30).map(b"".join))
    def test_parse_returns_a_document_or_tells_a_place_in_the_file(self, raw: bytes) -> None:
        try:
            document = parse(raw, FILE)
        except ConfigError as exc:
            lines = raw.count(b"\n") + raw.count(b"\r") + raw.count(b"\xc2\x85")
            lines += raw.count("\u2028".encode()) + 1
            for problem in exc.problems:
                assert 1 <= problem.line <= lines + 1
                assert 1 <= problem.column <= len(raw) + 1
                assert str(problem).isprintable()
        else:
            assert is_plain(document.data)


def is_plain(value: object) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and is_plain(inner) for key, inner in value.items())
    if isinstance(value, list):
        return all(is_plain(inner) for inner in value)
    return value is None or isinstance(value, str)


class TestAWordInAValue:
    @pytest.mark.parametrize(
        ("text", "place"),
        [
            ("k: a b.c d\n", "1:6"),
            ("k: 'a b.c d'\n", "1:7"),
            ('k: "b.c"\n', "1:5"),
            ("k: b.cx b.c\n", "1:9"),
            ("k: >\n  a\n  x b.c d\nl: b.c\n", "3:5"),
            ("k: a\nl: b.c\n", "1:4"),
            ("k: '{{ x }}'\n", "1:4"),
        ],
    )
    def test_is_where_it_stands_else_where_the_value_does(self, text: str, place: str) -> None:
        found = parse(text.encode(), FILE).problem(("k",), "x", word="b.c")

        assert f"{found.line}:{found.column}" == place
