"""What is read before an ``await`` is old after it: the lint of tests/test_architecture.py."""

from __future__ import annotations

from textwrap import dedent

import pytest

from tests.readawaitwrite import found


class TestIsFound:
    @pytest.mark.parametrize(
        "body",
        [
            """
            kept = self._all - {1}
            await store()
            self._all = kept
            """,
            """
            if self._all is None:
                self._all = await store()
            """,
            """
            if 1 in self._all:
                async with self._room:
                    del self._all[1]
            """,
            """
            first = self._all[0]
            async for _ in store():
                pass
            self._all.popleft()
            """,
            """
            kept = self._plain()
            await store()
            self._all = kept
            """,
            """
            async with self._lock:
                kept = self._all
                await store()
            self._all = kept
            """,
            """
            kept = self._all
            async with self._lock:
                self._all = kept
            """,
            """
            while True:
                self._all = kept
                kept = self._all
                await store()
            """,
        ],
        ids=["assigned", "made", "deleted", "popped", "method", "late", "early", "loop"],
    )
    def test_what_another_task_may_have_changed_meanwhile(self, body: str) -> None:
        assert [each.name for each in found(_class(body))] == ["self._all"]


class TestIsRight:
    @pytest.mark.parametrize(
        "body",
        [
            """
            kept = self._all - {1}
            self._all = kept
            await store()
            """,
            """
            await store()
            self._all += 1
            """,
            """
            if 1 in self._all:
                await store()
                if 1 in self._all:
                    del self._all[1]
            """,
            """
            async with self._lock:
                kept = self._all
                await store()
                self._all = kept
            """,
            """
            async with self._lock:
                await self._within()
            """,
            """
            await self._all.wait()
            self._all.clear()
            """,
        ],
        ids=["before", "at once", "looked at again", "locked", "locked by its caller", "event"],
    )
    def test_what_is_read_again_or_under_a_lock(self, body: str) -> None:
        assert found(_class(body)) == []


def _class(body: str) -> str:
    """Return a class with that method, and two others."""
    return (
        "class Part:\n"
        "    def _plain(self):\n"
        "        return self._all\n"
        "    async def _within(self):\n"
        "        self._all = self._all + await store()\n"
        "    async def _calls(self):\n"
        "        async with self._lock:\n"
        "            await self._within()\n"
        "    async def method(self, kept):\n" + _indented(body)
    )


def _indented(body: str) -> str:
    return "".join(f"        {line}\n" for line in dedent(body).strip().splitlines())
