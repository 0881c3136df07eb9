"""A fetch of pyxie's bears a mark, and goes round in no circles."""

from __future__ import annotations

import pytest
from multidict import CIMultiDict

from pyxie.outbound.mark import VIA, CircleError, is_fetch, onward


class TestTheMark:
    def test_is_on_what_pyxie_sends(self) -> None:
        assert is_fetch({VIA: onward({})})

    @pytest.mark.parametrize(
        "via",
        [
            "1.1 pyxie",
            "HTTP/1.1 Pyxie",
            "1.0 squid.example:3128 (squid/5), 1.1 pyxie",
            "1.1 pyxie, 1.1 squid.example",
            "1.1 pyxie (of rack 7)",
        ],
    )
    def test_is_known_among_proxies(self, via: str) -> None:
        """RFC 9110 section 7.6.3."""
        assert is_fetch({"via": via})
        assert is_fetch(CIMultiDict([("Via", "1.1 squid"), ("Via", via)]))

    @pytest.mark.parametrize("via", ["", "1.1 squid", "pyxie", "1.1 pyxie.example", "1.1 xpyxie"])
    def test_is_none_of_others(self, via: str) -> None:
        assert not is_fetch({"Via": via})

    def test_is_in_no_other_header(self) -> None:
        assert not is_fetch({"X": "1.1 pyxie"})


class TestOnward:
    def test_nothing_that_came_is_passed_on_but_how_many_pyxies(self) -> None:
        assert onward({}) == "1.1 pyxie"
        assert onward({"Via": "1.1 squid"}) == "1.1 pyxie"
        assert onward({"Via": "1.1 squid, 1.1 pyxie"}) == "1.1 pyxie, 1.1 pyxie"

    def test_of_too_many_is_a_circle(self) -> None:
        via = onward({})
        for _ in range(3):
            via = onward({"Via": via})

        with pytest.raises(CircleError, match="in a circle"):
            onward({"Via": via})
