"""What was rendered is kept, within bounds; what is kept of which is in workers/test_renders.py."""

from __future__ import annotations

import threading

from pyxie.bounds import RENDER_LONGEST
from pyxie.render.cache import RenderCache, Rendered
from pyxie.render.uses import Uses
from tests.render.site import machine

HOST = machine()


def text_of(kept: RenderCache, key: str) -> str | None:
    found = kept.get(key, HOST)
    return found.text if found else None


class TestBounds:
    def test_the_first_is_forgotten_where_there_are_too_many(self) -> None:
        kept = RenderCache(most_texts=2)
        for key in "abc":
            kept.put(key, HOST, Rendered(key), Uses())

        assert [text_of(kept, key) for key in "abc"] == [None, "b", "c"]

    def test_or_where_they_are_too_long_together(self) -> None:
        kept = RenderCache(most_letters=100)
        for key in "abc":
            kept.put(key, HOST, Rendered(key * 40), Uses())
        kept.put("b", HOST, Rendered(""), Uses())

        assert [text_of(kept, key) for key in "abc"] == [None, "", "c" * 40]
        kept.put("d", HOST, Rendered("d" * 60), Uses())
        assert len(kept) == 3

    def test_one_that_is_too_long_is_not_kept_and_what_it_replaces_neither(self) -> None:
        kept = RenderCache()
        kept.put("a", HOST, Rendered("short"), Uses())

        kept.put("a", HOST, Rendered("x" * (RENDER_LONGEST.whole + 1)), Uses())

        assert kept.get("a", HOST) is None

    def test_threads_do_not_disturb_each_other(self) -> None:
        kept = RenderCache(most_texts=10)

        def put(start: int) -> None:
            for at in range(2000):
                kept.put((start, at), HOST, Rendered("x"), Uses())
                kept.get((start, at - 5), HOST)

        threads = [threading.Thread(target=put, args=(start,)) for start in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert (len(kept), kept._letters) == (10, 10)
