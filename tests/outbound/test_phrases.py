from __future__ import annotations

from pyxie.outbound.phrases import phrase


class TestPhrase:
    def test_is_what_the_status_means(self) -> None:
        assert phrase(404) == "404 Not Found"

    def test_of_a_status_without_meaning_is_the_number(self) -> None:
        assert phrase(499) == "499"
