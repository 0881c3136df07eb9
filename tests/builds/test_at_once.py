"""One machine's build, changed by several at once, where what is written may fail, or seem to."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import closing

import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from pyxie.builds.builds import Builds, InvalidTokenError
from pyxie.builds.index import BuildIndex
from pyxie.builds.life import ACTIVE, Build
from pyxie.builds.records import BuildRecords
from pyxie.events.trace import Trace
from pyxie.metrics import Metrics
from pyxie.store.pools import StoreError
from pyxie.store.tables import BUILDS, TRANSITIONS
from tests.builds.stores import MAC, machine
from tests.interleaving import FAILURES, ORDERS, TurningDatabase, Turns, kept, several
from tests.support import Clock

HOST = "web01.internal"
OTHER = "02:00:00:00:00:02"
CHANGES = st.sampled_from(
    ("begin", "done", "failed", "cancel", "installing", "stale", "assign it", "assign another")
)


async def change(builds: Builds, build: Build, what: str) -> None:
    match what:
        case "begin":
            await builds.begin(builds.plan(machine()), None)
        case "done":
            await builds.done(HOST, build.token, None)
        case "failed":
            await builds.failed(HOST, build.token, None)
        case "cancel":
            await builds.cancel(HOST, build.token, None)
        case "installing":
            await builds.installing(build, "boots", "192.0.2.9", MAC)
        case "stale":
            await builds.stale(build, "not done")
        case _:
            mac = MAC if what == "assign it" else OTHER
            await builds.assign(build, mac, "192.0.2.9", named=())


async def play(wanted: list[str], order: list[int], failures: list[str]) -> None:
    turns = Turns(order)
    with closing(TurningDatabase(turns)) as database:
        clock, records, tokens = Clock(), BuildRecords(database), itertools.count(1)
        builds = Builds(
            BuildIndex(),
            records,
            Trace(clock=clock),
            Metrics(),
            clock=clock,
            steady=clock,
            token=lambda: f"token-{next(tokens)}",
        )
        await turns.run(builds.__aenter__())
        (build,) = await turns.run(builds.begin(builds.plan(machine()), None))
        database.fail(failures)

        ended = await turns.run(*(change(builds, build, each) for each in wanted))
        database.fail(())
        await turns.run(builds.__aexit__(None, None, None))

        failed = {type(each) for each in ended if isinstance(each, BaseException)}
        assert failed <= {InvalidTokenError, StoreError}
        (latest,) = (await turns.run(records.latest()))[0]
        assert builds.index.of(HOST) == latest
        states = kept(database, sa.select(BUILDS.c.state).order_by(BUILDS.c.id))
        assert not {each["state"] for each in states[:-1]} & {str(state) for state in ACTIVE}
        steps = kept(database, sa.select(TRANSITIONS.c.build_id, TRANSITIONS.c.state))
        ends = [s for s in steps if s["state"] not in ACTIVE]
        assert len({each["build_id"] for each in ends}) == len(ends)


class TestChangesAtOnce:
    @given(several(CHANGES), ORDERS, FAILURES)
    def test_leave_in_memory_what_is_stored_and_one_end_a_build(
        self, wanted: list[str], order: list[int], failures: list[str]
    ) -> None:
        asyncio.run(play(wanted, order, failures))
