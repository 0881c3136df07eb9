from __future__ import annotations

import base64
from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import Final

import pytest
from multidict import CIMultiDict

from pyxie.access.scope import Scope, Token, key
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


class TestWho:
    @pytest.mark.parametrize(
        ("peer", "who"),
        [
            ("127.0.0.1", "this host"),
            (LAN, "this host"),
            ("192.0.2.2", "this host"),
            ("198.51.100.7", "a network of api.allow"),
        ],
    )
    def test_an_own_address_of_the_host_is_known_as_it(self, peer: str, who: str) -> None:
        found = GATE.judge(address(peer), address(LAN), {})

        assert found == Verdict(None, who, Scope.ADMIN)


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
            basic(f":{TOKEN}").replace("Basic", "Digest"),
            basic(f":{TOKEN}").replace("Basic ", "Basic !"),
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
            (Scope.READ, Verdict(None, "token ci", Scope.BUILD)),
            (Scope.BUILD, Verdict(None, "token ci", Scope.BUILD)),
            (
                Scope.ADMIN,
                Verdict(
                    "the token 'ci' has the scope build; this needs admin",
                    "token ci",
                    Scope.BUILD,
                ),
            ),
        ],
    )
    def test_may_do_what_their_scope_covers(self, needed: Scope, verdict: Verdict) -> None:
        tokens = {key(b"a secret"): Token("ci", Scope.BUILD, created=0.0, expires=None)}
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

    def test_a_hundred_letters_of_such_a_name_are_told(self) -> None:
        told = refusal("127.0.0.1", Host="a" * 101)

        assert told is not None
        assert told.startswith(f"'{'a' * 100}' is no name")

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

    @pytest.mark.parametrize("site", ["cross-site", "same-site", "anything new"])
    def test_another_sites_may_not_where_the_browser_says_so(self, site: str) -> None:
        """Another port of the same host is the same site, and another's page all the same."""
        for peer in ("127.0.0.1", "198.51.100.7"):
            assert refusal(peer, Sec_Fetch_Site=site, Host="localhost:8090") == (
                "a page from another site may not manage pyxie without a token"
            )
        kept = basic(f"me:{TOKEN}")
        assert refusal("203.0.113.5", Authorization=kept, Sec_Fetch_Site=site) is not None
        assert refusal("127.0.0.1", Sec_Fetch_Site=site, Authorization=f"Bearer {TOKEN}") is None

    @pytest.mark.parametrize("site", ["same-origin", "none", "Same-Origin"])
    def test_our_own_may_where_the_browser_says_so(self, site: str) -> None:
        assert refusal("127.0.0.1", Sec_Fetch_Site=site, Host="localhost:8090") is None

    def test_a_link_from_elsewhere_leads_to_a_screen_and_to_no_part_of_another_page(self) -> None:
        came = {"Host": "localhost:8090", "Sec-Fetch-Site": "cross-site"}

        def looked(what: str) -> str | None:
            sent = CIMultiDict(came | {"Sec-Fetch-Dest": what})
            here = address("127.0.0.1")
            return GATE.judge(here, here, sent, Scope.READ, changes=False).refusal

        assert looked("document") is None
        assert None not in [looked(each) for each in ("iframe", "image", "script", "empty", "")]
        assert refusal("127.0.0.1", came, Sec_Fetch_Dest="document") is not None


