"""Whose the ports are that pyxie needs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.doctor.found import Severity
from pyxie.doctor.ports import Listener, Needed, Owner, judge, listeners

TFTP = Needed("udp", 69, "TFTP")
HTTP = Needed("tcp", 8090, "HTTP", "http: {port: 8091}")
SOCKET = Listener("udp", 69, "00000000", 1234)
PYXIE = Owner(7, "pyxie", ("/opt/pyxie/bin/python3", "/opt/pyxie/bin/pyxie", "serve"))

UDP = """\
   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  123: 00000000:0045 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1234 2 0000000000000000 0
  124: 0A0200C0:0FAB 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 77 2 0000000000000000 0
"""  # noqa: E501  (as the kernel has it)
TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:1F9A 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 88 1 0 100 0 0 10 0
   1: 0100007F:1F9A 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 99 1 0 20 4 30 10 -1
"""  # noqa: E501


class TestTables:
    def test_of_udp_every_socket_waits_for_somebody(self) -> None:
        assert list(listeners(UDP, "udp")) == [
            Listener("udp", 69, "00000000", 1234),
            Listener("udp", 4011, "0A0200C0", 77),
        ]

    def test_of_tcp_only_those_that_listen_do(self) -> None:
        assert list(listeners(TCP, "tcp")) == [Listener("tcp", 8090, "00000000", 88)]

    def test_lines_that_are_none_are_left_out(self) -> None:
        assert list(listeners("head\nx\n0: 0:ZZ 0:0 0A 0 0 0 0 0 0\n", "udp")) == []

    @given(st.text())
    def test_whatever_is_in_them_they_are_read(self, text: str) -> None:
        assert isinstance(list(listeners(f"head\n{text}", "tcp")), list)


class TestPorts:
    def test_that_are_free_or_pyxie_s_are_right(self) -> None:
        boot = Owner(8, "python3", ("python", "-m", "pyxie", "boot", "debian-12"))

        assert list(judge([TFTP, HTTP], [], {})) == []
        assert list(judge([TFTP], [SOCKET], {1234: PYXIE})) == []
        assert list(judge([TFTP], [SOCKET], {1234: boot})) == []

    def test_beside_one_of_pyxie_s_nobody_needs_to_know_the_other(self) -> None:
        other = Listener("udp", 69, "0100007F", 5)

        assert list(judge([TFTP], [SOCKET, other], {1234: PYXIE})) == []

    @pytest.mark.parametrize(
        ("owner", "who", "remedy"),
        [
            (
                Owner(812, "in.tftpd", ("/usr/sbin/in.tftpd",), "tftpd-hpa.service"),
                "in.tftpd (process 812 of tftpd-hpa.service)",
                ("systemctl disable --now tftpd-hpa.service",),
            ),
            (
                Owner(5, "dnsmasq", ("dnsmasq",), "dnsmasq.service"),
                "dnsmasq (process 5 of dnsmasq.service)",
                (
                    (
                        "take enable-tftp out of dnsmasq's configuration, then: systemctl restart"
                        " dnsmasq"
                    ),
                ),
            ),
            (
                Owner(1, "systemd", ("/sbin/init",)),
                "systemd (process 1)",
                (
                    "systemctl list-sockets | grep ':69 '     # which unit; then",
                    "systemctl disable --now NAME.socket",
                ),
            ),
            (Owner(99, "nc", ("nc", "-lu", "69")), "nc (process 99)", ("stop it: kill 99",)),
        ],
    )
    def test_that_another_has_are_named_with_it(
        self, owner: Owner, who: str, remedy: tuple[str, ...]
    ) -> None:
        (found,) = judge([TFTP], [SOCKET], {1234: owner})

        assert (found.code, found.severity) == ("port-taken", Severity.STOPS)
        assert found.sentence == f"UDP port 69, for TFTP, is taken by {who}"
        assert found.remedy == remedy

    def test_whose_owner_is_not_seen_are_named_all_the_same(self) -> None:
        (found,) = judge([TFTP], [SOCKET], {})

        assert found.sentence.endswith("is taken by another program, which only root may see")
        assert found.remedy == ("sudo ss -lunp sport = :69     # who has it",)

    def test_that_may_be_others_say_by_which_setting(self) -> None:
        taken = Listener("tcp", 8090, "00000000", 9)

        (found,) = judge([HTTP], [taken], {9: Owner(3, "java")})

        assert found.remedy[-1] == "or give pyxie another port, in config.yaml: http: {port: 8091}"
