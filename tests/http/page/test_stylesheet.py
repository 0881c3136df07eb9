"""The stylesheet: text is readable on what it stands on, in both themes."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from pyxie.http.page.assets import _FOLDER
from pyxie.http.page.badges import BAD, BUSY, IDLE, LOOKS, OK, WARN
from pyxie.http.page.bootrow import _LOOKS

TEXT = (_FOLDER / "page.css").read_text(encoding="utf-8")
LIGHT, DARK = (
    dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
    for block in re.findall(r":root \{(.*?)\}", TEXT, re.DOTALL)
)
ON_ALL = ("back", "sheet")


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2.2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, WCAG 2.2."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
class TestContrast:
    def test_of_text_is_that_of_aa(self, theme: Mapping[str, str]) -> None:
        """WCAG 2.2, 1.4.3: 4.5 to 1."""
        pairs = [
            *((text, back) for text in ("text", "soft", "link", "bad") for back in ON_ALL),
            *((state, f"{state}-back") for state in ("ok", "busy", "warn", "bad", "idle")),
            *((text, back) for text in ("text", "soft", "link") for back in ("busy-back",)),
            ("text", "idle-back"),
            ("on-press", "press"),
        ]

        assert [pair for pair in pairs if contrast(theme[pair[0]], theme[pair[1]]) < 4.5] == []

    def test_of_what_is_pressed_or_filled_in_is_that_of_aa(self, theme: Mapping[str, str]) -> None:
        """WCAG 2.2, 1.4.11: 3 to 1."""
        pairs = [(edge, back) for edge in ("edge", "link") for back in ON_ALL]

        assert [pair for pair in pairs if contrast(theme[pair[0]], theme[pair[1]]) < 3] == []

    def test_every_colour_is_in_both_themes(self, theme: Mapping[str, str]) -> None:
        assert theme.keys() == LIGHT.keys()


class TestClasses:
    def test_that_code_names_are_there(self) -> None:
        assert {*LOOKS.values(), OK, BUSY, WARN, BAD, IDLE} - {IDLE} <= set(
            re.findall(r"\.state\.(is-\w+)", TEXT)
        )
        assert {look for look, _ in _LOOKS.values()} <= set(re.findall(r"\.track \.(is-\w+)", TEXT))

    def test_nothing_is_loaded_from_anywhere(self) -> None:
        assert "url(" not in TEXT
        assert "@import" not in TEXT
