"""What Proxmox VE's installer tells of its machine."""

from __future__ import annotations

import json
import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.recognition.systeminfo import macs_in


def told(*nics: object, **more: object) -> bytes:
    return json.dumps({"network_interfaces": list(nics), **more}).encode()


class TestMacs:
    def test_are_those_of_all_nics_once_and_in_order(self) -> None:
        body = told(
            {"link": "eth0", "mac": "52:54:00:00:00:0B"},
            {"link": "ib0", "mac": "80:00:02:08:fe:80:00:00:00:00:00:00:00:00:00:00:00:00:00:01"},
            {"link": "eth1", "mac": "52:54:00:00:00:0a"},
            {"link": "bond0", "mac": "52:54:00:00:00:0b"},
            {"link": "lo"},
            "no mapping",
            dmi={"system": {"serial": "x"}},
        )

        assert macs_in(body) == ("52:54:00:00:00:0b", "52:54:00:00:00:0a")

    @pytest.mark.parametrize(
        ("body", "why"),
        [
            (b"", "the body is not JSON: Expecting value: line 1 column 1 (char 0)"),
            (b"[" * 100_000, "the body is not JSON: "),
            (b"\xff\xfe\xfd", "the body is not JSON: "),
            (b"[]", "the body has no 'network_interfaces', a list of the machine's NICs"),
            (told(), "the body has no 'network_interfaces', a list of the machine's NICs"),
            (told(*[{}] * 65), "'network_interfaces' has 65 entries; 64 are read"),
            (
                told({"mac": 5}, {"mac": "eth0"}),
                "none of 'network_interfaces' has a 'mac' like 52:54:00:12:34:56",
            ),
        ],
        ids=["empty", "deep", "no text", "a list", "no NIC", "too many", "no MAC"],
    )
    def test_of_anything_else_are_refused_in_a_sentence(self, body: bytes, why: str) -> None:
        with pytest.raises(ValueError, match=f"^{re.escape(why)}"):
            macs_in(body)


class TestForAnyBytes:
    @given(st.binary())
    def test_there_are_macs_or_a_sentence(self, body: bytes) -> None:
        with suppress(ValueError):
            assert macs_in(body)
