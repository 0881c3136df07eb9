"""The kernel is asked who has bound a port, and says the same as its tables in /proc."""

from __future__ import annotations

import socket

import pytest

from pyxie.dhcp import boundports
from pyxie.dhcp.boundports import BoundPorts
from pyxie.dhcp.closedport import is_bound


def bound(family: int, where: str) -> tuple[socket.socket, int]:
    found = socket.socket(family, socket.SOCK_DGRAM)
    try:
        found.bind((where, 0))
    except OSError:
        found.close()
        raise
    return found, int(found.getsockname()[1])


@pytest.mark.parametrize(
    ("family", "where"),
    [
        (socket.AF_INET, "127.0.0.1"),
        (socket.AF_INET, "0.0.0.0"),
        (socket.AF_INET6, "::1"),
        (socket.AF_INET6, "::"),
    ],
)
def test_a_port_is_bound_as_long_as_somebody_has_it(family: int, where: str) -> None:
    ports = BoundPorts()
    try:
        held, port = bound(family, where)
    except OSError:
        pytest.skip("no IPv6 here")
    with held:
        assert ports(port) is True
        assert is_bound(port)

    assert ports(port) is False
    assert not is_bound(port)


def test_ports_beside_it_are_others() -> None:
    """The kernel compares numbers: one that is smaller or greater is none of those asked for."""
    ports = BoundPorts()
    held, port = bound(socket.AF_INET, "127.0.0.1")
    with held:
        for beside in (port - 1, port + 1, port ^ 0x100):
            # Other programs bind and close, also between two looks.
            assert any(ports(beside) is is_bound(beside) for _ in range(50))


def test_a_kernel_that_has_no_such_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def refuse(_: object, _family: int, port: int) -> bool:
        asked.append(port)
        raise OSError(2, "No such file or directory")

    monkeypatch.setattr(boundports, "_has", refuse)
    ports = BoundPorts()

    assert (ports(67), ports(67)) == (None, None)
    assert asked == [67]


def test_what_the_kernel_refuses_cannot_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A family that is none is an error."""
    monkeypatch.setattr(boundports, "_FAMILIES", (255,))

    assert BoundPorts()(67) is None


def test_nor_what_it_cannot_go_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its module for UDP all that it says is that it is done, and why."""
    monkeypatch.setattr(boundports, "_UDP", 255)

    assert BoundPorts()(67) is None
