"""Any text in a machine's file or a reason: what GRUB does with it stays the same.

Judged by GRUB's own rules, which `tests.render.grub` has.
"""

from __future__ import annotations

from pyxie.errors import NotServedError, RenderError
from pyxie.grub.texts import local, notice
from tests.fuzz.target import Feed, Target, text
from tests.fuzz.targets.ipxe_script import rendering
from tests.render.grub import commands
from tests.render.site import CONTEXT, machine


def names(script: str) -> list[str]:
    """Return the commands without their words."""
    return [each[0] for each in commands(script)]


def take(data: bytes) -> None:
    feed = Feed(data)
    which = feed.number(4)
    said = text(feed.rest())
    match which:
        case 0:
            script, plain = notice(said, again=True), notice("x", again=True)
        case 1:
            script, plain = local(said), local("x")
        case 2:
            script, plain = (
                rendering().grub(machine(cmdline="a={{ params.x }}", params={"x": each}), CONTEXT)
                for each in (said, "x")
            )
        case _:
            script, plain = (
                rendering().grub(machine(initrd=each), CONTEXT) for each in (said or "x", "x")
            )
    assert names(script) == names(plain)


TARGET = Target(
    take=take,
    longest=65_536,
    refuses=(RenderError, NotServedError),
    words=(b"'", b'"', b"\\", b"$x", b"${", b"}", b";", b"\n", b"#", b"a=b"),
)
