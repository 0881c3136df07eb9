"""Text from outside changes no script of iPXE's that it lands in: judged by iPXE's own rules."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pyxie.config.settings import Settings
from pyxie.errors import NotServedError, RenderError
from pyxie.render.rendering import Rendering
from tests.render.ipxe import Command, ScriptError, positional, read
from tests.render.site import CONTEXT, machine, settings

HERE = "http://192.0.2.1:8090"

HOSTILE = (
    "-n",
    "--name x",
    "--",
    "${net0/mac}",
    "${${x}}",
    "a${dollar}{b}",
    "$",
    "}${",
    'say "it" isn\'t',
    "ends with \\",
    "\\",
    "a ; reboot ; b",
    "a && shell || b",
    "#",
    "# remark",
    "a\nshell\n:failed\nb",
    "a\r\nshell",
    "a\\\nshell",
    "a\x0bb\x0cc\x85d\u2028e",
    ":load",
    "grüß 我 \U0001f600",
    "x" * 10_000,
    "",
)
texts = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from([*HOSTILE, "x", " ", "\n", "\t"]), max_size=6).map("".join),
)


def hostile(test: Callable[..., None]) -> Callable[..., None]:
    """Try a test with any text, and with each of the texts above."""
    for text in HOSTILE:
        test = example(text=text)(test)
    return given(text=texts)(test)


@pytest.fixture(scope="module")
def rendering() -> Rendering:
    return Rendering(settings(Path(tempfile.gettempdir())))


def shape(script: str) -> list[tuple[str, str, str]]:
    """Return a script's commands without their arguments: label, command, terminator."""
    return [(each.label, *each.words[:1], each.end) for each in read(script)]  # type: ignore[misc]


def said(script: str, command: str) -> list[str]:
    """Return what all commands of that name are given, one text each."""
    found = [each.words for each in read(script) if each.words[:1] == (command,)]
    return [" ".join(positional(words)) for words in found]


def one_line(text: str) -> str:
    """Return a text as it is to arrive: without control characters, in one line."""
    return " ".join(re.sub(r"[\0-\x08\x0e-\x1b\x7f]", "", text).split())


class TestTheRules:
    """What the rules make of scripts whose end in iPXE is known."""

    def test_words_are_looked_at_before_settings_are_filled_in(self) -> None:
        script = "#!ipxe\nset amp:hex 26\necho a ${amp:string}& b && echo ${unset}c # d\n"

        assert read(script) == [
            Command(("set", "amp:hex", "26")),
            Command(("echo", "a", "&&", "b"), "&&"),
            Command(("echo", "c")),
        ]

    def test_what_comes_of_a_setting_is_looked_at_again(self) -> None:
        """So `${` cannot be told as text, however it is spelt."""
        script = "#!ipxe\nset dollar:hex 24\nset x:string secret\necho ${dollar}{x}\n"

        assert read(script)[-1] == Command(("echo", "secret"))

    def test_lines_go_on_behind_a_backslash_and_labels_have_commands(self) -> None:
        assert read("#!ipxe\necho a \\\r\nb\n :go echo c\n:end") == [
            Command(("echo", "a", "b")),
            Command(("echo", "c"), label="go"),
            Command((), label="end"),
        ]

    @pytest.mark.parametrize(
        "line", ["echo -x", "echo --foo a", "kernel --name", "kernel --name -x u"]
    )
    def test_options_that_are_none_stop_it(self, line: str) -> None:
        with pytest.raises(ScriptError):
            read(f"#!ipxe\n{line}\n")

    def test_two_dashes_end_the_options(self) -> None:
        assert positional(("echo", "-n", "--", "-x", "y")) == ("-x", "y")


class TestOfAClient:
    @hostile
    def test_a_notice_shows_it_in_one_line(self, rendering: Rendering, text: str) -> None:
        plain = rendering.notice("x", f"{HERE}/ipxe/y", again=True)
        script = rendering.notice(text, f"{HERE}/ipxe/y", again=True)

        assert shape(script) == shape(plain)
        assert said(script, "echo")[1] == one_line(f"pyxie: {text.replace('$', '')}")


class TestOfAnApiServer:
    @hostile
    def test_a_message_is_shown_in_one_line(self, rendering: Rendering, text: str) -> None:
        def load(message: str) -> str:
            return rendering.load("52:54:00:00:00:0b", HERE, [f"{HERE}/k"], "", message)

        shown = one_line(text.replace("$", ""))

        assert shape(load(text)) == shape(load("x" if shown else ""))
        assert not shown or shown in said(load(text), "echo")

    @hostile
    def test_a_command_line_reaches_the_kernel(self, rendering: Rendering, text: str) -> None:
        def load(cmdline: str) -> str:
            return rendering.load("52:54:00:00:00:0b", HERE, [f"{HERE}/kernel"], cmdline)

        line = one_line(text.replace("$", ""))

        assert shape(load(line)) == shape(load("x" if line else ""))
        assert said(load(line), "imgargs") == ([one_line(f"kernel {line}")] if line else [])


class TestOfAMachineFile:
    @hostile
    def test_a_param_reaches_the_kernel_or_is_refused(
        self, rendering: Rendering, text: str
    ) -> None:
        def script(value: str) -> str:
            host = machine(cmdline="a={{ params.x }} z", params={"x": value})
            return rendering.script(host, CONTEXT, HERE)

        try:
            told = script(text)
        except RenderError:
            assert re.search(r"\$\{|[\0-\x1f\x7f]", text)
            return

        assert shape(told) == shape(script("x"))
        # A line end of any script's is a space; others' white space is text to iPXE.
        words = " ".join(re.findall(r"[^ \t\n\v\f\r]+", " ".join(f"a={text} z".splitlines())))
        assert said(told, "imgargs")[0].endswith(f"BOOTIF=01-52-54-00-00-00-0b {words}")

    @hostile
    @example(text=".0")
    @pytest.mark.parametrize("key", ["kernel", "initrd"])
    def test_a_files_name_is_a_url_or_refused(
        self, rendering: Rendering, key: str, text: str
    ) -> None:
        def script(value: str) -> str:
            return rendering.script(machine(**{key: value}), CONTEXT, HERE)

        try:
            told = script(text or "x")
        except NotServedError:
            return

        # Whatever program it is taken for, see `pyxie.images.load`.
        known = ("x", "x.0", "x.efi", "wimboot") if key == "kernel" else ("x",)
        assert shape(told) in [shape(script(each)) for each in known]

    @hostile
    def test_a_build_types_description_is_shown_in_one_line(self, text: str) -> None:
        def menu(description: str) -> str:
            types: dict[str, Any] = {"rescue": {"description": description, "kernel": "k"}}
            shared = Settings.model_validate({"build_types": types, "unknown": "menu"})
            return Rendering(shared).menu("52:54:00:00:00:0b", HERE)

        assert shape(menu(text)) == shape(menu("x"))
        shown = one_line(text.replace("$", "")) or "rescue"
        assert said(menu(text), "item")[1] == f"type0 {shown}".rstrip()
