"""Where who has signed in goes on."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.http.page.ownpath import own_path, path_at, sign_in

HERE = "http://192.0.2.1:8090"


class TestWhereToGoOn:
    @pytest.mark.parametrize(
        "path",
        [
            *("/", "/page/machines", "/page/machines/web01.example.org", "/page/machines?page=2"),
            *("/?since=1", "/page/machines/w%C3%A9b?a=b&c=%2F%2Fevil.example", "/page/x?to=//y"),
        ],
    )
    def test_is_the_screen_that_was_wanted(self, path: str) -> None:
        assert own_path(path) == path

    @pytest.mark.parametrize(
        "path",
        [
            *("", "page/machines", "//evil.example", "/\\evil.example", "/\t/evil.example"),
            *("http://evil.example/", "https:evil.example", "javascript:alert(1)", "/page//x"),
            *("\\\\evil.example", " //evil.example", "/page/x\r\nSet-Cookie: a=b", "/page/x#y"),
            *("/page/\u00e9", "/page/x?\u2028", "/page/..\\x", "/.//evil.example", "/build/web01"),
            *("/api/v1/machines", "/page/sign-in", "/page/sign-in?to=/", "/page/sign-out"),
            *("/page/stream?screen=now", "/page/assets/page.css", "/page/" + "x" * 2000),
        ],
    )
    def test_is_the_first_screen_where_a_link_says_anything_else(self, path: str) -> None:
        assert own_path(path) == "/"

    @given(st.text() | st.from_regex(r"[/\\]{1,3}[a-z./\\:@?#%\t]*"))
    def test_is_never_another_host(self, said: str) -> None:
        assert urlsplit(urljoin(f"{HERE}/page/sign-in", own_path(said))).netloc == "192.0.2.1:8090"

    @pytest.mark.parametrize(
        ("url", "path"),
        [
            (f"{HERE}/page/machines?page=2", "/page/machines?page=2"),
            (f"{HERE}/page/machines", "/page/machines"),
            (f"{HERE}/api/v1/docs", "/"),
            ("http://evil.example/page/machines", None),
            ("http://[", None),
            ("/page/machines", None),
            ("", None),
        ],
    )
    def test_is_read_of_the_url_that_a_browser_was_at(self, url: str, path: str | None) -> None:
        assert path_at("192.0.2.1:8090", url) == path
        assert path_at("", "/page/machines") is None


class TestTheLinkToSignIn:
    def test_says_where_to_go_on(self) -> None:
        assert (
            sign_in("/page/machines?a=b&c=d") == "/page/sign-in?to=/page/machines%3Fa%3Db%26c%3Dd"
        )
        assert sign_in("/") == "/page/sign-in"
        assert sign_in("http://evil.example") == "/page/sign-in"
        assert sign_in("/", asked=True) == "/page/sign-in?asked=1"
        assert sign_in("/page/health", asked=True) == "/page/sign-in?to=/page/health&asked=1"
