"""Any text that is shown or logged: without its secrets, in one line, its addresses in short."""

from __future__ import annotations

from pyxie.http.page.commandline import command
from pyxie.http.page.longtext import beginning_of, end_of, printable
from pyxie.http.page.serverevents import Place, update
from pyxie.registry.veil import is_secret, without
from pyxie.tftp.report import one_line
from pyxie.urls import masked, origin, shown, shown_template
from tests.fuzz.target import Target, text


def take(data: bytes) -> None:
    said = text(data)
    masked(said)
    shown(said)
    origin(said)
    shown_template(said)
    without(said, ("correct horse",))
    is_secret(said)
    command("build", said, reason=said)
    beginning_of(said)
    end_of(said)
    printable(said)
    assert one_line(said).isprintable()
    update(Place("a", 1), {"x": said})


TARGET = Target(
    take=take,
    longest=65_536,
    words=(
        *(b"://", b"@", b"[", b"]", b":8", b"{{", b"}}", b"{%", b"{#", b"pyxie_", b"rootpw "),
        *(b"--password=", b" password ", b"a/b ", b"$6$", b"0123abcd-", b"?x", b"password", b"<a>"),
    ),
)
