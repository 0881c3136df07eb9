"""Any text as a command line's template, with filters that take patterns: it ends, by an error."""

from __future__ import annotations

from functools import cache

from pyxie.errors import RenderError
from pyxie.render.strict import Renderer
from tests.fuzz.target import Target, text


@cache
def renderer() -> Renderer:
    return Renderer([])


def take(data: bytes) -> None:
    said = text(data)
    renderer().text("cmdline", said, {"params": {"a": "b" * 40}, "x": [1, 2], "n": 9})


TARGET = Target(
    take=take,
    longest=16_384,
    refuses=(RenderError,),
    words=(
        *(b"{{ x }}", b"{{", b"}}", b"{%", b"%}", b"{# ", b"#}", b"{% if x %}", b"{% endif %}"),
        *(b"{{ params.a|regex_search('(b+)+c') }}", b"{{ params.a|regex_replace('b*', 'x') }}"),
        *(b"(", b")", b"[", b"]", b"|", b"n", b"**", b"*", b"+", b"-", b"'", b"{% for i in x %}"),
        *(
            b"{% endfor %}",
            b"{% raw %}",
            b"not ",
            b"{% set a = x %}",
            b"~",
            b"{{ n|ipaddr('subnet') }}",
        ),
    ),
)
