"""What `pyxie set` is told, as changes of a machine."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.commands.assign import assigned, difference, parted
from pyxie.config.nodes import Plain
from pyxie.registry.edit import merged

names = st.sampled_from(["a", "b", "c", "d-e", "f_g"])
data = st.dictionaries(
    names,
    st.recursive(
        st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names, inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)


class TestParted:
    @pytest.mark.parametrize(
        ("text", "loc", "value"),
        [
            ("kernel=linux", ("kernel",), "linux"),
            ("params.disk=/dev/sda", ("params", "disk"), "/dev/sda"),
            ("network[0].macaddress=a=b", ("network", 0, "macaddress"), "a=b"),
            ("cmdline={{ x }} [y]", ("cmdline",), "{{ x }} [y]"),
            ("kernel=", ("kernel",), None),
            ("initrd=[a, 'b c']", ("initrd",), ["a", "b c"]),
            ("tags=[]", ("tags",), []),
        ],
    )
    def test_a_key_and_a_value(self, text: str, loc: Any, value: Plain) -> None:
        assert parted(text) == (loc, value)

    @pytest.mark.parametrize("text", ["", "a", "=a", ".a=b", "a..b=c", "[0]=a", "a[x]=b", "a b=c"])
    def test_what_is_none_is_told_with_an_example(self, text: str) -> None:
        with pytest.raises(ValueError, match=rf"{re.escape(repr(text))} is not like params\.disk="):
            parted(text)

    def test_a_list_that_is_none_is_told(self) -> None:
        with pytest.raises(ValueError, match=r"'\[a, {]' is not a list like \[a, b\]"):
            parted("initrd=[a, {]")

    @given(st.text(max_size=20))
    def test_any_text_is_an_assignment_or_is_refused(self, text: str) -> None:
        try:
            loc, _ = parted(text)
        except ValueError:
            return

        assert loc


class TestAssigned:
    @pytest.mark.parametrize(
        ("text", "result"),
        [
            ("a=x", {"a": "x", "b": {"c": "2"}, "l": [{"k": "v"}]}),
            ("a=", {"b": {"c": "2"}, "l": [{"k": "v"}]}),
            ("b.c=", {"a": "1", "b": {}, "l": [{"k": "v"}]}),
            ("b.d.e=x", {"a": "1", "b": {"c": "2", "d": {"e": "x"}}, "l": [{"k": "v"}]}),
            ("l[0].k=x", {"a": "1", "b": {"c": "2"}, "l": [{"k": "x"}]}),
            ("l[1].k=x", {"a": "1", "b": {"c": "2"}, "l": [{"k": "v"}, {"k": "x"}]}),
            ("l[0]=", {"a": "1", "b": {"c": "2"}, "l": []}),
            ("z=", {"a": "1", "b": {"c": "2"}, "l": [{"k": "v"}]}),
        ],
    )
    def test_changes_what_the_key_leads_to(self, text: str, result: Plain) -> None:
        before: Plain = {"a": "1", "b": {"c": "2"}, "l": [{"k": "v"}]}

        assert assigned(before, *parted(text)) == result
        assert before == {"a": "1", "b": {"c": "2"}, "l": [{"k": "v"}]}

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("l[2]=x", "l[2]: there is no place [2]"),
            ("a[0]=x", "a[0]: there is no place [0]"),
            ("a.b=x", "a.b: it leads through a text or a list"),
            ("l.b=x", "l.b: it leads through a text or a list"),
        ],
    )
    def test_what_leads_nowhere_is_told(self, text: str, why: str) -> None:
        with pytest.raises(ValueError, match=f"^{re.escape(why)}$"):
            assigned({"a": "1", "l": ["x"]}, *parted(text))


class TestDifference:
    @given(data, data)
    def test_is_the_patch_that_makes_one_of_the_other(
        self, old: dict[str, Plain], new: dict[str, Plain]
    ) -> None:
        assert merged(old, difference(old, new)) == new

    def test_names_only_what_differs(self) -> None:
        old: dict[str, Plain] = {"a": "1", "b": {"c": "2", "d": "3"}, "e": None}

        assert difference(old, {**old, "b": {"c": "4", "d": "3"}}) == {"b": {"c": "4"}}
