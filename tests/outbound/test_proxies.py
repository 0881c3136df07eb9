"""The environment's proxies, as curl takes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.outbound.proxies import DIRECTLY, Proxy, ProxyError, problem, proxies_of

P = "http://proxy.example:3128"
NO_URL = "is not the URL of a proxy, like http://proxy.example:3128"
SOCKS = "is a SOCKS proxy, and those are not supported; name one of http or https"


def way(url: str, **environ: str) -> str:
    """Return by which variable's proxy ``url`` is fetched."""
    scheme, _, rest = url.partition("://")
    host, _, port = rest.rpartition(":")
    proxy = proxies_of(environ).way(scheme, host, int(port))
    return proxy.variable if proxy else ""


class TestAVariable:
    @pytest.mark.parametrize(
        ("url", "environ", "variable"),
        [
            ("http://a.example:80", {"http_proxy": P}, "http_proxy"),
            ("https://a.example:443", {"http_proxy": P}, ""),
            ("http://a.example:80", {"HTTP_PROXY": P}, ""),
            ("https://a.example:443", {"https_proxy": P}, "https_proxy"),
            ("https://a.example:443", {"HTTPS_PROXY": P}, "HTTPS_PROXY"),
            ("https://a.example:443", {"https_proxy": P, "HTTPS_PROXY": "x"}, "https_proxy"),
            ("http://a.example:80", {"all_proxy": P}, "all_proxy"),
            ("https://a.example:443", {"ALL_PROXY": P}, "ALL_PROXY"),
            ("http://a.example:80", {"all_proxy": P, "http_proxy": P}, "http_proxy"),
            ("http://a.example:80", {"all_proxy": P, "http_proxy": " "}, "all_proxy"),
            ("http://a.example:80", {}, ""),
        ],
    )
    def test_counts_for_a_scheme(self, url: str, environ: dict[str, str], variable: str) -> None:
        assert way(url, **environ) == variable

    @pytest.mark.parametrize(
        ("value", "proxy"),
        [
            (P, Proxy("http_proxy", "http", "proxy.example", 3128)),
            ("proxy.example:3128", Proxy("http_proxy", "http", "proxy.example", 3128)),
            (" http://proxy/ ", Proxy("http_proxy", "http", "proxy", 1080)),
            ("https://proxy.example", Proxy("http_proxy", "https", "proxy.example", 443)),
            ("http://[2001:db8::1]:8080", Proxy("http_proxy", "http", "2001:db8::1", 8080)),
            (
                "http://me:s%40same@proxy:8",
                Proxy("http_proxy", "http", "proxy", 8, "Basic bWU6c0BzYW1l"),
            ),
            ("http://me@proxy:8", Proxy("http_proxy", "http", "proxy", 8, "Basic bWU6")),
            (
                "http://me:s@same@proxy:8",
                Proxy("http_proxy", "http", "proxy", 8, "Basic bWU6c0BzYW1l"),
            ),
        ],
    )
    def test_is_read(self, value: str, proxy: Proxy) -> None:
        proxies = proxies_of({"http_proxy": value})

        assert proxies.way("http", "a.example", 80) == proxy
        assert proxies.mistakes == ()

    @pytest.mark.parametrize(
        "value",
        [
            "http://",
            "http://pro xy:3128",
            "http://proxy:port",
            "http://proxy:0",
            "http://proxy:99999",
            "ftp://proxy:21",
            "http://me:sesame@:3128",
            "http://me:ses/ame@proxy:3128",
            "http://[::1",
            "http://prox\ty",
            "-",
        ],
    )
    def test_that_names_no_proxy_is_told_without_its_value(self, value: str) -> None:
        proxies = proxies_of({"https_proxy": value})

        [mistake] = proxies.mistakes
        assert (str(mistake), mistake.fatal) == (f"https_proxy: {NO_URL}", True)
        assert str(problem(mistake)) == f"environment: https_proxy: {NO_URL}"
        with pytest.raises(ProxyError, match=f"^https_proxy: {NO_URL}$"):
            proxies.way("https", "a.example", 443)
        assert proxies.way("http", "a.example", 80) is None

    @pytest.mark.parametrize("scheme", ["socks4", "socks5", "socks5h"])
    def test_that_names_a_socks_proxy_is_told_once_and_no_mistake_for_others(
        self, scheme: str
    ) -> None:
        proxies = proxies_of({"all_proxy": f"{scheme}://me:sesame@proxy:1080"})

        [mistake] = proxies.mistakes
        assert (str(mistake), mistake.fatal) == (f"all_proxy: {SOCKS}", False)
        with pytest.raises(ProxyError, match="SOCKS"):
            proxies.way("http", "a.example", 80)

    def test_in_upper_case_that_curl_does_not_read_is_told(self) -> None:
        [mistake] = proxies_of({"HTTP_PROXY": P}).mistakes

        assert str(mistake) == (
            "HTTP_PROXY: is not read, nor by curl, since a web server sets it for its clients; "
            "write 'http_proxy'"
        )
        assert not mistake.fatal
        assert proxies_of({"HTTP_PROXY": P, "http_proxy": P}).mistakes == ()


