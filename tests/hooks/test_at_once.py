"""Hooks that are stored, begun and ended in any order, on a disk that fails: each is run once."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import closing

import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from pyxie.builds.records import BuildRecords
from pyxie.config.build import Hook
from pyxie.hooks.executor import Occasion
from pyxie.hooks.process import Outcome
from pyxie.hooks.runner import Hooks
from pyxie.store.pending import PendingHooks
from pyxie.store.tables import HOOKS
from tests.interleaving import FAILURES, ORDERS, TurningDatabase, Turns, kept

Orders = list[tuple[str, int]]
ORDERED = st.lists(
    st.tuples(st.sampled_from(("web01", "web02", "web03")), st.integers(1, 3)), max_size=6
)
"""Of which machine how many hooks are stored, in one change after the other."""


class Execution:
    """Runs hooks by noting that; others have their turn meanwhile.

    Args:
        turns: Who may go on.
        failing: Hooks that fail, by their command.
    """

    def __init__(self, turns: Turns, failing: str = "") -> None:
        self._turns = turns
        self._failing = failing
        self.ran: list[tuple[str, str]] = []
        self._now: set[str] = set()

    async def __call__(self, hook: Hook, of: Occasion) -> Outcome:
        assert of.host not in self._now, "two hooks of a machine at once"
        self._now.add(of.host)
        self.ran.append((of.host, str(hook.command)))
        await self._turns.turn()
        self._now.remove(of.host)
        return Outcome(ok=str(hook.command) != self._failing, result="as told")


async def play(wanted: Orders, order: list[int], failures: list[str]) -> tuple[Execution, Rows]:
    """Have all of them stored at once, and run; return what was, and what is kept of it."""
    turns = Turns(order)
    with closing(TurningDatabase(turns)) as database:
        execution = Execution(turns)
        hooks = Hooks(PendingHooks(database), BuildRecords(database), execution, retry=0)
        database.fail(failures)
        serving = asyncio.create_task(hooks.serve())

        async def store(at: int, host: str, count: int) -> None:
            several = [Hook(command=f"hook {at}.{each}") for each in range(count)]
            await hooks.enqueue("pxeevent", several, host, None, host)

        async def to_the_end() -> None:
            await asyncio.gather(*(store(at, *each) for at, each in enumerate(wanted)))
            hooks.wake()  # of what was stored, and nobody heard of it
            while hooks._busy or kept(database, sa.select(HOOKS).where(HOOKS.c.state == "owed")):
                await turns.turn()

        await turns.run(to_the_end())
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        return execution, kept(database, sa.select(HOOKS).order_by(HOOKS.c.id))


Rows = list[dict[str, object]]


class TestHooksAtOnce:
    @given(ORDERED, ORDERS, FAILURES)
    def test_are_run_once_each_and_a_machines_in_their_order(
        self, wanted: Orders, order: list[int], failures: list[str]
    ) -> None:
        execution, rows = asyncio.run(play(wanted, order, failures))

        stored = [(str(r["host"]), Hook.model_validate_json(str(r["hook"])).command) for r in rows]
        assert {each["state"] for each in rows} <= {"done"}
        for host in {host for host, _ in stored}:
            ran = [each for each in execution.ran if each[0] == host]
            assert ran == [each for each in stored if each[0] == host]
        assert Counter(execution.ran) == Counter(stored)
