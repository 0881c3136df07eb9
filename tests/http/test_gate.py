from __future__ import annotations

import base64
from collections.abc import Mapping
from ipaddress import IPv4Address

import pytest
from multidict import CIMultiDict

from pyxie.access.scope import Scope, Token
from pyxie.config.settings import Api
from pyxie.http.gate import Gate, Side, Verdict
from pyxie.net.address import address

TOKEN = "0123456789abcdef"
LAN, V6 = "192.0.2.1", "2001:db8::1"

GATE = Gate(
    Api.model_validate({"allow": ["198.51.100.0/24", "2001:db8:9::/48"], "tokens": [TOKEN]}),
    lambda ip: ip in (IPv4Address("192.0.2.2"), IPv4Address(LAN)),
    names=("pxe01", "pxe.example"),
)
BEHIND_A_PROXY = (
    "forwarded requests need a token, as `pyxie token create NAME` makes on pyxie's host"
)


def refusal(
    peer: str,
    given: Mapping[str, str] | None = None,
    *,
    local: str = LAN,
    gate: Gate = GATE,
    version: tuple[int, int] = (1, 1),
    **headers: str,
) -> str | None:
    named = CIMultiDict(given or {})
    named.update({name.replace("_", "-"): value for name, value in headers.items()})
    return gate.judge(address(peer), address(local), named, version=version).refusal


def basic(text: str) -> str:
    return f"Basic {base64.b64encode(text.encode()).decode()}"


class TestSide:
    @pytest.mark.parametrize(
        ("peer", "local", "side"),
        [
            ("127.0.0.1", "127.0.0.1", Side.HOST),
            ("::ffff:127.0.0.1", "::1", Side.HOST),
            ("192.0.2.2", LAN, Side.HOST),
            (V6, V6, Side.HOST),
            ("198.51.100.7", LAN, Side.ALLOWED),
            ("2001:db8:9::7", V6, Side.ALLOWED),
            ("192.0.2.77", LAN, Side.OTHERS),
            ("fe80::7", "fe80::1", Side.OTHERS),
        ],
    )
    def test_is_told_by_the_addresses(self, peer: str, local: str, side: Side) -> None:
        assert GATE.side(address(peer), address(local)) is side


class TestByAddress:
    @pytest.mark.parametrize(
        ("peer", "local"),
        [
            ("127.0.0.1", "127.0.0.1"),
            ("127.9.9.9", LAN),
            ("::ffff:127.0.0.1", LAN),
            ("::1", "::1"),
            (LAN, LAN),
            (V6, V6),
            ("192.0.2.2", LAN),
            ("198.51.100.7", LAN),
            ("2001:db8:9::7", V6),
        ],
    )
    def test_the_host_itself_and_allowed_networks_may(self, peer: str, local: str) -> None:
        assert refusal(peer, local=local) is None

    @pytest.mark.parametrize("peer", ["203.0.113.5", "192.0.2.3", "2001:db8::2"])
    def test_others_are_told_their_address_and_the_setting(self, peer: str) -> None:
        assert refusal(peer) == (
            f"{peer} may not manage pyxie without a token, as `pyxie token create NAME` makes on "
            "pyxie's host; or all of its network may, by 'api.allow' in config.yaml"
        )


