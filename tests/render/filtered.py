"""Templates of a line, on names that templates have."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pyxie.errors import RenderError
from pyxie.render.context import Params, Record
from pyxie.render.strict import Renderer

NAMES: dict[str, Any] = {
    "Token": "0-t0ken",
    "Hostname": "web01.example.org",
    "params": Params("params", {"list": "[1, no, ~]", "map": "a: {b: 0755}\n"}),
    "record": Record("record", {"image_url": "u", "names": ("a", "b")}),
    "inf": float("inf"),
    "deep": json.loads("[" * 102 + "]" * 102),
    "many": [0] * 100_001,
    "laughs": "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
    + "".join(
        f"{n}: &{n} [{','.join([f'*{p}'] * 10)}]\n" for p, n in zip("abcde", "bcdef", strict=True)
    ),
    "long": "x" * ((1 << 20) + 1),
}


def render(source: str, **more: Any) -> str:
    """Return what is rendered."""
    return Renderer([]).text("t", source, NAMES | more)


def complaint(source: str) -> str:
    """Return the sentence that it ends with."""
    with pytest.raises(RenderError) as caught:
        render(source)
    return str(caught.value).removeprefix("t:1: ")
