"""An initrd: a file's name, or that with a name of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyxie.config.initrd import Initrd, urls
from pyxie.config.nodes import parse
from pyxie.config.validate import validate
from pyxie.errors import ConfigError
from pyxie.registry.machine import Machine


def machine(text: str) -> Machine:
    return validate(parse(f"hostname: a\n{text}".encode(), Path("a.yaml")), Machine)


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        machine(text)
    return [str(problem) for problem in caught.value.problems]


class TestAnInitrd:
    @pytest.mark.parametrize(
        "text",
        [
            "initrd: [BCD, {name: BCD, url: Boot/7f3a}]",
            "initrd:\n- BCD\n- {url: Boot/7f3a, name: BCD}",
        ],
    )
    def test_is_a_file_or_that_with_a_name(self, text: str) -> None:
        found = machine(text).initrd

        assert found == ("BCD", Initrd(name="BCD", url="Boot/7f3a"))
        assert urls(found) == ["BCD", "Boot/7f3a"]

    def test_needs_no_list_if_it_is_the_only_one(self) -> None:
        assert machine("initrd: {name: main, url: x.img}").initrd == (
            Initrd(name="main", url="x.img"),
        )

    def test_need_not_have_a_name(self) -> None:
        assert machine("initrd: [{url: x.img}]").initrd == (Initrd(url="x.img"),)

    def test_is_the_same_after_it_was_stored(self) -> None:
        """A build keeps its machine as JSON."""
        before = machine("initrd: [a, {name: b, url: c}]")

        assert Machine.model_validate_json(before.model_dump_json()) == before


class TestWhatIsWrong:
    @pytest.mark.parametrize(
        ("written", "told"),
        [
            ("[{name: BCD}]", "a.yaml:2:10: initrd[0].url: missing"),
            ("[{name: BCD, url: ''}]", "a.yaml:2:27: initrd[0].url: missing"),
            ("{name: BCD}", "a.yaml:2:9: initrd.url: missing"),
            (
                "[a, {nam: BCD, url: b}]",
                "a.yaml:2:14: initrd[1].nam: unknown key; did you mean 'name'?",
            ),
            ("[a, [b]]", "a.yaml:2:13: initrd[1]: must be text, not a list"),
            ("[a, '']", "a.yaml:2:13: initrd[1]: must be text, not ''"),
            ("[{url: [a]}]", "a.yaml:2:16: initrd[0].url: must be text, not a list"),
            (
                "[{name: BCD, url: a}, {name: x, url: b}, {name: bcd, url: c}]",
                "a.yaml:2:9: initrd: two initrds have the name 'bcd'",
            ),
            (
                "[{name: kernel, url: a}]",
                "a.yaml:2:17: initrd[0].name: 'kernel' is a name that the boot script itself uses",
            ),
        ],
    )
    def test_is_told_in_a_sentence_with_its_place(self, written: str, told: str) -> None:
        assert problems(f"initrd: {written}") == [told]

    @pytest.mark.parametrize(
        "name",
        [
            *("Boot/BCD", "a b", "${x}", "-n", "a;b", "a&&b", "#a", "b\\c", "\u00e4", "a\nb", "||"),
            "x" * 65,
        ],
    )
    def test_a_name_is_one_word_to_ipxe(self, name: str) -> None:
        with pytest.raises(ValueError, match="is no name for iPXE: up to 64 letters, digits"):
            Initrd(name=name, url="x")

    def test_bootif_is_true_or_false(self) -> None:
        assert problems("bootif: maybe") == [
            "a.yaml:2:9: bootif: must be true or false, not 'maybe'"
        ]
        assert [machine(f"bootif: {text}").bootif for text in ("no", "on", "''")] == [
            False,
            True,
            None,
        ]
