"""What the headers of the page let a browser do."""

from __future__ import annotations

from pyxie.http.page.contentpolicy import HEADERS


class TestThePolicy:
    def test_loads_from_here_alone_and_nobody_frames_it(self) -> None:
        assert HEADERS["Content-Security-Policy"] == (
            "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
            "frame-ancestors 'none'"
        )
        assert HEADERS["X-Content-Type-Options"] == "nosniff"
