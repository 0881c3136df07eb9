"""Any text as a template of another program's, which is imported."""

from __future__ import annotations

from pyxie.importers.languages import cheetah
from pyxie.importers.languages.gotemplate import converter as go
from pyxie.importers.languages.pongo2 import converter as pongo
from tests.fuzz.target import Target, text


def take(data: bytes) -> None:
    said = text(data)
    cheetah.convert(said, "a")
    go.convert(said, "a")
    pongo.convert(said, "a")


TARGET = Target(
    take=take,
    longest=65_536,
    words=(
        *(b"{{", b"}}", b"{%", b"%}", b"{#", b"#}", b"{{ x|y:1 }}", b"{% if x %}", b"{% endif %}"),
        *(b"{% for a in b %}", b"{% verbatim %}", b"{{range .x}}", b"{{end}}", b"{{if .a}}", b"`"),
        *(
            b"#if $x\n",
            b"#end if\n",
            b"#set $a = 1\n",
            b"$getVar('a', '')",
            b"#raw\n",
            b"$SNIPPET('a')",
        ),
        *(b"(", b")", b"|", b"'", b"\\'", b"{{/*", b"*/}}", b'printf "%s" '),
    ),
)
