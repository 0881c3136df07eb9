from __future__ import annotations

import socket
from contextlib import suppress
from math import inf

import pytest

from pyxie.http.pace import TCP_INFO_SIZE, Line, Pace, Turn, line, turn


def info(to: socket.socket) -> Line:
    found = line(to.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_SIZE))
    assert found is not None
    return found


class TestTurn:
    @pytest.mark.parametrize(
        ("waiting", "asked", "whole", "whose"),
        [
            (False, False, True, Turn.TO_ASK),
            (True, False, True, Turn.TO_READ),
            (True, True, False, Turn.TO_READ),
            (False, True, False, Turn.TO_WRITE),
            (False, True, True, Turn.OURS),
        ],
    )
    def test_is_the_clients_while_it_has_bytes_to_take_or_to_give(
        self, waiting: bool, asked: bool, whole: bool, whose: Turn
    ) -> None:
        assert turn(waiting, asked, whole) is whose


class TestKernel:
    def test_tells_what_was_taken_and_given_and_what_waits(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            client = socket.create_connection(server.getsockname())
            ours, _ = server.accept()
        with client, ours:
            at_first = info(ours)
            client.sendall(b"x" * 7)
            ours.recv(7)
            ours.sendall(b"y" * 9)
            client.recv(9)

            taken = info(ours)
            ours.setblocking(False)
            with suppress(BlockingIOError):
                while True:
                    ours.send(bytes(1 << 16))

            assert not at_first.waiting
            assert taken.given - at_first.given == 7
            assert taken.taken - at_first.taken == 9
            assert info(ours).waiting

    def test_is_not_believed_where_it_is_old(self) -> None:
        assert line(bytes(104)) is None


class TestStill:
    def test_is_who_takes_nothing(self) -> None:
        pace = Pace(0.0)

        pace.look(Turn.TO_READ, Line(10, 100, True), 5.0)
        pace.look(Turn.TO_READ, Line(10, 100, True), 65.0)

        assert pace.turn is Turn.TO_READ
        assert pace.still(65.0) == 60.0

    def test_is_who_sends_on_and_takes_nothing(self) -> None:
        pace = Pace(0.0)

        pace.look(Turn.TO_READ, Line(10, 100, True), 5.0)
        pace.look(Turn.TO_READ, Line(10, 200, True), 65.0)

        assert pace.still(65.0) == 60.0

    def test_is_not_who_takes_a_byte(self) -> None:
        pace = Pace(0.0)

        pace.look(Turn.TO_READ, Line(10, 100, True), 5.0)
        pace.look(Turn.TO_READ, Line(11, 100, True), 60.0)

        assert pace.still(65.0) == 5.0

    def test_is_not_who_waits_for_us(self) -> None:
        pace = Pace(0.0)

        for at in (5.0, 500.0):
            pace.look(Turn.OURS, Line(10, 100, False), at)

        assert pace.still(501.0) == 1.0

    def test_is_who_does_not_send_its_body(self) -> None:
        pace = Pace(0.0)

        for at in (5.0, 70.0):
            pace.look(Turn.TO_WRITE, Line(10, 100, False), at)

        assert pace.still(70.0) == 65.0


class TestSpeed:
    def test_is_of_both_ways_since_the_look_before(self) -> None:
        pace = Pace(0.0)

        pace.look(Turn.TO_READ, Line(1000, 500, True), 3.0)
        pace.look(Turn.TO_READ, Line(2000, 1500, True), 5.0)

        assert pace.speed == 1000.0

    def test_is_none_before_the_second_look_though_buffers_are_filled(self) -> None:
        pace = Pace(0.0)

        pace.look(Turn.TO_READ, Line(64_000, 100, True), 0.1)
        assert pace.speed == 0.0
        pace.look(Turn.TO_READ, Line(64_000, 100, True), 0.3)
        assert pace.speed == 0.0
        pace.look(Turn.TO_READ, Line(64_000, 100, True), 0.6)

        assert pace.speed == 0.0

    def test_is_not_taken_of_a_moment_in_which_a_slow_client_pauses(self) -> None:
        pace = Pace(0.0)

        pace.look(Turn.TO_READ, Line(1000, 500, True), 3.0)
        pace.look(Turn.TO_READ, Line(3000, 500, True), 5.0)
        pace.look(Turn.TO_READ, Line(3000, 500, True), 5.01)

        assert pace.speed == 1000.0

    def test_is_endless_while_the_client_waits_for_us(self) -> None:
        pace = Pace(0.0)

        pace.look(Turn.OURS, Line(0, 100, False), 2.0)
        assert pace.speed == inf
        pace.look(Turn.TO_READ, Line(0, 100, True), 4.0)

        assert pace.speed == 0.0
