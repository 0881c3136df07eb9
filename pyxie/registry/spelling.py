"""Plain data as YAML text, spelt as a person would; by ruamel.yaml."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any, Final

from pyxie.config.simple import MERGE, NULLS, Plain

INDENT: Final = 2
_UNFOLDED: Final = 1 << 30
"""Columns after which ruamel.yaml would break a line."""


@dataclass(frozen=True, slots=True)
class Style:
    """How a file is indented: its mappings, and the dashes of its lists."""

    mapping: int = INDENT
    sequence: int = INDENT


_USUAL: Final = Style()


def dump(data: Plain, style: Style = _USUAL, *, on_one_line: bool = False) -> str:
    """Return ``data`` as the text of a file."""
    from ruamel.yaml import YAML  # only who writes pays for it
    from ruamel.yaml.comments import CommentedMap, CommentedSeq
    from ruamel.yaml.nodes import ScalarNode as Scalar
    from ruamel.yaml.resolver import VersionedResolver
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

    class Text(VersionedResolver):
        """Every scalar is a text, as `pyxie.config.nodes` reads them."""

        def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
            plain = implicit if kind is not Scalar else (False, False)
            return super().resolve(kind, value, plain)

    def spelt(value: Plain) -> Any:
        found: CommentedMap | CommentedSeq
        if isinstance(value, dict):
            found = CommentedMap((spelt(key), spelt(inner)) for key, inner in value.items())
        elif isinstance(value, list):
            found = CommentedSeq(map(spelt, value))
        elif value is None:
            return "null"
        elif value in NULLS or value == MERGE:
            return DoubleQuotedScalarString(value)
        elif not value.isprintable():
            kind = LiteralScalarString if _is_literal(value) else DoubleQuotedScalarString
            return kind(value)
        else:
            return value
        if on_one_line:
            found.fa.set_flow_style()
        return found

    yaml = YAML()
    yaml.Resolver = Text
    yaml.width = _UNFOLDED
    yaml.indent(mapping=style.mapping, sequence=style.sequence + 2, offset=style.sequence)
    out = io.StringIO()
    yaml.dump(spelt(data), out)
    return out.getvalue()


def _is_literal(value: str) -> bool:
    """Tell whether a text of several lines can be written as it is, after a ``|``."""
    lines = value.split("\n")
    return (
        len(lines) > 1
        and not value.endswith("\n\n")
        and bool(lines[0])
        and not lines[0].startswith(" ")
        and all(line == line.rstrip() and (not line or line.isprintable()) for line in lines)
    )


def flow(value: Plain) -> str:
    """Return a value on one line."""
    text = dump({"k": value}, on_one_line=True)
    return text.rstrip("\n").removeprefix("{k: ").removesuffix("}")
