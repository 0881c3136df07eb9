"""``mirrors``: public ones, and what the operator has in their place."""

from __future__ import annotations

import re

import pytest
from pydantic import TypeAdapter, ValidationError

from pyxie.config.publicmirrors import PUBLIC, Mirror, Mirrors

MIRRORS: TypeAdapter[dict[str, tuple[str, ...]]] = TypeAdapter(Mirrors)

MIRROR: TypeAdapter[dict[str, tuple[str, ...]]] = TypeAdapter(Mirror)


class TestMirrors:
    def test_that_are_written_stand_in_place_of_the_public_ones(self) -> None:
        found = MIRRORS.validate_python(
            {
                "debian": "http://a.example/debian/",
                "ours": ["http://b.example", "https://c.example"],
            }
        )

        assert found == {
            **PUBLIC,
            "debian": ("http://a.example/debian",),
            "ours": ("http://b.example", "https://c.example"),
        }

    @pytest.mark.parametrize(
        ("written", "why"),
        [
            ({"debian": "ftp://a"}, "'ftp://a' is not a URL like"),
            ({"debian": "http://a/?x"}, "'http://a/?x' is not the URL of a folder"),
            ({"debian": []}, "at least 1 item"),
            ([], "valid dictionary"),
        ],
    )
    def test_that_are_no_urls_of_folders_are_refused(self, written: object, why: str) -> None:
        with pytest.raises(ValidationError, match=re.escape(why)):
            MIRRORS.validate_python(written)

    def test_that_are_public_are_urls_of_folders(self) -> None:
        assert MIRRORS.validate_python(dict(PUBLIC)) == dict(PUBLIC)


class TestMirror:
    @pytest.mark.parametrize("written", [None, "", {}])
    def test_is_none_where_none_is_written(self, written: object) -> None:
        assert MIRROR.validate_python(written) == {}

    def test_is_by_name_one_url_or_several(self) -> None:
        found = MIRROR.validate_python(
            {
                "debian": "http://a.example/debian/",
                "x-1.0": ["http://b.example", "http://c.example"],
            }
        )

        assert found == {
            "debian": ("http://a.example/debian",),
            "x-1.0": ("http://b.example", "http://c.example"),
        }

    @pytest.mark.parametrize("name", ["", "..", "a/b", "Debian", "a b", "-a", "a" * 65])
    def test_has_a_name_that_stands_in_urls(self, name: str) -> None:
        with pytest.raises(ValidationError, match="is not a name like debian"):
            MIRROR.validate_python({name: "http://a.example"})
