"""The cookie of who is signed in to the page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from pyxie.http.cookies import clear_cookie, secret_of, set_cookie

AT = {"Host": "192.0.2.1:8090"}


class TestTheSecret:
    @pytest.mark.parametrize(
        ("host", "cookie", "secret"),
        [
            ("192.0.2.1:8090", "pyxie_8090=abc", "abc"),
            ("192.0.2.1:8090", "a=b; pyxie_8090 = abc ;c=d", "abc"),
            ("[2001:db8::1]:8090", "pyxie_8090=abc", "abc"),
            ("pxe.example", "pyxie=abc", "abc"),
            ("[2001:db8::1]", "pyxie=abc", "abc"),
            ("192.0.2.1:8090", "", ""),
            ("192.0.2.1:8090", "pyxie_8090", ""),
            ("192.0.2.1:8090", ";;=;", ""),
        ],
    )
    def test_is_read_among_others(self, host: str, cookie: str, secret: str) -> None:
        assert secret_of({"Host": host, "Cookie": cookie}) == secret

    def test_of_a_pyxie_on_another_port_is_not_ours(self) -> None:
        assert secret_of({**AT, "Cookie": "pyxie_8091=abc; pyxie=def"}) == ""

    @pytest.mark.parametrize(
        "cookies",
        [["pyxie_8090=theirs; pyxie_8090=ours"], ["pyxie_8090=theirs", "pyxie_8090=ours"]],
    )
    def test_is_not_believed_where_another_site_has_set_one_too(self, cookies: list[str]) -> None:
        sent = CIMultiDict([*AT.items(), *(("Cookie", each) for each in cookies)])

        assert secret_of(sent) == ""

    @given(st.text(), st.text())
    def test_is_read_of_anything(self, host: str, cookie: str) -> None:
        assert isinstance(secret_of({"Host": host, "Cookie": cookie}), str)

    @given(st.from_regex(r"[A-Za-z0-9_-]{43}", fullmatch=True))
    def test_is_read_as_it_was_set(self, secret: str) -> None:
        sent = set_cookie(AT, secret).partition(";")[0]

        assert secret_of({**AT, "Cookie": sent}) == secret


class TestACookie:
    def test_is_for_no_script_and_for_no_page_of_another_site(self) -> None:
        assert set_cookie(AT, "abc") == "pyxie_8090=abc; Path=/; HttpOnly; SameSite=Strict"

    def test_is_sent_encrypted_only_where_the_page_is(self) -> None:
        behind = {"Host": "pxe.example", "Origin": "https://pxe.example"}

        assert set_cookie(behind, "abc") == "pyxie=abc; Path=/; HttpOnly; SameSite=Strict; Secure"

    def test_is_forgotten_by_the_name_that_it_has(self) -> None:
        assert clear_cookie(AT) == "pyxie_8090=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"
