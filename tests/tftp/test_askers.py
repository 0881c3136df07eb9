"""Whose requests are heard."""

from __future__ import annotations

from pyxie.bounds import TFTP_NEWCOMERS, TFTP_REQUESTS
from pyxie.tftp.askers import Askers


class TestAFlood:
    def test_of_addresses_never_heard_again_is_heard_at_its_pace(self) -> None:
        askers, before = Askers(), TFTP_NEWCOMERS.times

        heard = [
            askers.hears((f"10.{at >> 8}.{at & 255}.1", 1024), 0.0, served=False)
            for at in range(300)
        ]

        assert heard == [True] * 200 + [False] * 100
        assert TFTP_NEWCOMERS.times == before + 100

    def test_of_one_address_is_heard_at_its_pace(self) -> None:
        askers, before = Askers(), TFTP_REQUESTS.times
        askers.know("10.0.0.1")

        heard = [askers.hears(("10.0.0.1", 1024 + at), 0.0, served=False) for at in range(1010)]

        assert heard == [True] * 1000 + [False] * 10
        assert TFTP_REQUESTS.times == before + 10

    def test_does_not_silence_those_who_are_known_or_served(self) -> None:
        askers = Askers()
        askers.know("192.0.2.1")
        for at in range(400):
            askers.hears((f"10.{at >> 8}.{at & 255}.1", 1024), 0.0, served=False)

        assert askers.hears(("192.0.2.1", 1024), 0.0, served=False)
        assert askers.hears(("192.0.2.2", 1024), 0.0, served=True)
        assert not askers.hears(("192.0.2.3", 1024), 0.0, served=False)
