"""Layers over each other: what wins, what is cleared, and where each value is from."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pyxie.config.nodes import parse
from pyxie.registry.merge import Layer, Merged, merge


def merged(*texts: str) -> Merged:
    return merge(
        [
            Layer(f"layer {at}", parse(text.encode(), Path(f"{at}.yaml")))
            for at, text in enumerate(texts)
        ]
    )


def place(found: Merged, *loc: str | int) -> str:
    there = found.place(loc)
    assert there is not None
    problem = there.problem("")
    return f"{there.layer} {problem.file}:{problem.line}:{problem.column}"


class TestValues:
    def test_of_a_later_layer_replace(self) -> None:
        found = merged("kernel: a\n", "cmdline: x\n", "kernel: b\n")

        assert found.data == {"kernel": "b", "cmdline": "x"}
        assert place(found, "kernel") == "layer 2 2.yaml:1:9"
        assert place(found, "cmdline") == "layer 1 1.yaml:1:10"

    def test_of_params_and_templates_are_merged_key_by_key(self) -> None:
        found = merged("params: {a: 1, b: 2}\n", "params: {b: 3, c: 4}\n")

        assert found.data == {"params": {"a": "1", "b": "3", "c": "4"}}
        assert [place(found, "params", key) for key in "abc"] == [
            "layer 0 0.yaml:1:13",
            "layer 1 1.yaml:1:13",
            "layer 1 1.yaml:1:19",
        ]

    def test_in_lists_are_replaced_with_the_list(self) -> None:
        found = merged("initrd: [a, b]\n", "initrd: [c]\n")

        assert found.data == {"initrd": ["c"]}
        assert place(found, "initrd", 0) == "layer 1 1.yaml:1:10"

    def test_with_nothing_after_the_key_or_an_empty_text_say_nothing(self) -> None:
        assert merged("kernel: a\n", "kernel:\n", "kernel: ''\n").data == {"kernel": "a"}

    def test_that_an_alias_is_another_name_for_are_found_at_it(self) -> None:
        document = parse(b"default_kernel: a\nunknown: b\n", Path("c.yaml"))

        found = merge([Layer("settings", document, keys={"default_kernel": "kernel"})])

        assert found.data == {"kernel": "a"}
        assert place(found, "kernel") == "settings c.yaml:1:17"


class TestNull:
    def test_clears_what_came_before_and_what_comes_after_counts(self) -> None:
        assert merged("kernel: a\n", "kernel: ~\n").data == {}
        assert merged("kernel: a\n", "kernel: null\n", "kernel: c\n").data == {"kernel": "c"}

    def test_clears_one_param_or_all(self) -> None:
        assert merged("params: {a: 1, b: 2}\n", "params: {a: ~}\n").data == {"params": {"b": "2"}}
        assert merged("params: {a: 1}\n", "params: ~\n").data == {}
        assert merged("params: {a: 1}\n", "params: ~\n", "params: {c: 3}\n").data == {
            "params": {"c": "3"}
        }

    def test_of_a_param_that_nobody_set_is_the_empty_text_as_waitron_has_it(self) -> None:
        assert merged("params: {a: ~, b: }\n").data == {"params": {"a": None, "b": None}}

    def test_is_remembered_with_its_place_until_it_is_set_again(self) -> None:
        found = merged("kernel: a\nparams: {a: 1}\n", "kernel: ~\nparams: {a: ~}\n")

        assert {loc: each.problem("").line for loc, each in found.cleared.items()} == {
            ("kernel",): 1,
            ("params", "a"): 2,
        }
        assert merged("kernel: a\n", "kernel: ~\n", "kernel: c\n").cleared == {}


SIMPLE = st.dictionaries(
    st.sampled_from(["kernel", "cmdline", "params", "initrd"]),
    st.one_of(
        st.sampled_from(["a", "b", "~", "''", ""]),
        st.sampled_from(["{a: 1}", "{a: ~}", "{b: 2, a: 3}", "[x]", "[]"]),
    ),
)


@given(st.lists(SIMPLE, max_size=4))
def test_every_value_has_a_place_in_the_layer_that_said_it(layers: list[dict[str, str]]) -> None:
    texts = ["".join(f"{key}: {value}\n" for key, value in layer.items()) for layer in layers]

    found = merged(*texts)

    for key, value in found.data.items():
        if isinstance(value, dict):
            assert all(found.place((key, name)) for name in value)
        else:
            there = found.place((key,))
            assert there is not None
            data = there.document.data
            assert isinstance(data, dict)
            assert data[key] == value
    assert not found.cleared.keys() & found.places.keys()
