"""Where nobody has bound port 67, relay agents hear so from the kernel; the log says it once."""

from __future__ import annotations

import logging
import socket
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from pyxie.dhcp.closedport import ClosedPort, is_bound
from pyxie.dhcp.decide import LIMITED_BROADCAST, Destination

RELAY = Destination(IPv4Address("192.0.2.7"), 67, routed=True)
EVERYBODY = Destination(LIMITED_BROADCAST, 68)


class TestIsBound:
    def test_is_read_from_the_kernels_tables(self) -> None:
        with socket.socket(type=socket.SOCK_DGRAM) as sock:
            sock.bind(("127.0.0.1", 0))
            port = sock.getsockname()[1]
            assert is_bound(port)

        assert not is_bound(port)

    @pytest.mark.parametrize("content", [None, "rubbish\n"])
    def test_what_cannot_be_told_is_taken_to_be(self, tmp_path: Path, content: str | None) -> None:
        if content is not None:
            (tmp_path / "udp").write_text(content)

        assert is_bound(67, [tmp_path / "udp"])


class TestTelling:
    def said(self, caplog: pytest.LogCaptureFixture, *, bound: bool) -> list[str]:
        caplog.set_level(logging.INFO)
        asked: list[int] = []

        def is_bound(port: int) -> bool:
            asked.append(port)
            return bound

        closed = ClosedPort(is_bound)
        closed.answered(EVERYBODY, 67)
        closed.answered(RELAY, 4011)
        assert not asked  # who broadcast hears no ICMP, and port 4011 is bound
        closed.answered(RELAY, 67)
        closed.answered(RELAY, 67)
        assert asked == [67]
        return caplog.messages

    def test_is_once_and_says_what_to_do(self, caplog: pytest.LogCaptureFixture) -> None:
        assert self.said(caplog, bound=False) == [
            (
                "DHCP: nothing on this host has bound port 67, so that the kernel tells 192.0.2.7 "
                "that it is closed, beside pyxie's answer; dhcp: {bind: true} ends that"
            )
        ]

    def test_is_not_beside_a_server(self, caplog: pytest.LogCaptureFixture) -> None:
        assert self.said(caplog, bound=True) == []
