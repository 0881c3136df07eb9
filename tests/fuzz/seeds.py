"""The corpus: for each target a text file, which has its inputs as Python has bytes.

An input is a paragraph. Its first line says what it is, behind ``#``; the others are pieces of it,
``b"…"``, behind which ``* 300`` may stand.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Final

CORPUS: Final = Path(__file__).parent / "corpus"
_TIMES: Final = re.compile(r"(?P<piece>.+?)(?: \* (?P<times>\d+))?\Z")


def seeds(name: str) -> dict[str, bytes]:
    """Return a target's inputs, each by what it is."""
    return read((CORPUS / f"{name}.txt").read_text())


def read(text: str) -> dict[str, bytes]:
    """Return the inputs that a text has."""
    found: dict[str, bytes] = {}
    for paragraph in text.split("\n\n"):
        said, *pieces = (line for line in paragraph.split("\n") if line)
        assert said.startswith("# "), f"{said!r} does not say what the input is"
        assert said[2:] not in found, f"{said!r} stands twice"
        found[said[2:]] = b"".join(map(_piece, pieces))
    return found


def _piece(line: str) -> bytes:
    parts = _TIMES.match(line)
    assert parts is not None
    value = ast.literal_eval(parts["piece"])
    assert isinstance(value, bytes)
    return value * int(parts["times"] or 1)


def spelt(said: str, data: bytes) -> str:
    """Return an input as it stands in a corpus."""
    lines, at = [f"# {said}"], 0
    # What stands there again and again is told by its number.
    for run in re.finditer(rb"(.{1,48}?)\1{15,}", data, re.DOTALL):
        lines += _pieces(data[at : run.start()])
        lines.append(f"{run[1]!r} * {len(run[0]) // len(run[1])}")
        at = run.end()
    return "\n".join((*lines, *_pieces(data[at:]))) + "\n"


def _pieces(data: bytes) -> list[str]:
    return [repr(data[at : at + 64]) for at in range(0, len(data), 64)]
