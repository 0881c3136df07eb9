"""URLs as they may be told of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.urls import _TOKEN, is_below, masked, origin, shown, shown_template


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


class TestMasked:
    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("/done/a/6a1b3c5d-0000-4000-8000-123456789ABC/", "/done/a/***/"),
            ("x6a1b3c5d-0000-4000-8000-123456789abc", "x6a1b3c5d-0000-4000-8000-123456789abc"),
            ("is pyxie_abcdefghijklmnop-_X.", "is ***."),
            ("pyxie_pxe.example", "pyxie_pxe.example"),
            ("/build/web01.example", "/build/web01.example"),
            *(
                (f"{place}6a1b3c5d-0000-4000-8000-123456789abc",) * 2
                for place in ("/dev/disk/by-uuid/", "/dev/disk/by-partuuid/", "root=UUID=")
            ),
        ],
    )
    def test_is_without_what_is_shaped_like_a_token(self, text: str, told: str) -> None:
        assert masked(text) == told


class TestForAnyText:
    @given(
        st.lists(
            st.sampled_from(
                ("6a1b3c5d", "-0000", "-4000-8000", "-123456789abc", "pyxie_", "x" * 16, " ", "-")
            )
        ).map("".join)
    )
    def test_masked_is_what_the_pattern_alone_would_leave(self, text: str) -> None:
        assert masked(text) == _TOKEN.sub("***", text)


class TestOrigin:
    @pytest.mark.parametrize(
        ("url", "told"),
        [
            ("http://192.0.2.9:8080/x/s3cret?t=s3cret", "http://192.0.2.9:8080"),
            ("https://u:s3cret@h", "https://h"),
            ("ftp://u:s3@cret@h/x", "ftp://h"),
            ("http://u:s3cret/w@h/x", "a URL"),
            ("http://u@[2001:db8::1]:80/x", "http://[2001:db8::1]:80"),
            ("${proto}://u:s3cret@$host/x", "${proto}://$host"),
            ("http://h\ns3cret", "http://h"),
        ],
    )
    def test_is_where_a_url_leads_to_without_secrets(self, url: str, told: str) -> None:
        assert origin(url) == told


class TestIsBelow:
    @pytest.mark.parametrize(
        ("url", "base", "is_so"),
        [
            ("http://h:1/p", "http://h:1", True),
            ("http://h:10/p", "http://h:1", False),
            ("http://h:1", "http://h:1", False),
            ("/p", "", False),
        ],
    )
    def test_is_what_begins_with_it_as_a_folder(self, url: str, base: str, is_so: bool) -> None:
        assert is_below(url, base) == is_so


class TestShownTemplate:
    @pytest.mark.parametrize(
        ("url", "told"),
        [
            ("http://127.0.0.1:9/hook", "http://127.0.0.1:9/hook"),
            ("http://user:s3cret@127.0.0.1:9/hook?token=s3cret", "http://127.0.0.1:9/hook?…"),
            ("https://{{ user }}:{{ word }}@h/p?t={{ Token }}#s3cret", "https://h/p?…"),
            ("https://h:{{ port }}/{{ x.y | lower }}", "https://h:{{ port }}/{{ x.y | lower }}"),
            ("http://u:s3cret{{ a | b('/@') }}@h/{{ b }}/{{ c }}", "http://h/{{ b }}/{{ c }}"),
            ("http://h/{{ 's3cret' }}{# s3cret #}/{{ x }}", "http://h/{{…}}{{…}}/{{ x }}"),
            ("{{ base }}/hook?token=s3cret", "{{ base }}/hook?…"),
            ("{{ scheme }}://u:s3cret@h/hook", "{{ scheme }}://h/hook"),
            ("http://[::1]:8/x?s3cret", "http://[::1]:8/x?…"),
            ("http://u:s3cret/w@h/hook", "a URL"),
            ("http:////u:s3cret@h/hook", "a URL"),
            ("http://[s3cret", "a URL"),
            ("http://u:{{ s3cret/@h", "a URL"),
            ("http://h/\ue000", "a URL"),
            # Of the private use area each letter stands for one.
            ("http://h/" + "{{ x }}" * 6400, "http://h/" + "{{ x }}" * 6400),
            ("http://h/" + "{{ x }}" * 6401, "a URL"),
            ("http://{%:s3cret@h/p?%}=s3cret", "a URL"),
            ("http://h/{{ 'p?token' }}=s3cret", "a URL"),
        ],
    )
    def test_is_without_secrets(self, url: str, told: str) -> None:
        assert shown_template(url) == told

    @given(
        st.text("ab:/?#@[]{}%. \ue000", max_size=30),
        st.text("ab[]{}%.$ ", max_size=10),
        st.text(max_size=20),
    )
    def test_whatever_it_is(self, any_text: str, before: str, after: str) -> None:
        shown_template(any_text + "x")

        assert "s3cret" not in shown_template(f"http://{before}:s3cret@h/p?{after}=s3cret")
