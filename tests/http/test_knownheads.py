"""What is taken for a head like one before, and what is not."""

from __future__ import annotations

import pytest

from pyxie.bounds import HEAD_KNOWN, HEADS_KNOWN
from pyxie.http.knownheads import Head, KnownHeads, is_whole

REST = b"Host: 192.0.2.1\r\nUser-Agent: iPXE/1.21.1\r\nConnection: keep-alive\r\n\r\n"
PARSED = {"Host": "192.0.2.1", "User-Agent": "iPXE/1.21.1", "Connection": "keep-alive"}


def head(target: str, rest: bytes = REST) -> bytes:
    return f"GET {target} HTTP/1.1\r\n".encode() + rest


def learnt(target: str = "/health", rest: bytes = REST, more: str = "Accept") -> KnownHeads:
    known = KnownHeads()
    known.learn(head(target, rest), target, {**PARSED, more: "x"})
    return known


class TestAHeadLikeOneBefore:
    def test_means_what_that_one_meant_but_for_what_it_asks_for(self) -> None:
        known = learnt("/health")

        found = known.read(head("/ipxe/52-54-00-12-34-56?sb=01"))

        assert found == Head("/ipxe/52-54-00-12-34-56", "sb=01", {**PARSED, "Accept": "x"})

    @pytest.mark.parametrize(
        "data",
        [
            pytest.param(head("/health", REST.replace(b"iPXE", b"curl")), id="another client's"),
            pytest.param(head("/health", b"\r\n"), id="without headers"),
            pytest.param(head("/health")[:-1], id="cut short"),
            pytest.param(head("/health") + b"G", id="with more behind it"),
            pytest.param(head("/health").replace(b"GET", b"HEAD"), id="another method"),
            pytest.param(head("/health").replace(b"HTTP/1.1", b"HTTP/1.0"), id="another version"),
            pytest.param(head("/health").replace(b" /", b"  /"), id="a space too many"),
            pytest.param(head("/a%20b"), id="with an escape"),
            pytest.param(head("http://192.0.2.1/health"), id="a proxy's"),
            pytest.param(head("/health?a=1&b=2"), id="a query of several"),
            pytest.param(head(f"/{'a' * 129}"), id="a long one"),
        ],
    )
    def test_is_no_other(self, data: bytes) -> None:
        assert learnt().read(data) is None

    def test_leaves_the_connection_or_ends_it_as_that_one_did(self) -> None:
        known, rest = learnt("/health"), b"Connection: close\r\n\r\n"
        known.learn(head("/health", rest), "/health", {"Connection": "close"}, closes=True)

        found = [known.read(head("/ipxe/1", each)) for each in (REST, rest)]

        assert [each and each.closes for each in found] == [False, True]


class TestIsLearnt:
    @pytest.mark.parametrize(
        "name", ["Authorization", "Cookie", "Range", "Content-Encoding", "Via", "X-Forwarded-For"]
    )
    def test_none_with_a_header_that_may_change_the_answer(self, name: str) -> None:
        assert learnt(more=name).read(head("/health")) is None

    def test_none_that_is_too_long(self) -> None:
        rest = b"User-Agent: %b\r\n\r\n" % (b"x" * HEAD_KNOWN.whole)

        assert learnt(rest=rest).read(head("/health", rest)) is None

    def test_none_that_was_not_parsed_as_what_it_looks_like(self) -> None:
        known = KnownHeads()

        known.learn(head("/health"), "/else", PARSED)
        known.learn(head("/a%20b"), "/a%20b", PARSED)
        known.learn(head("/health", b"Host: x\nA: b\r\n\r\n"), "/health", PARSED)

        assert known.read(head("/health")) is None

    def test_as_many_as_are_kept_and_the_oldest_is_forgotten(self) -> None:
        known = learnt()

        for at in range(HEADS_KNOWN.whole):
            known.learn(head("/health", b"Host: %d\r\n\r\n" % at), "/health", {"Host": str(at)})

        assert known.read(head("/health")) is None
        assert known.read(head("/health", b"Host: 0\r\n\r\n")) is not None

    def test_and_one_that_is_used_outlasts_any_number_that_are_not(self) -> None:
        known = learnt()

        for at in range(10 * HEADS_KNOWN.whole):
            known.learn(head("/health", b"Host: %d\r\n\r\n" % at), "/health", {"Host": str(at)})
            if at % (HEADS_KNOWN.whole - 1) == 0:
                assert known.read(head("/ipxe/52-54-00-12-34-56")) is not None


class TestAWholeHead:
    def test_ends_where_the_bytes_end(self) -> None:
        assert is_whole(head("/health"))
        assert is_whole(b"GET / HTTP/1.1\r\n\r\n")

    @pytest.mark.parametrize(
        "data",
        [
            head("/health") * 2,
            head("/health") + b"\r\n",
            head("/health")[:-2],
            b"POST / HTTP/1.1\r\n\r\n",
            b"GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n",
            b"GET / HTTP/1.1\r\nA: b\rC: d\r\n\r\n",
            b"GET / HTTP/1.1\n\nGET /b HTTP/1.1\r\n\r\n",
        ],
    )
    def test_is_nothing_else(self, data: bytes) -> None:
        assert not is_whole(data)
