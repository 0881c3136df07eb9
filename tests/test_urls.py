"""URLs as they may be told of."""

from __future__ import annotations

import pytest

from pyxie.urls import shown


class TestShown:
    @pytest.mark.parametrize(
        ("url", "told"),
        [
            ("http://user:secret@h:1/p?sig=s#f", "http://h:1/p?…"),
            ("https://h/p", "https://h/p"),
            ("http://[", "a URL"),
        ],
    )
    def test_is_without_secrets(self, url: str, told: str) -> None:
        assert shown(url) == told