class TestByToken:
    @pytest.mark.parametrize(
        "authorization",
        [
            f"Bearer {TOKEN}",
            f"bearer   {TOKEN} ",
            basic(f":{TOKEN}"),
            basic(f"anybody:{TOKEN}"),
            basic(f"anybody:{TOKEN}").replace("Basic", "bASIC"),
        ],
    )
    def test_it_admits_from_anywhere(self, authorization: str) -> None:
        assert refusal("203.0.113.5", Authorization=authorization) is None

    @pytest.mark.parametrize(
        "authorization",
        [
            "",
            "Bearer",
            "Bearer ",
            f"Bearer {TOKEN[:-1]}",
            f"Bearer {TOKEN}x",
            f"Digest {TOKEN}",
            TOKEN,
            basic(TOKEN),
            basic(f"{TOKEN}:"),
            "Basic !!!",
            "Basic \udcff",
            "Bearer tökén-of-letters",
            "Bearer \udcff\udcfe",
            f"Bearer {'x' * 8000}",
        ],
    )
    def test_any_other_does_not(self, authorization: str) -> None:
        assert refusal("203.0.113.5", Authorization=authorization) is not None

    def test_one_that_is_sent_in_vain_is_named_as_the_reason(self) -> None:
        found = refusal("203.0.113.5", Authorization="Bearer revoked")

        assert found is not None
        assert found.startswith(
            "the token is none that pyxie knows, or has expired or is revoked; 203.0.113.5 may not"
        )

    def test_a_daemon_of_one_command_is_managed_by_that_ones_alone(self) -> None:
        api = Api.model_validate({"allow": ["0.0.0.0/0"], "tokens": [TOKEN]})
        gate = Gate(api, lambda _: True, by_address=False)

        why = (
            "no daemon runs here but that of a `pyxie boot`, which that command alone manages: "
            "end it first"
        )
        for peer in ("127.0.0.1", LAN, "::1", "198.51.100.7"):
            assert refusal(peer, gate=gate) == why
            assert refusal(peer, gate=gate, Authorization=f"Bearer {TOKEN}") is None

    def test_without_tokens_none_is_right(self) -> None:
        gate = Gate(Api(), lambda _: False)

        assert refusal("203.0.113.5", gate=gate, Authorization="Bearer ") is not None


class TestTokensOfTheCommandLine:
    """They have a scope; those of config.yaml have none and may do all."""

    @pytest.mark.parametrize(
        ("needed", "verdict"),
        [
            (Scope.READ, Verdict(None, "token ci")),
            (Scope.BUILD, Verdict(None, "token ci")),
            (
                Scope.ADMIN,
                Verdict(
                    "the token 'ci' has the scope build; this needs admin",
                    "token ci",
                ),
            ),
        ],
    )
    def test_may_do_what_their_scope_covers(self, needed: Scope, verdict: Verdict) -> None:
        tokens = {b"a secret": Token("ci", Scope.BUILD, created=0.0, expires=None)}
        gate = Gate(Api(), lambda _: False, tokens.get)
        here = address("127.0.0.1")

        assert gate.judge(here, here, {"Authorization": "Bearer a secret"}, needed) == verdict


class TestProxies:
    """Anybody may be behind a proxy on this host."""

    @pytest.mark.parametrize(
        "header",
        [
            *("Forwarded", "Via", "X-Forwarded-For", "x-forwarded-host", "X-Forwarded-Proto"),
            *("X-Real-IP", "X-Client-IP", "True-Client-IP", "CF-Connecting-IP"),
        ],
    )
    @pytest.mark.parametrize("peer", ["127.0.0.1", LAN, "192.0.2.2", "::1"])
    def test_what_one_passes_on_needs_a_token(self, peer: str, header: str) -> None:
        given = {header: "203.0.113.5"}

        assert refusal(peer, given) == BEHIND_A_PROXY
        assert refusal(peer, given, Authorization=f"Bearer {TOKEN}") is None

    @pytest.mark.parametrize("peer", ["127.0.0.1", LAN])
    def test_it_needs_one_too_where_the_hosts_own_network_is_allowed(self, peer: str) -> None:
        gate = Gate(Api.model_validate({"allow": ["192.0.2.0/24", "127.0.0.0/8"]}), lambda _: True)

        assert refusal(peer, gate=gate, X_Forwarded_For="203.0.113.5") == BEHIND_A_PROXY
        assert refusal(peer, gate=gate, version=(1, 0)) == BEHIND_A_PROXY
        assert refusal(peer, gate=gate) is None

    def test_http_1_0_from_this_host_is_taken_for_one(self) -> None:
        assert refusal("127.0.0.1", version=(1, 0)) == BEHIND_A_PROXY
        assert refusal("127.0.0.1", version=(1, 0), Authorization=f"Bearer {TOKEN}") is None
        assert refusal("198.51.100.7", version=(1, 0)) is None

    def test_nobody_gets_in_by_claiming_to_be_forwarded(self) -> None:
        assert refusal("203.0.113.5", X_Forwarded_For="127.0.0.1") is not None