class TestASession:
    """A browser's, that has signed in with a token."""

    AT: Final = "192.0.2.1:8090"
    OURS: Final = {"Host": AT, "Origin": f"http://{AT}"}
    GATE = Gate(
        Api.model_validate({"allow": ["198.51.100.0/24"], "tokens": [TOKEN]}),
        lambda ip: ip == IPv4Address(LAN),
        {"of ci": Token("ci", Scope.BUILD, created=0.0, expires=None)}.get,
        ("pxe01",),
        {"abc": "of ci", "def": key(TOKEN.encode()), "old": "of a token that is revoked"}.get,
    )

    def verdict(
        self,
        secret: str,
        needed: Scope = Scope.BUILD,
        given: Mapping[str, str] | None = None,
        *,
        peer: str = "203.0.113.5",
        changes: bool = True,
        gate: Gate = GATE,
        **headers: str,
    ) -> Verdict:
        sent = {"Host": self.AT, "Cookie": f"pyxie_8090={secret}", **(given or {})}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        local = address(LAN)
        return gate.judge(address(peer), local, CIMultiDict(sent), needed, changes=changes)

    @pytest.mark.parametrize("peer", ["203.0.113.5", "127.0.0.1", "198.51.100.7"])
    def test_may_what_its_token_may_and_goes_by_its_name(self, peer: str) -> None:
        """Also where the address could do all: who signs in wants to be known as that."""
        origin = self.OURS["Origin"]

        assert self.verdict("abc", peer=peer, Origin=origin) == Verdict(
            None, "token ci", Scope.BUILD, signed_in=True
        )
        assert self.verdict("abc", Scope.ADMIN, peer=peer, Origin=origin) == Verdict(
            "the token 'ci' has the scope build; this needs admin",
            "token ci",
            Scope.BUILD,
            signed_in=True,
        )

    def test_of_a_token_of_the_settings_may_all_until_it_is_taken_out_of_them(self) -> None:
        origin = self.OURS["Origin"]
        without = Gate(Api(), lambda _: False, session={"def": key(TOKEN.encode())}.get)

        assert self.verdict("def", Scope.ADMIN, Origin=origin) == Verdict(
            None, "a token of api.tokens", Scope.ADMIN, signed_in=True
        )
        assert self.verdict("def", gate=without, Origin=origin).refusal is not None

    @pytest.mark.parametrize("secret", ["old", "nobody's"])
    def test_that_has_ended_or_whose_token_has_is_told_so(self, secret: str) -> None:
        found = self.verdict(secret, Origin=self.OURS["Origin"])

        assert found.refusal is not None
        assert found.refusal.startswith("the session has ended, or its token has; 203.0.113.5 may")
        assert (found.scope, found.signed_in) == (None, False)

    def test_that_has_ended_leaves_an_address_what_it_may(self) -> None:
        found = self.verdict("old", peer="198.51.100.7", Origin=self.OURS["Origin"])

        assert found == Verdict(None, "a network of api.allow", Scope.ADMIN)

    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": "http://evil.example"},
            {"Origin": "http://192.0.2.1:80"},  # the same site, to which the cookie is sent
            {"Origin": "null"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Sec-Fetch-Site": "same-origin", "Origin": "http://evil.example"},
        ],
    )
    def test_is_not_used_by_a_page_of_another_site(self, headers: dict[str, str]) -> None:
        for changes in (True, False):
            found = self.verdict("abc", given=headers, changes=changes)

            assert found.refusal is not None
            assert found.refusal.startswith("this comes of a page at ")
            assert (found.scope, found.who, found.signed_in) == (None, "token ci", True)

    def test_looks_without_saying_of_which_page_and_changes_nothing_so(self) -> None:
        assert self.verdict("abc", Scope.READ, changes=False).refusal is None
        assert self.verdict("abc").refusal == (
            "a browser says which page a change comes of, and this one does not"
        )
        assert self.verdict("abc", Sec_Fetch_Site="same-origin").refusal is None

    def test_is_not_believed_under_a_name_that_is_not_ours(self) -> None:
        """What a page of that name has it do, it may have been told by whoever owns the name."""
        headers = {"Host": "evil.example:8090", "Origin": "http://evil.example:8090"}

        for changes in (True, False):
            assert self.verdict("abc", given=headers, changes=changes).refusal is not None
        looked = self.verdict("abc", changes=False, Host="evil.example:8090").refusal
        assert looked is not None
        assert looked.startswith("'evil.example:8090' is no name of this host's")

    def test_gives_way_to_a_token_that_is_sent(self) -> None:
        found = self.verdict("abc", Authorization=f"Bearer {TOKEN}")

        assert (found.who, found.signed_in) == ("a token of api.tokens", False)
        for given in ({}, {"Origin": self.OURS["Origin"]}):
            wrong = self.verdict("abc", given=given, Authorization="Bearer wrong").refusal
            assert wrong is not None
            assert wrong.startswith("the token is none that pyxie knows, or has expired")


class TestSigningIn:
    """Whoever has others sign in with a token of theirs sees what those do."""

    def page(self, **headers: str) -> str | None:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return GATE.page(address(LAN), CIMultiDict(sent))

    @pytest.mark.parametrize("host", ["192.0.2.1:8090", "pxe01:8090", "localhost"])
    def test_is_for_pages_of_ours(self, host: str) -> None:
        assert self.page(Host=host, Origin=f"http://{host}") is None
        assert self.page(Host=host, Origin=f"https://{host}") is None
        assert self.page(Host=host, Sec_Fetch_Site="same-origin") is None

    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": "http://evil.example"},
            {"Origin": "null"},
            {"Origin": "http://192.0.2.1:80"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Host": "evil.example", "Origin": "http://evil.example"},
            {"Origin": "http://192.0.2.1:8090", "Via": "1.1 pyxie"},
            {},
        ],
    )
    def test_is_for_nobody_elses(self, headers: dict[str, str]) -> None:
        assert GATE.page(address(LAN), CIMultiDict({"Host": "192.0.2.1:8090"} | headers))

    def test_says_what_a_proxy_has_to_do(self) -> None:
        assert self.page(Host="127.0.0.1:8090", Origin="https://pxe.example") == (
            "this comes of a page at https://pxe.example, and of none of pyxie's at "
            "127.0.0.1:8090; a proxy in between has to pass on 'Host' as it came"
        )


class TestAFetch:
    @pytest.mark.parametrize("peer", ["127.0.0.1", LAN, "198.51.100.7"])
    def test_of_a_pyxie_manages_nothing_with_or_without_a_token(self, peer: str) -> None:
        """Its answer is a kernel, for anybody to fetch."""
        why = "what a pyxie fetches for a machine manages nothing"

        assert refusal(peer, Via="1.1 pyxie") == why
        assert refusal(peer, Via="1.1 pyxie", Authorization=f"Bearer {TOKEN}") == why
