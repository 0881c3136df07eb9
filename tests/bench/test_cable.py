"""The compiled cable does to frames what is asked of it."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import astuple
from pathlib import Path

import pytest

from tests.lab import needs
from tests.lab.besieged import CHECKOUT
from tests.lab.impaired import Cable
from tests.needs import missing

FRAMES = [bytes((at,)) * 60 for at in range(30)]
MARK = b"the last"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        compiler = needs.program("cc", "gcc libc6-dev")
    except needs.MissingError as exc:
        missing(str(exc))
    made = tmp_path_factory.mktemp("cable") / "cable"
    options = ("-O2", "-Wall", "-Wextra", "-Werror")
    subprocess.run([compiler, *options, "-o", made, CHECKOUT / "bench/cable.c"], check=True)
    return made


@contextmanager
def plugged(program: Path, cable: Cable) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Give the ends; each packet is a frame, as with a tap."""
    with ExitStack() as stack:
        pairs = [socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(2)]
        ends = [stack.enter_context(inner) for _, inner in pairs]
        for outer, _ in pairs:
            stack.enter_context(outer)
            outer.settimeout(60)
        numbers = [end.fileno() for end in ends]
        command = [str(program), *map(str, (*numbers, *astuple(cable)))]
        process = subprocess.Popen(command, pass_fds=numbers)
        stack.callback(process.wait)
        stack.callback(process.kill)
        yield pairs[0][0], pairs[1][0]


def came(end: socket.socket, count: int) -> list[bytes]:
    return [end.recv(2048) for _ in range(count)]


@pytest.mark.parametrize("back", [False, True], ids=["there", "back"])
def test_a_sound_one_brings_all_in_their_order(program: Path, back: bool) -> None:
    with plugged(program, Cable(delay=0.001)) as ends:
        one, other = reversed(ends) if back else ends
        for frame in FRAMES:
            one.send(frame)

        assert came(other, len(FRAMES)) == FRAMES


def test_what_is_doubled_comes_twice(program: Path) -> None:
    with plugged(program, Cable(doubled=1.0)) as (one, other):
        for frame in FRAMES[:4]:
            one.send(frame)

        assert came(other, 8) == [frame for frame in FRAMES[:4] for _ in range(2)]


def test_as_much_is_lost_as_is_asked_for_and_the_same_with_the_same_seed(program: Path) -> None:
    runs = []
    for _ in range(2):
        with plugged(program, Cable(lost=0.5, seed=3)) as (one, other):
            for frame in [*FRAMES, *FRAMES, *[MARK] * 64]:
                one.send(frame)
            arrived = []
            while (frame := other.recv(2048)) != MARK:
                arrived.append(frame)
            runs.append(arrived)

    assert runs[0] == runs[1]
    assert 20 < len(runs[0]) < 40


def test_what_is_hasty_overtakes_what_is_delayed(program: Path) -> None:
    with plugged(program, Cable(delay=0.5, hasty=0.5, seed=5)) as (one, other):
        for frame in FRAMES:
            one.send(frame)
        arrived = came(other, len(FRAMES))

    assert sorted(arrived) == FRAMES
    assert arrived != FRAMES
