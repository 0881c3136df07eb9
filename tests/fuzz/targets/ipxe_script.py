"""Any text in a machine's file, an API's answer or a reason: what iPXE does with it stays the same.

Judged by iPXE's own rules, which `tests.render.ipxe` has.
"""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from pyxie.errors import NotServedError, RenderError
from pyxie.render.rendering import Rendering
from tests.fuzz.target import Feed, Target, text
from tests.render.ipxe import read
from tests.render.site import CONTEXT, machine, settings

HERE = "http://192.0.2.1:8090"
MAC = "52:54:00:00:00:0b"


@cache
def rendering() -> Rendering:
    return Rendering(settings(Path(tempfile.mkdtemp(prefix="pyxie-fuzz-"))))


def shape(script: str) -> list[tuple[str, str, str]]:
    """Return a script's commands without their arguments: label, command, what ends it."""
    return [(each.label, "".join(each.words[:1]), each.end) for each in read(script)]


def take(data: bytes) -> None:
    feed = Feed(data)
    which = feed.number(5)
    said = text(feed.rest())
    made = rendering()
    match which:
        case 0:
            script, plain = (made.notice(each, f"{HERE}/x", again=True) for each in (said, "x"))
        case 1:
            script, plain = (made.local(each) for each in (said, "x"))
        case 2:
            line = " ".join(said.split())  # others are refused: pyxie.compat.contract
            script = made.load(MAC, HERE, [f"{HERE}/k"], line, said)
            # Of nothing but white space there is no command for it.
            shapes = [
                shape(made.load(MAC, HERE, [f"{HERE}/k"], cmdline, message))
                for cmdline in ("", "x")
                for message in ("", "x")
            ]
            assert shape(script) in shapes
            return
        case 3:
            script, plain = (
                made.script(
                    machine(cmdline="a={{ params.x }} z", params={"x": each}), CONTEXT, HERE
                )
                for each in (said, "x")
            )
        case _:
            script = made.script(machine(initrd=said or "x"), CONTEXT, HERE)
            plain = made.script(machine(initrd="x"), CONTEXT, HERE)
    assert shape(script) == shape(plain)


TARGET = Target(
    take=take,
    longest=65_536,
    refuses=(RenderError, NotServedError),
    words=(b"${", b"}", b"&&", b"||", b";", b"#", b"\\\n", b"\n:failed\n", b"{{", b"initrd="),
)
