"""Who is being served, and who makes room; how a transfer ends is in test_server.py."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Any, cast

import pytest

from pyxie.bounds import TFTP_UNHEARD
from pyxie.events.meter import Meter
from pyxie.tftp.clients import Client, Clients
from pyxie.tftp.opening import Asked
from pyxie.tftp.session import Session


@dataclass
class Moving:
    """As much of a transfer as is asked of it."""

    received: int = 0
    stalled: bool = False
    heard: bool = False
    outcome: str | None = None


@dataclass
class Going:
    """As much of a session."""

    peer: tuple[str, int]
    transfer: Moving = field(default_factory=Moving)


def add(clients: Clients, number: int, transfer: Moving | None = None, *, port: int = 2000) -> Any:
    going = Going((f"192.0.2.{number}", port + number), transfer or Moving())
    asked = Asked(b"", going.peer, IPv4Address("192.0.2.254"))
    session = cast("Any", going)
    clients.add(Client(session, asked, cast("Any", None), 0.0, Meter(0.0)))
    return session


def test_are_counted_by_their_address_until_they_leave() -> None:
    clients = Clients()
    first = add(clients, 1)
    add(clients, 2)

    assert (len(clients), clients.of_host("192.0.2.1"), first.peer in clients) == (2, 1, True)
    assert clients.remove(first).session is first
    assert (len(clients), clients.of_host("192.0.2.1"), clients.get(first.peer)) == (1, 0, None)


def test_a_slow_one_makes_room_and_one_that_moves_does_not() -> None:
    clients = Clients()
    add(clients, 1, Moving(received=1_000_000))
    slow: Session = add(clients, 2, Moving(received=1000))

    found = clients.slow(now=1.0)

    assert found is slow
    clients.remove(slow)
    assert clients.slow(now=1.0) is None


def test_of_too_many_that_said_nothing_the_longest_silent_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(TFTP_UNHEARD, "most", 3)
    clients = Clients()
    silent, _, heard = add(clients, 1), add(clients, 2), add(clients, 3, Moving(heard=True))
    before = TFTP_UNHEARD.times

    assert list(clients.silent()) == [silent]
    assert TFTP_UNHEARD.times == before + 1
    assert heard.peer in clients


def test_of_one_address_with_many_that_said_nothing_no_others_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(TFTP_UNHEARD, "most", 4)
    clients = Clients()
    lone = add(clients, 1)
    many = [add(clients, 2, port=3000 + each) for each in range(3)]

    for number in (10, 11):
        (ended,) = clients.silent()
        clients.remove(ended)
        add(clients, number)

    assert [each.peer in clients for each in (lone, *many)] == [True, False, False, True]