class TestPages:
    """A browser of somebody who may manage can be led here by anybody's page."""

    @pytest.mark.parametrize(
        ("origin", "host"),
        [
            ("http://evil.example", "192.0.2.1:8090"),
            ("http://192.0.2.1:8091", "192.0.2.1:8090"),
            ("null", "192.0.2.1:8090"),
            ("", ""),
            ("http://[::1", "192.0.2.1:8090"),
            ("http://evil.example:8090", "evil.example:8090"),
        ],
        ids=["elsewhere", "another-port", "null", "empty", "no-url", "rebound-name"],
    )
    def test_another_sites_may_not(self, origin: str, host: str) -> None:
        assert refusal("127.0.0.1", Origin=origin, Host=host) == (
            f"a page from {origin} may not manage pyxie without a token"
        )
        assert refusal("198.51.100.7", Origin=origin, Host=host) is not None

    @pytest.mark.parametrize(
        "host",
        [
            *("192.0.2.1:8090", "192.0.2.2", "127.0.0.1:8090", "[::1]:8090", "[::ffff:127.0.0.1]"),
            *("localhost:8090", "LOCALHOST", "pxe01:8090", "pxe.example", "PXE.example.:8090"),
        ],
    )
    @pytest.mark.parametrize("peer", ["127.0.0.1", "198.51.100.7"])
    def test_our_own_may(self, peer: str, host: str) -> None:
        assert refusal(peer, Origin=f"http://{host}", Host=host) is None
        assert refusal(peer, Host=host) is None

    @pytest.mark.parametrize(
        "host",
        [
            *("evil.example:8090", "pxe01.evil.example", "localhost.evil.example", "evil", ""),
            *("203.0.113.9:8090", "[2001:db8::66]:8090", "0.0.0.0", "3221225985", "0x7f000001"),
            *("127.0.0.1@evil.example", "evil.example/127.0.0.1", "[::1", "127.0.0.1:80:80"),
            *("localhost evil.example", "localhost\udcff", "127.1", "[fe80::1%25eth0]:8090"),
        ],
    )
    def test_nobody_is_admitted_by_address_under_a_name_that_is_not_ours(self, host: str) -> None:
        # DNS rebinding: the name leads here, and a page of that name reads what it gets.
        for peer in ("127.0.0.1", "198.51.100.7"):
            assert refusal(peer, Host=host) == (
                f"{host!a} is no name of this host's: call it by an address of its own, give a "
                "token, or put the name into 'api.names' in config.yaml"
            )
            assert refusal(peer, Host=host, Authorization=f"Bearer {TOKEN}") is None

    def test_a_name_of_the_settings_is_ours(self) -> None:
        gate = Gate(Api.model_validate({"names": ["Boot.Example."]}), lambda _: False)

        assert refusal("127.0.0.1", gate=gate, Host="boot.example:8090") is None

    def test_a_password_that_the_browser_kept_is_no_pages_of_another_site(self) -> None:
        kept = basic(f"me:{TOKEN}")

        for origin in ("http://evil.example", "null", "http://192.0.2.1:1"):
            assert refusal(
                "203.0.113.5", Authorization=kept, Origin=origin, Host="192.0.2.1:8090"
            ) == (f"a page from {origin} may not manage pyxie without a token")
        ours = {"Origin": "http://192.0.2.1:8090", "Host": "192.0.2.1:8090"}
        assert refusal("203.0.113.5", ours, Authorization=kept) is None


class TestAFetch:
    @pytest.mark.parametrize("peer", ["127.0.0.1", LAN, "198.51.100.7"])
    def test_of_a_pyxie_manages_nothing_with_or_without_a_token(self, peer: str) -> None:
        """Its answer is a kernel, for anybody to fetch."""
        why = "what a pyxie fetches for a machine manages nothing"

        assert refusal(peer, Via="1.1 pyxie") == why
        assert refusal(peer, Via="1.1 pyxie", Authorization=f"Bearer {TOKEN}") == why