class TestNoProxy:
    @pytest.mark.parametrize(
        ("no", "host", "direct"),
        [
            ("*", "a.example:80", True),
            ("example", "a.example:80", True),
            (".example", "a.example:80", True),
            ("*.example", "a.example:80", True),
            (".a.example", "a.example:80", True),
            ("a.example", "A.Example.:80", True),
            ("A.EXAMPLE.", "a.example:80", True),
            ("xample", "a.example:80", False),
            ("b.example, a.example", "a.example:80", True),
            ("b.example a.example", "a.example:80", True),
            (" , ,", "a.example:80", False),
            ("a.example:80", "a.example:80", True),
            ("a.example:80", "a.example:81", False),
            ("192.0.2.1", "192.0.2.1:80", True),
            ("192.0.2.0/24", "192.0.2.1:80", True),
            ("192.0.2.1/24", "192.0.2.7:80", True),
            ("192.0.2.1:80", "192.0.2.1:81", False),
            ("192.0.2.0/24", "198.51.100.1:80", False),
            ("192.0.2.0/24", "a.example:80", False),
            ("2001:db8::/32", "2001:db8::7:80", True),
            ("[2001:db8::7]:80", "2001:db8::7:80", True),
            ("[2001:db8::7]", "2001:db8::8:80", False),
        ],
    )
    def test_names_what_is_reached_directly(self, no: str, host: str, direct: bool) -> None:
        assert way(f"http://{host}", http_proxy=P, no_proxy=no) == ("" if direct else "http_proxy")

    def test_counts_in_upper_case_where_there_is_no_other(self) -> None:
        assert way("http://a.example:80", http_proxy=P, NO_PROXY="*") == ""
        assert way("http://a.example:80", http_proxy=P, NO_PROXY="*", no_proxy="b") == "http_proxy"

    def test_with_a_network_that_is_none_is_told_and_the_rest_counts(self) -> None:
        proxies = proxies_of({"http_proxy": P, "no_proxy": "192.0.2.0/99,a.example"})

        assert [str(each) for each in proxies.mistakes] == [
            "no_proxy: '192.0.2.0/99' is not a network like 192.0.2.0/24"
        ]
        assert not proxies.mistakes[0].fatal
        assert proxies.way("http", "a.example", 80) is None

    @pytest.mark.parametrize(
        "host", ["localhost", "x.localhost", "127.0.0.1", "127.8.9.1", "0.0.0.0", "::1"]
    )
    def test_need_not_name_this_host_itself(self, host: str) -> None:
        assert way(f"http://{host}:8090", http_proxy=P) == ""

    def test_covers_what_the_proxy_that_cannot_be_used_is_not_needed_for(self) -> None:
        assert way("http://a.example:80", http_proxy="socks5://x", no_proxy="example") == ""


class TestWhatIsShown:
    def test_has_no_password(self) -> None:
        proxies = proxies_of(
            {"http_proxy": "http://me:sesame@proxy:8", "all_proxy": "https://[2001:db8::1]"}
        )

        assert str(proxies) == (
            "http to the proxy proxy:8 (http_proxy), "
            "https to the proxy [2001:db8::1]:443 (all_proxy)"
        )
        assert "sesame" not in repr(proxies)
        assert "bWU6c2VzYW1l" not in repr(proxies)
        assert (str(DIRECTLY), bool(DIRECTLY), bool(proxies)) == ("", False, True)


class TestForAnyEnvironment:
    @given(st.text(), st.text(), st.text(max_size=20))
    def test_there_is_a_way_or_a_sentence(self, value: str, no: str, host: str) -> None:
        proxies = proxies_of({"http_proxy": value, "no_proxy": no})
        try:
            proxy = proxies.way("http", host, 80)
        except ProxyError:
            return
        assert proxy is None or (proxy.host and 0 < proxy.port < 65536)
