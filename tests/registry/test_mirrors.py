"""Which servers files name, and which only a call does."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyxie.config.nodes import Document, Plain
from pyxie.registry.merge import Layer, Merged, merge
from pyxie.registry.mirrors import called, filed, mirror, urls_in

INNER = ("http", "10.0.0.5", 80)


def merged(*layers: tuple[str, dict[str, Plain]]) -> Merged:
    return merge([Layer(name, Document(Path(name), data, None)) for name, data in layers])


class TestAMirror:
    @pytest.mark.parametrize(
        ("url", "found"),
        [
            ("http://10.0.0.5/linux", INNER),
            ("HTTP://me:sesame@10.0.0.5:80/x?y#z", INNER),
            ("https://Files.Example/", ("https", "files.example", 443)),
            ("http://[::1]:8090/x", ("http", "::1", 8090)),
        ],
    )
    def test_is_scheme_host_and_port(self, url: str, found: object) -> None:
        assert mirror(url) == found

    @pytest.mark.parametrize(
        "url",
        [
            *("ftp://x/", "http://", "http://x:y/", "http://a\\@b/", "http://a\t.b/"),
            *("http://①/", "linux", "http://[::1/"),
        ],
    )
    def test_is_none_where_others_might_read_it_otherwise(self, url: str) -> None:
        assert mirror(url) is None


class TestACall:
    def test_names_those_of_its_kernel_initrds_and_base(self) -> None:
        body: Plain = {
            "kernel": "http://10.0.0.5/linux",
            "initrd": ["a.cpio", {"url": "http://10.0.0.6/b", "name": "b"}],
            "image_url": "http://10.0.0.7:81/",
            "params": {"kernel": "http://10.0.0.8/"},
        }

        assert called(body) == {INNER, ("http", "10.0.0.6", 80), ("http", "10.0.0.7", 81)}
        assert urls_in(body)[0] == ("kernel", "http://10.0.0.5/linux")

    @pytest.mark.parametrize("body", [None, [], "x", {}, {"kernel": "linux", "initrd": 7}])
    def test_without_urls_names_none(self, body: Plain) -> None:
        assert called(body) == frozenset()

    def test_with_one_that_cannot_be_told_says_so(self) -> None:
        assert called({"kernel": "http://a\\@b/"}) == {None}


class TestFiles:
    def test_name_what_they_say_also_where_the_call_says_otherwise(self) -> None:
        found = merged(
            ("settings", {"image_url": "http://10.0.0.5/debian"}),
            ("machine", {"kernel": "http://a\\@b/", "initrd": "http://10.0.0.6/x"}),
            ("call", {"image_url": "http://10.0.0.7/", "initrd": "y"}),
        )

        assert filed(found) == {INNER, ("http", "10.0.0.6", 80)}

    def test_without_urls_name_none(self) -> None:
        assert filed(merged(("machine", {"params": {"a": "b"}}), ("call", {}))) == frozenset()

    def test_do_not_name_what_one_call_hides_of_another(self) -> None:
        found = merged(("call", {"kernel": "http://10.0.0.5/"}), ("call", {"kernel": "linux"}))

        assert filed(found) == frozenset()
