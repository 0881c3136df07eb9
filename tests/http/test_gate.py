from __future__ import annotations

import base64
from ipaddress import IPv4Address, ip_address

import pytest
from multidict import CIMultiDict

from pyxie.access.scope import Scope, Token
from pyxie.config.settings import Api
from pyxie.http.gate import Gate, Verdict, address

TOKEN = "0123456789abcdef"
LAN, V6 = "192.0.2.1", "2001:db8::1"

GATE = Gate(
    Api.model_validate({"allow": ["198.51.100.0/24", "2001:db8:9::/48"], "tokens": [TOKEN]}),
    lambda ip: ip == IPv4Address("192.0.2.2"),
)


def refusal(peer: str, *, local: str = LAN, gate: Gate = GATE, **headers: str) -> str | None:
    named = CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()})
    return gate.judge(address(peer), address(local), named).refusal


def basic(text: str) -> str:
    return f"Basic {base64.b64encode(text.encode()).decode()}"


class TestAddress:
    @pytest.mark.parametrize(
        ("text", "meant"),
        [
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("fe80::1%eth0", "fe80::1"),
            ("::1", "::1"),
        ],
    )
    def test_is_what_the_client_would_call_it(self, text: str, meant: str) -> None:
        assert address(text) == ip_address(meant)


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

    @pytest.mark.parametrize("header", ["Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"])
    def test_what_one_passes_on_needs_a_token(self, header: str) -> None:
        here, given = address("127.0.0.1"), CIMultiDict({header: "203.0.113.5"})

        assert GATE.judge(here, here, given).refusal == (
            "forwarded requests need a token, as `pyxie token create NAME` makes on pyxie's host"
        )
        given["Authorization"] = f"Bearer {TOKEN}"
        assert GATE.judge(here, here, given).refusal is None

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

    @pytest.mark.parametrize("host", ["192.0.2.1:8090", "[::1]:8090", "localhost:8090"])
    def test_our_own_may(self, host: str) -> None:
        assert refusal("127.0.0.1", Origin=f"http://{host}", Host=host) is None
