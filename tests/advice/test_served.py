"""What a build would serve, with what stands in it encoded."""

from __future__ import annotations

from base64 import b64encode

import pytest

from pyxie.advice import served
from pyxie.advice.served import Served
from pyxie.registry.machine import Machine

WORDS = "http://192.0.2.1/done/web01.example.org/a-token"


def said(text: str) -> list[str]:
    machine = Machine(hostname="web01.example.org")
    what = Served(machine=machine, base_url="", token="", cmdline="quiet", texts={"preseed": text})
    return list(what.said())


@pytest.mark.parametrize("short", [0, 1 << 16])
def test_all_of_it_is_said_however_long_it_is(short: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served, "_SHORT", short)
    packed = b64encode(WORDS.encode()).decode().rstrip("=")

    assert said("plain") == ["quiet", "plain"]
    assert said("a%2Fb") == ["quiet", "a%2Fb", "a/b"]
    assert said(packed) == ["quiet", packed, WORDS]
    assert said("A" * 41) == ["quiet", "A" * 41, "\0" * 30]
