"""The proxy of a machine's installer is a URL, or none."""

from __future__ import annotations

import pytest

from pyxie.render.arguments import FilterError
from pyxie.render.proxy import proxy


class TestAProxy:
    @pytest.mark.parametrize(
        "url",
        [
            "http://proxy.example:3128",
            "http://192.0.2.1/",
            "https://user:pass%20word@proxy.example:3129/",
            "HTTP://[2001:db8::1]:3128",
        ],
    )
    def test_is_a_url(self, url: str) -> None:
        assert proxy(f" {url}\n") == url

    @pytest.mark.parametrize("none", ["", "  ", "none"])
    def test_may_be_none(self, none: str) -> None:
        assert proxy(none) == ""

    @pytest.mark.parametrize(
        "wrong",
        [
            "not a url",
            "proxy.example:3128",
            "ftp://proxy.example",
            "socks5://proxy.example",
            "http://",
            "http://proxy.example:99999",
            "http://proxy.example:0",
            "http://proxy.example:x",
            "http://[::1::2]",
            "http://pro\u017fy.example",
            "http://proxy.example/path",
            "http://a:s3cret@",
            "http://a'b@proxy.example",
            "http://a\0b@proxy.example",
            "http://proxy.example\nd-i x",
        ],
    )
    def test_is_nothing_else_and_what_it_is_is_not_shown(self, wrong: str) -> None:
        with pytest.raises(FilterError) as caught:
            proxy(wrong)

        assert str(caught.value) == (
            "'proxy' is not the URL of a proxy, like http://proxy.example:3128"
        )
        assert caught.value.value == wrong
